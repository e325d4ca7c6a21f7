//! Decisions: evaluated here, linted, deployed, and explained after the fact.

use crate::rig::{Answer, Server, answer, command};

fn example(name: &str) -> String {
    format!("{}/../../examples/discount/{name}", env!("CARGO_MANIFEST_DIR"))
}

const ORDER: &str = r#"{"customer": {"kind": "business"}, "total": 1200}"#;

fn fermata(arguments: &[&str]) -> Answer {
    answer(command().args(arguments))
}

#[test]
fn a_decision_is_made_without_a_server_and_explained() {
    let file = example("discount.dmn");
    let page = fermata(&["decide", &file, "--decision", "price", "--input", ORDER]).ok();
    assert_eq!(
        page.out,
        "price = 1020

discount, decision table
  INPUT             VALUE
  Kind of customer  \"business\"
  Total             1200
  RULE  OUTPUT    VALUE
     1  Discount  0.15
  gives  0.15

price, literal expression
  INPUT     VALUE
  discount  0.15
  total     1200
  gives  1020
"
    );
    let none = fermata(&["decide", &file, "--decision", "discount", "--json"]).ok().json();
    assert_eq!(none["output"].to_string(), "0");
    assert_eq!(none["decisions"][0]["rules"][0]["index"], 3);
    assert_eq!(none["decisions"][0]["type"], "DECISION_TABLE");
    assert!(none["failure"].is_null());
}

#[test]
fn what_cannot_be_decided_is_said_with_its_mend() {
    let file = example("discount.dmn");
    let several = fermata(&["decide", &file]);
    assert_eq!(several.code, Some(2), "{several:?}");
    assert!(several.err.contains("one of `discount`, `price`"), "{several:?}");
    let unknown = fermata(&["decide", &file, "--decision", "rebate"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.err.contains("found `rebate`; it has `discount`, `price`"), "{unknown:?}");
    let list = fermata(&["decide", &file, "--decision", "price", "--input", "[1]"]);
    assert_eq!(list.code, Some(2), "{list:?}");
    assert!(list.err.contains("expected --input to be a JSON object"), "{list:?}");
    assert_eq!(fermata(&["decide", "no-such-file"]).code, Some(2));

    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.dmn");
    let model = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&wrong, model.replace("hitPolicy=\"FIRST\"", "hitPolicy=\"UNIQUE\"")).unwrap();
    let wrong = wrong.to_str().unwrap();
    let failed = fermata(&["decide", wrong, "--decision", "discount", "--input", ORDER]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.out.starts_with("discount cannot be decided: "), "{failed:?}");
    assert!(failed.out.lines().all(|line| line.chars().count() <= 80), "{failed:?}");
    let failed = fermata(&["decide", wrong, "--decision", "discount", "--input", ORDER, "--json"]);
    assert_eq!((failed.code, &failed.json()["failure"]["decision"]), (Some(1), &"discount".into()));
}

#[test]
fn a_model_of_decisions_is_linted_as_a_process_is() {
    let accepted = fermata(&["lint", &example("discount.dmn")]).ok();
    assert!(accepted.out.contains("decision \"discount\" is accepted"), "{accepted:?}");
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.dmn");
    let model = std::fs::read_to_string(example("discount.dmn")).unwrap();
    std::fs::write(&wrong, model.replace("total * (1", "total * * (1")).unwrap();
    let wrong = wrong.to_str().unwrap();
    for call in [vec!["lint", wrong], vec!["decide", wrong]] {
        let refused = fermata(&call);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let said = refused.out + &refused.err;
        assert!(said.contains("error[D020]") && said.contains(" = help: "), "{said}");
        assert!(said.contains("total * * (1 - discount)</text>"), "{said}");
    }
    let server = Server::with(&[]);
    let refused = server.call(["deploy", wrong]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("error[D020]"), "{refused:?}");
}

#[test]
fn what_was_decided_for_an_instance_can_be_read_afterwards() {
    let mut server = Server::with(&[]);
    let files = [example("discount.bpmn"), example("discount.dmn")];
    let deployed = server.call(["deploy", &files[0], &files[1]]).ok();
    let lines: Vec<_> = deployed.out.lines().map(|line| line.split_whitespace().next()).collect();
    let found = ["PROCESS", "price-an-order", "DECISION", "discount", "price"].map(Some);
    assert_eq!(lines, found, "{deployed:?}");
    let instance = server.start("price-an-order", ORDER);
    server.kill();
    server.restart();
    let shown = server.call(["show", &instance]).ok().out;
    assert!(shown.contains("Decisions\n"), "{shown}");
    assert!(shown.contains("discount v1  rule 1  0.15"), "{shown}");
    assert!(shown.contains("Kind of customer \"business\", Total 1200"), "{shown}");
    assert!(shown.contains("price version 1: 1020"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = server.json(["show", &instance]);
    let table = &json["decisions"][0]["evaluatedDecisions"][0];
    assert_eq!(table["matchedRules"][0]["ruleId"], "large-business");
    assert_eq!(json["decisions"][0]["elementId"], "find-price");
}

/// A model whose decision `price` needs the rate of another file.
fn importing(rate: &str) -> (tempfile::TempDir, String, String) {
    const DMN: &str = "https://www.omg.org/spec/DMN/20230324/MODEL/";
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, namespace: &str, body: &str| {
        let path = folder.path().join(name);
        let head = format!("<definitions xmlns=\"{DMN}\" name=\"{name}\" id=\"{namespace}\"");
        let text = format!("{head} namespace=\"{namespace}\">\n{body}\n</definitions>");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let price = format!(
        "<import name=\"rates\" namespace=\"rates\" importType=\"{DMN}\"/>
         <inputData id=\"total\" name=\"total\"/><decision id=\"price\" name=\"price\">
         <informationRequirement><requiredInput href=\"#total\"/></informationRequirement>
         <informationRequirement><requiredDecision href=\"rates#vat\"/></informationRequirement>
         <literalExpression><text>total * (1 + rates.vat)</text></literalExpression></decision>"
    );
    let vat = format!(
        "<decision id=\"vat\" name=\"vat\">
         <literalExpression><text>{rate}</text></literalExpression></decision>"
    );
    let price = write("price.dmn", "price", &price);
    let rates = write("rates.dmn", "rates", &vat);
    (folder, price, rates)
}

#[test]
fn what_a_model_imports_is_found_beside_it_or_named() {
    let (folder, price, rates) = importing("0.19");
    let decide = ["decide", &price, "--decision", "price", "--input", "{\"total\": 100}"];
    assert!(fermata(&decide).ok().out.starts_with("price = 119\n"));
    fermata(&["lint", &price]).ok();

    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("rates.dmn");
    std::fs::rename(&rates, &moved).unwrap();
    let moved = moved.to_str().unwrap();
    let missing = fermata(&decide);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(
        missing.err.contains("error[D011]: no file with the namespace \"rates\""),
        "{missing:?}"
    );
    assert!(!missing.err.contains("error[D007]"), "said once: {missing:?}");
    let named = [&decide[..], &["--import", moved]].concat();
    assert!(fermata(&named).ok().out.starts_with("price = 119\n"));
    fermata(&["lint", &price, moved]).ok();

    // A mistake in the imported file is shown in its own line.
    std::fs::copy(moved, folder.path().join("a.dmn")).unwrap();
    let twice = fermata(&["lint", &price, moved]);
    assert!(twice.out.contains("several files have the namespace \"rates\""), "{twice:?}");
    std::fs::remove_file(folder.path().join("a.dmn")).unwrap();
    std::fs::write(moved, std::fs::read_to_string(moved).unwrap().replace("0.19", "0.19 +"))
        .unwrap();
    let wrong = fermata(&named);
    assert!(wrong.err.contains("<text>0.19 +</text>"), "{wrong:?}");
    assert!(wrong.err.contains(&format!("╭─[{moved}:")), "{wrong:?}");
}

#[test]
fn what_a_model_imports_is_deployed_with_it_and_kept() {
    let (_folder, price, rates) = importing("0.19");
    let mut server = Server::with(&[]);
    let alone = server.call(["deploy", &price]);
    assert_eq!(alone.code, Some(1), "{alone:?}");
    assert!(alone.err.contains("no file with the namespace \"rates\""), "{alone:?}");
    let process = example("discount.bpmn");
    let deploy =
        |server: &Server| server.json(["deploy", &process, &price, &rates])["deployments"].clone();
    let first = deploy(&server);
    assert_eq!(deploy(&server), first, "nothing has changed");
    server.kill();
    server.restart();
    assert_eq!(deploy(&server), first, "nothing has changed");
    let priced = |server: &Server| {
        let instance = server.start("price-an-order", ORDER);
        server.call(["show", &instance]).ok().out
    };
    let shown = priced(&server);
    assert!(shown.contains("price version 1: 1428"), "{shown}");

    // The rate of the importing file's own version changes with the file that is imported.
    let text = std::fs::read_to_string(&rates).unwrap();
    std::fs::write(&rates, text.replace("0.19", "0.5")).unwrap();
    deploy(&server);
    let shown = priced(&server);
    assert!(shown.contains("price version 2: 1800"), "{shown}");
}

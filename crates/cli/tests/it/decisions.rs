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

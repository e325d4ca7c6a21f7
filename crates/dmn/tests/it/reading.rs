//! What is refused, where, and why.

use base::Severity;
use fermata_dmn::{Options, compile, compile_as, compile_with};

use crate::harness::{check_refused, compiled, decision, file, literal, named, refused};

#[test]
fn the_versions_of_dmn_read_alike() {
    for namespace in [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ] {
        let xml = format!(
            "<d:definitions xmlns:d=\"{namespace}\" name=\"n\" namespace=\"n\"><d:decision id=\"a\" \
             name=\"A\"><d:literalExpression><d:text>1</d:text></d:literalExpression></d:decision>\
             </d:definitions>"
        );
        let definitions = compile(&xml).unwrap();
        assert_eq!(definitions.decisions().count(), 1);
    }
}

#[test]
fn types_of_dmn_1_1_have_prefixes() {
    let xml = "<definitions xmlns=\"http://www.omg.org/spec/DMN/20151101/dmn.xsd\" \
               xmlns:feel=\"http://www.omg.org/spec/FEEL/20140401\" xmlns:me=\"n\" name=\"n\" \
               namespace=\"n\"><itemDefinition name=\"t\"><typeRef>feel:number</typeRef>\
               </itemDefinition><decision id=\"d\" name=\"D\"><variable name=\"D\" \
               typeRef=\"me:t\"/><literalExpression><text>\"x\"</text></literalExpression>\
               </decision></definitions>";
    let evaluation = compile(xml).unwrap().evaluate("d", &feel::Value::NULL, 0);
    assert!(evaluation.failure.unwrap().message.contains("number"));
    assert_eq!(compile(&xml.replace("me:t", "you:t")).unwrap_err()[0].code, "D009");
}

#[test]
fn what_is_not_dmn_is_refused() {
    let code = |xml: &str| compile(xml).unwrap_err()[0].code;
    assert_eq!(code(""), "D001");
    assert_eq!(code("<definitions/>"), "D001");
    assert_eq!(code("<!DOCTYPE x><definitions/>"), "D003");
    assert_eq!(code(&"<a>".repeat(300)), "D002");
    assert_eq!(
        code("<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\"/>"),
        "D001"
    );
}

#[test]
fn an_error_in_feel_is_found_at_its_place_in_the_file() {
    let elements = "<decision id=\"d\" name=\"D\">\n <literalExpression><text>\n  1 &lt; 2 +* 3\
                    </text></literalExpression></decision>";
    let findings = refused(elements);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    // `*` stands in the fourth line: one of the file's head, then three of the elements.
    assert_eq!((finding.code, finding.line, finding.column), ("D020", 4, 13), "{finding}");
    assert_eq!(finding.element_id.as_deref(), Some("d"));
    assert!(finding.message.contains("1 < 2 +* 3"), "{finding}");
}

#[test]
fn what_nothing_would_be_made_of_is_said() {
    check_refused("<decision id=\"d\" name=\"D\"><magic/></decision>", "D004", 2, "<magic>");
    check_refused("<decision id=\"d\"/>", "D005", 2, "no name");
    check_refused("<wizard/>", "D004", 2, "<wizard> cannot stand in <definitions>");
    let warned = compiled("<decision id=\"d\" name=\"D\" colour=\"red\"/>");
    let [finding] = warned.findings() else { panic!("{:?}", warned.findings()) };
    assert_eq!((finding.severity, finding.code), (Severity::Warning, "D004"));
}

#[test]
fn remarks_diagrams_and_extensions_are_passed_over() {
    let definitions = compiled(
        "<description>x</description><decision id=\"d\" name=\"D\"><extensionElements>\
         <zeebe:versionTag value=\"v7\"/><x xmlns=\"y\"/></extensionElements><question>?</question>\
         <allowedAnswers/></decision><textAnnotation id=\"t\"><text>x</text></textAnnotation>\
         <knowledgeSource id=\"k\" name=\"K\"/><D xmlns=\"diagram\"><E/></D>",
    );
    assert_eq!(definitions.findings(), []);
    let decision = definitions.decision("D").unwrap();
    assert_eq!((decision.id.as_str(), decision.version_tag.as_deref()), ("d", Some("v7")));
}

#[test]
fn references_lead_to_elements_of_the_right_kind() {
    let requires = |href: &str| {
        format!(
            "<decision id=\"d\" name=\"D\"><informationRequirement>\n<requiredDecision \
             href=\"{href}\"/></informationRequirement></decision>\
             <businessKnowledgeModel id=\"k\" name=\"K\"/>"
        )
    };
    check_refused(&requires("#gone"), "D007", 3, "no element with the id \"gone\"");
    check_refused(&requires("gone"), "D007", 3, "an href like \"#id\"");
    check_refused(&requires("#k"), "D007", 3, "\"k\" is a businessKnowledgeModel");
    check_refused(&requires("other#d"), "D007", 3, "does not import");
}

#[test]
fn a_decision_that_requires_itself_is_refused() {
    let step = |id: &str, next: &str| {
        format!(
            "<decision id=\"{id}\" name=\"{id}\"><informationRequirement><requiredDecision \
             href=\"#{next}\"/></informationRequirement></decision>"
        )
    };
    let elements = [step("start", "a"), step("a", "b"), step("b", "a")].concat();
    let findings = refused(&elements);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, "D008");
    assert!(findings[0].message.contains("a -> b -> a"), "{}", findings[0]);
    // It can be looked at nevertheless, without ending in a circle.
    let options = Options { partial: true, ..Options::default() };
    let definitions = compile_as(&file(&elements), &[], options).unwrap();
    assert!(definitions.evaluate("start", &feel::Value::NULL, 0).output.is_null());
}

#[test]
fn names_and_ids_are_used_once() {
    let twice = "<decision id=\"d\" name=\"D\"/>\n<decision id=\"d\" name=\"E\"/>";
    check_refused(twice, "D006", 3, "two elements have the id \"d\"");
    let warned = compiled("<decision id=\"a\" name=\"D\"/><decision id=\"b\" name=\"D\"/>");
    assert_eq!(warned.findings()[0].code, "D006");
    let types = "<itemDefinition name=\"t\"><typeRef>string</typeRef></itemDefinition>\n\
                 <itemDefinition name=\"t\"><typeRef>number</typeRef></itemDefinition>";
    check_refused(types, "D006", 3, "two types");
}

#[test]
fn types_are_known_finite_and_of_bounded_size() {
    let item = |name: &str, of: &str| {
        format!("<itemDefinition name=\"{name}\"><typeRef>{of}</typeRef></itemDefinition>\n")
    };
    check_refused(&item("t", "String"), "D009", 2, "no type \"String\"");
    check_refused(&[item("a", "b"), item("b", "a")].concat(), "D009", 3, "contains itself");
    let chain: String =
        (0..200).map(|at| item(&format!("t{at}"), &format!("t{}", at + 1))).collect();
    check_refused(&[chain, item("t200", "string")].concat(), "D009", 66, "over 64 deep");
    let double = |at: u32| {
        let component = |name: &str| {
            format!("<itemComponent name=\"{name}\"><typeRef>t{}</typeRef></itemComponent>", at + 1)
        };
        let (left, right) = (component("l"), component("r"));
        format!("<itemDefinition name=\"t{at}\">{left}{right}</itemDefinition>\n")
    };
    let tree: String = (0..30).map(double).collect();
    let findings = refused(&[tree, item("t30", "string")].concat());
    assert!(findings.iter().all(|it| it.code == "D009"), "{findings:#?}");
}

#[test]
fn tables_have_as_many_cells_as_columns_and_a_known_policy() {
    let table = |attributes: &str, rule: &str| {
        decision(&format!(
            "\n<decisionTable {attributes}><input><inputExpression><text>a</text></inputExpression>\
             </input><output name=\"o\"/><rule>{rule}</rule></decisionTable>"
        ))
    };
    let cells = "<inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry>";
    check_refused(&table("hitPolicy=\"BEST\"", cells), "D012", 3, "found \"BEST\"");
    check_refused(&table("aggregation=\"AVG\"", cells), "D012", 3, "found \"AVG\"");
    check_refused(&table("", ""), "D013", 3, "expected 1 input entries");
    let two = "\n<decisionTable hitPolicy=\"COLLECT\" aggregation=\"SUM\"><output name=\"a\"/>\
               <output name=\"b\"/></decisionTable>";
    check_refused(&decision(two), "D012", 3, "not defined over several outputs");
    let unnamed = "<decisionTable><output/><output name=\"b\"/></decisionTable>";
    check_refused(&decision(unnamed), "D005", 2, "has no name");
    let warned = compiled(&table("hitPolicy=\"PRIORITY\"", cells));
    assert_eq!(warned.findings()[0].code, "D012");
}

#[test]
fn other_languages_are_refused() {
    let logic =
        "\n<literalExpression expressionLanguage=\"juel\"><text>1</text></literalExpression>";
    check_refused(&decision(logic), "D010", 3, "found juel");
    let feel = "<literalExpression expressionLanguage=\"feel\"><text>1</text></literalExpression>";
    assert_eq!(compiled(&decision(feel)).findings(), []);
    let xml = file("").replace("name=", "expressionLanguage=\"python\" name=");
    assert_eq!(compile(&xml).unwrap_err()[0].code, "D010");
}

#[test]
fn imports_are_given_together_with_the_file() {
    let importing = file(
        "<import name=\"o\" namespace=\"other\" \
         importType=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/>",
    );
    let findings = compile(&importing).unwrap_err();
    assert_eq!(findings[0].code, "D011");
    assert!(findings[0].message.contains("\"other\""));
    let other = named("other", "");
    assert!(compile_with(&importing, &[("other.dmn", &other)]).is_ok());
    // What is wrong in an imported file is said with its name.
    let wrong = named("other", &decision(&literal("1 +")));
    let findings = compile_with(&importing, &[("other.dmn", &wrong)]).unwrap_err();
    assert_eq!(findings[0].file.as_deref(), Some("other.dmn"));
    assert!(findings[0].to_string().starts_with("other.dmn:2:"), "{}", findings[0]);
    // What is wrong in a file that nothing imports does not matter.
    assert!(compile_with(&file(""), &[("other.dmn", &wrong)]).is_ok());
}

#[test]
fn logic_that_is_refused_takes_only_its_element_out() {
    let elements = format!(
        "<decision id=\"bad\" name=\"Bad\">{}</decision><decision id=\"good\" name=\"Good\">{}</decision>",
        literal("1 +"),
        literal("1 + 1"),
    );
    assert_eq!(refused(&elements).len(), 1);
    let options = Options { partial: true, ..Options::default() };
    let definitions = compile_as(&file(&elements), &[], options).unwrap();
    assert_eq!(definitions.findings().len(), 1);
    let nothing = feel::Value::NULL;
    assert_eq!(definitions.evaluate("good", &nothing, 0).output.to_json(), "2");
    let bad = definitions.evaluate("bad", &nothing, 0);
    assert!(bad.output.why().to_string().contains("1 +"), "{:?}", bad.output);
    assert_eq!(bad.failure.unwrap().decision_id, "bad");
}

//! Requirements: decisions, knowledge, services, imports, types.

use std::fmt::Write as _;

use feel::Value;
use fermata_dmn::{DecisionKind, Options, compile_as, compile_with};

use crate::harness::{
    NOW_MS, check, compiled, compiled_as, evaluated, file, json, literal, named, refused,
};

fn decision(id: &str, of: &str, requires: &[&str], logic: &str) -> String {
    let mut requirements = String::new();
    for required in requires {
        let (wrapper, element, href) = match required.split_once(' ') {
            Some(("input", href)) => ("informationRequirement", "requiredInput", href),
            Some(("knows", href)) => ("knowledgeRequirement", "requiredKnowledge", href),
            _ => ("informationRequirement", "requiredDecision", *required),
        };
        let href = if href.contains('#') { href.to_owned() } else { format!("#{href}") };
        let _ = write!(requirements, "<{wrapper}><{element} href=\"{href}\"/></{wrapper}>");
    }
    format!(
        "<decision id=\"{id}\" name=\"{id}\"><variable name=\"{id}\" typeRef=\"{of}\"/>\
         {requirements}{}</decision>",
        literal(logic)
    )
}

fn input(id: &str, of: &str) -> String {
    format!(
        "<inputData id=\"{id}\" name=\"{id}\"><variable name=\"{id}\" typeRef=\"{of}\"/></inputData>"
    )
}

fn knowledge(id: &str, parameters: &[&str], requires: &[&str], body: &str) -> String {
    let parameters: Vec<String> = parameters
        .iter()
        .map(|it| it.split_once(": ").unwrap_or((it, "Any")))
        .map(|(name, of)| format!("<formalParameter name=\"{name}\" typeRef=\"{of}\"/>"))
        .collect();
    let requires: Vec<String> = requires
        .iter()
        .map(|it| {
            format!(
                "<knowledgeRequirement><requiredKnowledge href=\"#{it}\"/></knowledgeRequirement>"
            )
        })
        .collect();
    format!(
        "<businessKnowledgeModel id=\"{id}\" name=\"{id}\"><variable name=\"{id}\"/>\
         <encapsulatedLogic>{}{}</encapsulatedLogic>{}</businessKnowledgeModel>",
        parameters.concat(),
        literal(body),
        requires.concat()
    )
}

fn service(id: &str, parts: &[(&str, &str)]) -> String {
    let parts: Vec<String> =
        parts.iter().map(|(element, id)| format!("<{element} href=\"#{id}\"/>")).collect();
    format!(
        "<decisionService id=\"{id}\" name=\"{id}\"><variable name=\"{id}\"/>{}</decisionService>",
        parts.concat()
    )
}

#[test]
fn each_decision_is_evaluated_once_and_after_what_it_requires() {
    let elements = [
        decision("top", "Any", &["left", "right"], "left + right"),
        decision("left", "Any", &["base"], "base + 1"),
        decision("right", "Any", &["base"], "base + 2"),
        decision("base", "Any", &["input n"], "n * 10"),
        input("n", "number"),
    ];
    let evaluation = evaluated(&elements.concat(), "top", r#"{"n": 1}"#);
    assert_eq!(evaluation.output.to_json(), "23");
    let ids: Vec<&str> = evaluation.decisions.iter().map(|it| &*it.id).collect();
    assert_eq!(ids, ["base", "left", "right", "top"]);
    let top = &evaluation.decisions[3];
    assert_eq!(top.kind, DecisionKind::Literal);
    let inputs: Vec<_> = top.inputs.iter().map(|it| (&*it.name, it.value.to_json())).collect();
    assert_eq!(inputs, [("left", "11".into()), ("right", "12".into())]);
    assert_eq!(compiled(&elements.concat()).inputs("top"), ["n"]);
}

#[test]
fn an_input_that_was_not_given_is_null_with_that_reason() {
    let elements = [decision("d", "Any", &["input n"], "n"), input("n", "number")];
    let evaluation = evaluated(&elements.concat(), "d", "{}");
    assert_eq!(evaluation.failure, None);
    assert!(evaluation.decisions[0].reasons[0].contains("\"n\" was not given"), "{evaluation:?}");
}

#[test]
fn definitions_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&compiled(&decision("d", "Any", &[], "1")));
}

#[test]
fn a_long_chain_of_decisions_needs_no_stack() {
    const LENGTH: usize = 20_000;
    let step = |at: usize| {
        let before = if at == 0 { vec![] } else { vec![format!("d{}", at - 1)] };
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let text = if at == 0 { "1".into() } else { format!("d{}", at - 1) };
        decision(&format!("d{at}"), "Any", &before, &text)
    };
    let elements: String = (0..LENGTH).map(step).collect();
    check(&elements, &format!("d{}", LENGTH - 1), "{}", "1");
}

#[test]
fn an_output_that_is_not_of_its_type_is_a_failure() {
    let elements = [
        decision("low", "number", &[], "\"x\""),
        decision("top", "Any", &["low"], "if low = null then \"none\" else \"some\""),
    ];
    let evaluation = evaluated(&elements.concat(), "top", "{}");
    let failure = evaluation.failure.unwrap();
    assert_eq!(failure.decision_id, "low");
    assert!(failure.message.contains("number"), "{failure:?}");
    // Null flows on, as the standard says.
    assert_eq!(evaluation.output.to_json(), "\"none\"");
}

#[test]
fn inputs_are_of_their_type() {
    let grade = "<itemDefinition name=\"grade\"><typeRef>string</typeRef><allowedValues>\
                 <text>\"A\", \"B\"</text></allowedValues></itemDefinition>\
                 <itemDefinition name=\"grades\" isCollection=\"true\"><typeRef>grade</typeRef>\
                 <typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>";
    let elements = [
        grade.into(),
        input("g", "grade"),
        input("many", "grades"),
        decision("one", "Any", &["input g"], "g"),
        decision("all", "Any", &["input many"], "many"),
    ];
    let elements = elements.concat();
    check(&elements, "one", r#"{"g": "A"}"#, "\"A\"");
    check(&elements, "one", "{}", "null");
    check(&elements, "all", r#"{"many": ["A", "B"]}"#, r#"["A","B"]"#);
    for (decision, variables) in [
        ("one", r#"{"g": "C"}"#),
        ("all", r#"{"many": ["A", "C"]}"#),
        ("all", r#"{"many": ["A", "B", "A"]}"#),
    ] {
        let evaluation = evaluated(&elements, decision, variables);
        assert!(evaluation.output.is_null(), "{variables}");
        assert!(evaluation.failure.unwrap().message.contains("is refused"));
    }
}

#[test]
fn texts_are_read_as_the_dates_that_the_model_declares() {
    let person = "<itemDefinition name=\"person\"><itemComponent name=\"born\"><typeRef>date</typeRef>\
                  </itemComponent><itemComponent name=\"stays\" isCollection=\"true\">\
                  <typeRef>dayTimeDuration</typeRef></itemComponent></itemDefinition>";
    let elements = [
        person.into(),
        input("p", "person"),
        decision("d", "Any", &["input p"], "[p.born.year, p.stays[1].hours]"),
    ];
    let variables = r#"{"p": {"born": "1990-02-03", "stays": ["PT5H"]}}"#;
    check(&elements.concat(), "d", variables, "[1990,5]");
    let strict = compiled_as(&elements.concat(), Options { strict: true, partial: false });
    assert!(strict.evaluate("d", &json(variables), NOW_MS).failure.is_some());
}

#[test]
fn knowledge_is_a_function_that_sees_its_parameters_and_what_it_requires() {
    let elements = [
        knowledge("twice", &["x: number"], &[], "x * 2"),
        knowledge("four times", &["x: number"], &["twice"], "twice(twice(x))"),
        decision("d", "Any", &["knows four times"], "four times(x: 5)"),
        decision("wrong", "Any", &["knows twice"], "twice(\"a\")"),
    ];
    let elements = elements.concat().replace("id=\"four times\"", "id=\"four\"");
    let elements = elements.replace("#four times", "#four");
    check(&elements, "d", "{}", "20");
    assert!(evaluated(&elements, "wrong", "{}").output.is_null());
    let direct = compiled(&elements).invoke("four", &json(r#"{"x": 3}"#), NOW_MS);
    assert_eq!(direct.output.to_json(), "12");
}

#[test]
fn knowledge_that_calls_itself_ends() {
    let elements = [
        knowledge("fac", &["n"], &["fac"], "if n &lt;= 1 then 1 else n * fac(n - 1)"),
        knowledge("endless", &["n"], &["endless"], "endless(n + 1)"),
        decision("d", "Any", &["knows fac"], "fac(10)"),
        decision("e", "Any", &["knows endless"], "endless(0)"),
    ];
    let elements = elements.concat().replace("&amp;lt;", "&lt;");
    check(&elements, "d", "{}", "3628800");
    let evaluation = evaluated(&elements, "e", "{}");
    assert!(evaluation.output.is_null());
    let failure = evaluation.failure.unwrap();
    assert!(failure.message.contains("ended"), "{failure:?}");
}

/// Boxed expressions and FEEL in each other, calling themselves without end: the depth is one.
#[test]
fn recursion_through_deep_logic_ends_on_a_small_stack() {
    let nested = (0..30).fold(literal("[[[[endless(n + 1)]]]]"), |inner, at| match at % 3 {
        0 => format!("<context><contextEntry>{inner}</contextEntry></context>"),
        1 => format!("<list>{inner}</list>"),
        _ => format!(
            "<for iteratorVariable=\"i\"><in>{}</in><return>{inner}</return></for>",
            literal("[1]")
        ),
    });
    let body = format!("<formalParameter name=\"n\"/>{nested}");
    let elements = [
        format!(
            "<businessKnowledgeModel id=\"endless\" name=\"endless\"><encapsulatedLogic>{body}\
             </encapsulatedLogic><knowledgeRequirement><requiredKnowledge href=\"#endless\"/>\
             </knowledgeRequirement></businessKnowledgeModel>"
        ),
        decision("d", "Any", &["knows endless"], "endless(0)"),
    ];
    let evaluation = evaluated(&elements.concat(), "d", "{}");
    assert!(evaluation.failure.unwrap().message.contains("nested deeper"));
    let table = "<decisionTable><input><inputExpression><text>1</text></inputExpression></input>\
                 <output><defaultOutputEntry><text>endless(n)</text></defaultOutputEntry></output>\
                 </decisionTable>";
    let elements = [
        knowledge("endless", &["n"], &["endless"], "0").replace(&literal("0"), table),
        decision("d", "Any", &["knows endless"], "endless(0)"),
    ];
    let evaluation = evaluated(&elements.concat(), "d", "{}");
    assert!(evaluation.failure.unwrap().message.contains("nested deeper"));
}

#[test]
fn functions_that_keep_functions_are_bounded() {
    let wrap = "<businessKnowledgeModel id=\"wrap\" name=\"wrap\"><encapsulatedLogic>\
                <formalParameter name=\"inner\"/><functionDefinition><literalExpression><text>inner\
                </text></literalExpression></functionDefinition></encapsulatedLogic>\
                </businessKnowledgeModel>";
    let loops =
        decision("d", "Any", &["knows wrap"], "count(for i in 1..20000 return wrap(partial[-1]))");
    let output = evaluated(&[wrap.into(), loops].concat(), "d", "{}").output;
    assert!(output.why().to_string().contains("levels of nesting"), "{output:?}");
}

fn with_service() -> String {
    [
        input("n", "number"),
        decision("mid", "number", &["input n"], "n + 1"),
        decision("out", "Any", &["mid", "input n"], "mid * 100 + n"),
        decision("second", "Any", &["mid"], "mid"),
        service("s", &[("outputDecision", "out"), ("inputDecision", "mid"), ("inputData", "n")]),
        service(
            "both",
            &[("outputDecision", "out"), ("outputDecision", "second"), ("inputData", "n")],
        ),
        decision(
            "calls",
            "Any",
            &["knows s", "mid", "input n"],
            "[s(1, 2), s(mid: 5, n: 6), mid, n]",
        ),
        decision("calls both", "Any", &["knows both"], "both(1).second"),
    ]
    .concat()
    .replace("id=\"calls both\"", "id=\"callsboth\"")
}

#[test]
fn a_service_takes_input_data_then_input_decisions_and_sees_nothing_else() {
    // What the service was given has no bearing on the decisions outside of it.
    check(&with_service(), "calls", r#"{"n": 7}"#, "[201,506,8,7]");
    check(&with_service(), "callsboth", r#"{"n": 7}"#, "2");
}

#[test]
fn a_service_is_invoked_from_outside() {
    let definitions = compiled(&with_service());
    let invoke = |name: &str, variables: &str| {
        definitions.invoke(name, &json(variables), NOW_MS).output.to_json()
    };
    assert_eq!(invoke("s", r#"{"n": 1, "mid": 9}"#), "901");
    assert_eq!(invoke("both", r#"{"n": 1}"#), r#"{"out":201,"second":2}"#);
    assert_eq!(invoke("mid", r#"{"n": 1}"#), "2");
    let unknown = definitions.invoke("nobody", &Value::NULL, NOW_MS);
    assert!(unknown.failure.unwrap().message.contains("nobody"));
}

fn import(name: &str, namespace: &str) -> String {
    format!(
        "<import name=\"{name}\" namespace=\"{namespace}\" \
         importType=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/>"
    )
}

#[test]
fn imported_elements_have_the_name_of_the_import_before_theirs() {
    let library = named(
        "lib",
        &[
            "<itemDefinition name=\"price\"><itemComponent name=\"net price\"><typeRef>number</typeRef>\
             </itemComponent></itemDefinition>"
                .into(),
            input("given", "price"),
            decision("base", "Any", &["input given"], "given.net price"),
            knowledge("gross", &["a price: price"], &[], "a price.net price * 1.2"),
        ]
        .concat(),
    );
    let main = |name: &str, text: &str| {
        let requires = ["lib#base", "knows lib#gross"];
        let item = if name.is_empty() { "price" } else { "the lib.price" };
        file(
            &[import(name, "lib"), input("p", item), decision("d", "Any", &requires, text)]
                .concat(),
        )
    };
    let prefixed = main("the lib", "the lib.gross({net price: the lib.base})");
    let evaluate = |xml: &str, variables: &str| {
        let definitions = compile_with(xml, &[("lib.dmn", &library)]).unwrap();
        definitions.evaluate("d", &json(variables), NOW_MS).output.to_json()
    };
    // Under the import's name, or, if there is nothing, under its own.
    assert_eq!(evaluate(&prefixed, r#"{"the lib": {"given": {"net price": 10}}}"#), "12");
    assert_eq!(evaluate(&prefixed, r#"{"given": {"net price": 20}}"#), "24");
    let plain = main("", "gross({net price: base})");
    assert_eq!(evaluate(&plain, r#"{"given": {"net price": 10}}"#), "12");
}

#[test]
fn files_may_import_each_other() {
    let a = file(&[import("b", "b"), decision("d", "Any", &["b#mid"], "b.mid + 1")].concat());
    let b = named("b", &[import("t", "test"), decision("mid", "Any", &[], "1")].concat());
    let definitions = compile_with(&a, &[("b.dmn", &b)]).unwrap();
    assert_eq!(definitions.evaluate("d", &Value::NULL, 0).output.to_json(), "2");
}

#[test]
fn names_without_a_requirement_are_variables_unless_the_standard_is_wanted() {
    let elements = decision("d", "Any", &[], "customer.age + 1");
    check(&elements, "d", r#"{"customer": {"age": 1}}"#, "2");
    let strict = Options { strict: true, partial: false };
    let findings = compile_as(&file(&elements), &[], strict).unwrap_err();
    assert_eq!(findings[0].code, "D020");
    assert!(findings[0].message.contains("customer"), "{}", findings[0]);
}

#[test]
fn a_required_decision_is_found_under_its_id_as_camunda_writes_it() {
    let elements = "<decision id=\"jedi_or_sith\" name=\"Jedi or Sith\"><literalExpression>\
                    <text>\"jedi\"</text></literalExpression></decision>\
                    <decision id=\"top\" name=\"Top\"><informationRequirement>\
                    <requiredDecision href=\"#jedi_or_sith\"/></informationRequirement>\
                    <literalExpression><text>jedi_or_sith + Jedi or Sith</text></literalExpression>\
                    </decision>";
    check(elements, "top", "{}", "\"jedijedi\"");
    assert_eq!(compiled(elements).decision("Jedi or Sith").unwrap().id, "jedi_or_sith");
}

#[test]
fn two_required_elements_of_one_name_are_refused() {
    let elements = [
        input("a", "number"),
        input("b", "number").replace("name=\"b\"", "name=\"a\""),
        decision("d", "Any", &["input a", "input b"], "a"),
    ];
    let findings = refused(&elements.concat());
    assert!(
        findings.iter().any(|it| it.message.contains("two required elements")),
        "{findings:#?}"
    );
}

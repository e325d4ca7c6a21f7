//! The kit's test files as they stand there (its testCases.xsd says the format).

use roxmltree::{Document, Node as Xml};

/// A test file.
#[derive(Debug)]
pub struct TestFile {
    /// The `.dmn` file beside it.
    pub model: String,
    pub cases: Vec<Case>,
}

#[derive(Debug)]
pub struct Case {
    /// The id, or the number in the file.
    pub id: String,
    /// What is called, if it is not a decision.
    pub invocable: Option<String>,
    pub inputs: Vec<Input>,
    pub results: Vec<ExpectedResult>,
}

#[derive(Debug)]
pub struct Input {
    pub name: String,
    /// That of an imported model.
    pub namespace: Option<String>,
    pub value: Given,
}

#[derive(Debug)]
pub struct ExpectedResult {
    pub name: String,
    /// An error is expected, and so null.
    pub is_error: bool,
    pub value: Given,
}

/// A value as the file writes it.
#[derive(Debug, PartialEq)]
pub enum Given {
    Nil,
    /// The type without its prefix, and the text.
    Simple(String, String),
    List(Vec<Given>),
    Components(Vec<(String, Given)>),
}

pub fn read(text: &str) -> Result<TestFile, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let model = child(root, "modelName").map(text_of).ok_or("no modelName")?;
    let cases = all(root, "testCase").enumerate();
    let cases = cases.map(|(index, node)| case(index, node)).collect::<Result<_, _>>()?;
    Ok(TestFile { model, cases })
}

fn case(index: usize, node: Xml<'_, '_>) -> Result<Case, String> {
    let id = node.attribute("id").map_or_else(|| (index + 1).to_string(), Into::into);
    let at = |error: String| format!("{id}: {error}");
    let inputs = all(node, "inputNode").map(input).collect::<Result<_, _>>().map_err(at)?;
    let results = all(node, "resultNode").map(result).collect::<Result<_, _>>().map_err(at)?;
    let is_decision = node.attribute("type").is_none_or(|kind| kind == "decision");
    let invocable = node.attribute("invocableName").filter(|_| !is_decision).map(Into::into);
    if !is_decision && invocable.is_none() {
        return Err(at("no invocableName".into()));
    }
    Ok(Case { id, invocable, inputs, results })
}

fn input(node: Xml<'_, '_>) -> Result<Input, String> {
    let name = node.attribute("name").ok_or("an inputNode without name")?;
    let namespace = node.attribute("namespace").map(Into::into);
    Ok(Input { name: name.into(), namespace, value: given(node)? })
}

fn result(node: Xml<'_, '_>) -> Result<ExpectedResult, String> {
    let name = node.attribute("name").ok_or("a resultNode without name")?;
    let is_error = node.attribute("errorResult") == Some("true");
    let value = child(node, "expected").map_or(Ok(Given::Nil), given)?;
    Ok(ExpectedResult { name: name.into(), is_error, value })
}

fn given(node: Xml<'_, '_>) -> Result<Given, String> {
    if is_nil(node) {
        return Ok(Given::Nil);
    }
    if let Some(list) = child(node, "list") {
        if is_nil(list) {
            return Ok(Given::Nil);
        }
        return Ok(Given::List(all(list, "item").map(given).collect::<Result<_, _>>()?));
    }
    if let Some(value) = child(node, "value") {
        if is_nil(value) {
            return Ok(Given::Nil);
        }
        let xsi = "http://www.w3.org/2001/XMLSchema-instance";
        let kind = value.attribute((xsi, "type")).unwrap_or("xsd:string");
        let kind = kind.rsplit(':').next().unwrap_or(kind);
        return Ok(Given::Simple(kind.into(), text_of(value)));
    }
    let component = |node: Xml<'_, '_>| {
        let name = node.attribute("name").ok_or("a component without name")?;
        Ok((name.to_owned(), given(node)?))
    };
    let components: Vec<_> =
        all(node, "component").map(component).collect::<Result<_, String>>()?;
    Ok(if components.is_empty() { Given::Nil } else { Given::Components(components) })
}

fn is_nil(node: Xml<'_, '_>) -> bool {
    let nil = node.attribute(("http://www.w3.org/2001/XMLSchema-instance", "nil"));
    matches!(nil.map(str::trim), Some("true" | "1"))
}

fn text_of(node: Xml<'_, '_>) -> String {
    node.children().filter(Xml::is_text).filter_map(|it| it.text()).collect()
}

fn all<'x>(of: Xml<'x, 'x>, name: &'static str) -> impl Iterator<Item = Xml<'x, 'x>> {
    of.children().filter(move |it| it.tag_name().name() == name)
}

fn child<'x>(of: Xml<'x, 'x>, name: &'static str) -> Option<Xml<'x, 'x>> {
    all(of, name).next()
}

#[test]
fn a_test_file_is_read() {
    let file = read(
        r#"<t:testCases xmlns:t="x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <t:modelName>m.dmn</t:modelName>
        <t:testCase id="a" type="decisionService" invocableName="S">
          <t:inputNode name="In" namespace="n"><t:component name="k"><t:value xsi:nil="true"/></t:component>
            <t:component name="l"><t:list><t:item><t:value xsi:type="xsd:decimal">1</t:value></t:item></t:list></t:component>
          </t:inputNode>
          <t:resultNode name="Out" errorResult="true"><t:expected><t:value xsi:nil="true"/></t:expected></t:resultNode>
        </t:testCase><t:testCase/></t:testCases>"#,
    )
    .unwrap();
    assert_eq!(file.model, "m.dmn");
    let case = &file.cases[0];
    assert_eq!((case.id.as_str(), case.invocable.as_deref()), ("a", Some("S")));
    assert_eq!(case.inputs[0].namespace.as_deref(), Some("n"));
    let one = Given::List(vec![Given::Simple("decimal".into(), "1".into())]);
    let expected = Given::Components(vec![("k".into(), Given::Nil), ("l".into(), one)]);
    assert_eq!(case.inputs[0].value, expected);
    assert!(case.results[0].is_error && case.results[0].value == Given::Nil);
    assert_eq!(file.cases[1].id, "2");
}

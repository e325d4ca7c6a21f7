//! Stand-in for the crate that branch `dmn` brings: tables of one hit and literal expressions.
#![allow(missing_docs, missing_debug_implementations, clippy::pedantic)]

use base::Text;
use feel::{Scope, Value};
use roxmltree::{Document, Node};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub code: &'static str,
    pub file: Option<String>,
    pub line: u32,
    pub column: u32,
    pub element_id: Option<String>,
    pub message: String,
    pub help: String,
    pub severity: Severity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Error,
    Warning,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}: error[{}]: {}; {}",
            self.line, self.column, self.code, self.message, self.help
        )
    }
}

#[derive(Clone, Debug)]
pub struct DecisionInfo {
    pub id: String,
    pub name: String,
    pub version_tag: Option<String>,
}

#[derive(Debug)]
pub struct Definitions {
    id: String,
    name: String,
    namespace: String,
    decisions: Vec<Decision>,
}

#[derive(Debug)]
struct Decision {
    info: DecisionInfo,
    requires: Vec<String>,
    logic: Logic,
}

#[derive(Debug)]
enum Logic {
    Literal(feel::Expression),
    Table {
        inputs: Vec<(String, String, feel::Expression)>,
        outputs: Vec<(String, String)>,
        rules: Vec<Rule>,
    },
}

#[derive(Debug)]
struct Rule {
    id: String,
    tests: Vec<Option<feel::Expression>>,
    outputs: Vec<feel::Expression>,
}

#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub ms: i64,
    pub seed: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    pub output: Value,
    pub failure: Option<Failure>,
    pub decisions: Vec<EvaluatedDecision>,
}
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    pub decision_id: String,
    pub decision_name: String,
    pub message: String,
}
#[derive(Clone, PartialEq, Debug)]
pub struct EvaluatedDecision {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub output: Value,
    pub inputs: Vec<EvaluatedInput>,
    pub rules: Vec<MatchedRule>,
    pub reasons: Vec<String>,
}
#[derive(Clone, PartialEq, Debug)]
pub struct EvaluatedInput {
    pub id: String,
    pub name: String,
    pub value: Value,
}
#[derive(Clone, PartialEq, Debug)]
pub struct MatchedRule {
    pub id: String,
    pub index: u32,
    pub outputs: Vec<EvaluatedOutput>,
}
#[derive(Clone, PartialEq, Debug)]
pub struct EvaluatedOutput {
    pub id: String,
    pub name: String,
    pub value: Value,
}

fn children<'a>(of: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    of.children().filter(move |node| node.tag_name().name() == name)
}

fn text<'a>(of: Node<'a, 'a>) -> &'a str {
    children(of, "text").next().and_then(|node| node.text()).unwrap_or("").trim()
}

pub fn compile(xml: &str) -> Result<Definitions, Vec<Finding>> {
    let finding = |line, column, message: String| {
        vec![Finding {
            code: "D001",
            file: None,
            line,
            column,
            element_id: None,
            message,
            help: "correct the model".into(),
            severity: Severity::Error,
        }]
    };
    let document =
        Document::parse(xml).map_err(|e| finding(e.pos().row, e.pos().col, e.to_string()))?;
    let root = document.root_element();
    let attribute = |node: Node<'_, '_>, name| node.attribute(name).unwrap_or("").to_owned();
    let mut decisions = Vec::new();
    for node in children(root, "decision") {
        let expression = |text: &str| {
            feel::compile(text).map_err(|error| {
                let at = document.text_pos_at(node.range().start);
                finding(at.row, at.col, error.message)
            })
        };
        let version_tag = node
            .descendants()
            .find(|node| node.tag_name().name() == "versionTag")
            .and_then(|node| node.attribute("value"));
        let info = DecisionInfo {
            id: attribute(node, "id"),
            name: attribute(node, "name"),
            version_tag: version_tag.map(Into::into),
        };
        let requires = node
            .descendants()
            .filter(|node| node.tag_name().name() == "requiredDecision")
            .map(|node| attribute(node, "href").trim_start_matches('#').to_owned())
            .collect();
        let logic = if let Some(table) = children(node, "decisionTable").next() {
            let mut inputs = Vec::new();
            for input in children(table, "input") {
                let of = children(input, "inputExpression").next().map(text).unwrap_or("");
                inputs.push((attribute(input, "id"), attribute(input, "label"), expression(of)?));
            }
            let outputs = children(table, "output")
                .map(|output| (attribute(output, "id"), attribute(output, "name")))
                .collect();
            let mut rules = Vec::new();
            for rule in children(table, "rule") {
                let mut tests = Vec::new();
                for (entry, input) in children(rule, "inputEntry").zip(&inputs) {
                    let test = text(entry);
                    let left = input.2.source();
                    tests.push(match test {
                        "-" | "" => None,
                        _ if test.starts_with(['<', '>']) => {
                            Some(expression(&format!("{left} {test}"))?)
                        }
                        _ => Some(expression(&format!("{left} = {test}"))?),
                    });
                }
                let mut outputs = Vec::new();
                for entry in children(rule, "outputEntry") {
                    outputs.push(expression(text(entry))?);
                }
                rules.push(Rule { id: attribute(rule, "id"), tests, outputs });
            }
            Logic::Table { inputs, outputs, rules }
        } else {
            let literal = children(node, "literalExpression").next();
            Logic::Literal(expression(literal.map(text).unwrap_or(""))?)
        };
        decisions.push(Decision { info, requires, logic });
    }
    if decisions.is_empty() {
        return Err(finding(1, 1, "the file has no decision".into()));
    }
    Ok(Definitions {
        id: attribute(root, "id"),
        name: attribute(root, "name"),
        namespace: attribute(root, "namespace"),
        decisions,
    })
}

struct Vars(std::collections::BTreeMap<String, Value>);
impl Scope for Vars {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl Definitions {
    pub fn id(&self) -> &str {
        &self.id
    }
    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
    pub fn decisions(&self) -> impl Iterator<Item = &DecisionInfo> {
        self.decisions.iter().map(|decision| &decision.info)
    }

    pub fn evaluate(&self, decision: &str, variables: &Value, now: Now) -> Evaluation {
        let mut vars = Vars(Default::default());
        if let Value::Context(context) = variables {
            for (name, value) in context.iter() {
                vars.0.insert(name.to_string(), value.clone());
            }
        }
        let mut done = Vec::new();
        match self.one(decision, &mut vars, now.ms, &mut done) {
            Ok(output) => Evaluation { output, failure: None, decisions: done },
            Err(failure) => {
                Evaluation { output: Value::Null, failure: Some(failure), decisions: done }
            }
        }
    }

    fn one(
        &self,
        id: &str,
        vars: &mut Vars,
        now_ms: i64,
        done: &mut Vec<EvaluatedDecision>,
    ) -> Result<Value, Failure> {
        let found = self.decisions.iter().find(|decision| decision.info.id == id);
        let Some(decision) = found else {
            return Err(Failure {
                decision_id: id.into(),
                decision_name: id.into(),
                message: "no such decision".into(),
            });
        };
        for required in &decision.requires {
            let value = self.one(required, vars, now_ms, done)?;
            let name =
                self.decisions.iter().find(|d| &d.info.id == required).map(|d| d.info.name.clone());
            vars.0.insert(name.unwrap_or_default(), value);
        }
        let fail = |message: String| Failure {
            decision_id: id.into(),
            decision_name: decision.info.name.clone(),
            message,
        };
        let mut evaluated = EvaluatedDecision {
            id: decision.info.id.clone(),
            name: decision.info.name.clone(),
            kind: "LITERAL_EXPRESSION",
            output: Value::Null,
            inputs: Vec::new(),
            rules: Vec::new(),
            reasons: Vec::new(),
        };
        match &decision.logic {
            Logic::Literal(expression) => {
                let outcome = expression.evaluate(vars, now_ms);
                if outcome.notes.iter().any(feel::Note::is_failure) {
                    return Err(fail(outcome.notes[0].message.clone()));
                }
                evaluated.output = outcome.value;
                evaluated.reasons = outcome.notes.into_iter().map(|note| note.message).collect();
            }
            Logic::Table { inputs, outputs, rules } => {
                evaluated.kind = "DECISION_TABLE";
                for (id, name, expression) in inputs {
                    let outcome = expression.evaluate(vars, now_ms);
                    let value = outcome.value;
                    if value == Value::Null {
                        done.push(evaluated);
                        return Err(fail(format!("the input `{}` is null", expression.source())));
                    }
                    evaluated.inputs.push(EvaluatedInput {
                        id: id.clone(),
                        name: name.clone(),
                        value,
                    });
                }
                for (rule, index) in rules.iter().zip(1..) {
                    let hit = rule
                        .tests
                        .iter()
                        .flatten()
                        .all(|test| test.evaluate(vars, now_ms).value.as_bool() == Some(true));
                    if !hit {
                        continue;
                    }
                    let values: Vec<_> =
                        rule.outputs.iter().map(|e| e.evaluate(vars, now_ms).value).collect();
                    let named = outputs.iter().zip(&values).map(|((id, name), value)| {
                        EvaluatedOutput { id: id.clone(), name: name.clone(), value: value.clone() }
                    });
                    evaluated.rules.push(MatchedRule {
                        id: rule.id.clone(),
                        index,
                        outputs: named.collect(),
                    });
                    evaluated.output = values.into_iter().next().unwrap_or(Value::Null);
                    break;
                }
            }
        }
        let output = evaluated.output.clone();
        done.push(evaluated);
        Ok(output)
    }
}

#[doc(hidden)]
pub fn unused(_: Text) {}

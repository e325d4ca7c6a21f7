//! The crate's face: XML in, definitions out, decisions evaluated.

use std::sync::Arc;

use feel::{Machine, Now, Type, Value};

use crate::compile::{self, Options};
use crate::evaluate::Run;
use crate::explain::{Evaluation, Failure};
use crate::link;
use crate::model::Model;
use crate::program::{Element, ElementKind, Program};
use crate::read::read;
use crate::report::{Report, Source};
use base::Finding;

/// A decision model that was read and compiled; immutable, shared by cloning.
#[derive(Clone, Debug)]
pub struct Definitions(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    id: String,
    name: String,
    namespace: String,
    decisions: Vec<DecisionInfo>,
    findings: Vec<Finding>,
    /// Places of the files that are imported, among those that were given.
    imports: Vec<usize>,
    program: Arc<Program>,
}

/// What can be asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct DecisionInfo {
    /// Its id; its name if it has none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `zeebe:versionTag`.
    pub version_tag: Option<String>,
    /// What its output is coerced to.
    pub result: Type,
}

/// Compiles a model that imports nothing. Everything that is wrong with it, or definitions.
pub fn compile(xml: &str) -> Result<Definitions, Vec<Finding>> {
    compile_with(xml, &[])
}

/// Compiles a model and those that it imports: names for messages, and texts. Files that nothing
/// imports are passed over, whatever is in them.
pub fn compile_with(xml: &str, imports: &[(&str, &str)]) -> Result<Definitions, Vec<Finding>> {
    compile_as(xml, imports, Options::default())
}

/// As [`compile_with`], with options.
pub fn compile_as(
    xml: &str,
    imports: &[(&str, &str)],
    options: Options,
) -> Result<Definitions, Vec<Finding>> {
    let mut sources = vec![Source { file: None, text: xml }];
    sources.extend(imports.iter().map(|(file, text)| Source { file: Some(file), text }));
    let count = sources.len();
    let mut report = Report::new(sources);
    let mut models = vec![read(&mut report, 0)];
    let imports = models[0].as_ref().is_some_and(|model| !model.imports.is_empty());
    // Nobody pays for the reading of files that cannot be reached.
    models.extend((1..count).map(|number| imports.then(|| read(&mut report, number)).flatten()));
    let Some(graph) = link::link(models, &mut report) else {
        report.keep_only(&[true]);
        return Err(report.into_findings());
    };
    let program = compile::compile(&graph, &mut report, options);
    if report.errors() > 0 && !options.partial {
        return Err(report.into_findings());
    }
    let decisions = infos(&graph, &program);
    let reached = graph.reached.iter().skip(1).enumerate();
    let imports = reached.filter(|(_, reached)| **reached).map(|(place, _)| place).collect();
    let Model { id, name, namespace, .. } = &graph.models[0];
    Ok(Definitions(Arc::new(Compiled {
        id: id.clone(),
        name: name.clone(),
        namespace: namespace.clone(),
        decisions,
        findings: report.into_findings(),
        imports,
        program: Arc::new(program),
    })))
}

impl Definitions {
    /// `id` of `definitions`.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// `name` of `definitions`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// `namespace` of `definitions`.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Which of the files that were given are imported, by this one or by those that it imports:
    /// their places, ascending.
    pub fn imports(&self) -> &[usize] {
        &self.0.imports
    }

    /// The decisions of the file itself, in its order.
    pub fn decisions(&self) -> impl Iterator<Item = &DecisionInfo> {
        self.0.decisions.iter()
    }

    /// A decision by its id or name.
    pub fn decision(&self, id_or_name: &str) -> Option<&DecisionInfo> {
        let number = self.0.program.by_name.get(id_or_name)?;
        let id = &*self.0.program.elements[*number].id;
        self.0.decisions.iter().find(|decision| decision.id == id)
    }

    /// Names of the input data that a decision and those below it require, sorted.
    pub fn inputs(&self, decision: &str) -> Vec<String> {
        let elements = &self.0.program.elements;
        let mut open: Vec<usize> =
            self.find(decision).into_iter().map(|(number, _)| number).collect();
        let (mut seen, mut names) = (vec![false; elements.len()], Vec::new());
        while let Some(number) = open.pop() {
            if std::mem::replace(&mut seen[number], true) {
                continue;
            }
            match &elements[number].kind {
                ElementKind::Decision(decision) => open.extend(&decision.information),
                ElementKind::Input => names.push(elements[number].variable.to_string()),
                ElementKind::Knowledge(_) | ElementKind::Service(_) | ElementKind::Source => {}
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// What may not be as meant: warnings, and with [`Options::partial`] refusals.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// Evaluates a decision, by its id or name, with everything that it requires. `variables` is a
    /// context; inputs that it does not have are null.
    pub fn evaluate(&self, decision: &str, variables: &Value, now: impl Into<Now>) -> Evaluation {
        match self.find(decision) {
            Some((number, element)) if matches!(element.kind, ElementKind::Decision(_)) => {
                self.run(element, variables, now.into(), |run| run.value_of(number))
            }
            _ => unknown(decision, "decision"),
        }
    }

    /// Calls a decision service or a business knowledge model by its id or name; the variables have
    /// the names of its parameters. A decision is evaluated.
    pub fn invoke(&self, invocable: &str, variables: &Value, now: impl Into<Now>) -> Evaluation {
        match self.find(invocable) {
            Some((number, element)) => {
                self.run(element, variables, now.into(), |run| match &element.kind {
                    ElementKind::Service(service) => run.invoke_service(service),
                    ElementKind::Knowledge(knowledge) => run.invoke_knowledge(number, knowledge),
                    ElementKind::Decision(_) | ElementKind::Input => run.value_of(number),
                    ElementKind::Source => Value::NULL,
                })
            }
            None => unknown(invocable, "decision, decision service or business knowledge model"),
        }
    }

    fn find(&self, id_or_name: &str) -> Option<(usize, &Element)> {
        let number = *self.0.program.by_name.get(id_or_name)?;
        Some((number, &self.0.program.elements[number]))
    }

    fn run(
        &self,
        element: &Element,
        variables: &Value,
        now: Now,
        evaluate: impl FnOnce(&mut Run<'_, '_>) -> Value,
    ) -> Evaluation {
        let nothing = Arc::default();
        let given = if let Value::Context(given) = variables { given } else { &nothing };
        let mut machine = Machine::new(now);
        let mut run = Run::new(&self.0.program, &mut machine, given);
        let output = evaluate(&mut run);
        let (mut failure, decisions) = (run.failure, run.decisions);
        if let Some(why) = machine.exhausted() {
            let message = format!("the evaluation was ended: {why}");
            // Whatever else went wrong went wrong because of it.
            failure = Some(Failure { decision_id: element.id.to_string(), message });
        }
        Evaluation { output, failure, decisions }
    }
}

fn unknown(name: &str, what: &str) -> Evaluation {
    let message = format!("there is no {what} \"{name}\" in the model");
    Evaluation {
        output: Value::NULL,
        failure: Some(Failure { decision_id: name.into(), message }),
        decisions: Vec::new(),
    }
}

fn infos(graph: &link::Graph, program: &Program) -> Vec<DecisionInfo> {
    let mut infos = Vec::new();
    for (number, element) in program.elements.iter().enumerate() {
        let ElementKind::Decision(decision) = &element.kind else { continue };
        if graph.nodes[number].model != 0 {
            continue;
        }
        infos.push(DecisionInfo {
            id: element.id.to_string(),
            name: element.name.to_string(),
            version_tag: decision.version_tag.clone(),
            result: element.of.clone(),
        });
    }
    infos
}

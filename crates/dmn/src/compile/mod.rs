//! A linked graph to a program: types are resolved, FEEL is compiled.
//!
//! In:  a graph, options.
//! Out: a [`Program`]; findings for every FEEL text that is none, at its place in the file.
//! Absent: evaluation (see `evaluate`).

mod boxed;
mod scope;
mod table;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use feel::{Environment, Parameter, Type};

use crate::link::Graph;
use crate::model::{ElementKind as Source, FunctionKind};
use crate::program::{
    Decision, Element, ElementKind, FunctionLogic, Knowledge, Logic, LogicKind, Program, Service,
};
use crate::report::Report;
use scope::result_type;
use types::{Types, words};

/// How a model is read where the standard and Camunda 8 differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// As the standard says, where Camunda 8 says otherwise: a name that no requirement brings is
    /// a finding, not a variable of the process; types of table columns are enforced; `-` asks for
    /// one of the expected input values where a column states them; texts in the input are not read
    /// as the dates that the model declares.
    pub strict: bool,
    /// Logic that is refused takes only its own element out: that is null, with the finding as its
    /// reason, and the model is not refused.
    pub partial: bool,
}

/// What compiling carries along.
pub(crate) struct Compiler<'g, 'a> {
    graph: &'g Graph,
    report: &'g mut Report<'a>,
    types: Types,
    options: Options,
    /// Environments without variables, by file.
    environments: BTreeMap<usize, Environment>,
}

/// Compiles everything that the first file reaches.
pub(crate) fn compile(graph: &Graph, report: &mut Report<'_>, options: Options) -> Program {
    let types = Types::read(graph, report);
    let environments = BTreeMap::new();
    let mut compiler = Compiler { graph, report, types, options, environments };
    let paths: Vec<_> = scope::import_paths(graph).into_iter().map(Arc::new).collect();
    let mut program = Program { open: !options.strict, ..Program::default() };
    for number in 0..graph.nodes.len() {
        let element = compiler.element(number, &paths[graph.nodes[number].model]);
        program.elements.push(element);
    }
    let own = |number: &usize| graph.nodes[*number].model == 0;
    for number in (0..graph.nodes.len()).filter(own) {
        program.by_name.entry(program.elements[number].id.to_string()).or_insert(number);
    }
    for number in (0..graph.nodes.len()).filter(own) {
        program.by_name.entry(program.elements[number].name.to_string()).or_insert(number);
    }
    program
}

impl Compiler<'_, '_> {
    fn element(&mut self, number: usize, paths: &Arc<Vec<Vec<Arc<str>>>>) -> Element {
        let graph = self.graph;
        let source = graph.element(number);
        let model = graph.nodes[number].model;
        self.report.enter(model, source.id.as_deref());
        let declared = self.type_of(model, &source.variable);
        // Resolving types may have looked into other files.
        self.report.enter(model, source.id.as_deref());
        let kind = match &source.kind {
            Source::Input => ElementKind::Input,
            Source::Source => ElementKind::Source,
            Source::Decision(_) => ElementKind::Decision(self.decision(number)),
            Source::Knowledge(_) => {
                ElementKind::Knowledge(Arc::new(self.knowledge(number, declared.clone())))
            }
            Source::Service(_) => {
                ElementKind::Service(Arc::new(self.service(number, declared.clone())))
            }
        };
        let is_function = matches!(kind, ElementKind::Knowledge(_) | ElementKind::Service(_));
        Element {
            id: source.id.as_deref().unwrap_or(&source.name).into(),
            name: source.name.as_str().into(),
            variable: words(&source.variable.name),
            of: if is_function { result_type(declared) } else { declared },
            paths: paths.clone(),
            kind,
        }
    }

    fn decision(&mut self, number: usize) -> Decision {
        let graph = self.graph;
        let node = &graph.nodes[number];
        let mut environment = self.environment(node.model);
        let required: Vec<usize> =
            node.information.iter().chain(&node.knowledge).copied().collect();
        let scope = self.bind(node.model, &required, &mut environment);
        let element = graph.element(number);
        self.report.enter(node.model, element.id.as_deref());
        let Source::Decision(decision) = &element.kind else { unreachable!("a decision") };
        let logic = match &decision.logic {
            Some(logic) => self.boxed(node.model, logic, &environment),
            None => Logic { of: Type::Any, kind: LogicKind::Nothing },
        };
        Decision {
            version_tag: decision.version_tag.clone(),
            information: node.information.clone(),
            scope,
            logic,
        }
    }

    fn knowledge(&mut self, number: usize, declared: Type) -> Knowledge {
        let graph = self.graph;
        let node = &graph.nodes[number];
        let mut environment = self.environment(node.model);
        let scope = self.bind(node.model, &node.knowledge, &mut environment);
        let element = graph.element(number);
        self.report.enter(node.model, element.id.as_deref());
        let Source::Knowledge(knowledge) = &element.kind else { unreachable!("a knowledge model") };
        let function = match &knowledge.function {
            Some(function) => self.function(node.model, function, &environment),
            None => FunctionLogic {
                kind: FunctionKind::Feel,
                parameters: Vec::new(),
                body: Logic { of: Type::Any, kind: LogicKind::Nothing },
            },
        };
        Knowledge {
            name: element.name.clone(),
            result: result_type(declared),
            scope,
            function: Arc::new(function),
        }
    }

    fn service(&mut self, number: usize, declared: Type) -> Service {
        let graph = self.graph;
        let node = &graph.nodes[number];
        let inputs: Vec<usize> =
            node.input_data.iter().chain(&node.input_decisions).copied().collect();
        let parameters = inputs
            .iter()
            .map(|input| {
                let variable = &graph.element(*input).variable;
                let of = self.type_of(graph.nodes[*input].model, variable);
                Parameter { name: words(&variable.name), of }
            })
            .collect();
        Service {
            name: graph.element(number).name.clone(),
            result: result_type(declared),
            inputs,
            parameters,
            outputs: node.outputs.clone(),
        }
    }

    fn environment(&mut self, model: usize) -> Environment {
        if let Some(known) = self.environments.get(&model) {
            return known.clone();
        }
        let environment = self.environment_of_model(model);
        self.environments.insert(model, environment.clone());
        environment
    }
}

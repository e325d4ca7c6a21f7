//! Decisions to outputs.
//!
//! In:  a program, variables, a machine with its budget.
//! Out: values; each decision is evaluated once, after what it requires.
//! Absent: recursion from decision to decision: a graph may be as deep as a file is long. Functions
//! recurse; their depth is the machine's to bound.

mod boxed;
mod frame;
mod function;
mod given;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use feel::{Context, Machine, Type, Value, Why};

use crate::explain::{DecisionKind, EvaluatedDecision, EvaluatedInput, Failure, MatchedRule};
use crate::program::{
    Binding, Decision, Element, ElementKind, Knowledge, Logic, LogicKind, Program, Service,
};
pub(crate) use frame::Frame;

/// One evaluation of a requirements graph, or of the part of it that a service encapsulates.
pub(crate) struct Run<'p, 'm> {
    program: &'p Arc<Program>,
    machine: &'m mut Machine,
    /// The variables from outside.
    given: &'p Arc<Context>,
    /// What elements were evaluated to, or were given as a service's inputs.
    values: BTreeMap<usize, Value>,
    pub failure: Option<Failure>,
    pub decisions: Vec<EvaluatedDecision>,
}

impl<'p, 'm> Run<'p, 'm> {
    pub fn new(
        program: &'p Arc<Program>,
        machine: &'m mut Machine,
        given: &'p Arc<Context>,
    ) -> Self {
        let (failure, decisions) = (None, Vec::new());
        Self { program, machine, given, values: BTreeMap::new(), failure, decisions }
    }

    /// The value of a decision or an input.
    pub fn value_of(&mut self, root: usize) -> Value {
        // An element, and how many of its requirements are done.
        let mut path = vec![(root, 0)];
        while let Some(&mut (number, ref mut done)) = path.last_mut() {
            let element = &self.program.elements[number];
            if let ElementKind::Decision(decision) = &element.kind
                && let Some(&next) = decision.information.get(*done)
            {
                *done += 1;
                if !self.values.contains_key(&next) {
                    path.push((next, 0));
                }
                continue;
            }
            path.pop();
            let value = match &element.kind {
                ElementKind::Input => self.input(element),
                ElementKind::Decision(decision) => self.decision(element, decision),
                ElementKind::Knowledge(_) | ElementKind::Service(_) | ElementKind::Source => {
                    self.function(number)
                }
            };
            self.values.insert(number, value);
        }
        self.values.get(&root).cloned().unwrap_or_default()
    }

    /// The outputs of a service whose inputs have these values (DMN 1.5, 10.4).
    pub fn service(&mut self, service: &Service, arguments: Vec<Value>) -> Value {
        self.values.extend(service.inputs.iter().copied().zip(arguments));
        if let [only] = service.outputs[..] {
            return self.value_of(only);
        }
        let mut outputs = Context::default();
        for &output in &service.outputs {
            let value = self.value_of(output);
            outputs.set(self.program.elements[output].variable.clone(), value);
        }
        Value::context(outputs)
    }

    /// A service that is called from outside, with the variables of its parameters' names.
    pub fn invoke_service(&mut self, service: &Service) -> Value {
        let arguments = service.inputs.iter().map(|input| {
            let element = &self.program.elements[*input];
            self.input(element)
        });
        let arguments = arguments.collect();
        let output = self.service(service, arguments);
        self.result(&service.name, &service.result, &output)
    }

    /// A function that is called from outside, as [`Self::invoke_service`].
    pub fn invoke_knowledge(&mut self, number: usize, knowledge: &Knowledge) -> Value {
        let parameters = &knowledge.function.parameters;
        let argument = |name: &Arc<str>| self.given.get(name).cloned().unwrap_or_default();
        let arguments = parameters.iter().map(|parameter| argument(&parameter.name)).collect();
        match self.function(number) {
            Value::Function(function) => self.machine.call(&function, arguments),
            other => other,
        }
    }

    fn result(&mut self, id: &str, of: &Type, value: &Value) -> Value {
        let output = of.coerce(value.clone(), self.machine);
        if output.is_null() && !value.is_null() {
            self.fail(id, format!("the output is refused: {}", output.why()));
        }
        output
    }

    /// Looks for an input under the names of the imports that lead to it, then under its own.
    fn input(&mut self, element: &Element) -> Value {
        let name = &element.variable;
        let under = |path: &Vec<Arc<str>>| {
            let mut at: &Context = self.given;
            for import in path {
                at = at.get(import)?.as_context()?;
            }
            at.get(name)
        };
        let found = element.paths.iter().find_map(under).or_else(|| self.given.get(name));
        let Some(found) = found else {
            let message = format!("the input \"{name}\" was not given");
            return self.machine.fail(message, Why::NONE);
        };
        let value =
            if self.program.open { given::with_dates(&element.of, found) } else { found.clone() };
        let coerced = element.of.coerce(value.clone(), self.machine);
        if coerced.is_null() && !value.is_null() {
            let message = format!("the input \"{}\" is refused: {}", element.name, coerced.why());
            self.fail(&element.id, message);
        }
        coerced
    }

    fn decision(&mut self, element: &Element, decision: &Decision) -> Value {
        let bindings = self.bindings(&decision.scope);
        let frame = Frame::new(bindings, self.undeclared());
        let mut logic = Evaluator::new(self.program, self.machine);
        let mut trace = Trace::default();
        let value = logic.traced(&decision.logic, &frame, &mut trace);
        if let Some(violation) = logic.violation.take() {
            self.fail(&element.id, violation);
        }
        let output = self.result(&element.id, &element.of, &value);
        self.record(element, decision, trace, &output);
        output
    }

    fn record(&mut self, element: &Element, decision: &Decision, mut trace: Trace, output: &Value) {
        if !matches!(decision.logic.kind, LogicKind::Table(_)) {
            for number in &decision.information {
                let required = &self.program.elements[*number];
                trace.inputs.push(EvaluatedInput {
                    id: required.id.clone(),
                    name: required.name.clone(),
                    value: self.values.get(number).cloned().unwrap_or_default(),
                });
            }
        }
        let why = output.why();
        self.decisions.push(EvaluatedDecision {
            id: element.id.clone(),
            name: element.name.clone(),
            kind: kind(&decision.logic),
            output: output.clone(),
            inputs: trace.inputs,
            rules: trace.rules,
            reasons: if why.is_none() { Vec::new() } else { vec![why.to_string()] },
        });
    }

    /// Values under the names that a decision gives what it requires.
    fn bindings(&self, scope: &[Binding]) -> Vec<(Arc<str>, Value)> {
        bindings(scope, |element| {
            let known = self.values.get(&element).cloned();
            known.unwrap_or_else(|| self.function(element))
        })
    }

    fn function(&self, element: usize) -> Value {
        function::value(self.program, element, self.undeclared())
    }

    /// What names that nothing declares are looked for in.
    fn undeclared(&self) -> Option<&'p Arc<Context>> {
        self.program.open.then_some(self.given)
    }

    fn fail(&mut self, decision_id: &str, message: String) {
        self.failure.get_or_insert_with(|| Failure { decision_id: decision_id.into(), message });
    }
}

/// The names of a scope with their values; those of one import are entries of one context.
fn bindings(scope: &[Binding], value: impl Fn(usize) -> Value) -> Vec<(Arc<str>, Value)> {
    let mut bound: Vec<(Arc<str>, Value)> = Vec::with_capacity(scope.len());
    let mut imported: BTreeMap<Arc<str>, Context> = BTreeMap::new();
    for Binding { prefix, name, element } in scope {
        let value = value(*element);
        match prefix {
            None => bound.push((name.clone(), value)),
            Some(prefix) => {
                imported.entry(prefix.clone()).or_default().set(name.clone(), value);
            }
        }
    }
    bound.extend(imported.into_iter().map(|(prefix, entries)| (prefix, Value::context(entries))));
    bound
}

/// What a table leaves for the explanation.
#[derive(Debug, Default)]
struct Trace {
    inputs: Vec<EvaluatedInput>,
    rules: Vec<MatchedRule>,
}

/// Evaluates the logic of one element.
struct Evaluator<'p, 'm> {
    program: &'p Arc<Program>,
    machine: &'m mut Machine,
    /// The first hit policy that was violated.
    violation: Option<String>,
}

impl<'p, 'm> Evaluator<'p, 'm> {
    fn new(program: &'p Arc<Program>, machine: &'m mut Machine) -> Self {
        Self { program, machine, violation: None }
    }
}

fn kind(logic: &Logic) -> DecisionKind {
    match &logic.kind {
        LogicKind::Nothing | LogicKind::Broken(_) => DecisionKind::None,
        LogicKind::Literal(_) => DecisionKind::Literal,
        LogicKind::Table(_) => DecisionKind::Table,
        LogicKind::Context(_) => DecisionKind::Context,
        LogicKind::List(_) => DecisionKind::List,
        LogicKind::Relation { .. } => DecisionKind::Relation,
        LogicKind::Invocation { .. } => DecisionKind::Invocation,
        LogicKind::Function(_) => DecisionKind::Function,
        LogicKind::Conditional { .. } => DecisionKind::Conditional,
        LogicKind::Filter { .. } => DecisionKind::Filter,
        LogicKind::Iterator(_) => DecisionKind::Iterator,
    }
}

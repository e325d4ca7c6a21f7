//! What the expressions of an element may name.
//!
//! In:  the graph and its types.
//! Out: environments for `feel`, and the bindings that give the names their values.
//! Absent: the expressions themselves (see `boxed`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use feel::{Environment, FunctionType, Type};

use super::Compiler;
use super::types::words;
use crate::link::Graph;
use crate::model::{Boxed, BoxedKind, ElementKind, FunctionDefinition, Model, Variable};
use crate::program::Binding;

impl Compiler<'_, '_> {
    /// Types and names of entries, without any variable.
    pub(super) fn environment_of_model(&self, model: usize) -> Environment {
        let mut environment =
            if self.options.strict { Environment::closed() } else { Environment::open() };
        self.types.declare(self.graph, model, &mut environment);
        for name in self.output_names() {
            environment.know_entry(name);
        }
        for reached in (0..self.graph.models.len()).filter(|it| self.graph.reached[*it]) {
            entry_names(&self.graph.models[reached], &mut |name| {
                // One word is read as a name whoever knows it, and there are many.
                if name.contains(|c: char| !c.is_alphanumeric() && c != '_') {
                    environment.know_entry(name);
                }
            });
        }
        environment
    }

    /// Names of the decisions that services return together, as entries of a context.
    fn output_names(&self) -> impl Iterator<Item = &str> {
        let services = self.graph.nodes.iter().filter(|node| node.outputs.len() > 1);
        let outputs = services.flat_map(|node| &node.outputs);
        outputs.map(|output| self.graph.element(*output).variable.name.as_str())
    }

    /// Declares the variables of required elements.
    pub(super) fn bind(
        &mut self,
        model: usize,
        required: &[usize],
        environment: &mut Environment,
    ) -> Vec<Binding> {
        let (mut scope, mut taken) = (Vec::new(), BTreeSet::new());
        let mut prefixed: BTreeMap<Arc<str>, Vec<(Arc<str>, Type)>> = BTreeMap::new();
        for &element in required {
            let found = self.graph.element(element);
            let of = self.variable_type(element);
            let owner = self.graph.nodes[element].model;
            let prefix = self.graph.prefix(model, owner).unwrap_or_default();
            let name = words(&found.variable.name);
            if prefix.is_empty() {
                if !taken.insert(name.clone()) {
                    let message = format!("two required elements have the name \"{name}\"");
                    self.report.error("D006", found.at, message, "rename one of them");
                }
                environment.variable(&name, of.clone());
                scope.push(Binding { prefix: None, name: name.clone(), element });
            } else {
                let prefix = words(prefix);
                prefixed.entry(prefix.clone()).or_default().push((name.clone(), of));
                scope.push(Binding { prefix: Some(prefix), name, element });
            }
        }
        self.bind_aliases(&mut scope, &mut taken, environment);
        for (prefix, entries) in prefixed {
            environment.variable(&prefix, Type::Context(Arc::new(entries)));
        }
        scope
    }

    /// Camunda 8 finds a decision under its id too, where nothing else has that name.
    fn bind_aliases(
        &mut self,
        scope: &mut Vec<Binding>,
        taken: &mut BTreeSet<Arc<str>>,
        environment: &mut Environment,
    ) {
        if self.options.strict {
            return;
        }
        let own = scope.iter().filter(|it| it.prefix.is_none()).map(|it| it.element);
        let own: Vec<usize> = own.collect();
        for element in own {
            let found = self.graph.element(element);
            for alias in [Some(found.name.as_str()), found.id.as_deref()].into_iter().flatten() {
                let name = words(alias);
                if taken.insert(name.clone()) {
                    environment.variable(&name, self.variable_type(element));
                    scope.push(Binding { prefix: None, name, element });
                }
            }
        }
    }

    /// The type of an element's variable: what is declared, else what its logic lets see.
    fn variable_type(&mut self, element: usize) -> Type {
        let found = self.graph.element(element);
        let model = self.graph.nodes[element].model;
        let declared = self.type_of(model, &found.variable);
        match &found.kind {
            ElementKind::Input | ElementKind::Source => declared,
            ElementKind::Decision(decision) => match (&declared, &decision.logic) {
                (Type::Any, Some(logic)) => self.shape(model, logic),
                _ => declared,
            },
            ElementKind::Knowledge(knowledge) => {
                let parameters = knowledge.function.as_ref().map_or(&[][..], |it| &it.parameters);
                let parameters = parameters.iter().map(|it| self.type_of(model, it)).collect();
                function_type(parameters, result_type(declared))
            }
            ElementKind::Service(_) => {
                let node = &self.graph.nodes[element];
                let inputs = node.input_data.iter().chain(&node.input_decisions);
                let parameters = inputs
                    .map(|input| {
                        let model = self.graph.nodes[*input].model;
                        self.type_of(model, &self.graph.element(*input).variable)
                    })
                    .collect();
                function_type(parameters, result_type(declared))
            }
        }
    }

    pub(super) fn type_of(&mut self, model: usize, variable: &Variable) -> Type {
        self.types.resolve(self.graph, self.report, model, variable.type_ref.as_ref())
    }

    /// What can be told of a value's entries without evaluating: names of several words after a dot
    /// are read by it.
    pub(super) fn shape(&mut self, model: usize, boxed: &Boxed) -> Type {
        let declared = self.types.resolve(self.graph, self.report, model, boxed.type_ref.as_ref());
        match (&declared, &boxed.kind) {
            (Type::Any, BoxedKind::Context(entries)) => {
                let mut shapes = Vec::new();
                for entry in entries {
                    let Some(variable) = &entry.variable else {
                        return self.shape(model, &entry.value);
                    };
                    let of = match self.type_of(model, variable) {
                        Type::Any => self.shape(model, &entry.value),
                        of => of,
                    };
                    shapes.push((words(&variable.name), of));
                }
                Type::Context(Arc::new(shapes))
            }
            _ => declared,
        }
    }
}

/// A variable may have the function's type, or only that of its result.
pub(super) fn result_type(declared: Type) -> Type {
    match declared {
        Type::Function(function) => function.result.clone(),
        other => other,
    }
}

fn function_type(parameters: Vec<Type>, result: Type) -> Type {
    Type::Function(Arc::new(FunctionType { parameters, result }))
}

/// Names of entries that values of a file may have where no type tells them.
fn entry_names(model: &Model, found: &mut dyn FnMut(&str)) {
    let mut open: Vec<&Boxed> = Vec::new();
    for element in &model.elements {
        match &element.kind {
            ElementKind::Decision(decision) => {
                open.extend(&decision.logic);
            }
            ElementKind::Knowledge(knowledge) => {
                open.extend(knowledge.function.iter().filter_map(|it| it.body.as_ref()));
            }
            ElementKind::Input | ElementKind::Service(_) | ElementKind::Source => {}
        }
    }
    while let Some(boxed) = open.pop() {
        match &boxed.kind {
            BoxedKind::Literal(_) | BoxedKind::Refused => {}
            BoxedKind::Table(table) => {
                table.outputs.iter().filter_map(|it| it.name.as_deref()).for_each(&mut *found);
            }
            BoxedKind::Context(entries) => {
                entries.iter().filter_map(|it| it.variable.as_ref()).for_each(|it| found(&it.name));
                open.extend(entries.iter().map(|it| &it.value));
            }
            BoxedKind::Relation { columns, rows } => {
                for column in columns {
                    found(&column.name);
                }
                open.extend(rows.iter().flatten());
            }
            BoxedKind::List(items) => open.extend(items),
            BoxedKind::Invocation { callee, bindings } => {
                open.push(callee);
                open.extend(bindings.iter().filter_map(|it| it.value.as_ref()));
            }
            BoxedKind::Function(function) => open.extend(body(function)),
            BoxedKind::Conditional { condition, then, otherwise } => {
                open.extend([&**condition, then, otherwise]);
            }
            BoxedKind::Filter { source, matching } => open.extend([&**source, matching]),
            BoxedKind::Iterator(iterator) => open.extend([&iterator.source, &iterator.body]),
        }
    }
}

fn body(function: &FunctionDefinition) -> Option<&Boxed> {
    function.body.as_ref()
}

/// Every way by imports from the first file to each one, without going in circles. Bounded, because
/// files that import each other crosswise have more ways than names are worth.
pub(super) fn import_paths(graph: &Graph) -> Vec<Vec<Vec<Arc<str>>>> {
    const PATHS_MAX: usize = 16;
    const LENGTH_MAX: usize = 8;
    let mut paths: Vec<Vec<Vec<Arc<str>>>> = vec![Vec::new(); graph.models.len()];
    let mut open: Vec<(usize, Vec<Arc<str>>)> = vec![(0, Vec::new())];
    while let Some((model, path)) = open.pop() {
        if paths[model].len() >= PATHS_MAX || path.len() > LENGTH_MAX {
            continue;
        }
        let imports = graph.models[model].imports.iter().zip(&graph.imported[model]);
        for (import, to) in imports {
            let mut longer = path.clone();
            if !import.name.is_empty() {
                longer.push(words(&import.name));
            }
            open.extend(to.filter(|to| *to != 0).map(|to| (to, longer)));
        }
        paths[model].push(path);
    }
    paths
}

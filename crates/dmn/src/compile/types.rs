//! Item definitions to FEEL's types.
//!
//! In:  the graph's item definitions, and `typeRef`s that name them.
//! Out: types; findings for names that lead nowhere, and for types that contain themselves.
//! Absent: checks of values (see `feel::Type`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use feel::{Constrained, Environment, FunctionType, Type};

use crate::link::Graph;
use crate::model::{Item, Spot};
use crate::report::Report;

/// Deepest nesting of a type's components.
const TYPE_DEPTH_MAX: u32 = 64;
/// Most components of a type, those of its components included.
const TYPE_SIZE_MAX: u32 = 20_000;

/// Types of all files by file and name.
#[derive(Debug, Default)]
pub(super) struct Types {
    known: BTreeMap<(usize, String), State>,
}

#[derive(Clone, Debug)]
enum State {
    /// Its definition is being read further up: it contains itself.
    Open,
    Done(Sized),
}

/// A type, and how large it is when all names are replaced.
#[derive(Clone, Debug, Default)]
struct Sized {
    of: Type,
    depth: u32,
    size: u32,
}

impl Types {
    /// Reads every definition, so that each is checked once, used or not.
    pub fn read(graph: &Graph, report: &mut Report<'_>) -> Self {
        let mut types = Self::default();
        for (model, _) in graph.reached.iter().enumerate().filter(|(_, reached)| **reached) {
            let mut names = BTreeSet::new();
            for item in &graph.models[model].items {
                report.enter(model, None);
                if !names.insert(item.name.as_str()) {
                    let message = format!("two types have the name \"{}\"", item.name);
                    report.error("D006", item.at, message, "rename one of them");
                }
                types.defined(graph, report, model, item, 0);
            }
        }
        types
    }

    /// The type that is meant in this file; `Any` where nothing or nothing known is written.
    pub fn resolve(
        &mut self,
        graph: &Graph,
        report: &mut Report<'_>,
        model: usize,
        name: Option<&Spot>,
    ) -> Type {
        name.map_or(Type::Any, |name| self.named(graph, report, model, name, 0).of)
    }

    /// Every type that `instance of` may name in this file, as it names it.
    pub fn declare(&self, graph: &Graph, model: usize, environment: &mut Environment) {
        for ((owner, name), state) in &self.known {
            let (State::Done(known), Some(prefix)) = (state, graph.prefix(model, *owner)) else {
                continue;
            };
            environment.define_type(&qualified(prefix, name), known.of.clone());
        }
    }

    fn named(
        &mut self,
        graph: &Graph,
        report: &mut Report<'_>,
        model: usize,
        name: &Spot,
        depth: u32,
    ) -> Sized {
        if depth > TYPE_DEPTH_MAX {
            let message = format!("types are nested over {TYPE_DEPTH_MAX} deep");
            report.error("D009", name.at, message, "flatten the type");
            return Sized::default();
        }
        if let Some((owner, item)) = find(graph, model, &name.text) {
            return match self.known.get(&(owner, item.name.clone())) {
                Some(State::Done(known)) => known.clone(),
                Some(State::Open) => {
                    let message = format!("the type \"{}\" contains itself", item.name);
                    report.error("D009", name.at, message, "leave the inner type out");
                    Sized::default()
                }
                None => {
                    let sized = self.defined(graph, report, owner, item, depth);
                    report.enter(model, None);
                    sized
                }
            };
        }
        built_in(graph, model, &name.text).map_or_else(
            || {
                let known = graph.models[model].items.iter().map(|item| item.name.as_str());
                let message = format!("there is no type \"{}\"", name.text);
                report.error("D009", name.at, message, help(&name.text, known));
                Sized::default()
            },
            |of| Sized { of, depth: 0, size: 1 },
        )
    }

    fn defined(
        &mut self,
        graph: &Graph,
        report: &mut Report<'_>,
        model: usize,
        item: &Item,
        depth: u32,
    ) -> Sized {
        let key = (model, item.name.clone());
        if let Some(State::Done(known)) = self.known.get(&key) {
            return known.clone();
        }
        self.known.insert(key.clone(), State::Open);
        report.enter(model, None);
        let mut sized = self.item(graph, report, model, item, depth);
        if sized.size > TYPE_SIZE_MAX {
            let message = format!("the type \"{}\" has over {TYPE_SIZE_MAX} components", item.name);
            report.error("D009", item.at, message, "split the type");
            sized = Sized::default();
        }
        self.known.insert(key, State::Done(sized.clone()));
        sized
    }

    fn item(
        &mut self,
        graph: &Graph,
        report: &mut Report<'_>,
        model: usize,
        item: &Item,
        depth: u32,
    ) -> Sized {
        let mut sized = if let Some(function) = &item.function {
            let parameters = function.parameters.iter();
            let parameters = parameters
                .map(|it| it.type_ref.as_ref())
                .chain([function.output.as_ref()])
                .map(|name| self.optional(graph, report, model, name, depth))
                .collect();
            function_of(parameters)
        } else if item.components.is_empty() {
            self.optional(graph, report, model, item.type_ref.as_ref(), depth)
        } else {
            let components = item.components.iter();
            let components: Vec<(Arc<str>, Sized)> = components
                .map(|it| (words(&it.name), self.item(graph, report, model, it, depth + 1)))
                .collect();
            context_of(components)
        };
        if let Some(allowed) = &item.allowed {
            // What is allowed is said of the items where the type itself is a list of them.
            constrain(&mut sized, allowed, true, report);
        }
        if item.is_collection {
            sized.of = Type::List(Arc::new(sized.of));
            sized.depth += 1;
        }
        if let Some(constraint) = &item.constraint {
            constrain(&mut sized, constraint, false, report);
        }
        sized
    }

    fn optional(
        &mut self,
        graph: &Graph,
        report: &mut Report<'_>,
        model: usize,
        name: Option<&Spot>,
        depth: u32,
    ) -> Sized {
        let any = Sized { of: Type::Any, depth: 0, size: 1 };
        name.map_or(any, |name| self.named(graph, report, model, name, depth + 1))
    }
}

fn constrain(sized: &mut Sized, tests: &Spot, each_item: bool, report: &mut Report<'_>) {
    match feel::compile_tests_in(&tests.text, &Environment::closed()) {
        Ok(tests) => {
            let base = std::mem::take(&mut sized.of);
            sized.of = Type::Constrained(Arc::new(Constrained { base, tests, each_item }));
            sized.depth += 1;
        }
        Err(diagnostic) => {
            report.feel(tests, &diagnostic);
        }
    }
}

/// The last one is the result.
fn function_of(mut parts: Vec<Sized>) -> Sized {
    let (depth, size) = extent(parts.iter());
    let result = parts.pop().unwrap_or_default().of;
    let parameters = parts.into_iter().map(|part| part.of).collect();
    Sized { of: Type::Function(Arc::new(FunctionType { parameters, result })), depth, size }
}

fn context_of(components: Vec<(Arc<str>, Sized)>) -> Sized {
    let (depth, size) = extent(components.iter().map(|(_, it)| it));
    let entries = components.into_iter().map(|(name, it)| (name, it.of)).collect();
    Sized { of: Type::Context(Arc::new(entries)), depth, size }
}

fn extent<'a>(parts: impl Iterator<Item = &'a Sized>) -> (u32, u32) {
    parts.fold((1, 1), |(depth, size), part| {
        (depth.max(part.depth + 1), size.saturating_add(part.size))
    })
}

/// The definition that a name means in a file: its own, or an imported one.
fn find<'g>(graph: &'g Graph, model: usize, name: &str) -> Option<(usize, &'g Item)> {
    let in_model = |owner: usize, name: &str| Some((owner, graph.item(owner, name)?));
    if let Some(own) = in_model(model, name) {
        return Some(own);
    }
    let imports = graph.models[model].imports.iter().zip(&graph.imported[model]);
    let imported = imports.filter_map(|(import, owner)| {
        let rest = if import.name.is_empty() {
            name
        } else {
            name.strip_prefix(import.name.as_str())?.strip_prefix('.')?
        };
        in_model((*owner)?, rest)
    });
    imported.into_iter().next().or_else(|| {
        // DMN 1.1 writes XML prefixes.
        let (prefix, local) = name.split_once(':')?;
        let namespace = namespace_of(graph, model, prefix)?;
        let owners = graph.imported[model].iter().flatten().copied().chain([model]);
        let owner = owners.into_iter().find(|it| graph.models[*it].namespace == namespace)?;
        in_model(owner, local)
    })
}

fn namespace_of<'g>(graph: &'g Graph, model: usize, prefix: &str) -> Option<&'g str> {
    let prefixes = &graph.models[model].prefixes;
    prefixes.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
}

/// FEEL's own types under the names that DMN 1.1 to 1.5 and Camunda give them.
fn built_in(graph: &Graph, model: usize, name: &str) -> Option<Type> {
    let name = match name.split_once(':') {
        Some((prefix, local)) => {
            let namespace = namespace_of(graph, model, prefix)?;
            if !namespace.contains("/FEEL") {
                return None;
            }
            local
        }
        None => name,
    };
    Type::built_in(name).or(match name {
        "integer" | "long" | "double" => Some(Type::Number),
        _ => None,
    })
}

fn help<'a>(wanted: &str, mut known: impl Iterator<Item = &'a str>) -> String {
    let similar = known.find(|known| known.eq_ignore_ascii_case(wanted.trim()));
    similar.map_or_else(
        || "define it as an itemDefinition, or import the model that does".into(),
        |similar| format!("did you mean \"{similar}\"?"),
    )
}

fn qualified(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.into() } else { format!("{prefix}.{name}") }
}

/// A name as expressions have it: single blanks between its words.
pub(crate) fn words(name: &str) -> Arc<str> {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").into()
}

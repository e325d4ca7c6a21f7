//! Boxed expressions to logic.

use std::sync::Arc;

use feel::{Environment, Expression, Parameter, Type};

use super::Compiler;
use super::types::words;
use crate::model::{
    Boxed, BoxedKind, ContextEntry as EntrySource, FunctionDefinition, FunctionKind,
    Iterator as IteratorSource, IteratorKind, Spot, Variable,
};
use crate::program::{
    ContextEntry, EACH, FILTERED, FunctionLogic, Iterator, Logic, LogicKind, Matching, SOURCE,
};

impl Compiler<'_, '_> {
    pub(super) fn boxed(&mut self, model: usize, boxed: &Boxed, scope: &Environment) -> Logic {
        let of = self.types.resolve(self.graph, self.report, model, boxed.type_ref.as_ref());
        Logic { of, kind: self.kind(model, boxed, scope) }
    }

    fn kind(&mut self, model: usize, boxed: &Boxed, scope: &Environment) -> LogicKind {
        match &boxed.kind {
            BoxedKind::Refused => LogicKind::Broken("the expression was refused".into()),
            BoxedKind::Literal(None) => LogicKind::Nothing,
            BoxedKind::Literal(Some(text)) => match self.feel(text, scope) {
                Ok(expression) => LogicKind::Literal(expression),
                Err(reason) => LogicKind::Broken(reason),
            },
            BoxedKind::Table(table) => match self.table(model, table, scope) {
                Ok(table) => LogicKind::Table(Box::new(table)),
                Err(reason) => LogicKind::Broken(reason),
            },
            BoxedKind::Context(entries) => self.context(model, entries, scope),
            BoxedKind::List(items) => {
                LogicKind::List(items.iter().map(|item| self.boxed(model, item, scope)).collect())
            }
            BoxedKind::Relation { columns, rows } => self.relation(model, columns, rows, scope),
            BoxedKind::Invocation { callee, bindings } => LogicKind::Invocation {
                callee: Box::new(self.boxed(model, callee, scope)),
                bindings: bindings
                    .iter()
                    .map(|binding| {
                        let value = binding.value.as_ref();
                        let mut value =
                            value.map_or_else(nothing, |it| self.boxed(model, it, scope));
                        if matches!(value.of, Type::Any) {
                            value.of = self.type_of(model, &binding.parameter);
                        }
                        (words(&binding.parameter.name), value)
                    })
                    .collect(),
            },
            BoxedKind::Function(function) => {
                LogicKind::Function(Arc::new(self.function(model, function, scope)))
            }
            BoxedKind::Conditional { condition, then, otherwise } => LogicKind::Conditional {
                condition: Box::new(self.boxed(model, condition, scope)),
                then: Box::new(self.boxed(model, then, scope)),
                otherwise: Box::new(self.boxed(model, otherwise, scope)),
            },
            BoxedKind::Filter { source, matching } => LogicKind::Filter {
                source: Box::new(self.boxed(model, source, scope)),
                matching: Box::new(self.matching(model, source, matching, scope)),
            },
            BoxedKind::Iterator(iterator) => self.iterator(model, iterator, scope),
        }
    }

    /// An expression, or the reason why it is none; that is a finding already.
    pub(super) fn feel(&mut self, text: &Spot, scope: &Environment) -> Result<Expression, String> {
        match feel::compile_in(&text.text, scope) {
            Ok(expression) => {
                self.report.feel_warnings(text, expression.warnings());
                Ok(expression)
            }
            Err(error) => Err(self.report.feel(text, &error)),
        }
    }

    fn context(&mut self, model: usize, entries: &[EntrySource], scope: &Environment) -> LogicKind {
        // What is declared here must not be seen outside.
        let mut scope = scope.clone();
        let mut compiled = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = self.boxed(model, &entry.value, &scope);
            let Some(variable) = &entry.variable else {
                compiled.push(ContextEntry { name: None, of: Type::Any, value });
                continue;
            };
            let name = words(&variable.name);
            let of = self.type_of(model, variable);
            let seen = match &of {
                Type::Any => self.shape(model, &entry.value),
                declared => declared.clone(),
            };
            scope.variable(&name, seen);
            compiled.push(ContextEntry { name: Some(name), of, value });
        }
        LogicKind::Context(compiled)
    }

    fn relation(
        &mut self,
        model: usize,
        columns: &[Variable],
        rows: &[Vec<Boxed>],
        scope: &Environment,
    ) -> LogicKind {
        let columns = columns.iter().map(|it| (words(&it.name), self.type_of(model, it))).collect();
        let row = |row: &Vec<Boxed>| row.iter().map(|it| self.boxed(model, it, scope)).collect();
        LogicKind::Relation { columns, rows: rows.iter().map(row).collect() }
    }

    /// `functionDefinition`, or the logic of a business knowledge model.
    pub(super) fn function(
        &mut self,
        model: usize,
        function: &FunctionDefinition,
        scope: &Environment,
    ) -> FunctionLogic {
        let mut scope = scope.clone();
        let mut parameters: Vec<Parameter> = Vec::new();
        for parameter in &function.parameters {
            let name = words(&parameter.name);
            if parameters.iter().any(|known| known.name == name) {
                let message = format!("the function has two parameters \"{name}\"");
                self.report.error("D006", parameter.at, message, "rename one of them");
            }
            let of = self.type_of(model, parameter);
            scope.variable(&name, of.clone());
            parameters.push(Parameter { name, of });
        }
        let of = self.types.resolve(self.graph, self.report, model, function.type_ref.as_ref());
        let body = match (&function.body, function.kind) {
            // A description of code elsewhere, not FEEL.
            (_, FunctionKind::Java | FunctionKind::Pmml) | (None, FunctionKind::Feel) => nothing(),
            (Some(body), FunctionKind::Feel) => {
                let mut body = self.boxed(model, body, &scope);
                if matches!(body.of, Type::Any) {
                    body.of = of;
                }
                body
            }
        };
        FunctionLogic { kind: function.kind, parameters, body }
    }

    fn matching(
        &mut self,
        model: usize,
        source: &Boxed,
        matching: &Boxed,
        scope: &Environment,
    ) -> Matching {
        let item = match self.shape(model, source) {
            Type::List(item) => (*item).clone(),
            _ => Type::Any,
        };
        let mut scope = scope.clone();
        if let BoxedKind::Literal(Some(text)) = &matching.kind {
            // FEEL knows how entries of an item are seen inside of brackets.
            let lead = format!("{FILTERED}[");
            scope.variable(FILTERED, Type::List(Arc::new(item)));
            let filter = format!("{lead}{}\n]", text.text);
            return match feel::compile_in(&filter, &scope) {
                Ok(expression) => Matching::Feel(expression),
                Err(mut error) => {
                    error.span.start =
                        error.span.start.saturating_sub(lead.len()).min(text.text.len());
                    error.span.end = error.span.end.saturating_sub(lead.len()).min(text.text.len());
                    let reason = self.report.feel(text, &error);
                    Matching::Boxed(Logic { of: Type::Any, kind: LogicKind::Broken(reason) })
                }
            };
        }
        if let Type::Context(entries) = &item {
            entries.iter().for_each(|(name, of)| scope.variable(name, of.clone()));
        }
        scope.variable("item", item);
        Matching::Boxed(self.boxed(model, matching, &scope))
    }

    fn iterator(
        &mut self,
        model: usize,
        iterator: &IteratorSource,
        scope: &Environment,
    ) -> LogicKind {
        let source = self.boxed(model, &iterator.source, scope);
        let item = match self.shape(model, &iterator.source) {
            Type::List(item) => (*item).clone(),
            _ => Type::Any,
        };
        let mut scope = scope.clone();
        let mut parameters = vec![Parameter { name: words(&iterator.variable), of: Type::Any }];
        let collect = (iterator.kind == IteratorKind::For).then(|| {
            parameters.push(Parameter { name: "partial".into(), of: Type::Any });
            scope.variable("partial", Type::List(Arc::new(Type::Any)));
            let text = format!("for item in {SOURCE} return {EACH}(item, partial)");
            let mut scope = Environment::open();
            scope.variable(EACH, Type::Any);
            feel::compile_in(&text, &scope).expect("it is FEEL")
        });
        scope.variable(&iterator.variable, item);
        let body = self.boxed(model, &iterator.body, &scope);
        let body = FunctionLogic { kind: FunctionKind::Feel, parameters, body };
        let (kind, body) = (iterator.kind, Arc::new(body));
        LogicKind::Iterator(Box::new(Iterator { kind, source, collect, body }))
    }
}

/// Null.
fn nothing() -> Logic {
    Logic { of: Type::Any, kind: LogicKind::Nothing }
}

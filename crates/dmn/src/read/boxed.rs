//! Boxed expressions (DMN 1.5, 7.3).

use std::collections::BTreeSet;

use roxmltree::Node as Xml;

use super::{Reader, schema, type_ref};
use crate::model::{
    Binding, Boxed, BoxedKind, ContextEntry, Iterator as BoxedIterator, IteratorKind, Spot,
    Variable,
};

impl Reader<'_, '_, '_> {
    /// The expressions that stand directly in an element, in their order.
    fn expressions(&mut self, of: Xml<'_, '_>) -> Vec<Boxed> {
        of.children()
            .filter(|child| child.tag_name().namespace() == Some(self.namespace))
            .filter(|child| schema::is_expression(child.tag_name().name()))
            .map(|child| self.boxed(child))
            .collect()
    }

    /// The one expression of an element, if it has one.
    pub(super) fn only_expression(&mut self, of: Xml<'_, '_>) -> Option<Boxed> {
        let mut found = self.expressions(of);
        if found.len() > 1 {
            let message = format!(
                "expected one expression in <{}>, but found {}",
                of.tag_name().name(),
                found.len()
            );
            self.error("D014", of, message, "keep one of them");
        }
        found.truncate(1);
        found.pop()
    }

    /// The one expression that must stand in an element.
    fn expression_in(&mut self, of: Xml<'_, '_>) -> Boxed {
        self.only_expression(of).unwrap_or_else(|| {
            let message = format!("expected an expression in <{}>", of.tag_name().name());
            self.error("D014", of, message, "add a literalExpression");
            refused()
        })
    }

    /// The expression in the child of this name.
    fn part(&mut self, of: Xml<'_, '_>, name: &str) -> Boxed {
        let Some(child) = self.child(of, name) else {
            let message = format!("expected <{name}> in <{}>", of.tag_name().name());
            self.error("D014", of, message, "add it");
            return refused();
        };
        let mut part = self.expression_in(child);
        part.type_ref = part.type_ref.or_else(|| type_ref(child));
        part
    }

    fn boxed(&mut self, node: Xml<'_, '_>) -> Boxed {
        let kind = match node.tag_name().name() {
            "literalExpression" => {
                self.literal(node).map_or(BoxedKind::Refused, BoxedKind::Literal)
            }
            "decisionTable" => {
                self.table(node).map_or(BoxedKind::Refused, |it| BoxedKind::Table(Box::new(it)))
            }
            "context" => self.context(node),
            "list" => BoxedKind::List(self.expressions(node)),
            "relation" => self.relation(node),
            "invocation" => self.invocation(node),
            "functionDefinition" => BoxedKind::Function(Box::new(self.function_definition(node))),
            "conditional" => BoxedKind::Conditional {
                condition: Box::new(self.part(node, "if")),
                then: Box::new(self.part(node, "then")),
                otherwise: Box::new(self.part(node, "else")),
            },
            "filter" => BoxedKind::Filter {
                source: Box::new(self.part(node, "in")),
                matching: Box::new(self.part(node, "match")),
            },
            "for" => self.iterator(node, IteratorKind::For, "return"),
            "some" => self.iterator(node, IteratorKind::Some, "satisfies"),
            "every" => self.iterator(node, IteratorKind::Every, "satisfies"),
            _ => BoxedKind::Refused,
        };
        Boxed { type_ref: type_ref(node), kind }
    }

    /// FEEL, or nothing where no text stands. `None` if it is not FEEL.
    pub(super) fn literal(&mut self, node: Xml<'_, '_>) -> Option<Option<Spot>> {
        let language = node.attribute("expressionLanguage");
        if language.map_or(!self.language_is_feel, |it| !schema::is_feel(it)) {
            // What the whole file says was refused once.
            if let Some(language) = language {
                let message = format!("expected the expression to be FEEL, but found {language}");
                self.error("D010", node, message, "rewrite it in FEEL");
            }
            return None;
        }
        if let Some(imported) = self.child(node, "importedValues") {
            let message = "importedValues are not read from other documents".into();
            self.error("D010", imported, message, "write the expression as FEEL");
            return None;
        }
        Some(self.inner_text(node))
    }

    /// Unary tests in the child of this name.
    pub(super) fn tests(&mut self, of: Xml<'_, '_>, name: &str) -> Option<Spot> {
        let child = self.child(of, name)?;
        self.literal(child)?
    }

    fn context(&mut self, node: Xml<'_, '_>) -> BoxedKind {
        let nodes: Vec<_> = self.all(node, "contextEntry").collect();
        let count = nodes.len();
        let (mut entries, mut names) = (Vec::with_capacity(count), BTreeSet::new());
        for (index, entry) in nodes.into_iter().enumerate() {
            let variable = self.child(entry, "variable").map(|it| self.variable(it));
            if variable.is_none() && index + 1 != count {
                let message = "a context entry without a variable is the result, but this one is \
                               not the last"
                    .into();
                self.error("D014", entry, message, "name its variable, or move it to the end");
            }
            if let Some(variable) = &variable
                && !names.insert(variable.name.clone())
            {
                let message = format!("the context has two entries \"{}\"", variable.name);
                self.error("D006", entry, message, "rename one of them");
            }
            entries.push(ContextEntry { variable, value: self.expression_in(entry) });
        }
        BoxedKind::Context(entries)
    }

    fn relation(&mut self, node: Xml<'_, '_>) -> BoxedKind {
        let columns: Vec<_> = self.all(node, "column").collect();
        let columns: Vec<Variable> = columns.into_iter().map(|it| self.variable(it)).collect();
        let mut names = BTreeSet::new();
        for column in &columns {
            if !names.insert(column.name.as_str()) {
                let message = format!("the relation has two columns \"{}\"", column.name);
                self.report.error("D006", column.at, message, "rename one of them");
            }
        }
        let mut rows = Vec::new();
        for row in self.all(node, "row") {
            let cells = self.expressions(row);
            if cells.len() == columns.len() {
                rows.push(cells);
            } else {
                let message = format!(
                    "expected {} cells in the row, one a column, but found {}",
                    columns.len(),
                    cells.len()
                );
                self.error("D013", row, message, "add or remove cells");
            }
        }
        BoxedKind::Relation { columns, rows }
    }

    fn invocation(&mut self, node: Xml<'_, '_>) -> BoxedKind {
        let callee = Box::new(self.expression_in(node));
        let (mut bindings, mut names) = (Vec::new(), BTreeSet::new());
        for binding in self.all(node, "binding") {
            let Some(parameter) = self.child(binding, "parameter") else {
                let message = "expected <parameter> in <binding>".into();
                self.error("D005", binding, message, "name the parameter");
                continue;
            };
            let parameter = self.variable(parameter);
            if !names.insert(parameter.name.clone()) {
                let message = format!("the parameter \"{}\" is bound twice", parameter.name);
                self.error("D006", binding, message, "remove one of the bindings");
            }
            bindings.push(Binding { parameter, value: self.only_expression(binding) });
        }
        BoxedKind::Invocation { callee, bindings }
    }

    fn iterator(&mut self, node: Xml<'_, '_>, kind: IteratorKind, body: &str) -> BoxedKind {
        let variable = node.attribute("iteratorVariable").unwrap_or_default().trim().to_owned();
        if variable.is_empty() {
            let message = format!("<{}> has no iteratorVariable", node.tag_name().name());
            self.error("D005", node, message, "name the variable that takes each item");
        }
        let source = self.part(node, "in");
        let body = self.part(node, body);
        BoxedKind::Iterator(Box::new(BoxedIterator { kind, variable, source, body }))
    }
}

fn refused() -> Boxed {
    Boxed { type_ref: None, kind: BoxedKind::Refused }
}

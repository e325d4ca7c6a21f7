//! `decisionTable` (DMN 1.5, 8).

use roxmltree::Node as Xml;

use super::{Reader, type_ref};
use crate::model::{
    Aggregation, HitPolicy, InputClause, OutputClause, OutputEntry, Rule, Spot, Table,
};

impl Reader<'_, '_, '_> {
    /// A table, or findings why it is none.
    pub(super) fn table(&mut self, node: Xml<'_, '_>) -> Option<Table> {
        let before = self.report.errors();
        let policy = self.policy(node);
        let inputs: Vec<_> = self.all(node, "input").collect();
        let inputs: Vec<_> = inputs.into_iter().map(|it| self.input(it)).collect();
        let outputs: Vec<_> = self.all(node, "output").collect();
        let outputs: Vec<_> = outputs.into_iter().map(|it| self.output(it)).collect();
        let rules: Vec<_> = self.all(node, "rule").collect();
        let rules =
            rules.into_iter().map(|it| self.rule(it, inputs.len(), outputs.len())).collect();
        let table = Table { policy: policy?, inputs, outputs, rules };
        self.check(node, &table);
        (self.report.errors() == before).then_some(table)
    }

    fn check(&mut self, node: Xml<'_, '_>, table: &Table) {
        let outputs = &table.outputs;
        if outputs.is_empty() {
            let message = "the decision table has no output".into();
            self.error("D013", node, message, "add an output column");
        }
        if outputs.len() > 1 {
            self.check_names(outputs);
            if matches!(table.policy, HitPolicy::Collect(Some(_))) {
                let message = format!(
                    "an aggregation is not defined over several outputs, and the table has {}",
                    outputs.len()
                );
                let help = "collect without aggregation, or split the table";
                self.error("D012", node, message, help);
            }
        }
        let by_priority = matches!(table.policy, HitPolicy::Priority | HitPolicy::OutputOrder);
        if by_priority && outputs.iter().all(|output| output.values.is_none()) {
            let message =
                "the hit policy orders by output values, but no output says its outputValues"
                    .into();
            let help = "list the outputValues, the most important first";
            self.warning("D012", node, message, help);
        }
    }

    fn check_names(&mut self, outputs: &[OutputClause]) {
        for (index, output) in outputs.iter().enumerate() {
            let Some(name) = &output.name else {
                let message = "one of several outputs has no name";
                self.report.error("D005", output.at, message, "name it: it is a key of the result");
                continue;
            };
            if outputs[..index].iter().any(|known| known.name.as_ref() == Some(name)) {
                let message = format!("the table has two outputs \"{name}\"");
                self.report.error("D006", output.at, message, "rename one of them");
            }
        }
    }

    fn policy(&mut self, node: Xml<'_, '_>) -> Option<HitPolicy> {
        let aggregation = match node.attribute("aggregation").map(str::trim) {
            None | Some("") => None,
            Some("SUM") => Some(Aggregation::Sum),
            Some("MIN") => Some(Aggregation::Min),
            Some("MAX") => Some(Aggregation::Max),
            Some("COUNT") => Some(Aggregation::Count),
            Some(other) => {
                let message =
                    format!("expected aggregation SUM, MIN, MAX or COUNT, but found \"{other}\"");
                self.error("D012", node, message, "choose one of the four, or remove it");
                return None;
            }
        };
        let policy = match node.attribute("hitPolicy").map(str::trim) {
            None | Some("" | "UNIQUE") => HitPolicy::Unique,
            Some("ANY") => HitPolicy::Any,
            Some("PRIORITY") => HitPolicy::Priority,
            Some("FIRST") => HitPolicy::First,
            Some("RULE ORDER") => HitPolicy::RuleOrder,
            Some("OUTPUT ORDER") => HitPolicy::OutputOrder,
            Some("COLLECT") => HitPolicy::Collect(aggregation),
            Some(other) => {
                let message = format!(
                    "expected the hit policy to be UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, \
                     OUTPUT ORDER or COLLECT, but found \"{other}\""
                );
                self.error("D012", node, message, "choose one of the seven");
                return None;
            }
        };
        if aggregation.is_some() && !matches!(policy, HitPolicy::Collect(_)) {
            let message = "an aggregation belongs to the hit policy COLLECT; it is ignored".into();
            self.warning("D012", node, message, "set hitPolicy=\"COLLECT\"");
        }
        Some(policy)
    }

    fn input(&mut self, node: Xml<'_, '_>) -> InputClause {
        let expression = self.child(node, "inputExpression");
        let text = expression.and_then(|it| self.literal(it)).flatten();
        if text.is_none() {
            let message = "the input has no expression".into();
            self.error("D013", node, message, "say in FEEL what the column tests");
        }
        InputClause {
            id: self.id_or_number(node),
            label: label(node),
            expression: text.unwrap_or_default(),
            type_ref: expression.and_then(type_ref),
            values: self.tests(node, "inputValues"),
        }
    }

    fn output(&mut self, node: Xml<'_, '_>) -> OutputClause {
        let default = self.child(node, "defaultOutputEntry");
        OutputClause {
            at: node.range().start,
            id: self.id_or_number(node),
            name: node.attribute("name").map(str::trim).filter(|it| !it.is_empty()).map(Into::into),
            label: label(node),
            type_ref: type_ref(node),
            values: self.tests(node, "outputValues"),
            default: default.and_then(|it| self.literal(it)).flatten(),
        }
    }

    fn rule(&mut self, node: Xml<'_, '_>, inputs: usize, outputs: usize) -> Rule {
        let mut rule =
            Rule { id: self.id_or_number(node), inputs: Vec::new(), outputs: Vec::new() };
        for entry in self.all(node, "inputEntry") {
            let text = self.literal(entry).flatten();
            rule.inputs.push(text.unwrap_or_else(|| dash(entry)));
        }
        for entry in self.all(node, "outputEntry") {
            let text = self.literal(entry).flatten().unwrap_or_else(|| empty(entry));
            rule.outputs.push(OutputEntry { text, type_ref: type_ref(entry) });
        }
        for (what, expected, found) in
            [("input", inputs, rule.inputs.len()), ("output", outputs, rule.outputs.len())]
        {
            if expected != found {
                let message = format!(
                    "expected {expected} {what} entries in the rule, one a column, but found {found}"
                );
                self.error("D013", node, message, "add or remove entries");
            }
        }
        rule
    }
}

fn label(node: Xml<'_, '_>) -> Option<String> {
    node.attribute("label").map(str::trim).filter(|it| !it.is_empty()).map(Into::into)
}

/// An empty condition is none.
fn dash(node: Xml<'_, '_>) -> Spot {
    Spot { text: "-".into(), at: node.range().start }
}

fn empty(node: Xml<'_, '_>) -> Spot {
    Spot { text: String::new(), at: node.range().start }
}

//! Decision tables.

use feel::{Environment, Type};

use super::Compiler;
use super::types::words;
use crate::index::Index;
use crate::model::{
    Aggregation, HitPolicy, InputClause as InputSource, OutputClause as OutputSource,
    Rule as RuleSource, Spot, Table as TableSource,
};
use crate::program::{
    COLLECTED, Condition, InputClause, LISTED, OUTPUT, Order, Output, OutputClause, Policy, Rule,
    Table,
};

impl Compiler<'_, '_> {
    /// A table, or the first reason why it is none; all of them are findings already.
    pub(super) fn table(
        &mut self,
        model: usize,
        table: &TableSource,
        scope: &Environment,
    ) -> Result<Table, String> {
        let mut refused = None;
        let inputs: Vec<_> =
            table.inputs.iter().map(|input| self.input(model, input, scope)).collect();
        let outputs: Vec<_> =
            table.outputs.iter().map(|output| self.output(model, table, output, scope)).collect();
        let rules: Vec<_> = table.rules.iter().map(|rule| self.rule(model, rule, scope)).collect();
        let inputs = kept(inputs, &mut refused);
        let outputs = kept(outputs, &mut refused);
        let rules = kept(rules, &mut refused);
        if let Some(reason) = refused {
            return Err(reason);
        }
        let index = Index::new(&rules, inputs.len());
        Ok(Table { policy: policy(table.policy), inputs, outputs, rules, index })
    }

    fn input(
        &mut self,
        model: usize,
        input: &InputSource,
        scope: &Environment,
    ) -> Result<InputClause, String> {
        let declared = self.types.resolve(self.graph, self.report, model, input.type_ref.as_ref());
        let values = self.optional_tests(input.values.as_ref(), scope);
        let expression = self.feel(&input.expression, scope)?;
        Ok(InputClause {
            id: input.id.as_str().into(),
            name: input.label.as_deref().unwrap_or(input.expression.text.trim()).into(),
            expression,
            of: self.enforced(declared),
            values: values?.filter(|_| self.options.strict),
        })
    }

    fn output(
        &mut self,
        model: usize,
        table: &TableSource,
        output: &OutputSource,
        scope: &Environment,
    ) -> Result<OutputClause, String> {
        let declared = self.types.resolve(self.graph, self.report, model, output.type_ref.as_ref());
        let is_ordered = matches!(table.policy, HitPolicy::Priority | HitPolicy::OutputOrder);
        let order = match &output.values {
            Some(values) if is_ordered => self.listed(values, scope)?,
            // Looked at, so that what is wrong is said.
            values => self.optional_tests(values.as_ref(), scope).map(|_| None)?,
        };
        let default = output.default.as_ref().map(|it| self.feel(it, scope)).transpose()?;
        let key = output.name.as_deref().map(words).unwrap_or_default();
        let name = output.label.as_deref().map_or_else(|| key.clone(), Into::into);
        let of = self.enforced(declared);
        Ok(OutputClause { id: output.id.as_str().into(), name, key, of, order, default })
    }

    fn rule(
        &mut self,
        model: usize,
        rule: &RuleSource,
        scope: &Environment,
    ) -> Result<Rule, String> {
        let conditions: Vec<_> =
            rule.inputs.iter().map(|text| self.condition(text, scope)).collect();
        let mut outputs = Vec::with_capacity(rule.outputs.len());
        for entry in &rule.outputs {
            let declared =
                self.types.resolve(self.graph, self.report, model, entry.type_ref.as_ref());
            let text = entry.text.text.trim();
            let expression = if text.is_empty() || text == "-" {
                None
            } else {
                Some(self.feel(&entry.text, scope)?)
            };
            outputs.push(Output { expression, of: self.enforced(declared) });
        }
        let conditions = conditions.into_iter().collect::<Result<_, _>>()?;
        Ok(Rule { id: rule.id.as_str().into(), conditions, outputs })
    }

    fn condition(&mut self, text: &Spot, scope: &Environment) -> Result<Condition, String> {
        if text.text.trim() == "-" {
            return Ok(Condition::Any);
        }
        self.tests(text, scope).map(Condition::new)
    }

    fn optional_tests(
        &mut self,
        text: Option<&Spot>,
        scope: &Environment,
    ) -> Result<Option<feel::UnaryTests>, String> {
        text.map(|text| self.tests(text, scope)).transpose()
    }

    fn tests(&mut self, text: &Spot, scope: &Environment) -> Result<feel::UnaryTests, String> {
        match feel::compile_tests_in(&text.text, scope) {
            Ok(tests) => {
                self.report.feel_warnings(text, tests.warnings());
                Ok(tests)
            }
            Err(error) => Err(self.report.feel(text, &error)),
        }
    }

    /// Output values as a list, so that each has a place.
    fn listed(&mut self, tests: &Spot, scope: &Environment) -> Result<Option<Order>, String> {
        // What is wrong is said of the text as it stands.
        self.optional_tests(Some(tests), scope)?;
        let Ok(values) = feel::compile_in(&format!("[{}\n]", tests.text), scope) else {
            let message = format!("`{}` has no order: not all of it are values", tests.text.trim());
            let help = "list values, or ranges like [1..5] and (< 1), the most important first";
            self.report.warning("D012", tests.at, message, help);
            return Ok(None);
        };
        let is_in = feel::compile(&format!("{OUTPUT} in {LISTED}")).expect("it is FEEL");
        Ok(Some(Order { values, is_in }))
    }

    /// Camunda 8 writes a type for every column and never looks at it.
    fn enforced(&self, declared: Type) -> Type {
        if self.options.strict { declared } else { Type::Any }
    }
}

fn policy(policy: HitPolicy) -> Policy {
    match policy {
        HitPolicy::Unique => Policy::Unique,
        HitPolicy::Any => Policy::Any,
        HitPolicy::Priority => Policy::Priority,
        HitPolicy::First => Policy::First,
        HitPolicy::RuleOrder => Policy::RuleOrder,
        HitPolicy::OutputOrder => Policy::OutputOrder,
        HitPolicy::Collect(None) => Policy::Collect,
        HitPolicy::Collect(Some(aggregation)) => {
            let function = match aggregation {
                Aggregation::Sum => "sum",
                Aggregation::Min => "min",
                Aggregation::Max => "max",
                Aggregation::Count => "count",
            };
            let call = feel::compile(&format!("{function}({COLLECTED})"));
            Policy::Aggregate(call.expect("FEEL has these functions"))
        }
    }
}

/// What was compiled; the first refusal is remembered.
fn kept<T>(results: Vec<Result<T, String>>, refused: &mut Option<String>) -> Vec<T> {
    let mut kept = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(value) => kept.push(value),
            Err(reason) => {
                refused.get_or_insert(reason);
            }
        }
    }
    kept
}

//! Which rules of a large table can match at all.
//!
//! In:  the conditions of a table, column by column.
//! Out: for an input, the rules whose condition in that column may hold, in their order.
//! Absent: the answer whether a rule matches; its conditions are still tested.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use feel::{Number, Value};

use crate::program::{Condition, Rule, Within};

/// Tables with fewer rules are looked through.
const RULES_MIN: usize = 8;
/// Most entries of a column's index for each rule: a column that tells rules apart badly needs more,
/// and helps little.
const ENTRIES_PER_RULE_MAX: usize = 16;

/// Indexes of the columns that tell rules apart.
#[derive(Debug, Default)]
pub(crate) struct Index(Vec<Column>);

#[derive(Debug)]
struct Column {
    input: usize,
    texts: BTreeMap<Arc<str>, Vec<u32>>,
    /// For texts that no condition names.
    other_texts: Vec<u32>,
    /// The ends of all ranges, and all single numbers.
    ends: Vec<Number>,
    /// Rules for each piece of the number line: below the first end, at it, above it, ...
    pieces: Vec<Vec<u32>>,
}

impl Index {
    pub fn new(rules: &[Rule], inputs: usize) -> Self {
        if rules.len() < RULES_MIN {
            return Self::default();
        }
        Self((0..inputs).filter_map(|input| Column::new(rules, input)).collect())
    }

    /// The rules that may match: those of the column that leaves fewest. `None` if that cannot be
    /// told, so that all may.
    pub fn candidates(&self, inputs: &[Value]) -> Option<&[u32]> {
        let columns = self.0.iter();
        let found = columns.filter_map(|column| column.candidates(inputs.get(column.input)?));
        found.min_by_key(|rules| rules.len())
    }
}

impl Column {
    /// `None` where an index would not help.
    fn new(rules: &[Rule], input: usize) -> Option<Self> {
        let conditions = || rules.iter().map(|rule| &rule.conditions[input]);
        let (mut ends, mut texts) = (BTreeSet::new(), BTreeMap::new());
        for condition in conditions() {
            match condition {
                Condition::Any | Condition::Tests(_) => {}
                Condition::OneOf(values, _) => values.iter().for_each(|value| match value {
                    Value::Number(number) => {
                        ends.insert(*number);
                    }
                    Value::String(text) => {
                        texts.insert(text.clone(), Vec::new());
                    }
                    _ => {}
                }),
                Condition::Within(Within { low, high }, _) => {
                    ends.extend([low, high].into_iter().flatten().map(|(end, _)| *end));
                }
            }
        }
        if ends.is_empty() && texts.is_empty() {
            return None;
        }
        let ends: Vec<Number> = ends.into_iter().collect();
        let pieces = vec![Vec::new(); 2 * ends.len() + 1];
        let mut column = Self { input, texts, other_texts: Vec::new(), ends, pieces };
        column.fill(conditions(), rules.len()).then_some(column)
    }

    /// False when there are too many entries.
    fn fill<'c>(&mut self, conditions: impl Iterator<Item = &'c Condition>, rules: usize) -> bool {
        let mut room = ENTRIES_PER_RULE_MAX * rules;
        for (rule, condition) in (0_u32..).zip(conditions) {
            let added = match condition {
                Condition::Any | Condition::Tests(_) => self.add_everywhere(rule),
                Condition::OneOf(values, _) => self.add_values(rule, values),
                Condition::Within(within, _) => self.add_range(rule, *within),
            };
            match room.checked_sub(added) {
                Some(left) => room = left,
                None => return false,
            }
        }
        true
    }

    fn add_everywhere(&mut self, rule: u32) -> usize {
        self.texts.values_mut().for_each(|rules| rules.push(rule));
        self.pieces.iter_mut().for_each(|rules| rules.push(rule));
        self.other_texts.push(rule);
        self.texts.len() + self.pieces.len() + 1
    }

    fn add_values(&mut self, rule: u32, values: &[Value]) -> usize {
        for value in values {
            let rules = match value {
                Value::String(text) => self.texts.get_mut(text),
                Value::Number(number) => {
                    let piece = self.piece(*number);
                    self.pieces.get_mut(piece)
                }
                _ => None,
            };
            if let Some(rules) = rules.filter(|rules| rules.last() != Some(&rule)) {
                rules.push(rule);
            }
        }
        values.len()
    }

    fn add_range(&mut self, rule: u32, Within { low, high }: Within) -> usize {
        let first = low.map_or(0, |(end, included)| self.piece(end) + usize::from(!included));
        let last = high.map_or(self.pieces.len() - 1, |(end, included)| {
            self.piece(end).saturating_sub(usize::from(!included))
        });
        let within = self.pieces.get_mut(first..=last).unwrap_or_default();
        for rules in &mut *within {
            rules.push(rule);
        }
        within.len()
    }

    /// Number of the piece that a number is in: odd at an end, even between.
    fn piece(&self, number: Number) -> usize {
        match self.ends.binary_search(&number) {
            Ok(end) => 2 * end + 1,
            Err(end) => 2 * end,
        }
    }

    fn candidates(&self, input: &Value) -> Option<&[u32]> {
        match input {
            Value::Number(number) => Some(&self.pieces[self.piece(*number)]),
            Value::String(text) => Some(self.texts.get(text).unwrap_or(&self.other_texts)),
            // Lists, dates and null are compared in ways that no index knows.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Condition;

    fn rules(conditions: &[String]) -> Vec<Rule> {
        let rule = |text: &String| {
            let tests = feel::compile_tests_in(text, &feel::Environment::open()).unwrap();
            Rule { id: "r".into(), conditions: vec![Condition::new(tests)], outputs: Vec::new() }
        };
        conditions.iter().map(rule).collect()
    }

    fn candidates(conditions: &[String], input: &Value) -> Option<Vec<u32>> {
        let index = Index::new(&rules(conditions), 1);
        index.candidates(std::slice::from_ref(input)).map(<[u32]>::to_vec)
    }

    #[test]
    fn ranges_texts_and_what_may_be_anything() {
        let mut conditions: Vec<String> =
            (0..10).map(|at| format!("[{}..{})", at * 10, at * 10 + 10)).collect();
        conditions.extend(["\"x\", 15".into(), "not(3)".into()]);
        let number = |number: i64| candidates(&conditions, &number.into());
        assert_eq!(number(15), Some(vec![1, 10, 11]));
        assert_eq!(number(20), Some(vec![2, 11]));
        assert_eq!(number(-1), Some(vec![11]));
        assert_eq!(number(100), Some(vec![11]));
        assert_eq!(candidates(&conditions, &"x".into()), Some(vec![10, 11]));
        assert_eq!(candidates(&conditions, &"y".into()), Some(vec![11]));
        assert_eq!(candidates(&conditions, &Value::NULL), None);
    }

    #[test]
    fn a_column_that_does_not_tell_rules_apart_has_no_index() {
        let overlapping: Vec<String> = (0..200).map(|at| format!("> {at}")).collect();
        assert_eq!(candidates(&overlapping, &Value::from(5)), None);
        let anything: Vec<String> = (0..20).map(|_| "-".into()).collect();
        assert_eq!(candidates(&anything, &Value::from(5)), None);
        let few: Vec<String> = (0..3).map(|at| at.to_string()).collect();
        assert_eq!(candidates(&few, &Value::from(1)), None);
    }
}

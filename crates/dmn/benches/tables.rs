//! Decision tables of 10, 100 and 1,000 rules: one evaluation of the decision, its explanation
//! included.
//!
//! `cargo bench -p fermata-dmn`

use std::fmt::Write as _;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use feel::Value;
use fermata_dmn::{Definitions, compile};

/// What the first column tests.
#[derive(Clone, Copy)]
enum Rules {
    /// A text and a range of numbers in each rule: an index finds the one that matches.
    Telling,
    /// Conditions that need the whole of FEEL: every rule is run.
    Computed,
}

fn table(rules: usize, kind: Rules) -> Definitions {
    let mut xml = String::from(
        r#"<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="d">
        <decision id="rate" name="rate"><decisionTable hitPolicy="FIRST">
        <input><inputExpression><text>customer.kind</text></inputExpression></input>
        <input><inputExpression><text>order.total</text></inputExpression></input>
        <output/>"#,
    );
    for rule in 0..rules {
        let (kind_of, low, high) = (rule % 10, rule * 10, rule * 10 + 10);
        let total = match kind {
            Rules::Telling => format!("[{low}..{high})"),
            Rules::Computed => format!("? >= {low} and ? + order.discount &lt; {high}"),
        };
        let _ = write!(
            xml,
            r#"<rule><inputEntry><text>"kind-{kind_of}", "any"</text></inputEntry>
            <inputEntry><text>{total}</text></inputEntry>
            <outputEntry><text>{rule}</text></outputEntry></rule>"#
        );
    }
    xml.push_str("</decisionTable></decision></definitions>");
    compile(&xml).expect("the table is accepted")
}

fn tables(criterion: &mut Criterion) {
    for (name, kind) in [("table", Rules::Telling), ("computed table", Rules::Computed)] {
        let mut group = criterion.benchmark_group(name);
        for rules in [10, 100, 1_000] {
            let definitions = table(rules, kind);
            // The rule that matches stands at nine tenths of the table.
            let total = rules * 9 + 5;
            let variables = Value::from_json(&format!(
                r#"{{"customer": {{"kind": "any"}}, "order": {{"total": {total}, "discount": 0}}}}"#
            ));
            let variables = variables.expect("JSON");
            let output = definitions.evaluate("rate", &variables, 0).output;
            assert!(!output.is_null(), "a rule matches");
            group.bench_function(BenchmarkId::from_parameter(rules), |bencher| {
                bencher.iter(|| definitions.evaluate("rate", &variables, 0));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, tables);
criterion_main!(benches);

//! One expression, here and in `dsntk`, on the same machine at the same time: `make bench-feel`.

use std::hint::black_box;
use std::time::Instant;

use dsntk_feel::FeelScope;
use fermata_feel::{Value, compile};

const EXPRESSION: &str = "if order.total > 100 and every item in order.items satisfies item.qty > 0 \
                          then \"big\" else \"small\"";
const CONTEXT: &str = "{order: {total: 120.50, items: [{qty: 1}, {qty: 3}, {qty: 2}]}}";
const JSON: &str = r#"{"order": {"total": 120.50, "items": [{"qty": 1}, {"qty": 3}, {"qty": 2}]}}"#;
const ROUNDS: u32 = 200_000;

/// Nanoseconds of one call: the best of five series, so that a neighbour's load counts least.
fn measured(mut run: impl FnMut()) -> f64 {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            (0..ROUNDS).for_each(|_| run());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    let variables = Value::from_json(JSON).expect("our own JSON");
    let variables = variables.as_context().expect("a context");
    let ours = compile(EXPRESSION).expect(EXPRESSION);
    let result = ours.evaluate(variables, 0_i64).value;
    assert_eq!(result.as_str(), Some("big"));

    let scope = FeelScope::default();
    let context = dsntk_feel_evaluator::evaluate_context(&scope, CONTEXT).expect(CONTEXT);
    let scope: FeelScope = context.into();
    let node = dsntk_feel_parser::parse_expression(&scope, EXPRESSION, false).expect(EXPRESSION);
    let theirs = dsntk_feel_evaluator::prepare(&node);
    assert_eq!(theirs(&scope).to_string(), "\"big\"");

    let rows = [
        (
            "evaluate",
            measured(|| drop(black_box(ours.evaluate(black_box(variables), 0_i64)))),
            measured(|| drop(black_box(theirs(black_box(&scope))))),
        ),
        (
            "compile",
            measured(|| drop(black_box(compile(black_box(EXPRESSION))))),
            measured(|| {
                let node = dsntk_feel_parser::parse_expression(&scope, EXPRESSION, false);
                drop(black_box(node));
            }),
        ),
    ];
    println!("{:10} {:>12} {:>12} {:>8}", "", "fermata ns", "dsntk ns", "times");
    for (name, ours, theirs) in rows {
        println!("{name:10} {ours:12.0} {theirs:12.0} {:8.1}", theirs / ours);
    }
}

//! What an evaluation costs: ten expressions as models have them, and reading their text.

use criterion::{Criterion, criterion_group, criterion_main};
use fermata_feel::{Context, Value, compile};

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

const EXPRESSIONS: [(&str, &str); 10] = [
    ("paths", "order.total > order.limit"),
    ("condition", "order.total > 100 and customer.vip = true"),
    ("text", "customer.country = \"DE\""),
    ("list", "customer.country in (\"DE\", \"AT\", \"CH\")"),
    ("range", "order.total in [100..500]"),
    ("sum", "sum(order.items.price)"),
    (
        "every",
        "if order.total > 100 and every item in order.items satisfies item.qty > 0 then \"big\" else \"small\"",
    ),
    ("filter", "order.items[price > 10].name"),
    ("context", "{id: order.id, gross: order.total * 1.19, to: customer.name}"),
    ("dates", "date(order.placed) + duration(\"P30D\") < date(\"2026-12-31\")"),
];

fn variables() -> Context {
    let json = r#"{
        "order": {
            "id": "A-1", "total": 120.50, "limit": 100, "placed": "2026-11-23",
            "items": [
                {"name": "pen", "qty": 1, "price": 2.50},
                {"name": "desk", "qty": 1, "price": 98},
                {"name": "lamp", "qty": 2, "price": 20}
            ]
        },
        "customer": {"name": "Ada", "country": "DE", "vip": true}
    }"#;
    Value::from_json(json).expect("our own JSON").as_context().cloned().expect("a context")
}

fn evaluate(criterion: &mut Criterion) {
    let variables = variables();
    let mut group = criterion.benchmark_group("evaluate");
    for (name, text) in EXPRESSIONS {
        let expression = compile(text).expect(text);
        assert!(!expression.evaluate(&variables, NOW_MS).value.is_null(), "{text}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| expression.evaluate(&variables, NOW_MS).value);
        });
    }
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for (name, text) in EXPRESSIONS {
        group.bench_function(name, |bencher| bencher.iter(|| compile(text)));
    }
    group.finish();
}

criterion_group!(benches, evaluate, read);
criterion_main!(benches);

//! Expressions and what they give, errors and where they point, hostile input and its bounds.

mod decimals;
mod depth;
mod reference;
mod warnings;

use std::collections::BTreeMap;

use fermata_feel::{Outcome, STEPS_MAX, Value, compile, temporal};

/// 2026-11-23T12:00:00Z
const NOW_MS: i64 = 1_795_435_200_000;

fn outcome(source: &str) -> Outcome {
    let order = r#"{"total": 120.50, "currency": "EUR", "items": [{"qty": 1}, {"qty": 3}]}"#;
    let scope = BTreeMap::from([
        ("order".to_owned(), Value::from_json(order).unwrap()),
        ("name".to_owned(), Value::from_json("\"Ada\"").unwrap()),
    ]);
    compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).evaluate(&scope, NOW_MS)
}

fn check(source: &str, json: &str) {
    assert_eq!(outcome(source).value.to_json(), json, "{source}");
}

#[test]
fn numbers_are_decimal() {
    check("0.1 + 0.2", "0.3");
    check("1 / 3 * 3 > 0.999", "true");
    check("2 ** 10 - -1", "1025");
    check("1 + 2 * 3", "7");
    check("1 / 0", "null");
    check("1.50", "1.5");
    check("order.total * 2", "241");
    check("modulo(-12, 5)", "3");
    check("decimal(2.5, 0)", "2");
    check("9999999999999999999999999999999999 + 0", "9999999999999999999999999999999999");
}

#[test]
fn logic_has_three_values() {
    check("null and false", "false");
    check("null and true", "null");
    check("null or true", "true");
    check("not(null)", "null");
    check("null = false", "false");
    check("1 = 1.0", "true");
    check("\"1\" = 1", "null");
    check("if null then 1 else 2", "2");
}

#[test]
fn lists_filters_and_loops() {
    check("order.items.qty", "[1,3]");
    check("order.items[qty > 1]", r#"[{"qty":3}]"#);
    check("[1,2,3][-1]", "3");
    check("[1,2,3][item >= 2]", "[2,3]");
    check("[1,2,3][4]", "null");
    check("for i in 1..3, j in [10] return i * j", "[10,20,30]");
    check("every i in order.items satisfies i.qty > 0", "true");
    check("some i in [1] satisfies i > 1", "false");
    check("{a: 1, b: a + 1}.b", "2");
    check("sum([1, 2.5])", "3.5");
    check("3 in [1..3)", "false");
    check("3 in (1, 3)", "true");
    check("5 in (> 4)", "true");
    check("2 between 1 and 3", "true");
}

#[test]
fn a_range_of_one_value_is_not_an_interval() {
    check("(=10) = [10..10]", "false");
    check("(=10) = (= 10)", "true");
    check("(=10) = range(\"(=10)\")", "true");
    check("10 in (=10) and 10 in [(=10)] and includes((=10), 10)", "true");
    check("(=10).start + (=10).end", "20");
    check("string((= order.total))", "\"(=120.5)\"");
    // Nested, each end is read once.
    check(&format!("{}1{}", "(=".repeat(80), ")".repeat(80)), "null");
}

#[test]
fn a_function_is_not_invoked_with_what_does_not_conform() {
    check("{f: function(x: number) x = null, r: f(\"a\")}.r", "null");
    check("{f: function(x: number) x = null, r: f(null)}.r", "true");
}

#[test]
fn text_and_time() {
    check("\"Hello \" + name", "\"Hello Ada\"");
    check("upper case(substring(name, 2))", "\"DA\"");
    check("split(\"a,b\", \",\")", r#"["a","b"]"#);
    check("string(1.0) + \"x\"", "\"1x\"");
    check("date(\"2024-01-31\") + duration(\"P1M\")", "\"2024-02-29\"");
    check("now()", "\"2026-11-23T12:00:00Z\"");
    check("today() + @\"P1D\"", "\"2026-11-24\"");
    check("duration(\"PT90M\")", "\"PT1H30M\"");
    check("@\"2026-11-23T10:00:00+02:00\" = @\"2026-11-23T08:00:00Z\"", "true");
    check("@\"2026-11-23\".year", "2026");
    check("get or else(nothing, \"x\")", "\"x\"");
    check("is defined(order.total)", "true");
}

#[test]
fn a_null_keeps_its_reason() {
    let notes = outcome("order.amount > 3").notes;
    assert!(
        notes[0].message.contains("`order` has no entry `amount`; it has `total`"),
        "{notes:?}"
    );
    assert!(outcome("ordr").notes[0].message.contains("did you mean `order`?"));
    assert!(outcome("1 + \"a\"").notes[0].is_failure());
    assert!(!outcome("missing").notes[0].is_failure());
}

#[test]
fn errors_point_and_say_what_was_expected() {
    for (source, at, part) in [
        ("1 + * 2", 4, "expected an expression, but found `*`"),
        ("if true then 1", 14, "expected `else`"),
        ("sum(1", 5, "expected `,` or `)`"),
        ("contain(\"a\", \"b\")", 0, "did you mean `contains`?"),
        ("abs(1, 2)", 0, "takes (n), but found 2 arguments"),
        ("'a'", 0, "character `'`"),
    ] {
        let error = compile(source).expect_err(source);
        assert_eq!(
            (error.span.start, error.to_string().contains(part)),
            (at, true),
            "{source}: {error}"
        );
    }
}

#[test]
fn hostile_input_is_bounded() {
    for deep in ["(", "[", "-", "not(", "{a:", "if "] {
        compile(&deep.repeat(20_000 / deep.len())).expect_err(deep);
    }
    // Long is not deep: a chain of one operator is one level.
    check(&format!("1{}", "+1".repeat(5000)), "5001");
    compile(&format!("1{}", "[1]".repeat(5000))).expect_err("a deep tree");
    compile(&"x".repeat(70_000)).expect_err("too long");
    let endless = outcome("count(for i in 1..1000000000 return i)");
    assert!(
        endless.notes.iter().any(|note| note.message.contains(&STEPS_MAX.to_string())),
        "{endless:?}"
    );
    let nested = outcome("count(for i in 1..2000, j in 1..2000 return 1)");
    assert!(nested.notes.iter().any(|note| note.message.contains("steps")));
    // What takes a millisecond counts as that many steps.
    for slow in ["log(x)", "x ** 0.31"] {
        let outcome = outcome(&format!("count(for x in 1..100000 return {slow})"));
        assert!(outcome.notes.iter().any(|note| note.message.contains("steps")), "{slow}");
    }
    check("count(for x in 1..1000 return log(x))", "1000");
    check("substring(\"abc\", 9223372036854775807)", "\"\"");
    check("[1][9223372036854775807]", "null");
}

#[test]
fn what_fuzzing_found_stays_mended() {
    assert_eq!(Value::from_json("0e11").unwrap().to_json(), "0");
    assert_eq!(Value::from_json("-0e-7").unwrap().to_json(), "0");
    assert!(temporal::Time::parse("12:00:00-767161:17").is_none());
    check("11 ** 31511 ** 31", "null");
    check("1e6000 ** 5.5", "null");
    check("4 ** 0.5", "2");
    // A missing name is explained a few times, not a million.
    let outcome = outcome("for x in 1..1000, y in 1..400 return y00");
    assert!(!outcome.notes.is_empty() && outcome.notes.len() < 100, "{:?}", outcome.notes);
}

#[test]
fn json_passes_without_loss() {
    for text in [
        r#"{"b":[1,null,{"a":"\"\\\u0001é"}],"a":12345678901234567890123456789012.34}"#,
        "-0.5",
        "[]",
    ] {
        assert_eq!(Value::from_json(text).unwrap().to_json(), text);
    }
    Value::from_json("[1").unwrap_err();
    Value::from_json(&"[".repeat(100_000)).unwrap_err();
}

#[test]
fn durations_follow_the_calendar() {
    let add = |from: &str, by: &str| {
        let duration = temporal::parse_duration(by).expect(by);
        let from = temporal::parse_date_time_ms(from).expect(from);
        temporal::add_to_epoch_ms(from, &duration).map(temporal::format_date_time_ms)
    };
    assert_eq!(add("2024-01-31T10:00:00Z", "P1M").as_deref(), Some("2024-02-29T10:00:00.000Z"));
    assert_eq!(add("2026-11-23T00:00:00", "P1DT0.5S").as_deref(), Some("2026-11-24T00:00:00.500Z"));
    assert_eq!(add("2026-11-23T00:00:00Z", "P999999Y"), None);
    for bad in ["", "P", "PT", "1D", "P1H", "PT1M1H", "P-1D", "P99999999999999999999D"] {
        assert_eq!(temporal::parse_duration(bad), None, "{bad}");
    }
}

#[test]
fn names_that_are_read_are_known_before_evaluation() {
    let expression = compile("z + order.total + z + [1][a]").unwrap();
    let names: Vec<&str> = expression.names().iter().map(|name| &**name).collect();
    assert_eq!(names, ["z", "order", "a"], "once each, in the order of the text");
}

#[test]
fn no_damage_to_an_expression_makes_it_panic_or_hang() {
    let sources = [
        "if order.total > 100 and every i in order.items satisfies i.qty > 0 then \"big\" else \"small\"",
        "sum(for i in 1..3, j in [10, -2] return i * j ** 2 / 7) between -1 and 99",
        "substring(name, -2, 1) + string(date(\"2024-02-29\") + duration(\"P1Y2M\"))",
        "{a: [1, 2][item > 1], `b c`: @\"PT1H\" * 2.5}.a[1] in (< 3, [4..5), \"x\")",
        "context put(order, \"x\", append(flatten([[1], [[2]]]), modulo(-7, 3)))",
    ];
    let mut seed = 7_u64;
    let mut random = |end: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % end
    };
    let mut evaluated = 0;
    for _ in 0..20_000 {
        let mut chars: Vec<char> = sources[random(sources.len())].chars().collect();
        for _ in 0..=random(2) {
            let other: Vec<char> = sources[random(sources.len())].chars().collect();
            let (at, from) = (random(chars.len()), random(other.len()));
            let piece = other[from..other.len().min(from + 1 + random(12))].to_vec();
            let end = chars.len().min(at + random(8));
            chars.splice(at..end, piece);
        }
        let source: String = chars.into_iter().collect();
        if compile(&source).is_ok() {
            evaluated += 1;
            let value = outcome(&source).value;
            Value::from_json(&value.to_json()).unwrap_or_else(|error| panic!("{source}: {error}"));
        }
    }
    assert!(evaluated > 500, "the damage is too heavy to test evaluation: {evaluated}");
}

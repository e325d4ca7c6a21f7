//! Warnings: where they stand and what they say; that none is false, and how many are missing.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use fermata_feel::{
    Diagnostic, Environment, Nothing, Outcome, Type, compile, compile_in, compile_tests_in,
    functions,
};

use crate::NOW_MS;
use crate::reference::examples;

/// One value of every type, and the lists that may stand for their item.
const VALUES: [&str; 20] = [
    "null",
    "true",
    "1",
    "\"a\"",
    "@\"2026-11-23\"",
    "@\"09:30:00\"",
    "@\"2026-11-23T09:30:00\"",
    "@\"P1D\"",
    "@\"P1Y\"",
    "[]",
    "[1]",
    "[\"a\"]",
    "[1, 2]",
    "[1, \"a\"]",
    "[true, false]",
    "[[\"a\"]]",
    "{a: 1}",
    "[1..3]",
    "[\"a\"..\"b\"]",
    "(function(a, b) true)",
];

fn declared() -> Environment {
    let mut environment = Environment::open();
    let entries = vec![("name".into(), Type::String), ("age".into(), Type::Number)];
    let person = Type::Context(entries.into());
    environment.variable("people", Type::List(person.clone().into()));
    environment.variable("person", person);
    environment.variable("names", Type::List(Type::String.into()));
    environment.variable("n", Type::Number);
    environment.variable("?", Type::Number);
    environment
}

fn shown(source: &str, warnings: &[Diagnostic]) -> String {
    let lines = warnings.iter().map(|warning| {
        let help =
            warning.help.as_ref().map(|help| format!("\n        {help}")).unwrap_or_default();
        format!("    `{}`: {}{help}\n", &source[warning.span.clone()], warning.message)
    });
    lines.collect()
}

/// `warnings.txt`: a text, behind `tests:` unary tests, and below it what is warned of.
#[test]
fn a_warning_points_at_what_is_wrong_and_says_what_was_expected() {
    let environment = declared();
    let mut found = String::new();
    for source in include_str!("warnings.txt").lines().filter(|line| !line.starts_with("    ")) {
        let warnings = if let Some(tests) = source.strip_prefix("tests: ") {
            let compiled = compile_tests_in(tests, &environment).expect(source);
            shown(tests, compiled.warnings())
        } else {
            let compiled = compile_in(source, &environment).expect(source);
            shown(source, compiled.warnings())
        };
        found += source;
        found += "\n";
        found += &warnings;
    }
    assert_eq!(found, include_str!("warnings.txt"));
}

fn value(source: &str) -> (Outcome, bool) {
    let expression = compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let warned = !expression.warnings().is_empty();
    (expression.evaluate(&Nothing, NOW_MS), warned)
}

/// Null for a reason: of the value, or of something in it.
fn is_explained_null(outcome: &Outcome) -> bool {
    outcome.value.is_null() && !outcome.notes.is_empty()
}

#[derive(Default)]
struct Tally {
    nulls: usize,
    warned: usize,
    missed: Vec<String>,
}

impl Tally {
    fn check(&mut self, source: &str) {
        let (outcome, warned) = value(source);
        let null = is_explained_null(&outcome);
        assert!(null || !warned, "a false warning: {source} is {:?}", outcome.value);
        self.nulls += usize::from(null);
        self.warned += usize::from(warned);
        if null && !warned && self.missed.len() < 100 {
            self.missed.push(format!("{source}: {}", outcome.reason().unwrap_or_default()));
        }
    }
}

impl Tally {
    fn expect(&self, of_thousand: usize) {
        let enough = self.warned * 1_000 >= self.nulls * of_thousand;
        assert!(enough, "{} of {}: {}", self.warned, self.nulls, self.missed.join("\n"));
    }
}

/// A sequence that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        let multiplied = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = multiplied.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<'a>(&mut self, of: &'a [impl AsRef<str>]) -> &'a str {
        of[self.below(of.len())].as_ref()
    }
}

/// Arguments for a call: every choice of up to two; of more a draw, most of them of one value, so
/// that some calls have no wrong argument, or one.
fn each_choice(count: usize, mut check: impl FnMut(&[&str])) {
    match count {
        0 => check(&[]),
        1 => VALUES.iter().for_each(|one| check(&[one])),
        2 => VALUES.iter().for_each(|one| VALUES.iter().for_each(|two| check(&[one, two]))),
        more => {
            let mut dice = Dice(7);
            for _ in 0..3_000 {
                let most = dice.one(&VALUES);
                let mut one = || if dice.below(4) == 0 { dice.one(&VALUES) } else { most };
                let arguments: Vec<&str> = (0..more).map(|_| one()).collect();
                check(&arguments);
            }
        }
    }
}

fn counts(signature: &str) -> RangeInclusive<usize> {
    let names: Vec<&str> = signature.split(", ").filter(|name| !name.is_empty()).collect();
    let required = names.iter().filter(|name| !name.ends_with('?')).count();
    required..=names.len() + usize::from(signature.ends_with("..."))
}

#[test]
fn no_warning_of_a_function_is_false_and_few_are_missing() {
    let mut tally = Tally::default();
    for function in functions() {
        let counts: BTreeSet<usize> = function.signatures().flat_map(counts).collect();
        for count in counts {
            each_choice(count, |arguments| {
                tally.check(&format!("{}({})", function.name(), arguments.join(", ")));
            });
        }
    }
    tally.expect(990);
}

/// Expressions with places for operands.
const OPERATIONS: [&str; 29] = [
    "# + #",
    "# - #",
    "# * #",
    "# / #",
    "# ** #",
    "# = #",
    "# != #",
    "# < #",
    "# <= #",
    "# > #",
    "# >= #",
    "# + # - #",
    "# between # and #",
    "# and #",
    "# or #",
    "# or # or #",
    "-#",
    "# in #",
    "# in (< #)",
    "# in (= #)",
    "# in [#..#]",
    "[#..#]",
    "(> #)",
    "#[#]",
    "#.a",
    "for i in #..# return i",
    "#(#)",
    "not(#)",
    "string join([#, #], #)",
];

/// Expressions around an operand that leave it a value of its kind.
const WRAPPINGS: [&str; 12] = [
    "#",
    "#",
    "(if true then # else \"b\")",
    "(if false then 1 else #)",
    "{a: #, b: a}.b",
    "((function(x) x)(#))",
    "([#][1])",
    "[#]",
    "[1, #]",
    "(for i in [1, #] return i)",
    "(#[item = item])",
    "[#..9]",
];

fn filled(operation: &str, mut operand: impl FnMut() -> String) -> String {
    let mut pieces = operation.split('#');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + &operand() + piece)
}

#[test]
fn no_warning_of_an_operation_of_two_constants_is_false_and_few_are_missing() {
    let mut tally = Tally::default();
    for operation in OPERATIONS {
        for one in VALUES {
            for two in VALUES {
                let mut operands = [one, two, two].into_iter().map(str::to_owned);
                tally.check(&filled(operation, || operands.next().unwrap()));
            }
        }
    }
    tally.expect(975);
}

#[test]
fn no_warning_of_an_operation_is_false() {
    let mut dice = Dice(11);
    let mut operands: Vec<String> = VALUES.iter().map(|value| (*value).to_owned()).collect();
    operands.extend(examples().iter().map(|(text, _)| format!("({text})")));
    let mut tally = Tally::default();
    for round in 0..8_000 {
        let operation = dice.one(&OPERATIONS);
        // What is warned of inside is null, but not all around it.
        let text = filled(operation, || {
            loop {
                let operand = dice.one(&WRAPPINGS).replace('#', dice.one(&operands));
                if compile(&operand).is_ok_and(|code| code.warnings().is_empty()) {
                    return operand;
                }
            }
        });
        tally.check(&text);
        if round % 10 == 0 && text.len() < 100 {
            operands.push(format!("({text})"));
        }
    }
    // The rest is null because of a value, or its types are not followed: of entries, of calls.
    tally.expect(500);
}

#[test]
fn no_example_that_gives_a_value_has_a_warning() {
    for (text, _) in examples() {
        let (outcome, warned) = value(&text);
        assert!(outcome.value.is_null() || !warned, "{text}");
    }
}

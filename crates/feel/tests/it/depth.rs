//! Nothing overflows the stack of a thread: neither text, nor recursion, nor nested values.

use std::thread;

use fermata_feel::{DEPTH_MAX, Nothing, Value, compile};

use crate::NOW_MS;

/// The stack of a thread of the runtime.
const STACK_BYTES: usize = 2 << 20;

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(run);
    thread.expect("a thread").join().expect("it ended without a panic");
}

fn reason(text: &str) -> String {
    let outcome = compile(text).expect(text).evaluate(&Nothing, NOW_MS);
    outcome.reason().unwrap_or_else(|| panic!("{text} gives {}", outcome.value))
}

#[test]
fn a_function_that_calls_itself_for_ever_ends_with_the_reason() {
    on_a_small_stack(|| {
        let endless = "{f: function(f, n) 1 + f(f, n + 1), x: f(f, 1)}.x";
        let why = reason(endless);
        assert!(why.contains(&format!("nested deeper than {DEPTH_MAX} levels")), "{why}");
        // Each level as deep as its tree may be.
        let deep = format!("{}f(f){}", "{a: [".repeat(40), "]}".repeat(40));
        let why = reason(&format!("{{f: function(f) {deep}, x: f(f)}}.x"));
        assert!(why.contains("nested deeper"), "{why}");
    });
}

#[test]
fn a_function_may_call_itself_a_hundred_times() {
    on_a_small_stack(|| {
        let sum = "{f: function(f, n) if n = 0 then 0 else n + f(f, n - 1), x: f(f, 100)}.x";
        let outcome = compile(sum).expect(sum).evaluate(&Nothing, NOW_MS);
        assert_eq!(outcome.value, Value::from(5_050), "{:?}", outcome.reason());
    });
}

#[test]
fn the_deepest_text_is_read_evaluated_and_dropped() {
    on_a_small_stack(|| {
        for (open, close) in [("(", ")"), ("[", "]"), ("{a: ", "}"), ("-", ""), ("not(", ")")] {
            let deepest = (1..200).rev().find(|depth| {
                compile(&format!("{}true{}", open.repeat(*depth), close.repeat(*depth))).is_ok()
            });
            let depth = deepest.unwrap_or_else(|| panic!("{open} has no depth that is read"));
            let text = format!("{}true{}", open.repeat(depth), close.repeat(depth));
            drop(compile(&text).expect(open).evaluate(&Nothing, NOW_MS));
        }
    });
}

#[test]
fn values_do_not_nest_deeper_than_they_can_be_dropped() {
    on_a_small_stack(|| {
        let why = reason("(for i in 1..100000 return [partial[-1]])[-1]");
        assert!(why.contains("levels of nesting"), "{why}");
        // Each level holds the one before twice: small to hold, endless to print.
        let entries: Vec<String> =
            (1..60).map(|n| format!("a{n}: [a{}, a{}]", n - 1, n - 1)).collect();
        let why = reason(&format!("{{a0: \"x\", {}}}.a59", entries.join(", ")));
        assert!(why.contains("items"), "{why}");
        let entries: Vec<String> =
            (1..60).map(|n| format!("a{n}: a{} + a{}", n - 1, n - 1)).collect();
        let why = reason(&format!("{{a0: \"x\", {}}}.a59", entries.join(", ")));
        assert!(why.contains("would be longer than"), "{why}");
    });
}

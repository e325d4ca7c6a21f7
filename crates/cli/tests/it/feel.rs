//! `fermata feel`: no server is needed.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn fermata(arguments: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fermata"))
        .arg("feel")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    // A command that does not read may have ended already.
    let _ = input.write_all(typed.as_bytes());
    drop(input);
    child.wait_with_output().expect("it ends")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_value_is_printed_as_feel_and_a_null_says_why() {
    let given = ["--vars", r#"{"order": {"amount": 5, "currency": "EUR"}}"#];
    let sum = fermata(&["order.amount * 1.19", given[0], given[1]], "");
    assert_eq!((out(&sum), sum.status.code()), ("5.95\n".into(), Some(0)));

    let null = fermata(&["order.total", given[0], given[1]], "");
    assert_eq!(out(&null), "null\n");
    assert!(
        err(&null).contains("`order` has no entry `total`; it has `amount`, `currency`"),
        "{}",
        err(&null)
    );
}

#[test]
fn what_is_refused_is_pointed_at_with_its_mend() {
    let refused = fermata(&["1 + countt([1])"], "");
    assert_eq!(refused.status.code(), Some(1));
    let shown = "1 | 1 + countt([1])\n  |     ^^^^^^\n  = help: did you mean `count`?";
    assert!(err(&refused).contains(shown), "{}", err(&refused));
    assert_eq!(fermata(&["1", "--vars", "[1]"], "").status.code(), Some(2));
}

#[test]
fn json_keeps_every_digit_and_the_reason() {
    let third = fermata(&["--output", "json", "1 / 3"], "");
    assert_eq!(
        out(&third),
        "{\"value\":0.3333333333333333333333333333333333,\"type\":\"number\",\"reason\":null}\n"
    );
    let null = out(&fermata(&["--output", "json", "1 / 0"], ""));
    assert!(null.contains("\"reason\":\"`1 / 0` is null: it would divide by zero\""), "{null}");
}

#[test]
fn lines_are_evaluated_one_after_the_other_and_keep_what_is_named() {
    let session = fermata(&[], "price := 20\nprice * 3\n:vars\n:functions upper\n");
    assert_eq!(out(&session), "20\n60\nprice := 20\nupper case(string)\n");
    let wrong = fermata(&[], "1 +\n2\n");
    assert_eq!((out(&wrong), wrong.status.code()), ("2\n".into(), Some(1)));
}

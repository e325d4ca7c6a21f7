//! The call itself: help, wrong calls, no server, exit codes.

use crate::rig::{Server, answer, command, fits, model};

const COMMANDS: [&str; 14] = [
    "deploy",
    "start",
    "list",
    "show",
    "cancel",
    "incidents",
    "retry",
    "message",
    "tasks",
    "definitions",
    "worker",
    "completions",
    "feel",
    "lint",
];

#[test]
fn every_command_has_help_with_examples_and_exit_codes_that_fits_80_columns() {
    fits(&answer(command().arg("--help")).ok().out);
    for name in COMMANDS {
        let help = answer(command().args([name, "--help"])).ok();
        assert!(help.out.contains("Examples:"), "{name}: {}", help.out);
        assert!(help.out.contains("Exit codes: 0"), "{name}: {}", help.out);
        let examples = help.out.split("Examples:").nth(1).expect("examples");
        assert!(examples.contains(&format!("fermata {name}")), "{name}: {examples}");
        fits(&help.out);
    }
}

#[test]
fn a_wrong_call_says_so_in_one_voice_and_exits_with_2() {
    for (arguments, words) in [
        (vec!["lst"], "fermata: unrecognized subcommand 'lst'"),
        (vec!["show", "abc"], "expected a key: a positive number"),
        (vec!["deploy"], "fermata: the following required arguments were not provided"),
        (vec!["deploy", "no-such-file.bpmn"], "fermata: cannot read no-such-file.bpmn"),
        (vec!["start", "p", "--variables", "{"], "at line 1, column 1 it is not"),
        (
            vec!["start", "p", "--variables", "[1]"],
            "to be a JSON object, but found the array `[1]`",
        ),
        (vec!["start", "p", "--variables", "@no-such-file"], "cannot read no-such-file"),
        (vec!["start", "p", "--unique"], "--business-id"),
        (vec!["start", "12", "--version", "3"], "which is one version already"),
        (vec!["start", "p", "--await", "--timeout", "soon"], "expected a duration like 30s"),
        (vec!["--server", "https://x", "list"], "there is no TLS in this client"),
        (vec!["list", "--limit", "0"], "0 is not in 1.."),
    ] {
        let refused = answer(command().args(&arguments));
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:?}");
        assert!(refused.err.starts_with("fermata: "), "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
        assert_eq!(refused.out, "", "{arguments:?}");
    }
}

#[test]
fn no_server_is_exit_code_3_with_what_to_do() {
    let good = model("work");
    for arguments in [
        vec!["list"],
        vec!["deploy", good.as_str()],
        vec!["cancel", "1", "2"],
        vec!["worker", "--type", "t", "--", "true"],
    ] {
        let lost = answer(command().args(["--server", "127.0.0.1:1"]).args(&arguments));
        assert_eq!(lost.code, Some(3), "{arguments:?}: {lost:?}");
        assert!(
            lost.err.contains("cannot reach a Fermata server at http://127.0.0.1:1"),
            "{lost:?}"
        );
        assert!(lost.err.contains("is `fermata dev` running?"), "{lost:?}");
    }
}

#[test]
fn what_answers_but_is_not_fermata_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let other = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().expect("a caller");
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    });
    let answer = answer(command().args(["--server", &address, "list"]));
    other.join().expect("no panic");
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(answer.err.contains("found status 200 and no JSON"), "{answer:?}");
}

#[test]
fn the_server_can_come_from_the_environment() {
    let server = Server::with(&[]);
    let listed = answer(command().env("FERMATA_SERVER", &server.url).arg("list")).ok();
    assert_eq!(listed.out, "no instances\n");
}

#[test]
fn completions_are_scripts_for_their_shell() {
    for (shell, words) in
        [("bash", "_fermata()"), ("zsh", "#compdef fermata"), ("fish", "complete -c fermata")]
    {
        let script = answer(command().args(["completions", shell])).ok();
        assert!(script.out.contains(words), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let script = format!("{} completions bash | head -n 1", env!("CARGO_BIN_EXE_fermata"));
    let piped = answer(std::process::Command::new("sh").args(["-c", &script]));
    assert_eq!((piped.code, piped.err.as_str()), (Some(0), ""));
}

#[test]
fn the_reference_names_every_command_and_every_option() {
    let path = format!("{}/../../docs/reference/cli.md", env!("CARGO_MANIFEST_DIR"));
    let reference = std::fs::read_to_string(path).expect("the reference");
    for name in COMMANDS {
        let mut sections = reference.split("\n### ").filter(|section| {
            let title = section.lines().next().unwrap_or_default();
            title.split('`').any(|words| words.starts_with(&format!("fermata {name}")))
        });
        let section = sections.next().unwrap_or_else(|| panic!("no section for {name}"));
        let help = answer(command().args([name, "--help"])).ok().out;
        let options = help.lines().filter_map(|line| line.trim().strip_prefix("--"));
        for option in options.filter_map(|line| line.split_whitespace().next()) {
            let common = ["server", "output"].contains(&option);
            assert!(common || section.contains(&format!("--{option}")), "{name} --{option}");
        }
    }
}

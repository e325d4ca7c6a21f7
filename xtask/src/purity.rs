//! What clippy cannot see in the pure crates, and that its bans are in force there.

use std::path::Path;

use crate::deps::PURE;
use crate::finding::Finding;
use crate::{rust, tree};

/// Words that make a crate impure, or hide that it is, with the mend.
const BANNED: &[(&str, &str)] = &[
    ("async fn", "decide synchronously; the host waits"),
    ("async move", "decide synchronously; the host waits"),
    (".await", "decide synchronously; the host waits"),
    ("thread_local!", "keep the state in the instance, where it is folded from events"),
    ("static mut", "keep the state in the instance, where it is folded from events"),
    ("extern \"", "no foreign code in a pure crate"),
    ("todo!(", "finish it, or refuse the input with a rejection"),
    ("unimplemented!(", "finish it, or refuse the input with a rejection"),
    ("disallowed_methods", "the ban has a reason; pass time, ids and seeds in as inputs"),
    ("disallowed_types", "the ban has a reason; use an ordered map, pass I/O results in as inputs"),
];

/// The one that the others must equal; it stands once a pure crate because clippy reads the nearest only.
const BANS: &str = "crates/base/clippy.toml";

pub fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let bans = tree::read(root, BANS)?;
    let mut findings = Vec::new();
    for room in PURE.iter().filter(|room| root.join(format!("crates/{room}/Cargo.toml")).exists()) {
        let file = format!("crates/{room}/clippy.toml");
        findings.extend(judge_bans(&file, tree::read(root, &file).ok().as_deref(), &bans));
        for file in tree::files(root, &format!("crates/{room}/src"), ".rs")? {
            findings.extend(judge_source(&file, &tree::read(root, &file)?));
        }
    }
    Ok(findings)
}

fn judge_bans(file: &str, text: Option<&str>, bans: &str) -> Option<Finding> {
    let what = match text {
        Some(text) if text == bans => return None,
        Some(_) => format!("differs from {BANS}"),
        None => "is missing, so that clippy's bans are not in force here".to_owned(),
    };
    Some(Finding::new(file, 0, what, format!("cp {BANS} {file}")))
}

fn judge_source(file: &str, text: &str) -> Vec<Finding> {
    let masked = rust::mask(text);
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(masked.lines()) {
        for (word, mend) in BANNED.iter().filter(|(word, _)| says(line, word)) {
            let what = format!("`{word}` has no place in a pure crate");
            findings.push(Finding::new(file, number, what, *mend));
        }
    }
    findings
}

/// Whether a line has the word, and not only a longer one that begins like it.
fn says(line: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    let whole = word.ends_with(goes_on);
    line.match_indices(word).any(|(at, _)| !(whole && line[at + word.len()..].starts_with(goes_on)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impure_words_are_found_with_their_line() {
        let found = judge_source("a.rs", "fn a() {}\n\nasync fn b() {\n    c().await;\n}\n");
        let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3, 4]);
    }

    #[test]
    fn lifting_a_clippy_ban_is_found() {
        let found = judge_source("a.rs", "#[allow(clippy::disallowed_types, reason = \"x\")]\n");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn comments_and_texts_may_say_the_words() {
        assert_eq!(judge_source("a.rs", "// async fn\nlet s = \".await todo!(\";\n"), []);
        assert_eq!(judge_source("a.rs", "create.await_result;\n"), []);
    }

    #[test]
    fn bans_must_stand_in_every_pure_crate_and_be_the_same() {
        assert_eq!(judge_bans("a", Some("x"), "x"), None);
        assert!(judge_bans("a", Some("y"), "x").unwrap().what.contains("differs"));
        assert!(judge_bans("a", None, "x").unwrap().what.contains("missing"));
    }
}

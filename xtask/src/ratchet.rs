//! Sizes that may only shrink.
//!
//! A file past `FILE_LINES_MAX`, or a function past `FUNCTION_LINES_MAX`, stands in
//! `xtask/ratchet.toml` with its size; it may not grow, and nothing new may pass the limit.
//! Functions are known by file and name: of several with one name the longest counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::finding::Finding;
use crate::{rust, tree};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LIST: &str = "xtask/ratchet.toml";
const HEADER: &str = "\
# What is larger than it should be, with its size in lines. It may not grow; nothing may join it.
# After a file or function shrank: cargo run -q -p xtask -- ratchet --update
";

/// What was measured: the line where it starts, and how many lines it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    line: usize,
    lines: usize,
}

/// File (`a.rs`) or function (`a.rs::name`) to its size.
type Sizes = BTreeMap<String, Size>;
/// The same, as listed: size in lines.
type Listed = BTreeMap<String, usize>;

pub fn check(root: &Path) -> Result<Vec<Finding>, String> {
    Ok(compare(&measure_all(root)?, &listed(root)?))
}

pub fn update(root: &Path, allow_growth: bool) -> Result<Vec<Finding>, String> {
    let sizes = measure_all(root)?;
    let before = listed(root)?;
    let after = updated(&sizes, &before, allow_growth);
    std::fs::write(root.join(LIST), render(&after))
        .map_err(|error| format!("xtask: cannot write {LIST}: {error}"))?;
    println!("{LIST}: {} listed, {} before", after.len(), before.len());
    Ok(compare(&sizes, &after))
}

fn listed(root: &Path) -> Result<Listed, String> {
    parse(&tree::read(root, LIST)?)
}

fn measure_all(root: &Path) -> Result<Sizes, String> {
    let mut sizes = Sizes::new();
    for file in tree::files(root, "", ".rs")? {
        sizes.append(&mut measure(&file, &tree::read(root, &file)?));
    }
    Ok(sizes)
}

fn measure(file: &str, text: &str) -> Sizes {
    let mut sizes = Sizes::new();
    sizes.insert(file.to_owned(), Size { line: 0, lines: text.lines().count() });
    for function in rust::functions(&rust::mask(text)) {
        let size = Size { line: function.line, lines: function.lines };
        let entry = sizes.entry(format!("{file}::{}", function.name)).or_insert(size);
        if size.lines > entry.lines {
            *entry = size;
        }
    }
    sizes
}

fn lines_max(name: &str) -> usize {
    if name.contains("::") { FUNCTION_LINES_MAX } else { FILE_LINES_MAX }
}

fn compare(sizes: &Sizes, listed: &Listed) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, size) in sizes {
        let limit = listed.get(name).copied().unwrap_or_else(|| lines_max(name));
        if size.lines > limit {
            let (file, what, mend) = match name.split_once("::") {
                Some((file, function)) => {
                    (file, format!("function {function}"), "split it by what its parts decide")
                }
                None => (name.as_str(), "the file".to_owned(), "split it, one subject a file"),
            };
            let what = format!("{what} has {} lines, over the limit of {limit}", size.lines);
            findings.push(Finding::new(file, size.line, what, mend));
        }
    }
    for name in listed.keys() {
        if sizes.get(name).is_none_or(|size| size.lines <= lines_max(name)) {
            let what = format!("{name} is listed, but is gone or within the limit");
            let mend = "run `cargo run -q -p xtask -- ratchet --update` and commit the list";
            findings.push(Finding::new(LIST, 0, what, mend));
        }
    }
    findings
}

/// Lowers what shrank and drops what is fine; only with `allow_growth` adds and raises.
fn updated(sizes: &Sizes, before: &Listed, allow_growth: bool) -> Listed {
    let over = sizes.iter().filter(|(name, size)| size.lines > lines_max(name));
    over.filter_map(|(name, size)| {
        let lines = match before.get(name) {
            _ if allow_growth => size.lines,
            Some(listed) => size.lines.min(*listed),
            None => return None,
        };
        Some((name.clone(), lines))
    })
    .collect()
}

fn render(listed: &Listed) -> String {
    let mut text = HEADER.to_owned();
    for (section, functions) in [("files", false), ("functions", true)] {
        let _ = write!(text, "\n[{section}]\n");
        for (name, lines) in listed.iter().filter(|(name, _)| name.contains("::") == functions) {
            let _ = writeln!(text, "\"{name}\" = {lines}");
        }
    }
    text
}

/// The part of TOML that `render` writes.
fn parse(text: &str) -> Result<Listed, String> {
    let mut listed = Listed::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', '[']) {
            continue;
        }
        let entry = line.split_once('=').and_then(|(name, lines)| {
            let name = name.trim().strip_prefix('"')?.strip_suffix('"')?;
            Some((name.to_owned(), lines.trim().parse().ok()?))
        });
        let Some((name, lines)) = entry else {
            return Err(format!("{LIST}:{number}: expected \"path\" = lines, found {line}"));
        };
        listed.insert(name, lines);
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(entries: &[(&str, usize)]) -> Sizes {
        entries
            .iter()
            .map(|(name, lines)| ((*name).to_owned(), Size { line: 1, lines: *lines }))
            .collect()
    }

    fn list(entries: &[(&str, usize)]) -> Listed {
        entries.iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect()
    }

    #[test]
    fn a_file_or_function_past_its_limit_is_found() {
        let body = "    let x = 1;\n".repeat(FUNCTION_LINES_MAX - 1);
        let fits = measure("a.rs", &format!("fn f() {{\n{}}}\n", &body[15..]));
        assert_eq!(compare(&fits, &Listed::new()), []);
        let passes = measure("a.rs", &format!("fn f() {{\n{body}}}\n"));
        let found = compare(&passes, &Listed::new());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].file.as_str(), found[0].line), ("a.rs", 1));
        assert!(found[0].what.contains("function f has 71 lines, over the limit of 70"));

        let long = measure("b.rs", &"\n".repeat(FILE_LINES_MAX + 1));
        assert!(compare(&long, &Listed::new())[0].what.contains("501 lines"));
    }

    #[test]
    fn a_listed_one_may_stay_and_may_not_grow() {
        let listed = list(&[("a.rs", 600)]);
        assert_eq!(compare(&sizes(&[("a.rs", 600)]), &listed), []);
        let grown = compare(&sizes(&[("a.rs", 601)]), &listed);
        assert!(grown[0].what.contains("over the limit of 600"));
    }

    #[test]
    fn a_listed_one_that_is_fine_now_must_leave_the_list() {
        let listed = list(&[("a.rs", 600), ("gone.rs", 700)]);
        assert_eq!(compare(&sizes(&[("a.rs", 400)]), &listed).len(), 2);
    }

    #[test]
    fn update_only_shrinks_unless_growth_is_allowed() {
        let now = sizes(&[("grew.rs", 700), ("shrank.rs", 550), ("fine.rs", 100), ("new.rs", 501)]);
        let before =
            list(&[("grew.rs", 600), ("shrank.rs", 600), ("fine.rs", 600), ("gone.rs", 600)]);
        let shrunk = list(&[("grew.rs", 600), ("shrank.rs", 550)]);
        assert_eq!(updated(&now, &before, false), shrunk);
        let grown = list(&[("grew.rs", 700), ("shrank.rs", 550), ("new.rs", 501)]);
        assert_eq!(updated(&now, &before, true), grown);
    }

    #[test]
    fn what_is_written_is_read_back_and_nonsense_is_refused() {
        let listed = list(&[("a.rs", 600), ("a.rs::f", 80)]);
        assert_eq!(parse(&render(&listed)), Ok(listed));
        assert!(parse("[files]\n\"a.rs\" = many\n").unwrap_err().contains(":2:"));
    }

    #[test]
    fn of_functions_with_one_name_the_longest_counts() {
        let found = measure("a.rs", "fn f() {}\nmod b {\n    fn f() {\n    }\n}\n");
        assert_eq!(found["a.rs::f"], Size { line: 3, lines: 2 });
    }
}

//! Relative links in Markdown lead somewhere; decision records have numbers of their own.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::finding::Finding;
use crate::tree;

const RECORDS: &str = "docs/adr";

pub fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = judge_records(&tree::files(root, RECORDS, ".md")?);
    for file in tree::files(root, "", ".md")? {
        let text = tree::read(root, &file)?;
        findings.extend(judge_links(&file, &text, &|path| root.join(path).exists()));
    }
    Ok(findings)
}

fn judge_links(file: &str, text: &str, exists: &dyn Fn(&Path) -> bool) -> Vec<Finding> {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (line, target) in links(text) {
        let path = target.split(['#', '?']).next().unwrap_or_default();
        if path.is_empty() || is_elsewhere(path) {
            continue;
        }
        let what = match resolve(folder, path) {
            None => format!("the link to {target} leaves the checkout"),
            Some(resolved) if !exists(&resolved) => {
                format!(
                    "the link to {target} leads to {}, which does not exist",
                    resolved.display()
                )
            }
            Some(_) => continue,
        };
        findings.push(Finding::new(file, line, what, "correct the path, or remove the link"));
    }
    findings
}

/// `https:`, `mailto:` and the like.
fn is_elsewhere(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// Relative to the checkout; `None` when it lies outside.
fn resolve(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir if resolved.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

/// Inline links, images and reference definitions, with their lines; code is not looked at.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let start = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| start.starts_with(marker));
        match (fence, marker) {
            (None, Some(_)) => fence = marker,
            (Some(open), Some(close)) if open == close => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                let line = without_code(line);
                found.extend(inline_targets(&line).map(|target| (number, target)));
                found.extend(definition_target(&line).map(|target| (number, target)));
            }
        }
    }
    found
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

fn inline_targets(line: &str) -> impl Iterator<Item = String> {
    line.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        let target = target.split_whitespace().next()?;
        Some(target.trim_matches(['<', '>']).to_owned())
    })
}

/// `[name]: target`
fn definition_target(line: &str) -> Option<String> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!name.starts_with('^')).then(|| target.split_whitespace().next().map(str::to_owned))?
}

fn judge_records(files: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file);
        if name == "README.md" {
            continue;
        }
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = "the name of a decision record is NNNN-title.md";
            findings.push(Finding::new(file.as_str(), 0, what, "give it the next free number"));
        } else if let Some(other) = seen.insert(number, file) {
            let what = format!("number {number} is taken by {other}");
            findings.push(Finding::new(file.as_str(), 0, what, "give it the next free number"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<(usize, String)> {
        let exists =
            |path: &Path| matches!(path.to_str(), Some("README.md" | "docs/a.md" | "docs"));
        let findings = judge_links(file, text, &exists);
        findings.into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "[a](a.md) [r](../README.md#top \"title\") [d](./) [w](https://x.example/y) [h](#here)\n\
                    [m](mailto:a@b.example)\n\n[ref]: a.md\n";
        assert_eq!(found("docs/b.md", text), []);
    }

    #[test]
    fn links_that_lead_nowhere_are_found_with_their_line() {
        let found =
            found("docs/b.md", "fine\n\n![x](gone.png) and [y](<also-gone.md>)\n[ref]: nope.md\n");
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 3, 4]);
        assert!(found[0].1.contains("docs/gone.png"));
    }

    #[test]
    fn a_link_out_of_the_checkout_is_found() {
        assert!(
            found("docs/b.md", "[x](../../shared/DESIGN.md)")[0].1.contains("leaves the checkout")
        );
        assert!(found("b.md", "[x](/etc/passwd)")[0].1.contains("leaves the checkout"));
    }

    #[test]
    fn code_is_not_looked_at() {
        assert_eq!(
            found("b.md", "`[x](gone)`\n```text\n[x](gone)\n```\n~~~\n```\n[x](gone)\n~~~\n"),
            []
        );
        assert_eq!(found("b.md", "```\n```\n[x](gone)\n").len(), 1);
    }

    #[test]
    fn two_records_cannot_have_one_number() {
        let records =
            ["docs/adr/0001-a.md", "docs/adr/0001-b.md", "docs/adr/README.md", "docs/adr/2-c.md"];
        let found = judge_records(&records.map(str::to_owned));
        assert_eq!(found.len(), 2);
        assert!(found[0].what.contains("0001-a.md"));
        assert!(found[1].what.contains("NNNN-title.md"));
        assert_eq!(judge_records(&["docs/adr/0001-a.md".to_owned()]), []);
    }
}

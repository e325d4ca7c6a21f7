//! Collects findings, and knows where in which file they belong.
//!
//! In:  the texts of the files; offsets in them, or in texts that were read from them.
//! Out: findings with line and column.
//! Absent: the decision what is wrong (see `read`, `link`, `compile`).

use crate::model::Spot;
use base::{Finding, Severity};

/// Most findings of one model: past them a file is not worth reading on.
pub(crate) const FINDINGS_MAX: usize = 100;

/// A file that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// `None` for the file itself, else the name of the imported one.
    pub file: Option<&'a str>,
    pub text: &'a str,
}

/// Findings so far, and what they are about at the moment.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    sources: Vec<Source<'a>>,
    /// With the number of the file.
    findings: Vec<(usize, Finding)>,
    model: usize,
    element_id: Option<String>,
    /// Also those past the limit.
    errors: usize,
}

impl<'a> Report<'a> {
    pub fn new(sources: Vec<Source<'a>>) -> Self {
        Self { sources, findings: Vec::new(), model: 0, element_id: None, errors: 0 }
    }

    pub fn sources(&self) -> &[Source<'a>] {
        &self.sources
    }

    /// What follows is about this file and this element of the requirements graph.
    pub fn enter(&mut self, model: usize, element_id: Option<&str>) {
        self.model = model;
        self.element_id = element_id.map(Into::into);
    }

    pub fn error(
        &mut self,
        code: &'static str,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, at, message.into(), help.into());
    }

    pub fn warning(
        &mut self,
        code: &'static str,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, at, message.into(), help.into());
    }

    /// What follows is about this element of the same file.
    pub fn enter_element(&mut self, element_id: Option<&str>) {
        self.element_id = element_id.map(Into::into);
    }

    /// A text of the file is not FEEL. What the reader sees is the very place in the file.
    pub fn feel(&mut self, spot: &Spot, diagnostic: &feel::Diagnostic) -> String {
        self.feel_as(Severity::Error, spot, diagnostic, "correct the FEEL")
    }

    /// A text is FEEL, but these parts of it are null whatever the variables are.
    pub fn feel_warnings(&mut self, spot: &Spot, warnings: &[feel::Diagnostic]) {
        for warning in warnings {
            self.feel_as(
                Severity::Warning,
                spot,
                warning,
                "convert the value, or call what takes it",
            );
        }
    }

    fn feel_as(
        &mut self,
        severity: Severity,
        spot: &Spot,
        diagnostic: &feel::Diagnostic,
        mend: &str,
    ) -> String {
        let at = self.sources.get(self.model).map_or(spot.at, |source| {
            spot.at + raw_offset(source.text.get(spot.at..).unwrap_or(""), diagnostic.span.start)
        });
        let message = format!("in the expression `{}`: {}", short(&spot.text), diagnostic.message);
        let help = diagnostic.help.clone().unwrap_or_else(|| mend.into());
        let code = if severity == Severity::Error { "D020" } else { "D021" };
        self.add(severity, code, at, message.clone(), help);
        message
    }

    /// Forgets what was found in files that turned out not to be needed.
    pub fn keep_only(&mut self, needed: &[bool]) {
        self.findings.retain(|(model, _)| needed.get(*model).is_some_and(|needed| *needed));
        let is_error = |finding: &&(usize, Finding)| finding.1.severity == Severity::Error;
        self.errors = self.findings.iter().filter(is_error).count();
    }

    /// How many refusals there are.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// In the order of the files and their lines.
    pub fn into_findings(mut self) -> Vec<Finding> {
        self.findings
            .sort_by_key(|(model, finding)| (*model, finding.line, finding.column, finding.code));
        self.findings.into_iter().map(|(_, finding)| finding).collect()
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: usize,
        message: String,
        help: String,
    ) {
        // A warning never takes the place of a reason to refuse.
        let full = self.findings.len() >= FINDINGS_MAX;
        let first_error = severity == Severity::Error && self.errors == 0;
        self.errors += usize::from(severity == Severity::Error);
        if full && !first_error {
            return;
        }
        let Some(source) = self.sources.get(self.model) else { return };
        let (line, column) = position(source.text, at);
        let finding = Finding {
            code,
            file: source.file.map(Into::into),
            line,
            column,
            element_id: self.element_id.clone(),
            message,
            help,
            severity,
        };
        self.findings.push((self.model, finding));
    }
}

/// Line and column, from 1, the column in characters.
fn position(text: &str, at: usize) -> (u32, u32) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    (count(lines + 1), count(before[line_start..].chars().count() + 1))
}

/// The first line of an expression, cut where it is long.
fn short(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let line = text.trim().lines().next().unwrap_or("");
    if line.chars().count() <= CHARS_MAX {
        return line.into();
    }
    line.chars().take(CHARS_MAX).chain(['…']).collect()
}

/// Where in XML content the byte `offset` of its text stands: references, CDATA, comments and line
/// ends take more bytes in the file than in the text.
fn raw_offset(raw: &str, offset: usize) -> usize {
    let (mut at, mut text_at, mut cdata) = (0, 0, false);
    while text_at < offset {
        let rest = &raw[at..];
        let Some(next) = rest.chars().next() else { break };
        let skipped = if cdata { rest.starts_with("]]>").then_some(3) } else { markup(rest) };
        if let Some(skipped) = skipped {
            cdata = !cdata && rest.starts_with("<![CDATA[");
            at += skipped;
        } else if next == '<' && !cdata {
            break;
        } else {
            let (raw_bytes, text_bytes) =
                if cdata { (next.len_utf8(), next.len_utf8()) } else { one(rest, next) };
            at += raw_bytes;
            text_at += text_bytes;
        }
    }
    at
}

/// Bytes of a comment, instruction or start of CDATA.
fn markup(rest: &str) -> Option<usize> {
    let until = |end: &str| Some(rest.find(end)? + end.len());
    if rest.starts_with("<![CDATA[") {
        Some("<![CDATA[".len())
    } else if rest.starts_with("<!--") {
        until("-->")
    } else if rest.starts_with("<?") {
        until("?>")
    } else {
        None
    }
}

/// Bytes of one character in the file and in the text.
fn one(rest: &str, next: char) -> (usize, usize) {
    if rest.starts_with("\r\n") {
        return (2, 1);
    }
    let reference = rest.strip_prefix('&').and_then(|rest| rest.split_once(';'));
    let Some((name, _)) = reference else { return (next.len_utf8(), next.len_utf8()) };
    let number = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with('x') => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    let bytes = number.and_then(char::from_u32).map_or(1, char::len_utf8);
    (name.len() + 2, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_text_is_found_in_the_file() {
        let find = |raw: &str, offset: usize| raw[raw_offset(raw, offset)..].to_owned();
        assert_eq!(find("a &lt; b</text>", 4), "b</text>");
        assert_eq!(find("&#228;&#xe4;b", 4), "b");
        assert_eq!(find("<![CDATA[a < ]]>b", 4), "]]>b");
        assert_eq!(find("<![CDATA[a < ]]>bc", 5), "c");
        assert_eq!(find("a<!-- b --> c", 2), "c");
        assert_eq!(find("a\r\nb", 2), "b");
        assert_eq!(find("a</text>", 9), "</text>");
        assert_eq!(find("a & b", 2), "& b");
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        assert_eq!(position("äb\ncd", 0), (1, 1));
        assert_eq!(position("äb\ncd", 2), (1, 2));
        assert_eq!(position("äb\ncd", 1), (1, 1));
        assert_eq!(position("äb\ncd", 99), (2, 3));
    }

    #[test]
    fn findings_are_bounded_and_a_refusal_is_never_lost() {
        let mut report = Report::new(vec![Source { file: None, text: "x" }]);
        for _ in 0..FINDINGS_MAX {
            report.warning("D004", 0, "odd", "");
        }
        report.error("D001", 0, "wrong", "");
        report.error("D001", 0, "wrong again", "");
        assert_eq!(report.errors(), 2);
        assert_eq!(report.into_findings().len(), FINDINGS_MAX + 1);
    }
}

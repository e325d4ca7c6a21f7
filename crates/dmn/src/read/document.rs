//! The XML parser behind its limits.

use base::limits::XML_NODES_MAX;
use roxmltree::{Document, ParsingOptions};

use crate::report::Report;

/// A document, or a finding why it is none.
pub(super) fn open<'t>(text: &'t str, report: &mut Report<'_>) -> Option<Document<'t>> {
    if let Some(base::xml::OverLimit { line, message, help }) = base::xml::over_limit(text) {
        let skipped = text.split_inclusive('\n').take(line.saturating_sub(1) as usize);
        report.error("D002", skipped.map(str::len).sum(), message, help);
        return None;
    }
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: XML_NODES_MAX, ..Default::default() };
    Document::parse_with_options(text, options)
        .map_err(|error| {
            let (code, help) = match error {
                roxmltree::Error::DtdDetected => ("D003", "remove the DOCTYPE; models need none"),
                _ => ("D001", "export the model again from a DMN modeler"),
            };
            let at = offset(text, error.pos());
            report.error(code, at, format!("expected DMN as XML, but {error}"), help);
        })
        .ok()
}

/// The byte at a line and column.
fn offset(text: &str, at: roxmltree::TextPos) -> usize {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(at.row.saturating_sub(1) as usize).map(str::len).sum();
    let line = lines.next().unwrap_or("");
    let column = at.col.saturating_sub(1) as usize;
    before + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

//! XML to checked graphs.
//!
//! In:  the text of a `.bpmn` file.
//! Out: its executable processes, or every problem with its place.
//! Absent: lenience. What has behaviour and is not understood is refused; only what never has any
//! (diagrams, documentation, lanes, annotations, data references) is passed over.

mod builder;
mod expression;
mod extension;
mod node;
mod rule;
mod wiring;

use base::limits::RESOURCE_BYTES_MAX;

use crate::graph::Process;
use crate::problem::{Problem, Severity};
use builder::Builder;

/// BPMN 2.0's model namespace.
pub(crate) const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
/// Camunda 8's extensions.
pub(crate) const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";
/// Deepest nesting of elements in a file.
pub const XML_DEPTH_MAX: usize = 200;
/// Most XML nodes in a file.
pub const XML_NODES_MAX: u32 = 2_000_000;

/// Reads a model. At least one executable process, or problems.
pub fn read(text: &str) -> Result<Vec<Process>, Vec<Problem>> {
    let fail = |line, column, code, message: String, help: &str| {
        vec![Problem {
            code,
            line,
            column,
            element_id: None,
            message,
            help: help.into(),
            severity: Severity::Error,
        }]
    };
    if text.len() > RESOURCE_BYTES_MAX {
        let message =
            format!("the file is {} bytes, over the limit of {RESOURCE_BYTES_MAX}", text.len());
        return Err(fail(1, 1, "B002", message, "split the model"));
    }
    if let Some((line, depth)) = too_deep(text) {
        let message =
            format!("elements are nested {depth} deep, over the limit of {XML_DEPTH_MAX}");
        return Err(fail(line, 1, "B002", message, "flatten the model"));
    }
    let options = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: XML_NODES_MAX,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        let (code, help) = match error {
            roxmltree::Error::DtdDetected => ("B003", "remove the DOCTYPE; models need none"),
            _ => ("B001", "export the model again from a BPMN 2.0 modeler"),
        };
        fail(at.row, at.col, code, format!("expected BPMN 2.0 XML, but {error}"), help)
    })?;
    let mut builder = Builder::new(&document);
    let processes = builder.definitions();
    if builder.problems.iter().any(|problem| problem.severity == Severity::Error) {
        Err(builder.problems)
    } else {
        Ok(processes)
    }
}

/// The parser recurses by nesting, so depth is bounded before it runs. Counts tags outside of
/// comments, CDATA and processing instructions; on malformed input the parser has the last word.
fn too_deep(text: &str) -> Option<(u32, usize)> {
    let (mut depth, mut line, mut rest) = (0_usize, 1_u32, text);
    while let Some(at) = rest.find('<') {
        line += u32::try_from(rest[..at].matches('\n').count()).unwrap_or(u32::MAX);
        rest = &rest[at..];
        let (end, step) = if rest.starts_with("<!--") {
            (rest.find("-->"), 0)
        } else if rest.starts_with("<![CDATA[") {
            (rest.find("]]>"), 0)
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            (rest.find('>'), 0)
        } else if rest.starts_with("</") {
            (rest.find('>'), -1)
        } else {
            let end = tag_end(rest);
            (end, isize::from(!end.is_some_and(|end| rest[..end].ends_with('/'))))
        };
        depth = depth.saturating_add_signed(step);
        if depth > XML_DEPTH_MAX {
            return Some((line, depth));
        }
        let end = end?;
        line += u32::try_from(rest[..end].matches('\n').count()).unwrap_or(u32::MAX);
        rest = &rest[end..];
    }
    None
}

/// Where the tag that `text` begins with ends; `>` may stand in attribute values.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    text.bytes().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (Some(open), byte) if open == byte => {
            quote = None;
            false
        }
        _ => false,
    })
}

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

use base::limits::{RESOURCE_BYTES_MAX, XML_DEPTH_MAX, XML_NODES_MAX};

use crate::graph::Process;
use crate::problem::{Problem, Severity};
use builder::Builder;

/// BPMN 2.0's model namespace.
pub(crate) const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
/// Camunda 8's extensions.
pub(crate) const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";

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
    if let Some((line, depth)) = base::xml::too_deep(text) {
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

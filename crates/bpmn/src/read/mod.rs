//! XML to checked graphs.
//!
//! In:  the text of a `.bpmn` file.
//! Out: its executable processes, or everything that is wrong with its place.
//! Absent: lenience. What has behaviour and is not understood is refused; only what never has any
//! (diagrams, documentation, lanes, annotations, data references) is passed over.

mod ad_hoc;
mod builder;
mod call;
mod compensation;
mod condition;
mod data;
mod event;
mod expression;
mod extension;
mod listener;
mod loops;
mod node;
mod offers;
mod policy;
mod rule;
mod silence;
mod starters;
mod waits;
mod wiring;

use base::limits::XML_NODES_MAX;

use crate::graph::Process;
use base::{Finding, Severity};
use builder::Builder;

/// BPMN 2.0's model namespace.
pub(crate) const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
/// Camunda 8's extensions.
pub(crate) const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";
/// Our own extensions.
pub(crate) const FERMATA: &str = "https://fermata.dev/schema/bpmn/1.0";

/// What a file holds.
#[derive(Debug)]
pub struct Definitions {
    /// Its executable processes; at least one.
    pub processes: Vec<Process>,
    /// What may not be as meant.
    pub findings: Vec<Finding>,
}

/// Reads a model, or says everything that is wrong with it.
pub fn read(text: &str) -> Result<Definitions, Vec<Finding>> {
    let document = parse(text)?;
    let mut builder = Builder::new(&document);
    let processes = builder.definitions();
    let findings = builder.findings;
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Err(findings)
    } else {
        Ok(Definitions { processes, findings })
    }
}

/// The XML of a file that keeps to the limits.
pub(crate) fn parse(text: &str) -> Result<roxmltree::Document<'_>, Vec<Finding>> {
    let fail = |line, column, code, message: String, help: &str| {
        vec![Finding {
            code,
            file: None,
            line,
            column,
            element_id: None,
            message,
            help: help.into(),
            severity: Severity::Error,
        }]
    };
    if let Some(base::xml::OverLimit { line, message, help }) = base::xml::over_limit(text) {
        return Err(fail(line, 1, "B002", message, help));
    }
    let options = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: XML_NODES_MAX,
        ..Default::default()
    };
    roxmltree::Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        let (code, help) = match error {
            roxmltree::Error::DtdDetected => ("B003", "remove the DOCTYPE; models need none"),
            _ => ("B001", "export the model again from a BPMN 2.0 modeler"),
        };
        fail(at.row, at.col, code, format!("expected BPMN 2.0 XML, but {error}"), help)
    })
}

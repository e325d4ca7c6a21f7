//! Attributes and texts that are fixed or FEEL, with the place of a syntax error.

use base::{Severity, Text};
use feel::{Expression, FromAi};
use roxmltree::Node as Xml;

use super::ZEEBE;
use super::builder::{Builder, bpmn_child, elements};
use crate::graph::Value;

impl<'a> Builder<'a> {
    /// An attribute: FEEL after `=`, else the text itself. `None` if absent or blank.
    pub fn value_attribute(&mut self, at: Xml<'a, 'a>, name: &str) -> Option<Value> {
        let attribute = at.attribute_node(name)?;
        self.value(at, attribute.value(), attribute.range_value().start)
    }

    /// The text of an element, as [`Self::value_attribute`].
    pub fn value_text(&mut self, at: Xml<'a, 'a>) -> Option<Value> {
        let start = at.first_child().map_or(at.range().start, |text| text.range().start);
        self.value(at, at.text().unwrap_or_default(), start)
    }

    fn value(&mut self, at: Xml<'a, 'a>, text: &str, start: usize) -> Option<Value> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        if trimmed.starts_with('=') {
            return self.feel(at, text, start).map(Value::Feel);
        }
        Some(Value::Fixed(Text::from(trimmed)))
    }

    /// FEEL, with or without its leading `=`. `start` is where `text` begins in the file; with
    /// entities before the error the column is that of the text as it reads.
    pub fn feel(&mut self, at: Xml<'a, 'a>, text: &str, start: usize) -> Option<Expression> {
        let (body, begin) = body_of(text, start);
        match feel::compile(body) {
            Ok(expression) => {
                for warning in expression.warnings() {
                    let at_byte = begin + warning.span.start;
                    self.expression_finding(at, at_byte, body, warning, Severity::Warning);
                }
                Some(expression)
            }
            Err(error) => {
                let at_byte = begin + error.span.start;
                self.expression_finding(at, at_byte, body, &error, Severity::Error);
                None
            }
        }
    }

    /// What the inputs of an activity say of the values that somebody outside makes for it.
    pub fn ai_parameters(&mut self, at: Xml<'a, 'a>) -> Vec<FromAi> {
        let extensions = bpmn_child(at, "extensionElements").into_iter().flat_map(elements);
        let mappings = extensions.filter(|it| it.has_tag_name((ZEEBE, "ioMapping")));
        let inputs = mappings.flat_map(elements).filter(|it| it.has_tag_name((ZEEBE, "input")));
        let mut found = Vec::new();
        for input in inputs {
            let Some(source) = input.attribute_node("source") else { continue };
            if !source.value().trim_start().starts_with('=') {
                continue;
            }
            let (body, begin) = body_of(source.value(), source.range_value().start);
            // What does not compile has been said.
            let Ok(expression) = feel::compile(body) else { continue };
            match expression.ai_parameters() {
                Ok(parameters) => found.extend(parameters),
                Err(error) => {
                    let at_byte = begin + error.span.start;
                    self.expression_finding(input, at_byte, body, &error, Severity::Error);
                }
            }
        }
        found
    }

    fn expression_finding(
        &mut self,
        at: Xml<'a, 'a>,
        byte: usize,
        body: &str,
        diagnostic: &feel::Diagnostic,
        severity: Severity,
    ) {
        let text = self.document.input_text();
        let place = floor_boundary(text, byte.min(text.len()));
        let message = format!("in the expression `{}`: {}", body.trim(), diagnostic.message);
        let (code, mend) = match severity {
            Severity::Error => ("B020", "correct the FEEL expression"),
            Severity::Warning => ("B023", "convert the value, or call what takes it"),
        };
        let help = diagnostic.help.clone().unwrap_or_else(|| mend.into());
        self.finding_at(at, place, severity, code, message, help);
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// An expression without its leading `=`, and where that begins in the file, for a text that begins at
/// `start`.
fn body_of(text: &str, start: usize) -> (&str, usize) {
    let body = text.trim_start();
    let body = body.strip_prefix('=').unwrap_or(body);
    (body, start + text.len() - body.len())
}

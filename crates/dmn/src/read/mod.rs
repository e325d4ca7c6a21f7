//! XML to a model: what the file says, each text with its place.
//!
//! In:  the text of a `.dmn` file, in the namespace of DMN 1.1 to 1.5.
//! Out: a [`Model`]; what is not understood is a finding.
//! Absent: lenience (what has a meaning is read or refused; only diagrams, extensions and remarks
//! are passed over), references between elements (see `link`), and FEEL (see `compile`).

mod boxed;
mod document;
mod drg;
mod item;
mod schema;
mod table;

use roxmltree::Node as Xml;

use crate::model::{Model, Spot};
use crate::report::Report;

/// Reads the file with this number. `None` when not even its elements could be told.
pub(crate) fn read(report: &mut Report<'_>, number: usize) -> Option<Model> {
    report.enter(number, None);
    let source = *report.sources().get(number)?;
    let document = document::open(source.text, report)?;
    let root = document.root_element();
    let namespace = root.tag_name().namespace().unwrap_or_default();
    if root.tag_name().name() != "definitions" || !schema::is_dmn(namespace) {
        let message = format!(
            "expected <definitions> of DMN 1.1 to 1.5, but found <{}> of \"{namespace}\"",
            root.tag_name().name()
        );
        report.error("D001", root.range().start, message, "export the model as DMN 1.3 or later");
        return None;
    }
    schema::check(root, namespace, report);
    let mut reader = Reader { report, namespace, language_is_feel: true, next: 0 };
    Some(reader.definitions(root))
}

/// What reading carries along.
struct Reader<'r, 'a, 'n> {
    report: &'r mut Report<'a>,
    /// The DMN namespace of this file.
    namespace: &'n str,
    /// What `expressionLanguage` of the file says for all that say nothing.
    language_is_feel: bool,
    /// Numbers ids that are missing.
    next: u32,
}

impl Reader<'_, '_, '_> {
    fn error(&mut self, code: &'static str, at: Xml<'_, '_>, message: String, help: &str) {
        self.report.error(code, at.range().start, message, help);
    }

    fn warning(&mut self, code: &'static str, at: Xml<'_, '_>, message: String, help: &str) {
        self.report.warning(code, at.range().start, message, help);
    }

    fn is(&self, node: Xml<'_, '_>, name: &str) -> bool {
        node.tag_name().name() == name && node.tag_name().namespace() == Some(self.namespace)
    }

    /// Children of DMN with this name.
    fn all<'x>(
        &self,
        of: Xml<'x, 'x>,
        name: &'static str,
    ) -> impl Iterator<Item = Xml<'x, 'x>> + use<'x> {
        let namespace = self.namespace.to_owned();
        of.children().filter(move |child| {
            child.tag_name().name() == name
                && child.tag_name().namespace() == Some(namespace.as_str())
        })
    }

    fn child<'x>(&self, of: Xml<'x, 'x>, name: &str) -> Option<Xml<'x, 'x>> {
        of.children().find(|child| self.is(*child, name))
    }

    /// `<text>` of an expression or of unary tests.
    fn inner_text(&self, of: Xml<'_, '_>) -> Option<Spot> {
        self.child(of, "text").and_then(text)
    }

    /// The name, without blanks around it. A finding if there is none.
    fn name(&mut self, of: Xml<'_, '_>) -> String {
        let name = of.attribute("name").unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            let message = format!("<{}> has no name", of.tag_name().name());
            self.error("D005", of, message, "name it: expressions speak of it by its name");
        }
        name
    }

    /// The id, or a number that no id of the file is written like.
    fn id_or_number(&mut self, of: Xml<'_, '_>) -> String {
        of.attribute("id").filter(|id| !id.is_empty()).map_or_else(
            || {
                self.next += 1;
                format!("#{}", self.next)
            },
            Into::into,
        )
    }
}

/// The text of an element, with its place; `None` if it is blank.
fn text(of: Xml<'_, '_>) -> Option<Spot> {
    let text: String = of.children().filter(Xml::is_text).filter_map(|it| it.text()).collect();
    if text.trim().is_empty() {
        return None;
    }
    Some(Spot { text, at: content_start(of) })
}

/// A place in an attribute.
fn attribute_spot(of: Xml<'_, '_>, name: &str) -> Option<Spot> {
    let attribute = of.attribute_node(name)?;
    let text = attribute.value().trim();
    (!text.is_empty()).then(|| Spot { text: text.into(), at: attribute.range_value().start })
}

fn type_ref(of: Xml<'_, '_>) -> Option<Spot> {
    attribute_spot(of, "typeRef")
}

/// Where the content of an element begins.
fn content_start(of: Xml<'_, '_>) -> usize {
    let range = of.range();
    let tag = &of.document().input_text()[range.clone()];
    range.start + base::xml::tag_end(tag).map_or(0, |end| end + 1)
}

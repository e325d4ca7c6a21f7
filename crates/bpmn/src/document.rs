//! A model as it is written: every element, attribute, text and comment, and back to XML.
//!
//! In:  the text of a file.
//! Out: a tree that says all of it; a text that reads as the same tree.
//! Absent: judgement (see `read`), and what XML itself does not tell apart: spaces within tags, kinds of
//!         quotes, entities, CDATA beside text, the order in which prefixes were declared.

use base::Finding;
use roxmltree::Node as Xml;

use crate::read::parse;

/// A file: its root element and what stands beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Comments, processing instructions and the root element, in order.
    pub contents: Vec<Content>,
}

/// What stands in an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// An element.
    Element(Element),
    /// Text, of spaces too.
    Text(String),
    /// `<!-- ... -->`
    Comment(String),
    /// `<?target value?>`
    Instruction {
        /// Whom it is for.
        target: String,
        /// What it says.
        value: Option<String>,
    },
}

/// An element with all that is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    /// Its name.
    pub name: Name,
    /// Prefixes that it declares.
    pub namespaces: Vec<Namespace>,
    /// Its attributes, in order.
    pub attributes: Vec<Attribute>,
    /// What stands in it, in order.
    pub contents: Vec<Content>,
}

/// A name with its namespace. Two names with different prefixes may be the same name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The namespace, if it is in one.
    pub namespace: Option<String>,
    /// As it is written; empty for none.
    pub prefix: String,
    /// The name without prefix.
    pub local: String,
}

/// `xmlns:prefix="uri"`, or `xmlns="uri"`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Namespace {
    /// Empty for the default namespace.
    pub prefix: String,
    /// Empty where the default namespace is taken back.
    pub uri: String,
}

/// One attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its value, entities resolved.
    pub value: String,
}

impl Document {
    /// Reads a file. What is no XML is refused, as [`crate::read`] does it.
    pub fn read(text: &str) -> Result<Self, Vec<Finding>> {
        let document = parse(text)?;
        Ok(Self { contents: contents(document.root(), text) })
    }

    /// The root element.
    pub fn root(&self) -> Option<&Element> {
        self.contents.iter().find_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) | Content::Comment(_) | Content::Instruction { .. } => None,
        })
    }

    /// XML that reads as this document.
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        for content in &self.contents {
            content.write(&mut xml);
            xml.push('\n');
        }
        xml
    }
}

impl Element {
    /// Child elements of this name.
    pub fn children<'a>(
        &'a self,
        namespace: &'a str,
        local: &'a str,
    ) -> impl Iterator<Item = &'a Element> {
        self.contents.iter().filter_map(move |content| match content {
            Content::Element(element) if element.name.is(namespace, local) => Some(element),
            _ => None,
        })
    }

    /// The value of an attribute without namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let is_it = |it: &&Attribute| it.name.namespace.is_none() && it.name.local == local;
        self.attributes.iter().find(is_it).map(|it| it.value.as_str())
    }

    fn write(&self, xml: &mut String) {
        xml.push('<');
        self.name.write(xml);
        for Namespace { prefix, uri } in &self.namespaces {
            xml.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            xml.push_str(prefix);
            write_value(uri, xml);
        }
        for Attribute { name, value } in &self.attributes {
            xml.push(' ');
            name.write(xml);
            write_value(value, xml);
        }
        if self.contents.is_empty() {
            xml.push_str("/>");
            return;
        }
        xml.push('>');
        self.contents.iter().for_each(|content| content.write(xml));
        xml.push_str("</");
        self.name.write(xml);
        xml.push('>');
    }
}

impl Name {
    /// Whether it is this name of this namespace.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace.as_deref() == Some(namespace)
    }

    fn write(&self, xml: &mut String) {
        if !self.prefix.is_empty() {
            xml.push_str(&self.prefix);
            xml.push(':');
        }
        xml.push_str(&self.local);
    }
}

impl Content {
    fn write(&self, xml: &mut String) {
        match self {
            Self::Element(element) => element.write(xml),
            Self::Text(text) => escape(text, false, xml),
            Self::Comment(text) => {
                xml.push_str("<!--");
                xml.push_str(text);
                xml.push_str("-->");
            }
            Self::Instruction { target, value } => {
                xml.push_str("<?");
                xml.push_str(target);
                if let Some(value) = value {
                    xml.push(' ');
                    xml.push_str(value);
                }
                xml.push_str("?>");
            }
        }
    }
}

fn write_value(value: &str, xml: &mut String) {
    xml.push_str("=\"");
    escape(value, true, xml);
    xml.push('"');
}

/// What XML would read as something else is written as a reference: in attributes also what it would
/// read as a space.
fn escape(text: &str, attribute: bool, xml: &mut String) {
    for char in text.chars() {
        match char {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            '"' if attribute => xml.push_str("&quot;"),
            '\n' if attribute => xml.push_str("&#10;"),
            '\t' if attribute => xml.push_str("&#9;"),
            other => xml.push(other),
        }
    }
}

fn contents(of: Xml<'_, '_>, text: &str) -> Vec<Content> {
    of.children().filter_map(|node| content(node, text)).collect()
}

fn content(node: Xml<'_, '_>, text: &str) -> Option<Content> {
    if node.is_element() {
        return Some(Content::Element(element(node, text)));
    }
    if let Some(instruction) = node.pi() {
        let value = instruction.value.map(str::to_owned);
        return Some(Content::Instruction { target: instruction.target.to_owned(), value });
    }
    let said = node.text().unwrap_or_default().to_owned();
    if node.is_comment() {
        return Some(Content::Comment(said));
    }
    // CDATA without anything in it.
    (!said.is_empty()).then_some(Content::Text(said))
}

fn element(node: Xml<'_, '_>, text: &str) -> Element {
    let tag = node.tag_name();
    // `<` comes before the name.
    let prefix = prefix_at(text, node.range().start + 1, tag.name());
    let attributes = node.attributes().map(|attribute| {
        let prefix = prefix_at(text, attribute.range_qname().start, attribute.name());
        let name = name(attribute.namespace(), prefix, attribute.name());
        Attribute { name, value: attribute.value().to_owned() }
    });
    Element {
        name: name(tag.namespace(), prefix, tag.name()),
        namespaces: declared(node),
        attributes: attributes.collect(),
        contents: contents(node, text),
    }
}

fn name(namespace: Option<&str>, prefix: &str, local: &str) -> Name {
    Name {
        namespace: namespace.filter(|uri| !uri.is_empty()).map(str::to_owned),
        prefix: prefix.to_owned(),
        local: local.to_owned(),
    }
}

/// The prefix of the qualified name that stands at a byte.
fn prefix_at<'a>(text: &'a str, at: usize, local: &str) -> &'a str {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with(local) && !rest[local.len()..].starts_with(':') {
        return "";
    }
    rest.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// What the element declares itself: roxmltree tells what holds in it.
fn declared(node: Xml<'_, '_>) -> Vec<Namespace> {
    let around = node.parent_element();
    let mut found: Vec<Namespace> = node
        .namespaces()
        .filter(|one| {
            let outer = around.and_then(|around| around.lookup_namespace_uri(one.name()));
            outer.unwrap_or_default() != one.uri() && one.name() != Some("xml")
        })
        .map(|one| Namespace {
            prefix: one.name().unwrap_or_default().to_owned(),
            uri: one.uri().to_owned(),
        })
        .collect();
    found.sort();
    found
}

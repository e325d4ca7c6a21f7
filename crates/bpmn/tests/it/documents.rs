//! Documents keep what a file says: what is written reads as what was read. Compared by another road
//! than our own types: the parsed XML of both texts, with names as namespaces and local names.

use fermata_bpmn::{Content, Document, Element};
use roxmltree::Node;

/// The content of a text: names resolved, attributes in the order of their names, texts as they are.
pub fn canonical(text: &str) -> String {
    let document =
        roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut told = String::new();
    document.root().children().for_each(|node| tell(node, &mut told));
    told
}

fn tell(node: Node<'_, '_>, told: &mut String) {
    let full =
        |namespace: Option<&str>, name: &str| format!("{{{}}}{name}", namespace.unwrap_or(""));
    if let Some(pi) = node.pi() {
        told.push_str(&format!("?{} {:?}\n", pi.target, pi.value));
    } else if node.is_element() {
        told.push_str(&format!("<{}\n", full(node.tag_name().namespace(), node.tag_name().name())));
        let attribute = |it: roxmltree::Attribute<'_, '_>| {
            format!("{}={:?}\n", full(it.namespace(), it.name()), it.value())
        };
        let mut attributes: Vec<String> = node.attributes().map(attribute).collect();
        attributes.sort();
        told.push_str(&attributes.concat());
        node.children().for_each(|child| tell(child, told));
        told.push_str(">\n");
    } else if node.is_comment() || node.text() != Some("") {
        // CDATA without anything in it is no text.
        told.push_str(&format!(
            "{} {:?}\n",
            if node.is_comment() { '!' } else { 't' },
            node.text()
        ));
    }
}

#[track_caller]
pub fn kept(text: &str) -> Document {
    let document = Document::read(text).unwrap_or_else(|findings| panic!("{findings:#?}\n{text}"));
    let written = document.to_xml();
    assert_eq!(canonical(text), canonical(&written), "{text}\n{written}");
    assert_eq!(Document::read(&written).as_ref(), Ok(&document), "{text}\n{written}");
    document
}

#[test]
fn prefixes_references_and_spaces_are_kept() {
    let document = kept(
        "<?xml version=\"1.0\"?>\n<!-- before --><?style a='b'?><a:r xmlns:a=\"urn:a\" xmlns=\"urn:d\" a:x=\"1\" x='&lt;&quot;&#10;&#9;&amp;é'>\n  \
         <b xmlns=\"\" y=\"a:q\"/>\r\n<c xmlns:a=\"urn:other\" a:x=\"2\"> x &#13; ]]&gt; <![CDATA[<raw> & ]]>&#x20AC;</c>\t<d/>\
         <!-- - inside --><?pi?><e xml:lang=\"de\"></e></a:r>\n<!-- after -->",
    );
    let root = document.root().expect("a root");
    assert_eq!((&*root.name.prefix, root.attribute("x")), ("a", Some("<\"\n\t&é")));
    assert!(
        root.children("urn:d", "c")
            .next()
            .is_some_and(|c| c.attributes[0].name.is("urn:other", "x"))
    );
    assert!(matches!(&root.contents[0], Content::Text(text) if text == "\n  "));
    assert!(
        matches!(&root.contents[1], Content::Element(Element { name, .. }) if name.namespace.is_none())
    );
}

#[test]
fn what_is_no_xml_is_refused_as_models_are() {
    for (text, code) in [("a", "B001"), ("<a>", "B001"), ("<!DOCTYPE a><a/>", "B003")] {
        assert_eq!(Document::read(text).unwrap_err()[0].code, code, "{text}");
    }
    assert_eq!(Document::read(&"<a>".repeat(100_000)).unwrap_err()[0].code, "B002");
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn text(&mut self) -> String {
        const PARTS: &[&str] = &[
            "a", " ", "\n", "\t", "\r\n", "&amp;", "&lt;", "&#13;", "&#10;", "&#x9;", "é", "€",
            "]]", "&gt;", "'", "&quot;", "= x",
        ];
        (0..self.below(5)).map(|_| self.one_of(PARTS)).collect()
    }

    fn attributes(&mut self) -> String {
        let mut all = String::new();
        for name in ["x", "y", "p:x", "q:x", "xml:lang"] {
            if self.below(4) == 0 {
                all.push_str(&format!(" {name}=\"{}\"", self.text()));
            }
        }
        for (name, uris) in [
            ("xmlns", &["", "urn:d", "urn:e"][..]),
            ("xmlns:p", &["urn:p", "urn:e"]),
            ("xmlns:r", &["urn:r"]),
        ] {
            if self.below(4) == 0 {
                all.push_str(&format!(" {name}=\"{}\"", self.one_of(uris)));
            }
        }
        all
    }

    fn element(&mut self, depth: usize) -> String {
        let name = self.one_of(&["a", "b", "p:a", "q:b"]);
        let attributes = self.attributes();
        let inside: String = (0..self.below(4)).map(|_| self.content(depth)).collect();
        format!("<{name}{attributes}>{inside}</{name}>")
    }

    fn content(&mut self, depth: usize) -> String {
        match self.below(7) {
            0 => format!("<!--{}-->", self.one_of(&["", " note ", "a-b", "<&"])),
            1 => format!("<?{}?>", self.one_of(&["pi", "pi x", "pi  a='b' "])),
            2 => format!("<![CDATA[{}]]>", self.one_of(&["", "<&", " ", "]", "a]]"])),
            3 | 4 => self.text(),
            _ if depth == 0 => "<leaf/>".to_owned(),
            _ => self.element(depth - 1),
        }
    }
}

#[test]
fn random_documents_are_kept() {
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let inside = random.element(4);
        kept(&format!("<root xmlns:p=\"urn:p\" xmlns:q=\"urn:q\">{inside}</root>"));
    }
}

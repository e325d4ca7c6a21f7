//! What is looked at in a model's text before and beside the XML parser.
//!
//! In:  the text of a file.
//! Out: whether it is too large, or nests too deep for a parser that recurses; where a tag ends.
//! Absent: parsing (see `bpmn::read`, `dmn::read`).

use crate::limits::{RESOURCE_BYTES_MAX, XML_DEPTH_MAX};

/// A limit that a text is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverLimit {
    /// Line of the place, from 1.
    pub line: u32,
    /// What was found and what is allowed.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// Why a text is not given to the parser.
pub fn over_limit(text: &str) -> Option<OverLimit> {
    if text.len() > RESOURCE_BYTES_MAX {
        let message =
            format!("the file is {} bytes, over the limit of {RESOURCE_BYTES_MAX}", text.len());
        return Some(OverLimit { line: 1, message, help: "split the model" });
    }
    let (line, depth) = too_deep(text)?;
    let message = format!("elements are nested {depth} deep, over the limit of {XML_DEPTH_MAX}");
    Some(OverLimit { line, message, help: "flatten the model" })
}

/// Line and depth where elements are nested deeper than [`XML_DEPTH_MAX`]. Counts tags outside of
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
pub fn tag_end(text: &str) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_open_elements_only() {
        let deep = "<a>".repeat(XML_DEPTH_MAX);
        assert_eq!(too_deep(&deep), None);
        assert_eq!(too_deep(&format!("{deep}\n<b/><!-- <c> --><![CDATA[<d>]]>")), None);
        assert_eq!(too_deep(&format!("{deep}\n<b x='>'>")), Some((2, XML_DEPTH_MAX + 1)));
    }

    #[test]
    fn a_tag_ends_outside_of_its_attributes() {
        assert_eq!(tag_end("<a b='>' c=\">\">x"), Some(14));
        assert_eq!(tag_end("<a b='>"), None);
    }
}

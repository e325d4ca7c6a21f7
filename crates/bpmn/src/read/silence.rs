//! Our own extensions, in the namespace `https://fermata.dev/schema/bpmn/1.0`: those of lint are read
//! here, and what is not ours to read is refused.
//!
//! In:  the XML of a process, its elements known by id.
//! Out: what lint does not say; findings for extensions that nobody reads.
//! Absent: whether a code exists or was found (see `lint::silence`).

use base::Text;
use roxmltree::Node as Xml;

use super::builder::{Builder, Draft};
use super::{BPMN, FERMATA};
use crate::graph::Silence;

/// Extensions of this namespace that other parts of the reader read and judge.
const READ_ELSEWHERE: &[&str] = &[];

impl<'a> Builder<'a> {
    /// What lint does not say about a process.
    pub fn silences(&mut self, process: Xml<'a, 'a>, draft: &Draft<'a>) -> Vec<Silence> {
        let mut found = Vec::new();
        for node in
            process.descendants().filter(|node| node.tag_name().namespace() == Some(FERMATA))
        {
            // What is in an extension is read with it.
            let inner = node.parent().is_some_and(|it| it.tag_name().namespace() == Some(FERMATA));
            if inner || READ_ELSEWHERE.contains(&node.tag_name().name()) {
                continue;
            }
            if node.tag_name().name() == "lint" {
                found.extend(self.silence(node, process, draft));
            } else {
                self.refuse_extension(node);
            }
        }
        found
    }

    /// Refuses our extensions where none is read.
    pub fn refuse_own_extensions(&mut self, root: Xml<'a, 'a>) {
        for node in root.descendants().filter(|node| node.tag_name().namespace() == Some(FERMATA)) {
            self.refuse_extension(node);
        }
    }

    fn refuse_extension(&mut self, node: Xml<'a, 'a>) {
        let owner = owner(node).map_or("here", |owner| owner.tag_name().name());
        let message = format!(
            "<fermata:{}> is not supported on <{owner}> by this version",
            node.tag_name().name()
        );
        self.error(node, "B006", message, "remove it; docs/reference/bpmn.md lists what is");
    }

    fn silence(
        &mut self,
        node: Xml<'a, 'a>,
        process: Xml<'a, 'a>,
        draft: &Draft<'a>,
    ) -> Option<Silence> {
        let owner = owner(node);
        let of_id = owner.and_then(|owner| draft.ids.get(owner.attribute("id")?).copied());
        let element = if owner == Some(process) { Some(0) } else { of_id };
        let Some(element) = element else {
            // An element that was refused is named once, there.
            if self.errors() == 0 {
                self.refuse_extension(node);
            }
            return None;
        };
        for attribute in node.attributes() {
            if !matches!(attribute.name(), "ignore" | "reason") {
                let message = format!(
                    "the attribute {} is not supported on <fermata:lint>",
                    attribute.name()
                );
                self.error(node, "B006", message, "known are ignore and reason");
            }
        }
        let ignore = node.attribute("ignore").unwrap_or_default();
        let separated = |c: char| c.is_whitespace() || c == ',';
        let codes: Vec<Text> =
            ignore.split(separated).filter(|code| !code.is_empty()).map(Into::into).collect();
        if codes.is_empty() {
            self.error(node, "B006", "<fermata:lint> names no code", "add ignore=\"B201\"");
        }
        let reason = node.attribute("reason").map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_none() {
            let help = "add reason=\"...\": why what was found is meant";
            self.error(node, "B006", "<fermata:lint> gives no reason", help);
        }
        let place = self.places.at(node.range().start);
        Some(Silence { element, codes, reason: reason?.into(), place })
    }
}

/// The element whose extension it is.
fn owner<'a>(node: Xml<'a, 'a>) -> Option<Xml<'a, 'a>> {
    let extensions = node.parent().filter(|it| it.has_tag_name((BPMN, "extensionElements")))?;
    extensions.parent_element()
}

//! The call activity: another process.

use base::Text;
use roxmltree::Node as Xml;

use super::ZEEBE;
use super::builder::Builder;
use super::extension::named;
use crate::graph::{Binding, CalledProcess, Kind, Value};

/// What `zeebe:calledElement` may say.
const ATTRIBUTES: &[&str] = &[
    "processId",
    "bindingType",
    "versionTag",
    "propagateAllChildVariables",
    "propagateAllParentVariables",
];

impl<'a> Builder<'a> {
    pub fn call_activity(
        &mut self,
        source: Xml<'a, 'a>,
    ) -> Option<(Kind, &'static str, Vec<Xml<'a, 'a>>)> {
        let extensions = self.extensions(source, &["calledElement", "ioMapping"]);
        let called: Vec<_> = named(&extensions, "calledElement").collect();
        if let Some(second) = called.get(1) {
            let message = "the call activity names the called process twice";
            self.error(*second, "B039", message, "keep one <zeebe:calledElement>");
        }
        // Plain BPMN names it by an attribute, which may be qualified.
        let plain = source.attribute("calledElement").map(|id| id.rsplit(':').next().unwrap_or(id));
        let plain = plain.map(str::trim).filter(|id| !id.is_empty());
        let process = match (called.first().copied(), plain) {
            (Some(called), plain) => self.called_process(called, plain)?,
            (None, Some(id)) => CalledProcess {
                process_id: Value::Fixed(id.into()),
                binding: Binding::Latest,
                all_parent_variables: true,
                all_child_variables: true,
            },
            (None, None) => {
                self.error(
                    source,
                    "B035",
                    "the call activity names no process",
                    "add <zeebe:calledElement processId=\"...\" />",
                );
                return None;
            }
        };
        Some((Kind::Call(process), "CALL_ACTIVITY", extensions))
    }

    fn called_process(
        &mut self,
        called: Xml<'a, 'a>,
        plain: Option<&str>,
    ) -> Option<CalledProcess> {
        let before = self.findings.len();
        let ours = called.attributes().filter(|a| matches!(a.namespace(), None | Some(ZEEBE)));
        let unknown: Vec<&str> =
            ours.map(|a| a.name()).filter(|name| !ATTRIBUTES.contains(name)).collect();
        for name in unknown {
            let message = format!("the attribute {name} of <zeebe:calledElement> is not supported");
            self.error(called, "B038", message, format!("known are {}", ATTRIBUTES.join(", ")));
        }
        let process_id = self.value_attribute(called, "processId");
        if process_id.is_none() && before == self.findings.len() {
            self.error(
                called,
                "B035",
                "the call activity names no process",
                "add processId=\"...\", the id of a process, or FEEL that gives one",
            );
        }
        if let (Some(Value::Fixed(id)), Some(plain)) = (&process_id, plain)
            && **id != *plain
        {
            let message = format!("the call activity calls both \"{id}\" and \"{plain}\"");
            self.error(called, "B039", message, "remove the attribute calledElement");
        }
        let binding = self.binding(called, "B036", "the called process");
        let all_parent_variables = self.propagates(called, "propagateAllParentVariables");
        let all_child_variables = self.propagates(called, "propagateAllChildVariables");
        Some(CalledProcess {
            process_id: process_id?,
            binding: binding?,
            all_parent_variables: all_parent_variables?,
            all_child_variables: all_child_variables?,
        })
    }

    /// True unless it says `false`.
    fn propagates(&mut self, called: Xml<'a, 'a>, name: &str) -> Option<bool> {
        match called.attribute(name).map(str::trim) {
            None | Some("true") => Some(true),
            Some("false") => Some(false),
            Some(other) => {
                let other = Text::from(other);
                let message = format!("expected {name} to be true or false, but found \"{other}\"");
                self.error(called, "B037", message, "write one of them, or leave it out: true");
                None
            }
        }
    }
}

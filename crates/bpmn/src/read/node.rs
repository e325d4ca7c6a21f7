//! One element to one node.

use roxmltree::Node as Xml;

use super::builder::{Builder, Draft, blank};
use super::compensation::TRANSACTION;
use super::event::{Home, Read};
use super::extension::named;
use crate::graph::Kind;

/// What may stand in an activity or event beside its own content.
pub(super) const JOB: &[&str] = &["taskDefinition", "taskHeaders", "ioMapping"];
const USER: &[&str] = &[
    "userTask",
    "taskDefinition",
    "taskHeaders",
    "ioMapping",
    "assignmentDefinition",
    "taskSchedule",
    "formDefinition",
    "priorityDefinition",
    super::listener::TASK,
];

impl<'a> Builder<'a> {
    pub fn node(&mut self, source: Xml<'a, 'a>, scope: u32, draft: &mut Draft<'a>) {
        let Some(id) = self.id_of(source) else { return };
        let number = u32::try_from(draft.nodes.len()).unwrap_or(u32::MAX);
        if draft.ids.insert(source.attribute("id").unwrap_or_default(), number).is_some() {
            let message = format!("the id \"{id}\" is used twice");
            self.error(source, "B005", message, "give every element an id of its own");
            return;
        }
        let marker = self.marker(source);
        let home = match draft.nodes[scope as usize].kind {
            Kind::Process { .. } => Home::Process,
            Kind::EventSubProcess { .. } => Home::EventSubProcess,
            _ => Home::SubProcess,
        };
        let Some((kind, element_type, extensions)) = self.kind(source, home) else {
            draft.ids.remove(source.attribute("id").unwrap_or_default());
            return;
        };
        let mut node = blank(id, source, scope, kind, element_type);
        node.marker = marker;
        self.mappings(&extensions, &mut node);
        node.listeners = self.listeners(&extensions, &node);
        self.policy(&extensions, &mut node);
        let is_scope = matches!(
            node.kind,
            Kind::SubProcess { .. } | Kind::EventSubProcess { .. } | Kind::AdHoc(_)
        );
        draft.nodes.push(node);
        draft.sources.push(source);
        if is_scope {
            self.scope(source, number, draft);
        }
    }

    fn kind(&mut self, source: Xml<'a, 'a>, home: Home) -> Read<'a> {
        let name = source.tag_name().name();
        Some(match name {
            "serviceTask" | "sendTask" => {
                let extensions = self.extensions(source, JOB);
                let kind = Kind::Job(self.job(source, &extensions)?);
                let element_type = if name == "sendTask" { "SEND_TASK" } else { "SERVICE_TASK" };
                (kind, element_type, extensions)
            }
            "businessRuleTask" => self.business_rule(source)?,
            "callActivity" => self.call_activity(source)?,
            "scriptTask" => self.script(source)?,
            "userTask" => {
                let extensions = self.extensions(source, USER);
                (Kind::UserTask(self.user_task(&extensions)), "USER_TASK", extensions)
            }
            "task" | "manualTask" => {
                let element_type = if name == "task" { "TASK" } else { "MANUAL_TASK" };
                (Kind::Pass, element_type, self.extensions(source, &["ioMapping"]))
            }
            "receiveTask" => {
                let trigger = self.message(source, source, self.wait_of(source))?;
                (Kind::Catch(trigger), "RECEIVE_TASK", self.extensions(source, &["ioMapping"]))
            }
            "exclusiveGateway" => {
                (Kind::Exclusive, "EXCLUSIVE_GATEWAY", self.extensions(source, &[]))
            }
            "parallelGateway" => (Kind::Parallel, "PARALLEL_GATEWAY", self.extensions(source, &[])),
            "eventBasedGateway" => {
                let kind = self.event_based(source);
                (kind, "EVENT_BASED_GATEWAY", self.extensions(source, &[]))
            }
            "inclusiveGateway" => {
                (Kind::Inclusive, "INCLUSIVE_GATEWAY", self.extensions(source, &[]))
            }
            "complexGateway" => {
                let activation = self.activation(source);
                (Kind::Complex { activation }, "COMPLEX_GATEWAY", self.extensions(source, &[]))
            }
            "transaction" => {
                self.check_transaction(source);
                let extensions = self.extensions(source, &["ioMapping"]);
                (Kind::SubProcess { start: 0 }, TRANSACTION, extensions)
            }
            "adHocSubProcess" => self.ad_hoc(source)?,
            "startEvent" => self.start_event(source, home)?,
            "endEvent" => self.end_event(source)?,
            "intermediateCatchEvent" => self.catch_event(source)?,
            "intermediateThrowEvent" => self.throw_event(source)?,
            "boundaryEvent" => self.boundary_event(source)?,
            "subProcess" if source.attribute("triggeredByEvent") == Some("true") => {
                let kind = Kind::EventSubProcess { start: 0, interrupting: true };
                (kind, "EVENT_SUB_PROCESS", self.extensions(source, &["ioMapping"]))
            }
            "subProcess" => {
                let extensions = self.extensions(source, &["ioMapping"]);
                (Kind::SubProcess { start: 0 }, "SUB_PROCESS", extensions)
            }
            _ => {
                self.unsupported(source, "");
                return None;
            }
        })
    }

    fn script(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        let extensions =
            self.extensions(source, &["script", "taskDefinition", "taskHeaders", "ioMapping"]);
        let Some(script) = named(&extensions, "script").next() else {
            if named(&extensions, "taskDefinition").next().is_some() {
                return Some((
                    Kind::Job(self.job(source, &extensions)?),
                    "SCRIPT_TASK",
                    extensions,
                ));
            }
            self.error(
                source,
                "B011",
                "the script task has neither an expression nor a job type",
                "add <zeebe:script expression=\"= ...\" resultVariable=\"...\" />",
            );
            return None;
        };
        let result = script.attribute("resultVariable").filter(|name| !name.trim().is_empty());
        if result.is_none() {
            self.error(
                script,
                "B011",
                "the script names no result variable",
                "add resultVariable=\"...\"",
            );
        }
        let attribute = script.attribute_node("expression");
        let (text, start) = attribute.map_or(("", 0), |a| (a.value(), a.range_value().start));
        let expression = self.feel(script, text, start)?;
        Some((
            Kind::Script { expression, result: result?.trim().into() },
            "SCRIPT_TASK",
            extensions,
        ))
    }
}

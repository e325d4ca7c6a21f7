//! `extensionElements` in the `zeebe:` namespace: each element knows which it may have; any other
//! is refused. Other namespaces (modeler settings) have no behaviour by BPMN 2.0, 8.2.3.

use base::Text;
use roxmltree::Node as Xml;

use super::builder::{Builder, bpmn_child, elements};
use super::{BPMN, ZEEBE};
use crate::graph::{JobSpec, Mapping, Node, UserTaskSpec, Value};

/// Camunda 7's namespace: models for it look right and would do nothing.
const CAMUNDA_7: &str = "http://camunda.org/schema/1.0/bpmn";

impl<'a> Builder<'a> {
    /// The `zeebe:` extensions of an element; those not in `allowed` are refused.
    pub fn extensions(&mut self, at: Xml<'a, 'a>, allowed: &[&str]) -> Vec<Xml<'a, 'a>> {
        let Some(extensions) = bpmn_child(at, "extensionElements") else { return Vec::new() };
        let mut found = Vec::new();
        for child in elements(extensions) {
            let name = child.tag_name().name();
            if child.tag_name().namespace() == Some(super::policy::FERMATA) {
                self.ours.insert(child.range().start);
            }
            match child.tag_name().namespace() {
                Some(ZEEBE) if allowed.contains(&name) || name == "properties" => found.push(child),
                Some(ZEEBE) if name == super::listener::EXECUTION && lives(at) => found.push(child),
                Some(ZEEBE) => {
                    let message = format!(
                        "<zeebe:{name}> is not supported on <{}> by this version",
                        at.tag_name().name()
                    );
                    self.error(
                        child,
                        "B006",
                        message,
                        "remove it; docs/reference/bpmn.md lists what is",
                    );
                }
                Some(super::policy::FERMATA) if name == "policy" && lives(at) => found.push(child),
                Some(super::policy::FERMATA) => {
                    let message = format!("<fermata:{name}> is unknown here");
                    self.error(child, "B125", message, super::policy::HELP);
                }
                Some(CAMUNDA_7) => {
                    let message = format!("<camunda:{name}> belongs to Camunda 7");
                    self.error(child, "B006", message, "convert the model to Camunda 8 first");
                }
                _ => {}
            }
        }
        found
    }

    /// The version tag of a process, and all its extensions.
    pub fn process_extensions(&mut self, source: Xml<'a, 'a>) -> (Option<Text>, Vec<Xml<'a, 'a>>) {
        let found = self.extensions(source, &["userTaskForm", "versionTag"]);
        let tag = named(&found, "versionTag").next();
        (tag.and_then(|tag| tag.attribute("value")).map(Into::into), found)
    }

    /// `zeebe:ioMapping`.
    pub fn mappings(&mut self, extensions: &[Xml<'a, 'a>], node: &mut Node) {
        for mapping in named(extensions, "ioMapping") {
            for line in elements(mapping) {
                let Some(line_mapping) = self.mapping(line) else { continue };
                match line.tag_name().name() {
                    "input" => node.inputs.push(line_mapping),
                    "output" => node.outputs.push(line_mapping),
                    _ => self.unsupported(line, "use zeebe:input and zeebe:output"),
                }
            }
        }
    }

    fn mapping(&mut self, line: Xml<'a, 'a>) -> Option<Mapping> {
        let source = self.value_attribute(line, "source");
        let target = line.attribute("target").unwrap_or_default().trim();
        if source.is_none() && !self.findings.iter().any(|known| known.code == "B020") {
            self.error(line, "B021", "the mapping has no source", "add source=\"= ...\"");
        }
        let path: Vec<Text> = target.split('.').map(Into::into).collect();
        let valid = |name: &Text| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        };
        if !path.iter().all(valid) {
            let message =
                format!("expected the target to be a variable name, but found \"{target}\"");
            self.error(line, "B021", message, "name the variable that the value goes to");
            return None;
        }
        Some(Mapping { source: source?, target: path })
    }

    /// `zeebe:taskHeaders`.
    pub fn headers(extensions: &[Xml<'a, 'a>]) -> Vec<(Text, Text)> {
        named(extensions, "taskHeaders")
            .flat_map(elements)
            .filter_map(|header| {
                let key = header.attribute("key").filter(|key| !key.is_empty())?;
                Some((key.into(), header.attribute("value").unwrap_or_default().into()))
            })
            .collect()
    }

    /// `zeebe:taskDefinition` with `zeebe:taskHeaders`.
    pub fn job(&mut self, at: Xml<'a, 'a>, extensions: &[Xml<'a, 'a>]) -> Option<JobSpec> {
        let Some(definition) = named(extensions, "taskDefinition").next() else {
            let message = format!("<{}> says no job type", at.tag_name().name());
            self.error(at, "B011", message, "add <zeebe:taskDefinition type=\"...\" />");
            return None;
        };
        let before = self.errors();
        let job_type = self.value_attribute(definition, "type");
        if job_type.is_none() && before == self.errors() {
            self.error(
                definition,
                "B011",
                "the job type is empty",
                "name the type that workers ask for",
            );
        }
        let retries = self.value_attribute(definition, "retries");
        Some(JobSpec {
            job_type: job_type?,
            retries: retries.unwrap_or_else(|| Value::Fixed("3".into())),
            headers: Self::headers(extensions),
        })
    }

    /// The extensions of a user task that the engine manages.
    pub fn user_task(&mut self, extensions: &[Xml<'a, 'a>]) -> UserTaskSpec {
        let mut spec = UserTaskSpec { headers: Self::headers(extensions), ..Default::default() };
        for extension in extensions {
            match extension.tag_name().name() {
                "assignmentDefinition" => {
                    spec.assignee = self.value_attribute(*extension, "assignee");
                    spec.candidate_groups = self.value_attribute(*extension, "candidateGroups");
                    spec.candidate_users = self.value_attribute(*extension, "candidateUsers");
                }
                "taskSchedule" => {
                    spec.due_date = self.value_attribute(*extension, "dueDate");
                    spec.follow_up_date = self.value_attribute(*extension, "followUpDate");
                }
                "priorityDefinition" => {
                    spec.priority = self.value_attribute(*extension, "priority");
                }
                "formDefinition" => {
                    let names = ["formId", "externalReference", "formKey"];
                    let form = names.iter().find_map(|name| extension.attribute(*name));
                    spec.form = form.map(Into::into);
                }
                _ => {}
            }
        }
        spec
    }

    /// `<conditionExpression>` of a flow.
    pub fn condition(&mut self, flow: Xml<'a, 'a>) -> Option<feel::Expression> {
        let condition =
            elements(flow).find(|child| child.has_tag_name((BPMN, "conditionExpression")))?;
        let text = condition.text().unwrap_or_default();
        if text.trim().is_empty() {
            self.error(condition, "B022", "the condition is empty", "write a FEEL expression");
            return None;
        }
        let start = condition.first_child().map_or(0, |text| text.range().start);
        self.feel(condition, text, start)
    }
}

/// Whether it is entered and left: a process, or something in one.
fn lives(at: Xml<'_, '_>) -> bool {
    let name = at.tag_name().name();
    name != "message" && !name.ends_with("LoopCharacteristics")
}

/// The extensions of this name.
pub(super) fn named<'a>(
    extensions: &[Xml<'a, 'a>],
    name: &str,
) -> impl Iterator<Item = Xml<'a, 'a>> {
    extensions.iter().copied().filter(move |node| node.tag_name().name() == name)
}

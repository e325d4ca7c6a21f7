//! The business rule task: a decision that is called, or a job.

use roxmltree::Node as Xml;

use super::builder::Builder;
use super::extension::named;
use crate::graph::{Binding, CalledDecision, Kind};

/// What may stand in a business rule task.
const EXTENSIONS: &[&str] = &["calledDecision", "taskDefinition", "taskHeaders", "ioMapping"];

impl<'a> Builder<'a> {
    pub fn business_rule(
        &mut self,
        source: Xml<'a, 'a>,
    ) -> Option<(Kind, &'static str, Vec<Xml<'a, 'a>>)> {
        let extensions = self.extensions(source, EXTENSIONS);
        let called = named(&extensions, "calledDecision").next();
        let job = named(&extensions, "taskDefinition").next();
        let kind = match (called, job) {
            (Some(called), None) => Kind::Decision(self.called_decision(called)?),
            (None, Some(_)) => Kind::Job(self.job(source, &extensions)?),
            (Some(called), Some(_)) => {
                self.error(
                    called,
                    "B011",
                    "the business rule task has both a decision and a job type",
                    "keep <zeebe:calledDecision> to have Fermata evaluate a decision, or \
                     <zeebe:taskDefinition> to have a worker do it",
                );
                return None;
            }
            (None, None) => {
                self.error(
                    source,
                    "B011",
                    "the business rule task has neither a decision nor a job type",
                    "add <zeebe:calledDecision decisionId=\"...\" resultVariable=\"...\" />, or \
                     <zeebe:taskDefinition type=\"...\" />",
                );
                return None;
            }
        };
        Some((kind, "BUSINESS_RULE_TASK", extensions))
    }

    fn called_decision(&mut self, called: Xml<'a, 'a>) -> Option<CalledDecision> {
        let before = self.errors();
        let decision_id = self.value_attribute(called, "decisionId");
        if decision_id.is_none() && before == self.errors() {
            self.error(
                called,
                "B011",
                "the called decision has no id",
                "add decisionId=\"...\", the id of a decision in a DMN file",
            );
        }
        let result =
            called.attribute("resultVariable").map(str::trim).filter(|name| !name.is_empty());
        if result.is_none() {
            self.error(
                called,
                "B011",
                "the called decision names no result variable",
                "add resultVariable=\"...\"",
            );
        }
        let binding = self.binding(called, "B011", "the called decision");
        Some(CalledDecision {
            decision_id: decision_id?,
            result: result?.into(),
            binding: binding?,
        })
    }

    /// Which version of what is called; `what` and `code` are for findings.
    pub fn binding(
        &mut self,
        called: Xml<'a, 'a>,
        code: &'static str,
        what: &str,
    ) -> Option<Binding> {
        let tag = called.attribute("versionTag").map(str::trim).filter(|tag| !tag.is_empty());
        match called.attribute("bindingType").unwrap_or("latest") {
            "latest" => Some(Binding::Latest),
            "deployment" => Some(Binding::Deployment),
            "versionTag" => {
                if tag.is_none() {
                    let message = format!("{what} is bound to a version tag, but names none");
                    self.error(called, code, message, "add versionTag=\"...\"");
                }
                tag.map(|tag| Binding::VersionTag(tag.into()))
            }
            other => {
                let message = format!(
                    "expected the binding type `latest`, `deployment` or `versionTag`, but found \
                     \"{other}\""
                );
                self.error(called, code, message, "choose one of them, or leave bindingType out");
                None
            }
        }
    }
}

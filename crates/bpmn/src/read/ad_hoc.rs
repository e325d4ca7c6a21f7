//! Ad-hoc sub-processes: which elements in them begin is said while they run.
//!
//! In:  an `adHocSubProcess`.
//! Out: what activates its elements and when it ends; findings for what it cannot have.
//! Absent: what happens then (see `run::ad_hoc`).

use base::Json;
use roxmltree::Node as Xml;

use super::builder::{Builder, Draft, bpmn_child};
use super::event::Read;
use super::extension::named;
use crate::ad_hoc::AdHoc;
use crate::graph::Kind;

/// The element type as the APIs name it.
const TYPE: &str = "AD_HOC_SUB_PROCESS";

impl<'a> Builder<'a> {
    pub(super) fn ad_hoc(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        let allowed = ["adHoc", "taskDefinition", "taskHeaders", "ioMapping"];
        let extensions = self.extensions(source, &allowed);
        let job = match named(&extensions, "taskDefinition").next() {
            Some(_) => {
                self.check_job_form(source, &extensions);
                Some(self.job(source, &extensions)?)
            }
            None => None,
        };
        if let (None, Some(headers)) = (&job, named(&extensions, "taskHeaders").next()) {
            let message = "the ad-hoc sub-process has headers, but no job";
            self.error(headers, "B113", message, "add a task definition, or remove them");
        }
        let sequential = match source.attribute("ordering") {
            None | Some("Parallel") => false,
            Some("Sequential") => true,
            Some(other) => {
                let message = format!(
                    "expected the ordering to be Parallel or Sequential, but found \"{other}\""
                );
                self.error(source, "B113", message, "write one of them, or remove it");
                false
            }
        };
        let cancel_remaining = match source.attribute("cancelRemainingInstances") {
            None | Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => {
                let message = format!(
                    "expected cancelRemainingInstances to be true or false, but found \"{other}\""
                );
                self.error(source, "B113", message, "write true or false");
                true
            }
        };
        let spec = named(&extensions, "adHoc").next();
        if let Some(spec) = spec {
            let known = ["activeElementsCollection", "outputCollection", "outputElement"];
            self.only_attributes(spec, &known);
        }
        let ad_hoc = AdHoc {
            job,
            elements: spec.and_then(|spec| self.expression(spec, "activeElementsCollection")),
            completion: self.expression_child(source, "completionCondition"),
            cancel_remaining,
            sequential,
            output: spec.and_then(|spec| self.output(spec)),
            // Known when its elements are.
            offers: Json::null(),
        };
        Some((Kind::AdHoc(ad_hoc), TYPE, extensions))
    }

    /// Where a job says what begins and when it is done, nothing else does.
    fn check_job_form(&mut self, source: Xml<'a, 'a>, extensions: &[Xml<'a, 'a>]) {
        let spec = named(extensions, "adHoc").next();
        let list = spec.filter(|spec| spec.has_attribute("activeElementsCollection"));
        let condition = bpmn_child(source, "completionCondition");
        let cancels = source.has_attribute("cancelRemainingInstances").then_some(source);
        let said = [
            (list, "an activeElementsCollection", "activateElements"),
            (condition, "a completionCondition", "isCompletionConditionFulfilled"),
            (cancels, "cancelRemainingInstances", "isCancelRemainingInstances"),
        ];
        for (at, what, result) in said {
            let Some(at) = at else { continue };
            let message = format!("the ad-hoc sub-process has both a job and {what}");
            let help = format!(
                "remove it: the job says so when it is completed, by {result} in its result"
            );
            self.error(at, "B113", message, help);
        }
    }

    /// It has an activity and neither a start nor an end: each element in it can begin.
    pub(super) fn check_ad_hoc(&mut self, draft: &Draft<'a>, number: usize) {
        let scope = u32::try_from(number).unwrap_or(u32::MAX);
        let inside: Vec<usize> = (0..draft.nodes.len())
            .filter(|at| draft.nodes[*at].scope == scope && *at != number)
            .collect();
        if !inside.iter().any(|at| super::wiring::is_activity(&draft.nodes[*at])) {
            let message = "the ad-hoc sub-process has no activity";
            self.error(draft.sources[number], "B113", message, "add one, or remove it");
        }
        for at in inside {
            if matches!(draft.nodes[at].element_type, "START_EVENT" | "END_EVENT") {
                let message = "an ad-hoc sub-process has no start event and no end event";
                let help = "remove it: what no flow leads to can be activated";
                self.error(draft.sources[at], "B113", message, help);
            }
        }
    }

    /// Whether the child of an element was read with it.
    pub(super) fn is_completion(child: Xml<'a, 'a>) -> bool {
        let parent = child.parent().map(|parent| parent.tag_name().name());
        child.tag_name().name() == "completionCondition"
            && parent == Some("adHocSubProcess")
            && child.parent().and_then(|parent| bpmn_child(parent, "completionCondition"))
                == Some(child)
    }
}

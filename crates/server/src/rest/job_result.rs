//! What a worker says beside that a job is done: of a listener of a user task, or of an ad-hoc
//! sub-process.

use base::{ActivateElement, AdHocResult, Command, JobKey, ListenerResult, TaskPatch, Variables};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::wire::{self, absent, texts};
use crate::work;

/// The fields of both kinds; which are meant says the type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResultBody {
    r#type: Option<String>,
    denied: Option<bool>,
    denied_reason: Option<String>,
    corrections: Option<Corrections>,
    activate_elements: Option<Vec<Activated>>,
    is_completion_condition_fulfilled: Option<bool>,
    is_cancel_remaining_instances: Option<bool>,
}

/// Absent or `null` keeps a value; an empty list or text clears it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Corrections {
    assignee: Option<String>,
    due_date: Option<String>,
    follow_up_date: Option<String>,
    candidate_users: Option<Vec<String>>,
    candidate_groups: Option<Vec<String>>,
    priority: Option<i32>,
}

/// An element that begins, as the job of an ad-hoc sub-process and whoever activates by hand say it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Activated {
    element_id: String,
    variables: Option<Box<RawValue>>,
}

/// The elements that begin.
pub(super) fn activated(elements: Vec<Activated>) -> Result<Vec<ActivateElement>, Problem> {
    let read = |one: Activated| {
        let variables = wire::variables(one.variables.as_deref())?;
        Ok(ActivateElement { element_id: one.element_id.into(), variables })
    };
    elements.into_iter().map(read).collect()
}

impl ResultBody {
    /// What the worker says. A type that is not said is that of a user task.
    pub(super) fn command(self, job: JobKey, variables: Variables) -> Result<Command, Problem> {
        match self.r#type.as_deref() {
            Some("adHocSubProcess") => {
                let result = Box::new(self.ad_hoc()?);
                Ok(Command::AnswerAdHoc { job, variables, result })
            }
            None | Some("userTask") if !variables.is_empty() => Err(Problem::invalid(
                "expected a result or variables, but found both: a listener of a user task sets none",
            )),
            None | Some("userTask") => {
                let result = Box::new(self.listener()?);
                Ok(Command::AnswerListener { job, result })
            }
            Some(other) => Err(Problem::invalid(format!(
                "expected the type of the result to be userTask or adHocSubProcess, but found `{other}`"
            ))),
        }
    }

    fn ad_hoc(self) -> Result<AdHocResult, Problem> {
        let what = "denials and corrections in the result of an ad-hoc sub-process";
        absent(what, self.denied.filter(|denied| *denied).as_ref())?;
        absent(what, self.denied_reason.as_ref())?;
        absent(what, self.corrections.as_ref())?;
        Ok(AdHocResult {
            activate: activated(self.activate_elements.unwrap_or_default())?,
            fulfilled: self.is_completion_condition_fulfilled.unwrap_or(false),
            cancel_remaining: self.is_cancel_remaining_instances.unwrap_or(false),
        })
    }

    fn listener(self) -> Result<ListenerResult, Problem> {
        let of_ad_hoc = self.activate_elements.is_some()
            || self.is_completion_condition_fulfilled.is_some()
            || self.is_cancel_remaining_instances.is_some();
        if of_ad_hoc {
            return Err(Problem::invalid(
                "expected the result of a listener, but found what an ad-hoc sub-process is told; say \
                 \"type\": \"adHocSubProcess\" in the result",
            ));
        }
        let date = |what: &str, text: Option<String>| {
            work::date_correction(what, text.as_deref()).map_err(Problem::invalid)
        };
        let wire = self.corrections.unwrap_or_default();
        let corrections = TaskPatch {
            assignee: wire.assignee.map(|who| (!who.is_empty()).then(|| who.into())),
            candidate_groups: wire.candidate_groups.map(|list| texts(Some(list))),
            candidate_users: wire.candidate_users.map(|list| texts(Some(list))),
            due_ms: date("dueDate", wire.due_date)?,
            follow_up_ms: date("followUpDate", wire.follow_up_date)?,
            priority: wire.priority,
            ..TaskPatch::default()
        };
        let denied = self.denied.unwrap_or(false);
        let denied = denied.then(|| self.denied_reason.unwrap_or_default().into());
        Ok(ListenerResult { denied, corrections })
    }
}

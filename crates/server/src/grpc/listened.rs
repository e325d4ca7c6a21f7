//! What a job is to its element, and the user task that it listens to, as the wire has them.

use base::{JobRole, ListenedTask, ListenerEvent, Text};
use proto::gateway as wire;
use proto::gateway::activated_job::{JobKind, ListenerEventType};

use crate::rest::WireTime;

pub(crate) fn kind(role: JobRole) -> JobKind {
    match role {
        JobRole::Work => JobKind::BpmnElement,
        JobRole::Listener(event) if event.is_of_task() => JobKind::TaskListener,
        JobRole::Listener(_) => JobKind::ExecutionListener,
        JobRole::AdHoc => JobKind::AdHocSubProcess,
    }
}

pub(crate) fn listener_event_type(role: JobRole) -> ListenerEventType {
    match role.listener() {
        None => ListenerEventType::Unspecified,
        Some(ListenerEvent::Start) => ListenerEventType::Start,
        Some(ListenerEvent::End) => ListenerEventType::End,
        Some(ListenerEvent::Creating) => ListenerEventType::Creating,
        Some(ListenerEvent::Assigning) => ListenerEventType::Assigning,
        Some(ListenerEvent::Updating) => ListenerEventType::Updating,
        Some(ListenerEvent::Completing) => ListenerEventType::Completing,
        Some(ListenerEvent::Canceling) => ListenerEventType::Canceling,
    }
}

/// A user task as its listeners see it.
pub(crate) fn listened(listened: &ListenedTask) -> wire::UserTaskProperties {
    let details = &listened.details;
    let time = |ms| WireTime(ms).to_string();
    let strings = |texts: &[Text]| texts.iter().map(ToString::to_string).collect();
    wire::UserTaskProperties {
        action: Some(listened.action.to_string()),
        assignee: details.assignee.as_ref().map(ToString::to_string),
        candidate_groups: strings(&details.candidate_groups),
        candidate_users: strings(&details.candidate_users),
        changed_attributes: listened.changed.iter().map(ToString::to_string).collect(),
        due_date: details.due_ms.map(time),
        follow_up_date: details.follow_up_ms.map(time),
        form_key: None,
        priority: Some(details.priority),
        user_task_key: Some(listened.task.0.as_i64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_the_same_names_as_over_rest() {
        let listeners = ListenerEvent::ALL.map(JobRole::Listener);
        for role in [JobRole::Work, JobRole::AdHoc].into_iter().chain(listeners) {
            assert_eq!(kind(role).as_str_name(), role.kind());
            assert_eq!(listener_event_type(role).as_str_name(), role.listener_event_type());
        }
    }
}

//! What an element does, as far as the rules ask. Each question names every kind.

use crate::graph::{Kind, Node, Throw};

/// Whether somebody notices that it happened: work, waiting, messages, variables. A gateway, a none
/// event or an undefined task can happen twice and nothing is different.
pub(super) fn has_effect(node: &Node) -> bool {
    if !node.listeners.is_empty() {
        return true;
    }
    match &node.kind {
        Kind::Job(_)
        | Kind::UserTask(_)
        | Kind::Call(_)
        | Kind::Decision(_)
        | Kind::Script { .. }
        | Kind::Compensate { .. }
        | Kind::Catch(_)
        | Kind::SubProcess { .. }
        | Kind::AdHoc(_)
        | Kind::EventSubProcess { .. } => true,
        Kind::Throw(throws) | Kind::End(throws) => throws
            .iter()
            .any(|throw| matches!(throw, Throw::Signal { .. } | Throw::Escalation { .. })),
        Kind::Process { .. }
        | Kind::Start(_)
        | Kind::Cancel
        | Kind::Pass
        | Kind::Exclusive
        | Kind::Inclusive
        | Kind::Complex { .. }
        | Kind::Parallel
        | Kind::EventBased { .. }
        | Kind::Boundary { .. } => false,
    }
}

/// Whether a token goes through it in the step that brings it there, whatever happens.
pub(super) fn never_waits(node: &Node) -> bool {
    // A listener is a job.
    if !node.listeners.is_empty() {
        return false;
    }
    match &node.kind {
        // Of a loop each turn counts as steps; it may also have none.
        Kind::Pass | Kind::Script { .. } | Kind::Decision(_) => node.marker.is_none(),
        // An escalation may end what throws it.
        Kind::Throw(throws) => throws.iter().all(|throw| matches!(throw, Throw::Signal { .. })),
        Kind::Exclusive => true,
        Kind::Parallel | Kind::Inclusive | Kind::Complex { .. } => node.incoming.len() == 1,
        Kind::Job(_)
        | Kind::UserTask(_)
        | Kind::Call(_)
        | Kind::Catch(_)
        | Kind::Compensate { .. }
        | Kind::SubProcess { .. }
        | Kind::AdHoc(_)
        | Kind::EventSubProcess { .. }
        | Kind::Process { .. }
        | Kind::Start(_)
        | Kind::End(_)
        | Kind::Cancel
        | Kind::EventBased { .. }
        | Kind::Boundary { .. } => false,
    }
}

/// Whether an error can come out of it that no event shows: from a worker, a person, another process,
/// or because its policy bounds its time.
pub(super) fn fails_from_outside(node: &Node) -> bool {
    if node.policy.as_ref().is_some_and(|policy| policy.timeout.is_some()) {
        return true;
    }
    match &node.kind {
        Kind::Job(_) | Kind::UserTask(_) | Kind::Call(_) => true,
        Kind::AdHoc(ad_hoc) => ad_hoc.job.is_some(),
        Kind::Process { .. }
        | Kind::SubProcess { .. }
        | Kind::EventSubProcess { .. }
        | Kind::Start(_)
        | Kind::End(_)
        | Kind::Throw(_)
        | Kind::Compensate { .. }
        | Kind::Cancel
        | Kind::Decision(_)
        | Kind::Script { .. }
        | Kind::Pass
        | Kind::Catch(_)
        | Kind::Exclusive
        | Kind::Inclusive
        | Kind::Complex { .. }
        | Kind::Parallel
        | Kind::EventBased { .. }
        | Kind::Boundary { .. } => false,
    }
}

//! How the events of scopes fold: their tokens and variables, gateways that wait for the rest, ad-hoc
//! sub-processes; beside them calls, conditions, and steps that were kept. Total and infallible, as
//! the rest of the fold (see `evolve`).

use base::Event;

use crate::owned::Owned;
use crate::state::{AdHoc, Condition, Instance, Queued};

pub(crate) fn evolve_scope(state: &mut Instance, event: &Event) {
    match event {
        Event::TokenParked { scope, flow } => {
            if let Some(scope) = state.elements.get_mut(scope) {
                *scope.tokens.entry(*flow).or_insert(0) += 1;
            }
        }
        Event::TokensJoined { scope, flows } => state.join_tokens(*scope, flows),
        Event::ResetAwaited { scope, gateway, flows } => {
            if let Some(scope) = state.elements.get_mut(scope) {
                scope.resets.insert(*gateway, flows.clone());
            }
        }
        Event::ResetReached { scope, gateway } => {
            if let Some(scope) = state.elements.get_mut(scope) {
                scope.resets.remove(gateway);
            }
        }
        Event::AdHocEntered { owner } => {
            if let Some(owner) = state.elements.get_mut(owner) {
                owner.ad_hoc = Some(AdHoc::default());
            }
        }
        Event::AdHocDone { owner } => {
            let Some(owner) = state.elements.get_mut(owner) else { return };
            owner.queued.clear();
            if let Some(ad_hoc) = &mut owner.ad_hoc {
                ad_hoc.done = true;
            }
        }
        Event::ActivationQueued { owner, element, variables } => {
            if let Some(owner) = state.elements.get_mut(owner) {
                let (element, variables) = (*element, variables.clone());
                owner.queued.push_back(Queued { element, variables });
            }
        }
        Event::ActivationTaken { owner } => {
            if let Some(owner) = state.elements.get_mut(owner) {
                owner.queued.pop_front();
            }
        }
        Event::ActivationsDropped { owner } => {
            if let Some(owner) = state.elements.get_mut(owner) {
                owner.queued.clear();
            }
        }
        Event::VariablesSet { scope, variables } => {
            if let Some(scope) = state.elements.get_mut(scope) {
                scope.variables.merge(variables);
            }
        }
        _ => debug_assert!(false, "not an event of a scope: {event:?}"),
    }
}

pub(crate) fn evolve_call(state: &mut Instance, event: &Event) {
    match event {
        Event::InstanceCalled { owner, instance } => {
            state.calls.insert(*owner, *instance);
        }
        Event::InstanceReturned { owner, instance, undoable } => {
            state.calls.remove(owner);
            state.call_is_over(*owner);
            if let Some(owner) = state.elements.get_mut(owner).filter(|_| *undoable == Some(true)) {
                owner.called = Some(*instance);
            }
        }
        Event::CallCanceled { owner, instance: _ } => {
            state.calls.remove(owner);
            state.call_is_over(*owner);
        }
        Event::Cancellation(fact) => state.evolve_cancellation(fact),
        _ => debug_assert!(false, "not an event of a call: {event:?}"),
    }
}

pub(crate) fn evolve_kept(state: &mut Instance, event: &Event) {
    match event {
        Event::StepsKept(steps) => {
            state.kept_steps.splice(0..0, steps.iter().copied());
        }
        Event::KeptStepsTaken => state.kept_steps.clear(),
        Event::KeptStepsDropped(scope) => {
            state.kept_steps.retain(|step| step.begins() != Some(*scope));
        }
        _ => debug_assert!(false, "not an event of steps that were kept: {event:?}"),
    }
}

pub(crate) fn evolve_condition(state: &mut Instance, event: &Event) {
    match event {
        Event::ConditionOpened { condition, owner, target, part, once } => {
            state.take_key(condition.0);
            state.index.add(*owner, Owned::Condition(*condition));
            let wait = Condition { owner: *owner, target: *target, part: *part, once: *once };
            state.conditions.insert(*condition, wait);
        }
        Event::ConditionMet { condition } => {
            if state.conditions.get(condition).is_some_and(|wait| wait.once) {
                state.forget_condition(*condition);
            }
        }
        Event::ConditionClosed { condition } => state.forget_condition(*condition),
        _ => debug_assert!(false, "not an event of a condition: {event:?}"),
    }
}

#[cfg(test)]
mod tests {
    use base::{
        ElementKey, JobExtra, JobRole, KeptStep, Listener, ListenerEvent, Purpose, TaskTransition,
        UserTaskDetails, Variables,
    };

    use super::*;
    use crate::testing::{at, entered, folded, hex};

    /// Everything that scopes and waits may have beside what the plainest instances have.
    fn rich() -> Vec<Event> {
        let (root, owner) = (ElementKey(at(0)), ElementKey(at(1)));
        let transition = TaskTransition {
            task: at(8).into(),
            event: ListenerEvent::Canceling,
            action: "".into(),
            details: UserTaskDetails::default(),
            variables: None,
            local: None,
        };
        let listener = Listener { event: ListenerEvent::Canceling, index: 1, start: None };
        let extra =
            JobExtra { listener: Some(listener), idempotency_key: Some("k".into()), ad_hoc: None };
        vec![
            entered(1, 4, 0),
            Event::AdHocEntered { owner },
            entered(2, 4, 1),
            entered(3, 6, 2),
            Event::ElementDetached { key: at(3).into() },
            entered(4, 7, 2),
            Event::ResetAwaited { scope: root, gateway: 5, flows: vec![7, 300] },
            Event::ConditionOpened {
                condition: at(5).into(),
                owner,
                target: 9,
                part: 1,
                once: true,
            },
            Event::PolicyTimerSet {
                timer: at(6).into(),
                owner,
                purpose: Purpose::Expected,
                due_ms: 5_000,
                job: None,
                latest_ms: None,
            },
            // Its element goes to the root scope.
            Event::UserTaskTransition { owner: at(4).into(), transition: Box::new(transition) },
            Event::JobCreated {
                job: at(9).into(),
                owner: at(4).into(),
                job_type: "bye".into(),
                retries: 3,
                extra: Some(Box::new(extra)),
            },
            Event::InstanceCalled { owner: at(3).into(), instance: at(70).into() },
            Event::StepsKept(vec![KeptStep::Check { scope: root }]),
            Event::InstanceCanceling,
        ]
    }

    #[test]
    fn snapshots_of_scopes_keep_their_bytes() {
        let state = folded(rich());
        assert!(state.is_canceling(at(4).into()) && state.ends_soon());
        let children: Vec<ElementKey> = state.children_of(state.key().root()).collect();
        assert_eq!(children, [at(1).into(), at(4).into()]);
        assert_eq!(hex(&state), include_str!("../testdata/snapshot-scopes.hex").trim());
        assert_eq!(Instance::from_bytes(&state.to_bytes(), state.key()), Ok(state));
    }

    /// An ad-hoc sub-process with a job, in which two elements wait for their turn.
    fn queued(more: Vec<Event>) -> Instance {
        let owner: ElementKey = at(1).into();
        let extra = JobExtra { ad_hoc: Some(true), ..JobExtra::default() };
        let queue = |element| {
            let variables = Variables::parse(r#"{"a":1}"#).unwrap();
            Event::ActivationQueued { owner, element, variables }
        };
        let mut events = vec![
            entered(1, 1, 0),
            Event::AdHocEntered { owner },
            Event::JobCreated {
                job: at(2).into(),
                owner,
                job_type: "decide".into(),
                retries: 1,
                extra: Some(Box::new(extra)),
            },
            queue(2),
            queue(3),
        ];
        events.extend(more);
        folded(events)
    }

    fn waiting(state: &Instance) -> Vec<u32> {
        state.elements.values().flat_map(|it| &it.queued).map(|it| it.element).collect()
    }

    #[test]
    fn a_snapshot_keeps_its_bytes_and_what_waits_for_its_turn() {
        let state = queued(Vec::new());
        assert_eq!(hex(&state), include_str!("../testdata/snapshot-ad-hoc.hex").trim());
        let read = Instance::from_bytes(&state.to_bytes(), state.key()).unwrap();
        assert_eq!(read, state);
        assert_eq!(waiting(&read), [2, 3]);
        assert_eq!(read.jobs.values().next().unwrap().role(), JobRole::AdHoc);
        assert_eq!(read.check(read.key(), 4, 4), Ok(()));
        read.check(read.key(), 3, 3).expect_err("an element that is none");
    }

    #[test]
    fn what_waits_is_taken_in_order_and_dropped_at_the_end() {
        let owner: ElementKey = at(1).into();
        assert_eq!(waiting(&queued(vec![Event::ActivationTaken { owner }])), [3]);
        for gone in [Event::ActivationsDropped { owner }, Event::AdHocDone { owner }] {
            assert!(waiting(&queued(vec![gone])).is_empty());
        }
        // About what is not there: nothing changes.
        let stray = Event::ActivationTaken { owner: at(9).into() };
        assert_eq!(waiting(&queued(vec![stray])), [2, 3]);
    }
}

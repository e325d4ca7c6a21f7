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
            if let Some(owner) = state.elements.get_mut(owner).filter(|_| *undoable == Some(true)) {
                owner.called = Some(*instance);
            }
        }
        Event::CallCanceled { owner, instance: _ } => {
            state.calls.remove(owner);
        }
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
        DefinitionKey, ElementKey, InstanceCreated, InstanceKey, JobExtra, JobRole, Key, Record,
        ShardId, Variables,
    };

    use super::*;

    fn at(n: u64) -> Key {
        Key::of_block(ShardId(2), 7).offset(n)
    }

    fn folded(more: Vec<Event>) -> Instance {
        let instance = InstanceKey(at(0));
        let created = InstanceCreated {
            instance,
            definition: DefinitionKey(Key::of_block(ShardId(0), 1)),
            process_id: "order".into(),
            version: 3,
            business_id: None,
            tags: Vec::new(),
            message: None,
            parent: None,
            depth: None,
            undoes: None,
        };
        let owner: ElementKey = at(1).into();
        let extra = JobExtra { ad_hoc: Some(true), ..JobExtra::default() };
        let queued = |element| {
            let variables = Variables::parse(r#"{"a":1}"#).unwrap();
            Event::ActivationQueued { owner, element, variables }
        };
        let mut events = vec![
            Event::InstanceCreated(Box::new(created)),
            Event::ElementEntered { key: owner, element: 1, scope: instance.root(), via: None },
            Event::AdHocEntered { owner },
            Event::JobCreated {
                job: at(2).into(),
                owner,
                job_type: "decide".into(),
                retries: 1,
                extra: Some(Box::new(extra)),
            },
            queued(2),
            queued(3),
        ];
        events.extend(more);
        Instance::replay(None, &[Record { at_ms: 1000, events }]).unwrap()
    }

    fn waiting(state: &Instance) -> Vec<u32> {
        state.elements.values().flat_map(|it| &it.queued).map(|it| it.element).collect()
    }

    #[test]
    fn a_snapshot_keeps_its_bytes_and_what_waits_for_its_turn() {
        let state = folded(Vec::new());
        let pairs: Vec<_> = state.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(pairs.concat(), include_str!("../testdata/snapshot-ad-hoc.hex").trim());
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
        assert_eq!(waiting(&folded(vec![Event::ActivationTaken { owner }])), [3]);
        for gone in [Event::ActivationsDropped { owner }, Event::AdHocDone { owner }] {
            assert!(waiting(&folded(vec![gone])).is_empty());
        }
        // About what is not there: nothing changes.
        let stray = Event::ActivationTaken { owner: at(9).into() };
        assert_eq!(waiting(&folded(vec![stray])), [2, 3]);
    }
}

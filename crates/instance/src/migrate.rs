//! An instance goes on by another definition: everything that lives gets its numbers.
//!
//! In:  the definition and the new number of each element that anything live is of, or waits for.
//! Out: the state with the new numbers. What completed and has none is forgotten, and so is a step
//! that remained to be taken and leads to no element.
//! Absent: whether the elements fit (see `bpmn::run::migrate`).

use std::collections::BTreeMap;

use base::{InstanceMigrated, KeptStep, Stage};

use crate::state::Instance;

impl Instance {
    pub(crate) fn migrate(&mut self, migrated: &InstanceMigrated) {
        let numbers: BTreeMap<u32, u32> = migrated.numbers.iter().copied().collect();
        // The process itself is the first of every table.
        let renumber = |number: &mut u32| {
            if let Some(new) = numbers.get(number) {
                *number = *new;
            }
        };
        self.header.definition = migrated.definition;
        self.header.process_id = migrated.process_id.clone();
        self.header.version = migrated.version;
        for element in self.elements.values_mut() {
            renumber(&mut element.element);
            element.queued.iter_mut().for_each(|queued| renumber(&mut queued.element));
            let tokens = std::mem::take(&mut element.tokens);
            for (mut flow, count) in tokens {
                renumber(&mut flow);
                *element.tokens.entry(flow).or_insert(0) += count;
            }
            let resets = std::mem::take(&mut element.resets);
            for (mut gateway, mut flows) in resets {
                renumber(&mut gateway);
                flows.iter_mut().for_each(renumber);
                element.resets.insert(gateway, flows);
            }
        }
        self.timers.values_mut().for_each(|timer| renumber(&mut timer.target));
        self.subscriptions.values_mut().for_each(|open| renumber(&mut open.target));
        self.conditions.values_mut().for_each(|wait| renumber(&mut wait.target));
        for incident in self.incidents.values_mut() {
            match &mut incident.stage {
                Stage::Starting { start } | Stage::Beginning { start } => renumber(start),
                Stage::Listening { targets } => targets.iter_mut().for_each(renumber),
                Stage::Entering
                | Stage::Activating
                | Stage::Working
                | Stage::Leaving
                | Stage::Going
                | Stage::Throwing { .. } => {}
            }
        }
        for job in self.jobs.values_mut() {
            let listener = job.extra.as_mut().and_then(|extra| extra.listener.as_mut());
            listener.and_then(|listener| listener.start.as_mut()).into_iter().for_each(renumber);
        }
        let early = self.early_end.iter_mut().flat_map(|early| &mut early.after);
        early.for_each(renumber);
        self.migrate_compensable(&numbers);
        self.kept_steps.retain_mut(|step| match step {
            KeptStep::Enter { element, via, scope: _ } => {
                let known = numbers.get(element).copied();
                *element = known.unwrap_or(*element);
                *via = via.and_then(|flow| numbers.get(&flow).copied());
                known.is_some()
            }
            KeptStep::Check { .. }
            | KeptStep::Turn { .. }
            | KeptStep::Compensate { .. }
            | KeptStep::Work { .. } => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use base::{ElementKey, Event, IncidentKey, IncidentKind, Record, SubscriptionKey, TimerKey};

    use super::*;
    use crate::History;
    use crate::testing::{at, created, definition, entered};

    /// An element that ended (1), and one that lives (2) with all that has a number.
    fn before() -> Vec<Event> {
        let owner = ElementKey(at(4));
        vec![
            created(),
            entered(1, 1, 0),
            Event::CompletionRemembered { key: ElementKey(at(1)) },
            Event::ElementCompleted { key: ElementKey(at(1)) },
            entered(2, 3, 0),
            Event::CompletionRemembered { key: ElementKey(at(2)) },
            Event::ElementCompleted { key: ElementKey(at(2)) },
            entered(4, 2, 0),
            Event::TokenParked { scope: ElementKey(at(0)), flow: 9 },
            Event::TokenParked { scope: ElementKey(at(0)), flow: 9 },
            Event::TimerSet { timer: TimerKey(at(5)), owner, target: 4, due_ms: 9, repeats: 0 },
            Event::SubscriptionOpened {
                subscription: SubscriptionKey(at(6)),
                owner,
                target: 5,
                name: "paid".into(),
                correlation_key: "7".into(),
                once: true,
            },
            Event::IncidentRaised {
                incident: IncidentKey(at(7)),
                owner,
                job: None,
                kind: IncidentKind::ExtractValueError,
                stage: Stage::Listening { targets: vec![4] },
                message: "why".into(),
            },
        ]
    }

    #[test]
    fn everything_that_lives_is_renumbered_and_the_past_is_not() {
        let mut events = before();
        events.push(Event::InstanceMigrated(Box::new(InstanceMigrated {
            definition: definition(2),
            process_id: "other".into(),
            version: 1,
            numbers: vec![(2, 1), (3, 2), (4, 3), (5, 4), (9, 10)],
        })));
        let record = Record { at_ms: 1000, events };
        let history = History::fold(std::slice::from_ref(&record)).unwrap();
        let state = &history.state;
        assert_eq!(state.header().definition, definition(2));
        assert_eq!((&*state.header().process_id, state.header().version), ("other", 1));
        assert_eq!(state.element(ElementKey(at(4))).unwrap().element, 1);
        let root = state.key().root();
        assert_eq!(state.element(root).unwrap().tokens, BTreeMap::from([(10, 2)]));
        assert_eq!(state.timers().values().next().unwrap().target, 3);
        assert_eq!(state.subscriptions().values().next().unwrap().target, 4);
        let open = state.incidents().values().next().unwrap();
        assert_eq!(open.stage, Stage::Listening { targets: vec![3] });
        // What has no number is forgotten, what has one is not.
        let done: Vec<_> = state.compensable(root).iter().map(|done| done.element).collect();
        assert_eq!(done, [2]);
        let ended = history.element(ElementKey(at(1))).unwrap();
        assert_eq!((ended.definition, ended.element), (definition(1), 1));
        let live = history.element(ElementKey(at(4))).unwrap();
        assert_eq!((live.definition, live.element), (definition(2), 1));
        assert_eq!(history.definitions(), [definition(1), definition(2)]);
        let snapshot = Instance::from_bytes(&state.to_bytes(), state.key()).unwrap();
        assert_eq!(&snapshot, state);
    }
}

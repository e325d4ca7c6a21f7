//! Waiting for triggers, and what happens when one comes.

use base::{ElementKey, Event, HeldInput, IncidentKind, SubscriptionKey, TimerKey, Variables};

use instance::Owned;

use super::Run;
use super::activate::Stuck;
use crate::graph::{Kind, Timer, Trigger, Value};
use crate::timer;

impl Run<'_, '_, '_> {
    /// Sets a timer or opens a subscription for `owner` that triggers `target`.
    pub(super) fn wait_for(
        &mut self,
        owner: ElementKey,
        target: u32,
        trigger: &Trigger,
        once: bool,
    ) -> Result<(), Stuck> {
        let once = once || matches!(trigger, Trigger::All(_));
        let mut parts = trigger.parts().iter().zip(0_u32..);
        parts.try_for_each(|(one, part)| self.wait_for_one(owner, target, one, part, once))
    }

    /// The start event of a process that needs several messages waits for those that have not begun
    /// the instance.
    pub(super) fn wait_for_others(
        &mut self,
        owner: ElementKey,
        parts: &[Trigger],
    ) -> Result<(), Stuck> {
        let state = self.decision.state();
        let begun = state.header().message.as_ref().map(|message| message.name.clone());
        let Some(target) = state.element(owner).map(|element| element.element) else {
            return Ok(());
        };
        let has_come = |part: &Trigger| {
            let name = match part {
                Trigger::Message { name: Value::Fixed(name), .. } => Some(name),
                _ => None,
            };
            name.is_some() && name == begun.as_ref()
        };
        let others = parts.iter().zip(0_u32..).filter(|(part, _)| !has_come(part));
        for (one, part) in others {
            self.wait_for_one(owner, target, one, part, true)?;
        }
        Ok(())
    }

    /// Waits for one of the definitions of an event: the one at this place, from 0.
    fn wait_for_one(
        &mut self,
        owner: ElementKey,
        target: u32,
        trigger: &Trigger,
        part: u32,
        once: bool,
    ) -> Result<(), Stuck> {
        let extract = |message| (IncidentKind::ExtractValueError, message);
        match trigger {
            Trigger::None
            | Trigger::Error { .. }
            | Trigger::Escalation { .. }
            | Trigger::Compensation
            | Trigger::Cancel
            | Trigger::Link(_)
            // No part of an event has parts itself.
            | Trigger::Any(_)
            | Trigger::All(_) => Ok(()),
            Trigger::Condition(_) => {
                self.open_condition(owner, target, part, once);
                Ok(())
            }
            Trigger::Signal(name) => {
                let signal = self.text(name, owner, "the signal name").map_err(extract)?;
                let subscription = SubscriptionKey(self.decision.next_key());
                self.decision.emit(Event::SubscriptionOpened {
                    subscription,
                    owner,
                    target,
                    name: base::signal::slot(&signal),
                    correlation_key: "".into(),
                    once,
                });
                Ok(())
            }
            Trigger::Timer(timer) => self.set_timer(owner, target, timer).map_err(extract),
            Trigger::Message { name, correlation_key } => {
                let name = self.text(name, owner, "the message name").map_err(extract)?;
                let Some(key) = correlation_key else {
                    return Err(extract("the message has no correlation key".into()));
                };
                let correlation_key = self.correlation_key(key, owner).map_err(extract)?;
                let subscription = SubscriptionKey(self.decision.next_key());
                self.decision.emit(Event::SubscriptionOpened {
                    subscription,
                    owner,
                    target,
                    name,
                    correlation_key,
                    once,
                });
                Ok(())
            }
        }
    }

    fn set_timer(&mut self, owner: ElementKey, target: u32, spec: &Timer) -> Result<(), String> {
        let now_ms = self.decision.now_ms();
        let next = match spec {
            Timer::Date(value) => {
                let due_ms = timer::date_ms(&self.scalar(value, owner, "the date")?)?;
                timer::Next { due_ms, repeats: 0 }
            }
            Timer::Duration(value) => {
                let due_ms = timer::after(&self.scalar(value, owner, "the duration")?, now_ms)?;
                timer::Next { due_ms, repeats: 0 }
            }
            Timer::Cycle(value) => {
                let Some(next) = timer::first(&self.scalar(value, owner, "the cycle")?, now_ms)?
                else {
                    return Ok(());
                };
                next
            }
        };
        let timer = TimerKey(self.decision.next_key());
        self.decision.emit(Event::TimerSet {
            timer,
            owner,
            target,
            due_ms: next.due_ms,
            repeats: next.repeats,
        });
        Ok(())
    }

    /// A live timer is due.
    pub fn timer_fired(mut self, timer: TimerKey) {
        let Some(fired) = self.decision.state().timers().get(&timer).copied() else { return };
        if self.decision.state().is_suspended() {
            return;
        }
        if self.is_release(&fired) {
            return self.release(timer, fired.due_ms);
        }
        let policy = self.decision.state().policy_timers().get(&timer).copied();
        self.decision.emit(Event::TimerFired { timer });
        if let Some(policy) = policy {
            self.policy_due(fired.owner, policy);
            return self.go();
        }
        if fired.repeats != 0 {
            self.repeat(fired);
        }
        self.trigger(fired.owner, fired.target, Variables::new());
        self.go();
    }

    /// Sets the next run of a repeating boundary timer.
    fn repeat(&mut self, fired: instance::Timer) {
        let Some(Timer::Cycle(value)) = self.process.node(fired.target).cycle() else { return };
        let now_ms = self.decision.now_ms();
        let next = self
            .scalar(value, fired.owner, "the cycle")
            .and_then(|text| timer::next(&text, fired.due_ms, now_ms, fired.repeats));
        match next {
            Ok(Some(next)) => {
                let timer = TimerKey(self.decision.next_key());
                let (owner, target) = (fired.owner, fired.target);
                self.decision.emit(Event::TimerSet {
                    timer,
                    owner,
                    target,
                    due_ms: next.due_ms,
                    repeats: next.repeats,
                });
            }
            Ok(None) => {}
            Err(message) => {
                let stage = base::Stage::Working;
                self.decision.raise(
                    fired.owner,
                    IncidentKind::ExtractValueError,
                    stage,
                    None,
                    message,
                );
            }
        }
    }

    /// A message reached a live subscription.
    pub fn message_correlated(
        mut self,
        subscription: SubscriptionKey,
        message: base::MessageKey,
        variables: Variables,
    ) {
        let Some(open) = self.decision.state().subscriptions().get(&subscription) else { return };
        if self.must_wait() {
            let (name, correlation_key) = (open.name.clone(), open.correlation_key.clone());
            return self.hold(HeldInput::Message {
                subscription,
                message,
                name,
                correlation_key,
                variables,
            });
        }
        self.correlate(subscription, message, variables);
        self.go();
    }

    /// False if nobody waits for it any more.
    pub(super) fn correlate(
        &mut self,
        subscription: SubscriptionKey,
        message: base::MessageKey,
        variables: Variables,
    ) -> bool {
        let Some(open) = self.decision.state().subscriptions().get(&subscription) else {
            return false;
        };
        let (owner, target) = (open.owner, open.target);
        self.decision.emit(Event::SubscriptionCorrelated { subscription, message });
        self.trigger(owner, target, variables);
        true
    }

    /// What `owner` waited for has come: the owner goes on, a gateway chose, a boundary fires, or a loop goes
    /// on.
    pub(super) fn trigger(&mut self, owner: ElementKey, target: u32, variables: Variables) {
        let Some(node) = self.node_of(owner) else { return };
        let Some(scope) = self.scope_of(owner) else { return };
        let event = self.process.node(target);
        let all = event.trigger().filter(|trigger| matches!(trigger, Trigger::All(_)));
        if all.is_some() && self.awaits(owner, target) {
            return self.propagate(owner, &variables);
        }
        match (&node.kind, &event.kind) {
            // The start event of a process, which waits itself.
            (Kind::Start(_), _) => self.leave_with(owner, variables),
            (_, Kind::Boundary { .. } | Kind::Start(_)) => {
                self.caught(owner, target, variables);
                if let Some(trigger) = all
                    && let Err((kind, message)) = self.wait_again(owner, target, trigger)
                {
                    let message = format!("{}: {message}", event.label());
                    self.decision.raise(owner, kind, base::Stage::Working, None, message);
                }
            }
            (Kind::EventBased { .. }, _) => {
                let via = node
                    .outgoing
                    .iter()
                    .copied()
                    .find(|flow| self.process.flow(*flow).target == target);
                self.cancel_waits(owner);
                self.decision.emit(Event::ElementCompleted { key: owner });
                self.enter_triggered(target, scope, via, variables);
            }
            _ if self.is_body(owner) => self.steps.push(super::Step::Turn { body: owner }),
            _ => self.leave_with(owner, variables),
        }
    }

    /// Whether `owner` still waits for something that would trigger `target`.
    fn awaits(&self, owner: ElementKey, target: u32) -> bool {
        let state = self.decision.state();
        state.waits_of(owner).any(|wait| match wait {
            Owned::Timer(timer) => {
                state.timers().get(&timer).is_some_and(|timer| timer.target == target)
            }
            Owned::Subscription(open) => {
                state.subscriptions().get(&open).is_some_and(|open| open.target == target)
            }
            Owned::Condition(wait) => {
                state.conditions().get(&wait).is_some_and(|wait| wait.target == target)
            }
            _ => false,
        })
    }

    /// What did not interrupt its owner and needs several triggers waits for all of them again.
    fn wait_again(
        &mut self,
        owner: ElementKey,
        target: u32,
        trigger: &Trigger,
    ) -> Result<(), Stuck> {
        if self.process.interrupts(self.process.node(target)) || self.node_of(owner).is_none() {
            return Ok(());
        }
        // A condition that still holds would have it all begin at once again.
        self.without_asking(|run| run.wait_for(owner, target, trigger, true))
    }

    /// Enters an event that has happened already, and leaves it.
    pub(super) fn enter_triggered(
        &mut self,
        element: u32,
        scope: ElementKey,
        via: Option<u32>,
        variables: Variables,
    ) {
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element, scope, via });
        self.leave_with(key, variables);
    }
}

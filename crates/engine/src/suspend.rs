//! Suspending an instance with all that it has called, and letting it go on.
//!
//! In:  commands; the state of the instance and of its caller.
//! Out: places of jobs and timers that come and go with the suspension; messages that were held for
//!      an instance which has ended go to somebody else.
//! Absent: what is held and when its turn comes (see `bpmn`).
//!
//! While an instance is suspended, so is all that it has called: nothing reaches it from there.

use base::limits::NAME_BYTES_MAX;
use base::{HeldInput, InstanceKey, Key, Mail, MessageKey, Outcome, Rejection, Reply, Text};
use bpmn::Run;

use crate::cache::Entry;
use crate::input::Read;
use crate::shard::{Shard, Work, unknown_instance};

impl Shard {
    pub(crate) fn suspend(&mut self, instance: InstanceKey, reason: &Text) -> Outcome {
        let state = self.live_instance(instance)?;
        if let Some(suspension) = state.suspension().filter(|_| state.is_suspended()) {
            let since = feel::temporal::format_date_time_ms(suspension.since_ms);
            let said = match &*suspension.reason {
                "" => String::new(),
                reason => format!(" (\"{reason}\")"),
            };
            return Err(Rejection::state(format!(
                "expected the instance {instance} to be active, but it is suspended since \
                 {since}{said}; resume it first"
            )));
        }
        if reason.len() > NAME_BYTES_MAX {
            return Err(Rejection::invalid(format!(
                "expected the reason to have at most {NAME_BYTES_MAX} bytes, but found {}",
                reason.len()
            )));
        }
        self.suspend_one(instance, reason)?;
        Ok(Reply::Done)
    }

    /// Suspends it, then what it has called. One that is suspended already keeps its reason.
    fn suspend_one(&mut self, instance: InstanceKey, reason: &Text) -> Result<(), Rejection> {
        let Some(entry) = self.cache.get(instance) else { return Ok(()) };
        let called = entry.state.calls().values().copied();
        let works = called.map(|called| Work::Suspend(called, reason.clone())).collect();
        if !entry.state.is_suspended() {
            self.decide(instance, |_, decision, process| {
                Run::new(process, decision).suspend(reason.clone());
            })?;
        }
        self.push_work(works);
        Ok(())
    }

    pub(crate) fn suspend_called(&mut self, called: InstanceKey, reason: &Text) {
        if self.is_held_up(called) {
            return self.push_behind(Work::Suspend(called, reason.clone()));
        }
        // One that cannot be read stands still anyway.
        let _ = self.suspend_one(called, reason);
    }

    pub(crate) fn resume(&mut self, instance: InstanceKey) -> Outcome {
        let state = self.live_instance(instance)?;
        if !state.is_suspended() {
            return Err(Rejection::state(format!(
                "expected the instance {instance} to be suspended, but it is active"
            )));
        }
        // Who does not wait for it any more does not resume it either.
        let waits = |above: &&Entry| above.state.calls().values().any(|called| *called == instance);
        let parent = state.header().parent;
        let above = parent.and_then(|parent| self.cache.get(parent.instance)).filter(waits);
        if let Some(above) = above.filter(|above| above.state.is_suspended()) {
            return Err(Rejection::state(format!(
                "expected the caller of the instance {instance} to be active, but {} is suspended; \
                 resume that, and what it has called goes on with it",
                above.state.key()
            )));
        }
        self.resume_one(instance)?;
        Ok(Reply::Done)
    }

    fn resume_one(&mut self, instance: InstanceKey) -> Result<(), Rejection> {
        let Some(entry) = self.cache.get(instance) else { return Ok(()) };
        let works = entry.state.calls().values().copied().map(Work::Resume).collect();
        if entry.state.is_suspended() {
            self.decide(instance, |_, decision, process| Run::new(process, decision).resume())?;
        }
        self.push_work(works);
        Ok(())
    }

    pub(crate) fn resume_called(&mut self, called: InstanceKey) {
        if self.is_held_up(called) {
            return self.push_behind(Work::Resume(called));
        }
        // One that cannot be read stands still anyway.
        let _ = self.resume_one(called);
    }

    /// What must be read before it is known whether an instance can be resumed.
    pub(crate) fn resume_need(&self, instance: InstanceKey) -> Option<Read> {
        let parent = self.cache.get(instance)?.state.header().parent?;
        self.instance_need(parent.instance)
    }

    pub(crate) fn live_instance(
        &self,
        instance: InstanceKey,
    ) -> Result<&instance::Instance, Rejection> {
        let owner = self.live(instance.0)?;
        let entry = self.cache.get(owner).filter(|_| owner == instance);
        entry.map(|entry| &entry.state).ok_or_else(|| unknown_instance(instance))
    }

    /// Refuses what would let a suspended instance go on.
    pub(crate) fn refuse_suspended(&self, instance: InstanceKey) -> Result<(), Rejection> {
        match self.cache.get(instance) {
            Some(entry) if entry.state.is_suspended() => Err(Rejection::state(format!(
                "expected the instance {instance} to be active, but it is suspended; resume it first"
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses a second answer where the first one is held.
    pub(crate) fn refuse_answered(
        &self,
        instance: InstanceKey,
        what: &str,
        key: Key,
    ) -> Result<(), Rejection> {
        match self.cache.get(instance) {
            Some(entry) if entry.state.holds_answer_to(key) => Err(Rejection::not_found(format!(
                "expected the {what} {key} to be open, but it was answered already: instance \
                 {instance} is suspended and holds the answer until it is resumed"
            ))),
            _ => Ok(()),
        }
    }

    /// Places all jobs and timers of an instance anew: they come and go with a suspension.
    pub(crate) fn place_all(&mut self, instance: InstanceKey) {
        let Some(entry) = self.cache.get_mut(instance) else { return };
        entry.touched.summary = true;
        let jobs: Vec<_> = entry.state.jobs().keys().copied().collect();
        let timers: Vec<_> = entry.state.timers().keys().copied().collect();
        for timer in &timers {
            entry.touched.timers.entry(*timer).or_insert(true);
        }
        for job in jobs {
            self.place_job(instance, job);
        }
        for timer in timers {
            self.place_timer(instance, timer);
        }
    }

    /// A timer that is due before this one, in whichever instance: a release that was set since the
    /// due timers were listed.
    pub(crate) fn earlier_timer(
        &mut self,
        instance: InstanceKey,
        timer: base::TimerKey,
    ) -> Option<Work> {
        let due_ms = self.cache.get(instance)?.state.timers().get(&timer)?.due_ms;
        let (at_ms, earlier, of) = self.timers.due(due_ms.checked_sub(1)?).next()?;
        self.timers.remove(at_ms, earlier);
        Some(Work::Timer(earlier, of))
    }

    /// What was held for an instance that has ended is correlated again.
    pub(crate) fn give_back_held(&mut self, instance: InstanceKey) {
        let Some(entry) = self.cache.get(instance) else { return };
        let held = entry.state.suspension().into_iter().flat_map(|suspension| &suspension.held);
        let messages = held.filter_map(|held| match &held.input {
            HeldInput::Message { message, name, correlation_key, .. } => {
                Some((*message, name.clone(), correlation_key.clone()))
            }
            _ => None,
        });
        for (message, name, correlation_key) in messages.collect::<Vec<_>>() {
            self.give_back(instance, message, name, correlation_key);
        }
    }

    pub(crate) fn give_back(
        &mut self,
        instance: InstanceKey,
        message: MessageKey,
        name: Text,
        correlation_key: Text,
    ) {
        let Some(process_id) = self.process_of(instance) else { return };
        let mail = Mail::Refused { message, process_id, name, correlation_key };
        self.send(message.0.shard(), mail);
    }
}

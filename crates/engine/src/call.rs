//! Calls between instances: a call activity starts one, takes its result or its error, or ends it.
//!
//! In:  what activities ask for; the end of an instance that was called.
//! Out: events of the caller and of the called one, in one batch: neither goes on without the other.
//! Absent: what follows in either (see `bpmn`). Both are of one shard, so no mail is needed.

use base::limits::CALL_DEPTH_MAX;
use base::{
    Cancellation, DefinitionKey, ElementKey, Event, InstanceCreated, InstanceKey, JobKey, Parent,
    Rejection, Text, Variables,
};
use bpmn::{CalledProcess, Kind, Run};
use instance::Status;

use crate::cache::Entry;
use crate::create::{Begin, Start};
use crate::input::Read;
use crate::shard::{Shard, Work};

/// A call that was cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedCall {
    /// Who has called, and its activity.
    pub(crate) caller: InstanceKey,
    pub(crate) owner: ElementKey,
    pub(crate) called: InstanceKey,
    /// Nobody is to hear of it.
    pub(crate) unheard: bool,
}

impl EndedCall {
    /// What the event of an instance says of it.
    pub(crate) fn of(above: InstanceKey, event: &Event) -> Option<Self> {
        let (owner, called, unheard) = match *event {
            Event::CallCanceled { owner, instance }
            | Event::Cancellation(Cancellation::CallAwaited { owner, instance }) => {
                (owner, instance, false)
            }
            Event::Cancellation(Cancellation::CallUnheard { owner, instance }) => {
                (owner, instance, true)
            }
            _ => return None,
        };
        Some(Self { caller: above, owner, called, unheard })
    }
}

/// An error on its way outwards, from one calling instance to the next.
#[derive(Debug)]
pub(crate) struct Thrown {
    /// Where it was thrown.
    instance: InstanceKey,
    owner: ElementKey,
    code: Text,
    message: Text,
    job: Option<JobKey>,
    variables: Variables,
    /// The instance out of which it comes, and who has called that.
    called: InstanceKey,
    parent: Parent,
}

impl Shard {
    /// What must be read before the process can be called.
    pub(crate) fn call_need(
        &self,
        instance: InstanceKey,
        owner: ElementKey,
        process_id: &Text,
    ) -> Option<Read> {
        let (entry, called) = self.activity(instance, owner)?;
        self.definition_need(self.bound(entry, called, process_id).ok()?)
    }

    /// What must be read before an instance that was called can hand its result over.
    pub(crate) fn return_need(&self, called: InstanceKey) -> Option<Read> {
        self.instance_need(called).or_else(|| {
            let parent = self.cache.get(called)?.state.header().parent?;
            self.instance_need(parent.instance)
        })
    }

    pub(crate) fn thrown_need(&self, thrown: &Thrown) -> Option<Read> {
        self.instance_need(thrown.instance).or_else(|| self.instance_need(thrown.parent.instance))
    }

    /// A call activity that waits for its instance to be started. `None` if it has ended meanwhile.
    fn activity(
        &self,
        instance: InstanceKey,
        owner: ElementKey,
    ) -> Option<(&Entry, &CalledProcess)> {
        let entry = self.cache.get(instance).filter(|entry| !entry.poisoned)?;
        let element = entry.state.element(owner)?.element;
        let Kind::Call(called) = &entry.definition.process.node(element).kind else { return None };
        entry.state.called_by(owner).is_none().then_some((entry, called))
    }

    fn bound(
        &self,
        entry: &Entry,
        called: &CalledProcess,
        process_id: &Text,
    ) -> Result<DefinitionKey, String> {
        let deployment = entry.definition.row.deployment;
        Ok(self.catalog.bound(process_id, &called.binding, deployment)?.key)
    }

    /// Starts what an activity calls. Both instances say so in the same batch.
    pub(crate) fn call(&mut self, instance: InstanceKey, owner: ElementKey, process_id: &Text) {
        let Some((entry, called)) = self.activity(instance, owner) else { return };
        match self.prepared(entry, called, owner, process_id) {
            Ok((start, depth)) => {
                let child = InstanceKey(self.keys.take(1));
                let definition = self.catalog.compiled(start.definition);
                let heard = definition.is_some_and(|called| called.process.heard);
                let known = self.decide_after(self.steps, instance, |_, decision, process| {
                    Run::new(process, decision).called(owner, child, heard);
                });
                if known.is_ok() {
                    // A panic has quarantined the called instance, which its caller waits for.
                    let _ = self.start_as(child, start, depth);
                }
            }
            Err(message) => {
                let _ = self.decide_after(self.steps, instance, |_, decision, process| {
                    Run::new(process, decision).not_called(owner, &message);
                });
            }
        }
    }

    /// How the called instance begins and how deep it stands, or why it cannot.
    fn prepared(
        &self,
        entry: &Entry,
        called: &CalledProcess,
        owner: ElementKey,
        process_id: &Text,
    ) -> Result<(Start, u32), String> {
        let depth = entry.state.header().depth.unwrap_or(0) + 1;
        if depth >= CALL_DEPTH_MAX {
            return Err(format!(
                "expected at most {CALL_DEPTH_MAX} instances that have called each other, but this \
                 would be one more; if a process calls itself without end, cancel the root instance \
                 {}",
                entry.state.root_instance()
            ));
        }
        let definition = self.bound(entry, called, process_id)?;
        let element = self.none_start(definition).map_err(|rejection| rejection.message)?;
        let variables = if called.all_parent_variables {
            entry.state.visible_variables(owner)
        } else {
            entry.state.element(owner).map(|own| own.variables.clone()).unwrap_or_default()
        };
        let parent = Parent {
            instance: entry.state.key(),
            element: owner,
            root: entry.state.root_instance(),
        };
        let (tags, parent) = (Vec::new(), Some(parent));
        let start = Start {
            definition,
            begin: Begin::Start(element),
            variables,
            business_id: None,
            tags,
            message: None,
            parent,
            end_after: Vec::new(),
        };
        Ok((start, depth))
    }

    /// A called instance has ended: its caller goes on, if it waits for that.
    pub(crate) fn return_called(&mut self, called: InstanceKey) {
        let Some(entry) = self.cache.get(called) else { return };
        let Some(parent) = entry.state.header().parent else { return };
        let waits_for_end =
            |above: &Entry| above.state.awaited_call(parent.element) == Some(called);
        let waits_for_end = self.cache.get(parent.instance).is_some_and(waits_for_end);
        let relevant = match entry.state.status() {
            Status::Active => false,
            Status::Completed => true,
            Status::Terminated => waits_for_end,
        };
        if !relevant {
            return;
        }
        if self.is_held_up(parent.instance) {
            self.push_behind(Work::Return(called));
            return;
        }
        if waits_for_end {
            return self.called_ended(parent.instance, parent.element, called);
        }
        let root = entry.state.element(called.root());
        let variables = root.map(|root| root.variables.clone()).unwrap_or_default();
        let undoable = !entry.state.compensable(called.root()).is_empty();
        // A panic has quarantined the caller; when that is resolved, it looks for the result again.
        let _ = self.decide_after(self.steps, parent.instance, |_, decision, process| {
            Run::new(process, decision).returned(parent.element, called, variables, undoable);
        });
    }

    /// What completed in an instance that an activity had called is compensated, in an instance of its
    /// own: what has ended stays so.
    pub(crate) fn undo_called(
        &mut self,
        instance: InstanceKey,
        owner: ElementKey,
        called: InstanceKey,
    ) {
        let Some((asking, _)) = self.activity(instance, owner) else { return };
        let header = asking.state.header();
        let depth = header.depth.unwrap_or(0) + 1;
        let parent = Parent { instance, element: owner, root: asking.state.root_instance() };
        let Some(old) = self.cache.get(called) else {
            let message = format!(
                "expected the completed instance {called} to compensate it, but its log is gone; \
                 undo its work by hand, then cancel this instance"
            );
            let _ = self.decide_after(self.steps, instance, |_, decision, process| {
                Run::new(process, decision).not_called(owner, &message);
            });
            return;
        };
        let definition = old.definition.clone();
        let root = old.state.element(called.root());
        let variables = root.map(|root| root.variables.clone()).unwrap_or_default();
        let left = old.state.all_compensable().map(|(scope, done)| (scope, done.clone())).collect();
        let (child, heard) = (InstanceKey(self.keys.take(1)), definition.process.heard);
        let known = self.decide_after(self.steps, instance, |_, decision, process| {
            Run::new(process, decision).called(owner, child, heard);
        });
        if known.is_err() {
            return;
        }
        let row = &definition.row;
        let created = InstanceCreated {
            instance: child,
            definition: row.key,
            process_id: row.id.clone(),
            version: row.version,
            business_id: None,
            tags: Vec::new(),
            message: None,
            parent: Some(parent),
            depth: Some(depth),
            undoes: Some(called),
            ends_after: None,
        };
        self.begin(created, definition);
        let _ = self.decide_after(self.steps, child, |_, decision, process| {
            Run::new(process, decision).undo(called, variables, left);
        });
    }

    /// A call was cancelled. The called instance may live on until who listens to the cancellation of
    /// its user tasks is done: then its caller hears of its end, if it waits for that.
    pub(crate) fn end_called(&mut self, ended: EndedCall) {
        let EndedCall { caller, owner, called, unheard } = ended;
        if self.is_held_up(called) {
            self.push_behind(Work::EndCalled(ended));
            return;
        }
        let live = |entry: &Entry| entry.state.status() == Status::Active;
        let lives = self.cache.get(called).is_some_and(live);
        let ending = lives.then(|| {
            self.decide(called, |_, decision, process| {
                Run::new(process, decision).end_with_caller(unheard);
            })
        });
        // It has ended before, or nobody can be asked: it has a quarantine of its own to be mended.
        if !matches!(ending, Some(Ok(()))) {
            self.called_ended(caller, owner, called);
        }
    }

    /// Who waits for the end of an instance whose call was cancelled goes on.
    fn called_ended(&mut self, above: InstanceKey, owner: ElementKey, called: InstanceKey) {
        let waits = |entry: &Entry| entry.state.awaited_call(owner) == Some(called);
        if self.cache.get(above).is_some_and(waits) {
            // A panic has quarantined the caller; when that is resolved, it looks for the end again.
            let _ = self.decide_after(self.steps, above, |_, decision, process| {
                Run::new(process, decision).called_ended(owner, called);
            });
        }
    }

    /// After a quarantine: the result may have come when the caller could not take it.
    pub(crate) fn look_again(&mut self, instance: InstanceKey, owner: ElementKey) {
        let Some(entry) = self.cache.get(instance) else { return };
        if let Some(called) = entry.state.awaited_call(owner) {
            let lives = |entry: &Entry| entry.state.status() == Status::Active;
            if !self.cache.get(called).is_some_and(lives) {
                self.called_ended(instance, owner, called);
            }
            return;
        }
        let Some(called) = entry.state.calls().get(&owner).copied() else { return };
        match self.cache.get(called).map(|entry| entry.state.status()) {
            Some(Status::Completed) => self.push_work(vec![Work::Return(called)]),
            Some(Status::Active) => {}
            Some(Status::Terminated) | None => {
                let message = format!("the called instance {called} is gone; retry to call again");
                let _ = self.decide_after(self.steps, instance, |_, decision, process| {
                    Run::new(process, decision).not_called(owner, &message);
                });
            }
        }
    }

    /// An error leaves the instance in which it was thrown.
    pub(crate) fn thrown_out(
        &mut self,
        instance: InstanceKey,
        owner: ElementKey,
        code: Text,
        message: Text,
        job: Option<JobKey>,
        variables: Variables,
    ) {
        let parent = self.cache.get(instance).and_then(|entry| entry.state.header().parent);
        let Some(parent) = parent else { return };
        let called = instance;
        let thrown = Thrown { instance, owner, code, message, job, variables, called, parent };
        self.push_work(vec![Work::Thrown(Box::new(thrown))]);
    }

    /// An error reaches a call activity: something there catches it, or it goes on outwards. Where
    /// nobody is left, it is an incident where it was thrown.
    pub(crate) fn throw_at(&mut self, mut thrown: Box<Thrown>) {
        let Thrown { instance, owner, called, parent, .. } = *thrown;
        let lives = |entry: &Entry| entry.state.element(owner).is_some();
        if !self.cache.get(instance).is_some_and(lives) {
            return;
        }
        let caught = self.decide_after(self.steps, parent.instance, |_, decision, process| {
            let variables = thrown.variables.clone();
            let run = Run::new(process, decision);
            run.called_threw(parent.element, called, &thrown.code, variables)
        });
        if caught == Ok(true) {
            return;
        }
        let waits = |entry: &Entry| entry.state.calls().get(&parent.element) == Some(&called);
        let caller = self.cache.get(parent.instance).filter(|entry| waits(entry));
        let above = caller.and_then(|entry| entry.state.header().parent);
        if let Some(above) = above.filter(|_| caught.is_ok()) {
            (thrown.called, thrown.parent) = (parent.instance, above);
            self.push_work(vec![Work::Thrown(thrown)]);
            return;
        }
        let _ = self.decide_after(self.steps, instance, |_, decision, process| {
            let Thrown { code, message, job, .. } = *thrown;
            Run::new(process, decision).nobody_catches(owner, &code, &message, job);
        });
    }

    /// What must be read before it is known whether an instance can be cancelled.
    pub(crate) fn cancel_need(&self, instance: InstanceKey) -> Option<Read> {
        let parent = self.cache.get(instance)?.state.header().parent?;
        self.instance_need(parent.instance)
    }

    /// Refuses to cancel an instance that another one waits for.
    pub(crate) fn check_uncalled(&self, instance: InstanceKey) -> Result<(), Rejection> {
        let parent = self.cache.get(instance).and_then(|entry| entry.state.header().parent);
        let Some(parent) = parent else { return Ok(()) };
        let waits = |entry: &Entry| entry.state.calls().get(&parent.element) == Some(&instance);
        if !self.cache.get(parent.instance).is_some_and(waits) {
            return Ok(());
        }
        Err(Rejection::state(format!(
            "expected an instance that no other one has called, but {instance} was called by {}, \
             which waits for it; cancel the root instance {} instead",
            parent.instance, parent.root
        )))
    }
}

//! The shard: its state, the loop over its inputs, and the one place where instances change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use base::{
    DefinitionKey, DefinitionTimerRow, ElementKey, InstanceKey, JobKey, Key, Mail, MailRow, Op,
    Outcome, Rejection, RejectionKind, ShardId, ShardRow, Text, TimerKey, UserTaskKey,
};
use bpmn::{Process, Run};
use instance::{Ask, Decision, KeySource, Status};

use crate::cache::Cache;
use crate::call::{EndedCall, Thrown};
use crate::catalog::Catalog;
use crate::escalate::Escalated;
use crate::input::{Commit, Effects, Input, Loaded, Poll, Read, Ticket};
use crate::needs::ReadForInput;
use crate::queue::Queue;
use crate::slots::Slots;

/// What can be set about a shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardOptions {
    /// How many shards the store has.
    pub shards: u16,
    /// Bytes of instances that stay in memory beside those in use.
    pub cache_bytes_max: usize,
    /// Refuse a business id that an active instance of the process has, whether or not the caller
    /// asks for it.
    pub business_id_unique: bool,
}

impl Default for ShardOptions {
    fn default() -> Self {
        Self { shards: 1, cache_bytes_max: 64 * 1024 * 1024, business_id_unique: false }
    }
}

/// What an input caused that is to be done next, before the batch may be cut.
#[derive(Debug)]
pub(crate) enum Work {
    /// From outside.
    Input(Input),
    /// Mail that a shard sent to itself.
    Mail(Mail),
    /// A timer of an instance is due.
    Timer(TimerKey, InstanceKey),
    /// The timer of a start event is due.
    StartTimer(DefinitionTimerRow),
    /// An instance that was started by a message has ended.
    Unlock { process_id: Text, name: Text, correlation_key: Text, instance: InstanceKey },
    /// An element of an instance asks for what is not in the instance.
    Ask(InstanceKey, Ask),
    /// An instance that was called has completed.
    Return(InstanceKey),
    /// Nobody wants the result of a called instance any more.
    EndCalled(EndedCall),
    /// Its caller is suspended.
    Suspend(InstanceKey, Text),
    /// Its caller goes on.
    Resume(InstanceKey),
    /// An error comes out of a called instance.
    Thrown(Box<Thrown>),
    /// An escalation comes out of a called instance.
    Escalated(Box<Escalated>),
    /// It was heard: the event that threw it goes on.
    EscalationHeard(InstanceKey, ElementKey, u32),
    /// A type of which streams want jobs may have some.
    Pump(Text),
    /// Our own code failed on an instance.
    Quarantine(InstanceKey, String),
}

impl Work {
    /// It belongs to the work that brought it: the steps of both are counted together.
    fn follows(&self) -> bool {
        matches!(
            self,
            Self::Ask(..)
                | Self::Return(_)
                | Self::EndCalled(..)
                | Self::Thrown(_)
                | Self::Escalated(_)
                | Self::EscalationHeard(..)
        )
    }
}

/// One shard.
#[derive(Debug)]
pub struct Shard {
    pub(crate) id: ShardId,
    pub(crate) options: ShardOptions,
    pub(crate) now_ms: i64,
    pub(crate) keys: KeySource,
    /// A run of keys for what belongs to no instance: messages, deployments.
    pub(crate) own_keys: (Key, u64),
    /// Own keys were drawn since the last commit: the shard's row must say so, whatever they are for.
    keys_drawn: bool,
    pub(crate) next_mail: u64,
    pub(crate) catalog: Catalog,
    pub(crate) cache: Cache,
    pub(crate) queues: BTreeMap<Text, Queue<JobKey>>,
    pub(crate) timers: Queue<TimerKey>,
    /// Timers of start events by due time; the first shard's only.
    pub(crate) start_timers: BTreeMap<(i64, DefinitionKey, u32), DefinitionTimerRow>,
    pub(crate) slots: Slots,
    pub(crate) streams: crate::streams::Streams,
    /// Callers that wait for the end of an instance, with the variables that they want.
    pub(crate) waiters: BTreeMap<InstanceKey, Vec<(Ticket, Vec<Text>)>>,
    /// Callers that wait for the listeners of a user task.
    pub(crate) task_waiters: BTreeMap<UserTaskKey, Ticket>,
    /// Instances that end with a pending commit leave memory when it is durable.
    pub(crate) ended: VecDeque<(u64, InstanceKey)>,
    pub(crate) last_tick_ms: i64,
    pub(crate) next_sweep_ms: i64,

    work: VecDeque<Work>,
    /// Mail to itself, in the order in which it was sent: a subscription that is closed at once
    /// must be opened first.
    own_mail: VecDeque<Mail>,
    /// What was read for the input at the front and is kept for it alone.
    pub(crate) read: ReadForInput,
    asked: Option<Read>,

    /// Steps that were taken for the work at hand and what its elements asked for.
    pub(crate) steps: u32,

    /// The batch that is being decided.
    pub(crate) commit: u64,
    committed: u64,
    pub(crate) ops: Vec<Op>,
    pub(crate) effects: Effects,
    pub(crate) ready: BTreeSet<Text>,
    pub(crate) dirty: BTreeSet<InstanceKey>,
}

impl Shard {
    /// A shard as the store has it. `start_timers` is empty but for the first shard.
    pub fn new(
        row: &ShardRow,
        catalog: Catalog,
        start_timers: Vec<DefinitionTimerRow>,
        options: ShardOptions,
    ) -> Self {
        Self {
            id: row.shard,
            options,
            now_ms: 0,
            keys: KeySource::new(row.shard, row.next_block),
            own_keys: (Key::default(), 0),
            keys_drawn: false,
            next_mail: row.next_mail,
            catalog,
            cache: Cache::new(options.cache_bytes_max),
            queues: BTreeMap::new(),
            timers: Queue::default(),
            start_timers: start_timers
                .into_iter()
                .map(|row| ((row.due_ms, row.definition, row.element), row))
                .collect(),
            slots: Slots::default(),
            streams: crate::streams::Streams::default(),
            waiters: BTreeMap::new(),
            task_waiters: BTreeMap::new(),
            ended: VecDeque::new(),
            last_tick_ms: 0,
            next_sweep_ms: 0,
            work: VecDeque::new(),
            own_mail: VecDeque::new(),
            read: ReadForInput::default(),
            asked: None,
            steps: 0,
            commit: 1,
            committed: 0,
            ops: Vec::new(),
            effects: Effects::default(),
            ready: BTreeSet::new(),
            dirty: BTreeSet::new(),
        }
    }

    /// Which shard it is.
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// Hands an input in. Nothing is decided before [`Shard::poll`].
    pub fn submit(&mut self, input: Input) {
        self.work.push_back(Work::Input(input));
    }

    /// Decides until something must be read or nothing is left. `now_ms` is the host's time in
    /// milliseconds since 1970; a batch has one time, and time does not go back.
    pub fn poll(&mut self, now_ms: i64) -> Poll {
        if self.is_clean() {
            self.now_ms = self.now_ms.max(now_ms);
        }
        while let Some(work) = self.next_work() {
            if let Some((read, behind_commit)) = self.need(&work) {
                match work {
                    Work::Mail(mail) => self.own_mail.push_front(mail),
                    work => self.work.push_front(work),
                }
                self.asked = Some(read.clone());
                return if behind_commit { Poll::ReadCommitted(read) } else { Poll::Read(read) };
            }
            self.handle(work);
            self.read = ReadForInput::default();
        }
        Poll::Idle
    }

    /// What an input caused, then its mail, then the next input, then what streams want.
    fn next_work(&mut self) -> Option<Work> {
        if matches!(self.work.front(), None | Some(Work::Input(_)))
            && let Some(mail) = self.own_mail.pop_front()
        {
            return Some(Work::Mail(mail));
        }
        self.work.pop_front().or_else(|| self.streams.next_pump().map(Work::Pump))
    }

    /// True when nothing was decided since the last commit was taken.
    fn is_clean(&self) -> bool {
        self.ops.is_empty() && self.dirty.is_empty() && self.effects.replies.is_empty()
    }

    /// Gives what [`Shard::poll`] asked for.
    pub fn supply(&mut self, loaded: Loaded) {
        let Some(asked) = self.asked.take() else {
            debug_assert!(false, "nothing was asked for");
            return;
        };
        self.take_loaded(asked, loaded);
    }

    /// Does what the input itself caused first, in the order in which it was caused.
    pub(crate) fn push_work(&mut self, works: Vec<Work>) {
        for work in works.into_iter().rev() {
            self.work.push_front(work);
        }
    }

    /// Does it after all that belongs to the work at hand: a quarantine commits, and what one
    /// instance has caused in another must be in the same batch.
    pub(crate) fn push_behind(&mut self, work: Work) {
        let others =
            |work: &Work| matches!(work, Work::Input(_) | Work::Timer(..) | Work::StartTimer(_));
        let at = self.work.iter().position(others).unwrap_or(self.work.len());
        self.work.insert(at, work);
    }

    /// The instance waits for being read anew.
    pub(crate) fn is_held_up(&self, instance: InstanceKey) -> bool {
        let quarantined =
            |work: &Work| matches!(work, Work::Quarantine(known, _) if *known == instance);
        self.cache.get(instance).is_some_and(|entry| entry.poisoned)
            && self.work.iter().any(quarantined)
    }

    fn handle(&mut self, work: Work) {
        if !work.follows() {
            self.steps = 0;
        }
        match work {
            Work::Input(Input::Command(ticket, command)) => self.command(ticket, command),
            Work::Input(Input::Deploy(ticket, resources)) => self.deploy(ticket, resources),
            Work::Input(Input::Deployed(deployed)) => self.catalog.add_deployed(&deployed),
            Work::Input(Input::OpenStream(stream, activate)) => {
                self.streams.open(stream, activate);
            }
            Work::Input(Input::Credit(stream, jobs)) => self.streams.credit(stream, jobs),
            Work::Input(Input::CloseStream(stream)) => self.streams.close(stream),
            Work::Input(Input::Forget(gone)) => {
                self.task_waiters.retain(|_, ticket| !gone.contains(ticket));
                self.waiters.retain(|_, waiters| {
                    waiters.retain(|(ticket, _)| !gone.contains(ticket));
                    !waiters.is_empty()
                });
            }
            Work::Pump(job_type) => self.pump(&job_type),
            Work::Input(Input::Mail(row)) => self.take_mail(&row),
            Work::Input(Input::Tick) => self.tick(),
            Work::Mail(mail) => self.receive(mail),
            Work::Timer(timer, instance) => {
                if let Some(earlier) = self.earlier_timer(instance, timer) {
                    return self.push_work(vec![earlier, Work::Timer(timer, instance)]);
                }
                // A timer that was cancelled meanwhile is no longer in the instance.
                let _ = self.decide(instance, |_, decision, process| {
                    Run::new(process, decision).timer_fired(timer);
                });
            }
            Work::Ask(instance, ask) => self.answer_ask(instance, ask),
            Work::Return(called) => self.return_called(called),
            Work::EndCalled(ended) => self.end_called(ended),
            Work::Suspend(called, reason) => self.suspend_called(called, &reason),
            Work::Resume(called) => self.resume_called(called),
            Work::Thrown(thrown) => self.throw_at(thrown),
            Work::Escalated(escalated) => self.escalate_at(escalated),
            Work::EscalationHeard(instance, owner, next) => {
                self.escalation_heard(instance, owner, next);
            }
            Work::StartTimer(row) => self.start_by_timer(&row),
            Work::Unlock { process_id, name, correlation_key, instance } => {
                self.unlock(&process_id, &name, &correlation_key, instance);
            }
            Work::Quarantine(instance, why) => {
                let message = format!(
                    "Fermata failed on an input of this instance ({why}) and kept nothing of it; \
                     please report this, then retry"
                );
                let _ = self.decide(instance, |_, decision, process| {
                    Run::new(process, decision).quarantine(&message);
                });
            }
        }
    }

    /// Changes one instance that is in memory: the only way. What `act` emits is kept; if it
    /// panics, nothing of it is, and the instance gets an incident.
    pub(crate) fn decide<T>(
        &mut self,
        instance: InstanceKey,
        act: impl FnOnce(i64, &mut Decision<'_>, &Process) -> T,
    ) -> Result<T, Rejection> {
        self.decide_after(0, instance, act)
    }

    /// As [`Shard::decide`], when so many steps were taken already.
    pub(crate) fn decide_after<T>(
        &mut self,
        steps: u32,
        instance: InstanceKey,
        act: impl FnOnce(i64, &mut Decision<'_>, &Process) -> T,
    ) -> Result<T, Rejection> {
        let now_ms = self.now_ms;
        let Some(entry) = self.cache.get_mut(instance).filter(|entry| !entry.poisoned) else {
            return Err(unknown_instance(instance));
        };
        let definition = Arc::clone(&entry.definition);
        let mut decision = Decision::new(&mut entry.state, &mut self.keys, now_ms).after(steps);
        let done =
            catch_unwind(AssertUnwindSafe(|| act(now_ms, &mut decision, &definition.process)));
        self.steps = self.steps.max(decision.steps());
        let (events, asks) = decision.finish();
        match done {
            Ok(value) => {
                self.absorb(instance, events);
                self.push_work(asks.into_iter().map(|ask| Work::Ask(instance, ask)).collect());
                Ok(value)
            }
            Err(panic) => {
                let why = panic_text(panic.as_ref());
                entry.poisoned = true;
                self.push_behind(Work::Quarantine(instance, why.clone()));
                Err(Rejection::new(
                    RejectionKind::Unavailable,
                    format!(
                        "Fermata failed on this input ({why}); nothing of it was kept, and the \
                         instance {instance} has an incident"
                    ),
                ))
            }
        }
    }

    /// A job type has (or may have) something to hand out.
    pub(crate) fn type_ready(&mut self, job_type: &Text) {
        if !self.ready.contains(job_type) {
            self.ready.insert(job_type.clone());
        }
        self.streams.wake(job_type);
    }

    pub(crate) fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        self.effects.replies.push((ticket, outcome));
    }

    /// A key for something that belongs to no instance.
    pub(crate) fn own_key(&mut self) -> Key {
        if self.own_keys.1 == 0 {
            self.own_keys = (self.keys.take(1), Key::LOCALS_PER_BLOCK);
            self.keys_drawn = true;
        }
        let key = self.own_keys.0;
        self.own_keys = (key.offset(1), self.own_keys.1 - 1);
        key
    }

    /// Sends mail; to itself in the same batch.
    pub(crate) fn send(&mut self, to: ShardId, mail: Mail) {
        if to == self.id {
            self.own_mail.push_back(mail);
            return;
        }
        let row = MailRow { to, from: self.id, number: self.next_mail, bytes: mail.to_bytes() };
        self.next_mail += 1;
        self.ops.push(Op::PutMail(row.clone()));
        self.effects.mail.push(row);
    }

    /// What was decided since the last time, if anything. The shard may go on deciding while it
    /// is being committed.
    pub fn take_commit(&mut self) -> Option<Commit> {
        debug_assert!(self.work.is_empty() || self.asked.is_some(), "work is left: poll first");
        if self.is_clean() && self.ready.is_empty() && self.effects.deployed.is_empty() {
            return None;
        }
        self.project();
        self.evict();
        self.effects.ready = std::mem::take(&mut self.ready).into_iter().collect();
        let shard = ShardRow {
            shard: self.id,
            next_block: self.keys.next_block(),
            next_mail: self.next_mail,
        };
        let ops = std::mem::take(&mut self.ops);
        let number = self.commit;
        self.commit += 1;
        let batch = base::Batch { shard, ops };
        let keys_drawn = std::mem::take(&mut self.keys_drawn);
        Some(Commit { number, batch, keys_drawn, effects: std::mem::take(&mut self.effects) })
    }

    /// The last commit that is known to be durable.
    pub fn committed_number(&self) -> u64 {
        self.committed
    }

    /// Everything up to this commit is durable.
    pub fn committed(&mut self, number: u64) {
        self.committed = self.committed.max(number);
        while let Some((commit, instance)) = self.ended.front().copied() {
            if commit > self.committed {
                break;
            }
            self.ended.pop_front();
            // Unless a later batch touched it again.
            if self.cache.get(instance).is_some_and(|entry| entry.commit <= self.committed) {
                self.cache.remove(instance);
            }
        }
    }

    /// Lets go of what does not fit into memory, with a snapshot where the log is long.
    fn evict(&mut self) {
        self.slots.evict(self.committed);
        while let Some(instance) = self.cache.victim(self.committed) {
            if let Some(entry) = self.cache.get(instance)
                && entry.tail >= base::limits::EVENTS_PER_SNAPSHOT
                // Who has ended is not read again to go on, and may be deleted meanwhile.
                && entry.state.status() == Status::Active
            {
                self.ops.push(Op::PutSnapshot(crate::project::snapshot(entry)));
            }
            self.cache.remove(instance);
        }
    }

    /// How many instances are in memory.
    pub fn instances_in_memory(&self) -> usize {
        self.cache.len()
    }
}

/// A text for what `catch_unwind` caught.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}

/// There is no such instance.
pub(crate) fn unknown_instance(key: impl std::fmt::Display) -> Rejection {
    Rejection::not_found(format!(
        "expected a key of a process instance or of something in one, but {key} names nothing; it \
         may have ended"
    ))
}

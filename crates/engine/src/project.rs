//! From events to rows: what a batch touched is derived from the state once, at its end.
//!
//! In:  events of one decision, already folded.
//! Out: places in the queues at once; rows, log and key ranges as operations at the batch's end.
//! Absent: any change of an instance.

use base::limits::EVENTS_PER_SNAPSHOT;
use base::{
    Event, IncidentKey, IncidentRow, InstanceKey, InstanceRow, InstanceState, JobKey, JobRow,
    KeyRange, LogRow, Mail, Op, Record, Reply, ShardId, SnapshotRow, SuspendedRow, Text, TimerKey,
    TimerRow, UserTaskKey, UserTaskRow,
};
use instance::{Instance, Status};

use crate::cache::{Entry, Touched};
use crate::call::EndedCall;
use crate::shard::{Shard, Work};

/// Events after which an instance that does not leave memory is snapshotted all the same, so that
/// a crash costs a bounded replay.
const EVENTS_PER_LIVE_SNAPSHOT: u64 = EVENTS_PER_SNAPSHOT * 8;
/// Bytes of a snapshot that an event may cost: about what the event takes in the log.
const SNAPSHOT_BYTES_PER_EVENT: usize = 32;

/// What an event means outside its instance.
#[derive(Debug)]
enum Meaning {
    Nothing,
    Job(JobKey),
    Timer(TimerKey),
    Mail(ShardId, Mail),
    Range(KeyRange),
    EndCalled(EndedCall),
    Suspension,
    /// What was asked for has happened to a user task, or why it has not.
    Settled(UserTaskKey, Option<Text>),
    Ended,
}

impl Touched {
    fn task(&mut self, event: &Event) -> Meaning {
        match event {
            Event::UserTaskCreated { task, .. } => {
                self.tasks.insert(*task, false);
                Meaning::Nothing
            }
            Event::UserTaskUpdated { task, .. } | Event::UserTaskCompleted { task, .. } => {
                self.tasks.entry(*task).or_insert(true);
                Meaning::Settled(*task, None)
            }
            Event::UserTaskCanceled { task } => {
                self.tasks.entry(*task).or_insert(true);
                Meaning::Settled(*task, Some("the user task was cancelled meanwhile".into()))
            }
            Event::UserTaskDenied { owner: _, task, reason } => {
                let reason = if reason.is_empty() { "it gave no reason" } else { reason };
                let why = format!("a listener has denied it: {reason}; the task is as it was");
                Meaning::Settled(*task, Some(why.into()))
            }
            _ => Meaning::Nothing,
        }
    }

    fn job(&mut self, job: JobKey, had_row: bool) -> Meaning {
        self.jobs.entry(job).or_insert(had_row);
        Meaning::Job(job)
    }

    fn incident(&mut self, incident: IncidentKey, had_row: bool) -> Meaning {
        self.incidents.entry(incident).or_insert(had_row);
        self.summary = true;
        Meaning::Nothing
    }

    /// Every row says of which definition and of which element it is.
    fn all(&mut self, state: &Instance) -> Meaning {
        self.summary = true;
        state.jobs().keys().for_each(|job| _ = self.jobs.entry(*job).or_insert(true));
        state.user_tasks().keys().for_each(|task| _ = self.tasks.entry(*task).or_insert(true));
        state.incidents().keys().for_each(|open| _ = self.incidents.entry(*open).or_insert(true));
        Meaning::Nothing
    }
}

impl Shard {
    /// Takes the events of one decision: what they touched, where jobs and timers stand now, and
    /// what they cause elsewhere.
    pub(crate) fn absorb(&mut self, instance: InstanceKey, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let commit = self.commit;
        self.dirty.insert(instance);
        let mut works = Vec::new();
        for event in &events {
            match self.touch(instance, event) {
                Meaning::Nothing => {}
                Meaning::Job(job) => self.place_job(instance, job),
                Meaning::Timer(timer) => self.place_timer(instance, timer),
                Meaning::Mail(to, mail) => self.send(to, mail),
                Meaning::Range(range) => self.cache.add_range(range),
                Meaning::EndCalled(ended) => works.push(Work::EndCalled(ended)),
                Meaning::Suspension => self.place_all(instance),
                Meaning::Settled(task, why) => self.settle_task(task, why),
                Meaning::Ended => self.instance_ended(instance, &mut works),
            }
        }
        if let Some(entry) = self.cache.get_mut(instance) {
            entry.commit = commit;
            if entry.pending.is_empty() {
                entry.pending = events;
            } else {
                entry.pending.extend(events);
            }
        }
        self.push_work(works);
    }

    fn touch(&mut self, instance: InstanceKey, event: &Event) -> Meaning {
        let shards = self.options.shards;
        let Some(entry) = self.cache.get_mut(instance) else { return Meaning::Nothing };
        let touched = &mut entry.touched;
        // The row says how many listeners it waits for.
        touched.summary |= entry.state.ends_soon();
        match event {
            Event::JobCreated { job, .. } => touched.job(*job, false),
            Event::JobLeased { job, .. }
            | Event::JobCompleted { job }
            | Event::JobFailed { job, .. }
            | Event::JobErrorThrown { job, .. }
            | Event::JobRetriesSet { job, .. }
            | Event::JobCanceled { job } => touched.job(*job, true),
            Event::TimerSet { timer, .. } | Event::PolicyTimerSet { timer, .. } => {
                touched.timers.insert(*timer, false);
                Meaning::Timer(*timer)
            }
            Event::TimerFired { timer } | Event::TimerCanceled { timer } => {
                touched.timers.entry(*timer).or_insert(true);
                Meaning::Timer(*timer)
            }
            Event::UserTaskTransition { .. }
            | Event::UserTaskDenied { .. }
            | Event::UserTaskCreated { .. }
            | Event::UserTaskUpdated { .. }
            | Event::UserTaskCompleted { .. }
            | Event::UserTaskCanceled { .. } => touched.task(event),
            Event::IncidentRaised { incident, .. } => touched.incident(*incident, false),
            Event::IncidentResolved { incident } => touched.incident(*incident, true),
            Event::InstanceCreated(_) | Event::InstanceMigrated(_) => touched.all(&entry.state),
            Event::InstanceCompleted | Event::InstanceTerminated => {
                touched.summary = true;
                Meaning::Ended
            }
            Event::KeysReserved { first, count } => {
                let range = KeyRange { first: *first, end: first.offset(*count), instance };
                touched.ranges.push(range);
                Meaning::Range(range)
            }
            Event::SubscriptionOpened { .. }
            | Event::SubscriptionClosed { .. }
            | Event::SubscriptionCorrelated { .. } => subscription_mail(entry, event, shards),
            Event::CallCanceled { .. } | Event::Cancellation(_) => {
                EndedCall::of(instance, event).map_or(Meaning::Nothing, Meaning::EndCalled)
            }
            Event::InstanceSuspended(_) | Event::InstanceResumed => Meaning::Suspension,
            // What was held is done: jobs may be handed out again.
            Event::HeldInputTaken if !entry.state.holds_inputs() => Meaning::Suspension,
            Event::ElementEntered { .. }
            | Event::ElementPassed { .. }
            | Event::ElementCompleted { .. }
            | Event::ElementTerminated { .. }
            | Event::TokenParked { .. }
            | Event::TokensJoined { .. }
            | Event::VariablesSet { .. }
            | Event::CorrelationRefused { .. }
            | Event::InstanceCalled { .. }
            | Event::InstanceReturned { .. }
            | Event::DecisionEvaluated { .. }
            | Event::LoopEntered { .. }
            | Event::LoopOutput { .. }
            | Event::StepsKept(_)
            | Event::KeptStepsTaken
            | Event::KeptStepsDropped(_)
            | Event::CompletionRemembered { .. }
            | Event::CompensationTriggered { .. }
            | Event::CompensationStarted { .. }
            | Event::InstanceModified { .. }
            | Event::InstanceCanceling
            | Event::CompensationInherited { .. }
            | Event::StepOverdue { .. }
            | Event::StepReminded { .. }
            | Event::StepSlow { .. }
            | Event::ElementDetached { .. }
            | Event::ConditionOpened { .. }
            | Event::ConditionMet { .. }
            | Event::ConditionClosed { .. }
            | Event::ResetAwaited { .. }
            | Event::ResetReached { .. }
            | Event::AdHocEntered { .. }
            | Event::AdHocDone { .. }
            | Event::ActivationQueued { .. }
            | Event::ActivationTaken { .. }
            | Event::ActivationsDropped { .. }
            | Event::HeldInputTaken
            | Event::InputHeld(_) => Meaning::Nothing,
        }
    }

    /// Puts a job where it stands in its queue now. Its row is written at the batch's end.
    pub(crate) fn place_job(&mut self, instance: InstanceKey, job: JobKey) {
        let Some(entry) = self.cache.get_mut(instance) else { return };
        entry.touched.jobs.entry(job).or_insert(true);
        if let Some((job_type, at_ms)) = entry.job_places.remove(&job)
            && let Some(queue) = self.queues.get_mut(&job_type)
        {
            queue.remove(at_ms, job);
        }
        let holds = entry.state.holds_inputs();
        let live = entry.state.jobs().get(&job);
        let Some(live) = live.filter(|job| job.available_ms < i64::MAX && !holds) else { return };
        let (job_type, at_ms) = (live.job_type.clone(), live.available_ms);
        if let Some(queue) = self.queues.get_mut(&job_type) {
            queue.insert(at_ms, job, instance);
        }
        entry.job_places.insert(job, (job_type.clone(), at_ms));
        if at_ms <= self.now_ms {
            self.type_ready(&job_type);
        }
    }

    pub(crate) fn place_timer(&mut self, instance: InstanceKey, timer: TimerKey) {
        let Some(entry) = self.cache.get_mut(instance) else { return };
        if let Some(due_ms) = entry.timer_places.remove(&timer) {
            self.timers.remove(due_ms, timer);
        }
        let suspended = entry.state.is_suspended();
        if let Some(live) = entry.state.timers().get(&timer).filter(|_| !suspended) {
            entry.timer_places.insert(timer, live.due_ms);
            self.timers.insert(live.due_ms, timer, instance);
        }
    }

    fn instance_ended(&mut self, instance: InstanceKey, works: &mut Vec<Work>) {
        self.ended.push_back((self.commit, instance));
        self.give_back_held(instance);
        let Some(entry) = self.cache.get(instance) else { return };
        let header = entry.state.header();
        if let Some(source) = &header.message
            && !source.correlation_key.is_empty()
        {
            works.push(Work::Unlock {
                process_id: header.process_id.clone(),
                name: source.name.clone(),
                correlation_key: source.correlation_key.clone(),
                instance,
            });
        }
        if header.parent.is_some() {
            works.push(Work::Return(instance));
        }
        let Some(waiters) = self.waiters.remove(&instance) else { return };
        let completed = entry.state.status() == Status::Completed;
        let created = crate::create::created(entry);
        let all = entry
            .state
            .element(instance.root())
            .map(|root| root.variables.clone())
            .unwrap_or_default();
        for (ticket, wanted) in waiters {
            let outcome = if completed {
                let variables = crate::activate::only(&all, &wanted);
                let created = created.clone();
                Ok(Reply::Ended(base::InstanceResult { created, variables }))
            } else {
                Err(base::Rejection::new(
                    base::RejectionKind::Cancelled,
                    format!("the instance {instance} was cancelled before it had a result"),
                ))
            };
            self.reply(ticket, outcome);
        }
    }

    /// Writes what the batch touched.
    pub(crate) fn project(&mut self) {
        for instance in std::mem::take(&mut self.dirty) {
            let now_ms = self.now_ms;
            let Some(entry) = self.cache.get_mut(instance) else { continue };
            let bytes = project(entry, instance, now_ms, &mut self.ops);
            self.cache.grew(instance, bytes);
        }
    }
}

/// What the slot of a subscription must hear.
fn subscription_mail(entry: &mut Entry, event: &Event, shards: u16) -> Meaning {
    let of = |name: &Text, key: &Text| ShardId::of_message(name, key, shards);
    if let Event::SubscriptionOpened { subscription, name, correlation_key, once, .. } = event {
        entry.subscriptions.insert(*subscription, (name.clone(), correlation_key.clone(), *once));
        let mail = Mail::Subscribe {
            subscription: *subscription,
            instance: entry.state.key(),
            process_id: entry.state.header().process_id.clone(),
            name: name.clone(),
            correlation_key: correlation_key.clone(),
            once: *once,
        };
        return Meaning::Mail(of(name, correlation_key), mail);
    }
    if let Event::SubscriptionClosed { subscription } = event
        && let Some((name, correlation_key, _)) = entry.subscriptions.remove(subscription)
    {
        let to = of(&name, &correlation_key);
        let subscription = *subscription;
        return Meaning::Mail(to, Mail::Unsubscribe { subscription, name, correlation_key });
    }
    // One message was all that it waited for: the slot has closed it already. What else the same
    // decision closes, the slot has to hear of.
    if let Event::SubscriptionCorrelated { subscription, message: _ } = event
        && entry.subscriptions.get(subscription).is_some_and(|(_, _, once)| *once)
    {
        entry.subscriptions.remove(subscription);
    }
    Meaning::Nothing
}

/// The operations of one instance's part of a batch. Answers the bytes of its log row.
fn project(entry: &mut Entry, instance: InstanceKey, now_ms: i64, ops: &mut Vec<Op>) -> usize {
    let record = Record { at_ms: now_ms, events: std::mem::take(&mut entry.pending) };
    entry.tail += record.events.len() as u64;
    let mut bytes = 0;
    if !record.events.is_empty() {
        let row = LogRow { instance, seq: entry.next_seq, bytes: record.to_bytes(instance) };
        entry.next_seq += 1;
        bytes = row.bytes.len();
        ops.push(Op::Append(row));
    }
    if entry.poisoned {
        // The log is right, the state is not: rows follow when it was folded anew.
        return bytes;
    }
    let touched = std::mem::take(&mut entry.touched);
    ops.extend(touched.ranges.iter().map(|range| Op::PutKeyRange(*range)));
    if touched.summary {
        ops.push(Op::PutInstance(summary(entry)));
    }
    for (job, had_row) in touched.jobs {
        match job_row(entry, job) {
            Some(row) => ops.push(Op::PutJob(row)),
            None if had_row => ops.push(Op::DeleteJob(job)),
            None => {}
        }
    }
    for (timer, had_row) in touched.timers {
        match entry.state.timers().get(&timer).filter(|_| !entry.state.is_suspended()) {
            Some(live) => {
                ops.push(Op::PutTimer(TimerRow { timer, instance, due_ms: live.due_ms }));
            }
            None if had_row => ops.push(Op::DeleteTimer(timer)),
            None => {}
        }
    }
    for (task, had_row) in touched.tasks {
        match task_row(entry, task) {
            Some(row) => ops.push(Op::PutUserTask(row)),
            None if had_row => ops.push(Op::DeleteUserTask(task)),
            None => {}
        }
    }
    for (incident, had_row) in touched.incidents {
        match incident_row(entry, incident) {
            Some(row) => ops.push(Op::PutIncident(row)),
            None if had_row => ops.push(Op::DeleteIncident(incident)),
            None => {}
        }
    }
    if entry.tail >= live_snapshot_after(entry) && entry.state.status() == Status::Active {
        let row = snapshot(entry);
        entry.tail = 0;
        entry.snapshot_bytes = row.bytes.len();
        ops.push(Op::PutSnapshot(row));
    }
    bytes
}

/// Events after which an instance that does not leave memory is snapshotted: the more of them the
/// larger it is, so that all snapshots of an instance together cost no more than its log.
fn live_snapshot_after(entry: &Entry) -> u64 {
    EVENTS_PER_LIVE_SNAPSHOT.max((entry.snapshot_bytes / SNAPSHOT_BYTES_PER_EVENT) as u64)
}

/// The state as a row.
pub(crate) fn snapshot(entry: &Entry) -> SnapshotRow {
    SnapshotRow {
        instance: entry.state.key(),
        next_seq: entry.next_seq,
        bytes: entry.state.to_bytes(),
    }
}

fn summary(entry: &Entry) -> InstanceRow {
    let header = entry.state.header();
    InstanceRow {
        instance: header.instance,
        definition: header.definition,
        process_id: header.process_id.clone(),
        version: header.version,
        state: match entry.state.status() {
            Status::Active if entry.state.is_suspended() => InstanceState::Suspended,
            Status::Active => InstanceState::Active,
            Status::Completed => InstanceState::Completed,
            Status::Terminated => InstanceState::Terminated,
        },
        business_id: header.business_id.clone(),
        tags: header.tags.clone(),
        started_ms: header.started_ms,
        ended_ms: entry.state.ended_ms(),
        incidents: u32::try_from(entry.state.incidents().len()).unwrap_or(u32::MAX),
        parent: header.parent,
        suspended: suspended(&entry.state),
        canceling: canceling(&entry.state),
    }
}

/// How many are waited for by an instance that ends when they are done.
fn canceling(state: &Instance) -> Option<u32> {
    let waits = state.status() == Status::Active && state.ends_soon();
    waits.then(|| state.canceling_tasks())
}

fn suspended(state: &Instance) -> Option<SuspendedRow> {
    let suspension = state.suspension().filter(|_| state.is_suspended())?;
    Some(SuspendedRow { since_ms: suspension.since_ms, reason: suspension.reason.clone() })
}

/// The id of the element that an element instance is an activation of.
pub(crate) fn element_id(entry: &Entry, owner: base::ElementKey) -> Text {
    let element = entry.state.element(owner).map_or(0, |element| element.element);
    entry.definition.process.id_of(element).cloned().unwrap_or_default()
}

fn job_row(entry: &Entry, job: JobKey) -> Option<JobRow> {
    let live = entry.state.jobs().get(&job)?;
    // Nobody is to find it in its queue.
    let held = entry.state.holds_inputs();
    Some(JobRow {
        job,
        instance: entry.state.key(),
        definition: entry.state.header().definition,
        element_id: element_id(entry, live.owner),
        owner: live.owner,
        job_type: live.job_type.clone(),
        available_ms: if held { i64::MAX } else { live.available_ms },
        state: live.state,
        retries: live.retries,
        worker: live.worker.clone(),
        error_message: live.error_message.clone(),
        error_code: live.error_code.clone(),
        role: live.role(),
    })
}

fn task_row(entry: &Entry, task: UserTaskKey) -> Option<UserTaskRow> {
    let live = entry.state.user_tasks().get(&task)?;
    let header = entry.state.header();
    Some(UserTaskRow {
        task,
        instance: header.instance,
        definition: header.definition,
        process_id: header.process_id.clone(),
        element_id: element_id(entry, live.owner),
        owner: live.owner,
        details: live.details.clone(),
        created_ms: live.created_ms,
    })
}

fn incident_row(entry: &Entry, incident: IncidentKey) -> Option<IncidentRow> {
    let live = entry.state.incidents().get(&incident)?;
    let header = entry.state.header();
    Some(IncidentRow {
        incident,
        instance: header.instance,
        definition: header.definition,
        process_id: header.process_id.clone(),
        element_id: element_id(entry, live.owner),
        owner: live.owner,
        job: live.job,
        kind: live.kind,
        message: live.message.clone(),
        created_ms: live.created_ms,
    })
}

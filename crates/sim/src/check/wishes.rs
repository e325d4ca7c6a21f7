//! The clients' record against the store: what was acknowledged is there, what was refused is
//! not, and nothing was done more often than it was asked for.

use std::collections::{BTreeMap, BTreeSet};

use base::{Command, Event, HeldInput, ListenerEvent, RejectionKind, Reply, ShardId, Text};

use super::Checked;
use super::facts::{Facts, Past};
use super::places::Places;
use crate::clients::{RETRIES_FROM, What, Wish};
use crate::play::{Play, everything, wrong};

/// Where tokens show: by token, the processes of the instances, once for each time.
type Shown<'a> = BTreeMap<u64, Vec<&'a Text>>;

pub(super) fn token_of(text: &str) -> Option<u64> {
    let text = text.strip_prefix("GONE: ").unwrap_or(text);
    text.strip_prefix('t')?.parse().ok()
}

fn shown(facts: &Facts) -> Shown<'_> {
    let mut shown = Shown::new();
    for past in facts.all() {
        let mut show = |token: u64| shown.entry(token).or_default().push(&past.row.process_id);
        // What one instance hands over to another was counted where it came from.
        let mut handed_over = false;
        // A task keeps what a listener has corrected, and says it with its next change.
        let mut corrected = BTreeSet::new();
        // What came while the instance was suspended was done when it was accepted, and shows once
        // more with its effect, if it has one.
        let mut held = BTreeSet::new();
        let events = past.records.iter().flat_map(|record| &record.events);
        let next = past
            .records
            .iter()
            .flat_map(|record| record.events.iter().skip(1).map(Some).chain([None]));
        for (event, next) in events.zip(next) {
            handed_over = match event {
                Event::InstanceCreated(created) => created.parent.is_some(),
                Event::InstanceReturned { .. } | Event::CompensationStarted { .. } => true,
                Event::VariablesSet { .. } => handed_over,
                _ => false,
            };
            match event {
                Event::VariablesSet { .. } if handed_over || is_cancellation(next) => {}
                Event::VariablesSet { variables, .. } => {
                    let tokens: BTreeSet<u64> =
                        variables.iter().filter_map(|(name, _)| token_of(name)).collect();
                    tokens.into_iter().filter(|token| !held.remove(token)).for_each(&mut show);
                }
                Event::JobFailed { message, .. } | Event::JobErrorThrown { message, .. } => {
                    let said = token_of(message).filter(|token| !held.remove(token));
                    said.into_iter().for_each(&mut show);
                }
                // It stays with the task, whoever has corrected it.
                Event::InputHeld(input) if super::changes::corrects(input) => {
                    let said = super::changes::token_of_held(input);
                    said.filter(|token| corrected.insert(*token)).into_iter().for_each(&mut show);
                }
                Event::InputHeld(_) | Event::ActivationQueued { .. } => {
                    let said = super::changes::token_that_waits(event);
                    said.filter(|token| held.insert(*token)).into_iter().for_each(&mut show);
                }
                // The correction of a task that is completed at once shows with its completion.
                Event::UserTaskUpdated { action, .. } if is_completion_of(next, action) => {}
                Event::UserTaskTransition { transition, .. } => {
                    let assignee = transition.details.assignee.as_ref();
                    let said = assignee.and_then(|assignee| token_of(assignee));
                    said.filter(|token| corrected.insert(*token)).into_iter().for_each(&mut show);
                }
                Event::UserTaskDenied { reason, .. } => {
                    let said = token_of(reason).filter(|token| !held.remove(token));
                    said.into_iter().for_each(&mut show);
                }
                Event::UserTaskUpdated { action, .. } => {
                    token_of(action).into_iter().for_each(&mut show);
                }
                Event::JobRetriesSet { retries, .. } if *retries >= RETRIES_FROM => {
                    show(u64::try_from(*retries - RETRIES_FROM).unwrap_or(0));
                }
                _ => {}
            }
        }
    }
    shown
}

/// What a task saw goes with it, so that listeners to its cancellation see it.
fn is_cancellation(event: Option<&Event>) -> bool {
    matches!(event, Some(Event::UserTaskTransition { transition, .. }) if transition.event == ListenerEvent::Canceling)
}

fn is_completion_of(event: Option<&Event>, said: &Text) -> bool {
    matches!(event, Some(Event::UserTaskCompleted { action, .. }) if action == said)
}

/// Leases by worker: job and end.
fn leases(facts: &Facts) -> BTreeMap<&Text, Vec<(base::JobKey, i64)>> {
    let mut leases: BTreeMap<&Text, Vec<(base::JobKey, i64)>> = BTreeMap::new();
    for past in facts.all() {
        for (_, event) in past.events() {
            if let Event::JobLeased { job, worker, until_ms } = event {
                leases.entry(worker).or_default().push((*job, *until_ms));
            }
        }
    }
    leases
}

impl Play {
    pub(super) fn check_wishes(&mut self, facts: &Facts) -> Checked {
        let shown = shown(facts);
        let leases = leases(facts);
        for (token, wish) in &self.clients.wishes {
            self.coverage.count("check", "requests");
            let of = |what: String| {
                let command = &wish.command;
                wrong("requests")(format!("request {token} ({command:?}): {what}"))
            };
            let processes = shown.get(token).map_or(&[][..], Vec::as_slice);
            Self::check_count(wish, processes).map_err(of)?;
            self.check_done(wish, facts, &leases).map_err(of)?;
        }
        self.check_failures(facts)?;
        for job in &self.clients.pushed {
            let is_leased = leases
                .get(&job.worker)
                .is_some_and(|leases| leases.contains(&(job.job, job.deadline_ms)));
            if !is_leased {
                return Err(wrong("requests")(format!("{job:?} was pushed and is not leased")));
            }
        }
        Ok(())
    }

    /// An attempt that failed is as its worker said, or as the policy of its step says.
    fn check_failures(&self, facts: &Facts) -> Checked {
        for past in facts.all() {
            let mut places = Places::default();
            // The time of what was held counts from when it came.
            let mut came = BTreeMap::new();
            for (at_ms, event) in past.events() {
                places.read(event);
                if let Event::InputHeld(input) = event
                    && let HeldInput::JobFailed { job, .. } = &**input
                {
                    came.insert(*job, at_ms);
                }
                if let Event::JobFailed { job, retries, available_ms, .. } = event
                    && let Some(step) = places.step(&self.graphs, *job)
                    && let Some(retry) =
                        step.policy.as_ref().and_then(|policy| policy.retry.as_ref())
                {
                    let delay_ms = u64::try_from(*available_ms - at_ms).unwrap_or(u64::MAX);
                    let least_ms = retry.initial_delay_ms
                        * u64::from(1_000_000 - retry.jitter_millionths)
                        / 1_000_000;
                    let fits =
                        *retries == 0 || (least_ms..=retry.maximum_delay_ms).contains(&delay_ms);
                    if !fits {
                        return Err(wrong("requests")(format!("{event:?} at {at_ms}: {retry:?}")));
                    }
                    continue;
                }
                let Event::JobFailed { job, retries, available_ms, message } = event else {
                    continue;
                };
                let wish = token_of(message).and_then(|token| self.clients.wishes.get(&token));
                let Some(Command::FailJob(fail)) = wish.and_then(|wish| wish.command.as_ref())
                else {
                    continue;
                };
                let at_ms = came.remove(job).unwrap_or(at_ms);
                if *retries != fail.retries || *available_ms != at_ms + fail.backoff_ms {
                    return Err(wrong("requests")(format!("{fail:?} at {at_ms} became {event:?}")));
                }
            }
        }
        Ok(())
    }

    /// How often a request shows in the logs.
    fn check_count(wish: &Wish, processes: &[&Text]) -> Result<(), String> {
        let shown = processes.len();
        let acknowledged = wish.replies.len();
        // A caller that waited for the end of a cancelled instance is told so; it was started.
        let refused = wish.rejections.iter().filter(|(kind, _)| *kind != RejectionKind::Cancelled);
        let most = (wish.tries as usize).saturating_sub(refused.count());
        let least = acknowledged;
        let (least, most) = match &wish.what {
            What::Create { .. } | What::Says => (least, most),
            What::Complete { .. } | What::CompleteTask { .. } => (least, most.min(1)),
            What::Answer { .. } => match &wish.command {
                Some(Command::AnswerListener { .. }) => (least, most.min(1)),
                _ => (0, 0),
            },
            What::Publish { .. } => {
                let mut once = processes.to_vec();
                once.sort_unstable();
                once.dedup();
                if once.len() < shown {
                    return Err(format!("it reached a process twice: {processes:?}"));
                }
                (0, if most == 0 { 0 } else { usize::MAX })
            }
            What::Evaluate => {
                let started = wish.replies.iter().map(|reply| match reply {
                    Reply::Conditions { started, .. } => started.len(),
                    _ => 0,
                });
                (started.sum(), if most == 0 { 0 } else { usize::MAX })
            }
            What::Modify { says, .. } => {
                if *says {
                    (least, most)
                } else {
                    (0, 0)
                }
            }
            What::Deploy
            | What::Migrate { .. }
            | What::Delete { .. }
            | What::DeleteDefinition { .. }
            | What::Activate { .. }
            | What::Resolve { .. }
            | What::Cancel { .. }
            | What::Quiet => return Ok(()),
        };
        if shown < least || shown > most {
            return Err(format!(
                "it was done {shown} times: sent {} times, acknowledged {acknowledged} times, \
                 refused with {:?}",
                wish.tries, wish.rejections
            ));
        }
        Ok(())
    }

    /// What was acknowledged is in the store.
    fn check_done(
        &self,
        wish: &Wish,
        facts: &Facts,
        leases: &BTreeMap<&Text, Vec<(base::JobKey, i64)>>,
    ) -> Result<(), String> {
        if wish.deployed && wish.rejections.iter().any(|(kind, _)| *kind == RejectionKind::NotFound)
        {
            return Err("its process was deployed before, and was not found".into());
        }
        Self::check_change(wish, facts)?;
        for reply in &wish.replies {
            match (reply, &wish.what) {
                (Reply::Created(created), What::Create { process, business_id, .. }) => {
                    let past = facts.known(created.instance);
                    let same = past.is_some_and(|past| {
                        past.row.process_id == *process && past.row.business_id == *business_id
                    });
                    if !same {
                        return Err(format!("{created:?} is not in the store"));
                    }
                }
                (Reply::Ended(result), _) => {
                    let ended =
                        facts.known(result.created.instance).is_some_and(|past| !past.live());
                    if !ended {
                        return Err(format!("{:?} has not ended", result.created));
                    }
                }
                (Reply::Jobs { jobs }, What::Activate { worker }) => {
                    for job in jobs {
                        let of = leases.get(worker).map_or(&[][..], Vec::as_slice);
                        if !of.contains(&(job.job, job.deadline_ms)) {
                            return Err(format!("{job:?} is not leased"));
                        }
                    }
                }
                (Reply::Published { message, .. }, _) => self.check_kept(wish, *message, facts)?,
                (Reply::Deployed { definitions, .. }, _) => {
                    for of in definitions {
                        if !facts.definitions.iter().any(|row| row.key == of.key) {
                            return Err(format!("{of:?} is not in the store"));
                        }
                    }
                }
                (Reply::Done, What::Cancel { instance }) => {
                    let past = facts.known(*instance);
                    let ended = |past: &Past| past.row.state == base::InstanceState::Terminated;
                    // Listeners to the cancellation are waited for.
                    if !past.is_some_and(|past| ended(past) || past.state.ends_soon()) {
                        return Err("it is not cancelled".into());
                    }
                }
                (Reply::Done, What::Resolve { incident }) => {
                    let open = facts
                        .instances
                        .iter()
                        .any(|past| past.state.incidents().contains_key(incident));
                    if open {
                        return Err("it is open still".into());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A message is kept until its time is over.
    fn check_kept(
        &self,
        wish: &Wish,
        message: base::MessageKey,
        facts: &Facts,
    ) -> Result<(), String> {
        let What::Publish { name, key, ttl_ms, .. } = &wish.what else { return Ok(()) };
        let expires_ms = wish.first_sent_ms + ttl_ms;
        let slot = facts.slots.iter().find(|((n, k), _)| **n == **name && **k == **key);
        let kept = slot
            .is_some_and(|(_, (_, slot))| slot.messages.iter().any(|row| row.message == message));
        if expires_ms > self.latest_ms && !kept && !self.clock_jumped {
            return Err(format!("message {message} is gone before its time"));
        }
        Ok(())
    }

    /// While an active instance has a business id, nobody who asks for it alone gets it; and who is
    /// refused was refused for a reason.
    pub(super) fn check_business_ids(&mut self, facts: &Facts) -> Checked {
        let mut reader = self.reader();
        let mut named: BTreeMap<(&str, &str), Vec<&Past>> = BTreeMap::new();
        for past in facts.all() {
            if let Some(id) = &past.row.business_id {
                named.entry((&past.row.process_id, id)).or_default().push(past);
            }
        }
        for ((process, id), pasts) in &named {
            let found = reader.business_id(process, id);
            let found = found.map_err(|fault| wrong("rows")(fault.to_string()))?;
            let live = pasts.iter().filter(|past| past.live());
            let first = live.min_by_key(|past| (past.row.started_ms, past.row.instance));
            let first = first.map(|past| past.row.instance);
            if found != first {
                let what = format!("{process} {id} is found at {found:?}, but {first:?} has it");
                return Err(wrong("business ids")(what));
            }
        }
        for wish in self.clients.wishes.values() {
            let What::Create { process, business_id: Some(id), unique: true } = &wish.what else {
                continue;
            };
            self.coverage.count("check", "business ids");
            let all = named.get(&(&**process, &**id)).map_or(&[][..], Vec::as_slice);
            for reply in &wish.replies {
                let Reply::Created(created) = reply else { continue };
                let Some(mine) = facts.known(created.instance) else { continue };
                let before = all.iter().find(|other| {
                    other.row.instance < created.instance
                        && other.row.ended_ms.is_none_or(|ended| ended > mine.row.started_ms)
                });
                if let Some(other) = before.filter(|_| !self.clock_jumped) {
                    let what = format!("{:?} has it beside {:?}", created, other.row);
                    return Err(wrong("business ids")(what));
                }
            }
            let refused =
                wish.rejections.iter().any(|(kind, _)| *kind == RejectionKind::AlreadyExists);
            let reason = all
                .iter()
                .any(|past| past.row.ended_ms.is_none_or(|ended| ended >= wish.first_sent_ms));
            if refused && !reason && !self.clock_jumped {
                return Err(wrong("business ids")(format!(
                    "{:?} was refused for nothing",
                    wish.command
                )));
            }
        }
        Ok(())
    }

    /// The timers of start events: those of latest versions and no others, and none overdue.
    pub(super) fn check_start_timers(&mut self, facts: &Facts) -> Checked {
        let timers = self.reader().definition_timers();
        let timers = timers.map_err(|fault| wrong("rows")(fault.to_string()))?;
        let latest = facts.latest();
        for row in &timers {
            self.coverage.count("check", "start timers");
            if !latest.values().any(|head| head.key == row.definition) {
                return Err(wrong("start timers")(format!("{row:?} is of an old version")));
            }
            if row.due_ms <= self.machine.now_ms {
                let what = format!("{row:?} is overdue at {}", self.machine.now_ms);
                return Err(wrong("start timers")(what));
            }
        }
        // One that repeats for ever is never gone.
        for head in latest.values() {
            let Some(graph) = self.graphs.get(&head.key) else { continue };
            for (element, trigger) in graph.starts() {
                let bpmn::Trigger::Timer(bpmn::Timer::Cycle(bpmn::Value::Fixed(text))) = trigger
                else {
                    continue;
                };
                let forever = !text.starts_with("R3/");
                let set =
                    timers.iter().any(|row| (row.definition, row.element) == (head.key, element));
                if forever && !set {
                    return Err(wrong("start timers")(format!("the timer of {head:?} is gone")));
                }
            }
        }
        self.check_started_by_timer(facts)
    }

    /// A timer starts as many instances as it says, and no more than time allows.
    fn check_started_by_timer(&self, facts: &Facts) -> Checked {
        let mut started: BTreeMap<base::DefinitionKey, i64> = BTreeMap::new();
        let by_nobody = |past: &&Past| {
            let header = past.state.header();
            header.message.is_none() && header.parent.is_none()
        };
        for past in facts.all().filter(by_nobody) {
            let root = past.row.instance.root();
            // Who asks for an instance gives it a token with its first variables.
            let asked = past.events().any(|(_, event)| match event {
                Event::VariablesSet { scope, variables } if *scope == root => {
                    variables.iter().any(|(name, _)| token_of(name).is_some())
                }
                _ => false,
            });
            if !asked {
                *started.entry(past.first_definition()).or_default() += 1;
            }
        }
        for (definition, started) in started {
            let Some(head) = facts.definitions.iter().find(|head| head.key == definition) else {
                continue;
            };
            let graph = &self.graphs[&definition];
            // One of which a later version was deleted begins again.
            let again = facts.definitions.iter().filter(|later| {
                later.id == head.id && later.version > head.version && later.deleted_ms.is_some()
            });
            let again = i64::try_from(again.count()).unwrap_or(i64::MAX);
            let most = graph.starts().find_map(|(_, trigger)| match trigger {
                bpmn::Trigger::Timer(bpmn::Timer::Cycle(bpmn::Value::Fixed(text))) => {
                    let minutes = (self.latest_ms - head.deployed_ms) / 60_000;
                    Some(if text.starts_with("R3/") { 3 } else { minutes / 10 + 1 })
                }
                bpmn::Trigger::Timer(_) => Some(1),
                _ => None,
            });
            if started > most.unwrap_or(0) * (again + 1) && !self.clock_jumped {
                let what = format!("{} was started {started} times by {most:?}", &*head.id);
                return Err(wrong("start timers")(what));
            }
        }
        Ok(())
    }

    /// At rest, no stream that can take a job lacks one that waits.
    pub(super) fn check_streams(&mut self) -> Checked {
        let jobs = self.reader().find_jobs(&everything());
        let jobs = jobs.map_err(|fault| wrong("rows")(fault.to_string()))?.rows;
        for stream in &self.clients.streams {
            for (shard, credit) in (0_u16..).zip(&stream.credit) {
                self.coverage.count("check", "streams");
                let waiting = jobs.iter().find(|row| {
                    row.job.0.shard() == ShardId(shard)
                        && row.job_type == stream.job_type
                        && row.available_ms <= self.machine.now_ms
                });
                if let Some(row) = waiting.filter(|_| *credit > 0) {
                    let what = format!("{stream:?} could take {row:?} at {}", self.machine.now_ms);
                    return Err(wrong("streams")(what));
                }
            }
        }
        Ok(())
    }
}

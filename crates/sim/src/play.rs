//! Plays a script: each step against the running server, with threads in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use base::{
    ActivateJobs, Command, CreateInstance, DefinitionKey, DefinitionRef, FailJob, InstanceKey,
    JobKey, Key, PublishMessage, TaskPatch, ThrowError, Variables,
};
use bpmn::Process;
use engine::Resource;
use store::{Page, Query, Reader};

use crate::clients::{Clients, RETRIES_FROM, What};
use crate::coverage::Coverage;
use crate::disk::Strike;
use crate::machine::{Machine, Message, Wrong};
use crate::model::{self, CODES, JOB_TYPES, KEYS};
use crate::rng::Rng;
use crate::script::{Line, Script, Setting, Step};

/// 2026-11-23T09:00:00Z.
const BEGIN_MS: i64 = 1_795_424_400_000;
const TIMES_MS: &[i64] = &[1, 999, 15_000, 30_000, 60_000, 150_000, 600_000, 4_000_000];
const LEASES_MS: &[i64] = &[1, 10_000, 60_000, 1_200_000];
const TTLS_MS: &[i64] = &[0, 0, 20_000, 120_000, 7_200_000];

/// What went wrong, and which check found it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub(crate) check: &'static str,
    pub(crate) what: String,
    /// What the logs say, for who has to understand it.
    pub(crate) logs: String,
}

/// A failure that a check found.
pub(crate) fn wrong(check: &'static str) -> impl Fn(Wrong) -> Failure {
    move |what| Failure { check, what, logs: String::new() }
}

/// A run in progress.
pub(crate) struct Play {
    pub(crate) setting: Setting,
    pub(crate) machine: Machine,
    pub(crate) clients: Clients,
    pub(crate) coverage: Coverage,
    /// The latest time that the host ever had.
    pub(crate) latest_ms: i64,
    /// The clock was set back.
    pub(crate) clock_jumped: bool,
    pub(crate) graphs: BTreeMap<DefinitionKey, Arc<Process>>,
}

/// Plays a whole script, then lets honest workers end everything.
pub(crate) fn play(script: &Script, coverage: &mut Coverage) -> Result<(), Failure> {
    let machine = Machine::new(script.setting, BEGIN_MS).map_err(wrong("machine"))?;
    let mut play = Play {
        setting: script.setting,
        machine,
        clients: Clients::default(),
        coverage: Coverage::default(),
        latest_ms: BEGIN_MS,
        clock_jumped: false,
        graphs: BTreeMap::new(),
    };
    let done = play.all(&script.lines);
    for strike in &play.machine.struck {
        play.coverage.count("fault", strike.name());
    }
    coverage.merge(&play.coverage);
    done.map_err(|failure| Failure { logs: play.logs(), ..failure })
}

impl Play {
    fn all(&mut self, lines: &[Line]) -> Result<(), Failure> {
        for line in lines {
            self.machine.rng = Rng::of(self.setting.seed ^ 0x5eed, line.salt);
            self.coverage.count("step", line.step.name());
            self.step(line.step)?;
            for _ in 0..self.machine.rng.below(5) {
                self.act()?;
            }
        }
        self.machine.rng = Rng::of(self.setting.seed, 3);
        self.machine.disk().control().armed = None;
        self.check()?;
        self.drain()
    }

    /// Every event of every instance.
    fn logs(&self) -> String {
        let mut text = String::new();
        let mut reader = self.reader();
        let Ok(found) = reader.find_instances(&everything()) else { return text };
        for row in found.rows {
            let _ = writeln!(text, "{} of {}: {:?}", row.instance, &*row.process_id, row.state);
            for row in reader.log(row.instance, 0, u32::MAX).unwrap_or_default() {
                match base::Record::from_bytes(&row.bytes, row.instance) {
                    Ok(record) => {
                        let _ = writeln!(text, "  at {}", record.at_ms - BEGIN_MS);
                        for event in record.events {
                            let _ = writeln!(text, "    {event:?}");
                        }
                    }
                    Err(why) => {
                        let _ = writeln!(text, "  {why}");
                    }
                }
            }
        }
        text
    }

    /// One turn of one thread.
    fn act(&mut self) -> Result<bool, Failure> {
        let acted = self.machine.act().map_err(wrong("machine"))?;
        self.clients.listen(&mut self.machine).map_err(wrong("replies"))?;
        Ok(acted)
    }

    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        self.machine.settle().map_err(wrong("rest"))?;
        self.clients.listen(&mut self.machine).map_err(wrong("replies"))
    }

    pub(crate) fn reader(&self) -> Box<dyn Reader> {
        self.machine.disk().onlooker().expect("a reader")
    }

    fn chance(&mut self) -> &mut Rng {
        &mut self.machine.rng
    }

    pub(crate) fn wish(&mut self, what: What, command: impl FnOnce(u64) -> Command) -> u64 {
        let token = self.clients.token();
        let command = command(token);
        self.clients.wish(&mut self.machine, token, what, command);
        token
    }

    fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Deploy { process, variant } => {
                let setting = self.setting;
                let model = model::generate(setting.seed, process, variant, setting.fragments);
                self.deploy(process, model);
            }
            Step::Create { .. } | Step::CreateNamed { .. } | Step::CreateAwait { .. } => {
                self.create(step);
            }
            Step::Publish { .. } | Step::PublishStart { .. } | Step::PublishAwait { .. } => {
                self.publish(step);
            }
            Step::Republish { of } => {
                let token = nth(&self.clients.published, of).copied();
                // An id is remembered for an hour; who comes later publishes anew.
                let sent_ms = token.and_then(|token| self.clients.wishes.get(&token));
                let sent_ms = sent_ms.map_or(0, |wish| wish.first_sent_ms);
                if let Some(token) = token.filter(|_| self.latest_ms - sent_ms < 1_800_000) {
                    self.clients.try_again(&mut self.machine, token);
                }
            }
            Step::Activate { job_type, most, lease } => {
                let activate = self.activation(job_type, most + 1, lease);
                let what = What::Activate { worker: activate.worker.clone() };
                self.wish(what, |_| Command::ActivateJobs(activate));
            }
            Step::OpenStream { job_type, credit, lease } => {
                let activate = self.activation(job_type, credit + 1, lease);
                self.clients.open_stream(&mut self.machine, &activate);
            }
            Step::Credit { stream, shard, jobs } => self.credit(stream, shard, jobs + 1),
            Step::CloseStream { stream } => self.close_stream(stream),
            Step::Complete { .. }
            | Step::CompleteAgain { .. }
            | Step::CompleteForeign { .. }
            | Step::Fail { .. }
            | Step::Throw { .. }
            | Step::Update { .. } => self.work(step),
            Step::CompleteTask { .. }
            | Step::UpdateTask { .. }
            | Step::Resolve { .. }
            | Step::SetVariables { .. }
            | Step::Cancel { .. } => self.operate(step),
            Step::Advance { time, sleeps } => return self.advance(time, sleeps == 0),
            Step::ClockBack { time } => {
                self.machine.now_ms -= nth(TIMES_MS, time).copied().unwrap_or(0);
                self.clock_jumped = true;
            }
            Step::Run { actions } => {
                for _ in 0..actions {
                    self.act()?;
                }
            }
            Step::Settle {} => return self.settle(),
            Step::Arm { strike, after } => {
                let strike = nth(Strike::ALL, strike).copied().unwrap_or(Strike::Kill);
                self.machine.disk().control().armed = Some((after, strike));
            }
            Step::Crash {} => {
                self.machine.crash().map_err(wrong("machine"))?;
                return self.clients.listen(&mut self.machine).map_err(wrong("replies"));
            }
            Step::Check {} => return self.check(),
        }
        Ok(())
    }

    pub(crate) fn deploy(&mut self, process: u64, model: model::Model) {
        let resource = Resource {
            name: format!("p{process}.bpmn").into(),
            bytes: Arc::from(model.text.as_bytes()),
            processes: model.processes,
        };
        self.clients.deploy(&mut self.machine, resource);
    }

    fn create(&mut self, step: Step) {
        let (process, key, n, b, name, unique, awaits) = match step {
            Step::Create { process, key, n, b } => (process, key, n, b, None, false, false),
            Step::CreateNamed { process, name, unique } => {
                (process, name, 1, 0, Some(name), unique > 0, false)
            }
            Step::CreateAwait { process, key } => (process, key, 0, 1, None, false, true),
            _ => return,
        };
        let process: base::Text = format!("p{process}").into();
        let business_id: Option<base::Text> = name.map(|name| format!("order-{name}").into());
        let what =
            What::Create { process: process.clone(), business_id: business_id.clone(), unique };
        self.wish(what, |token| {
            let b = ["true", "false", "null", "true"][index(b, 4)];
            let key = ["x", "y", "z", "x"][index(key, 4)];
            let variables = format!(
                r#"{{"t{token}": 1, "k": "{key}", "k2": {}, "n": {n}, "b": {b}, "again": false}}"#,
                n % 2 + 1
            );
            Command::Create(CreateInstance {
                definition: DefinitionRef::Id { id: process, version: None },
                variables: parse(&variables),
                business_id,
                business_id_unique: unique,
                tags: Vec::new(),
                await_result: awaits.then(Vec::new),
            })
        });
    }

    fn publish(&mut self, step: Step) {
        let (name, key, ttl, id, awaits) = match step {
            Step::Publish { name, key, ttl, id } => {
                (model::CATCH_MESSAGES[index(name, 3)], key, ttl, id, false)
            }
            Step::PublishStart { name, key, ttl } => {
                (model::START_MESSAGES[index(name, 2)], key, ttl, 1, false)
            }
            Step::PublishAwait { name, key } => {
                (["m0", "m1", "m2", "s0", "s1"][index(name, 5)], key, 0, 0, true)
            }
            _ => return,
        };
        let (name, key): (base::Text, base::Text) = (name.into(), KEYS[index(key, 5)].into());
        let ttl_ms = TTLS_MS[index(ttl, TTLS_MS.len())];
        let what = What::Publish { name: name.clone(), key: key.clone(), ttl_ms, named: id > 0 };
        let token = self.wish(what, |token| {
            let variables = format!(
                r#"{{"t{token}": 1, "k": "x", "k2": 1, "n": 2, "b": false, "again": false}}"#
            );
            Command::Publish(PublishMessage {
                name,
                correlation_key: key,
                time_to_live_ms: ttl_ms,
                message_id: if id > 0 { format!("id{token}").into() } else { "".into() },
                variables: parse(&variables),
                await_correlation: awaits,
            })
        });
        if id > 0 {
            self.clients.published.push(token);
        }
    }

    fn activation(&mut self, job_type: u64, most: u64, lease: u64) -> ActivateJobs {
        let token = self.clients.token();
        ActivateJobs {
            job_type: JOB_TYPES[index(job_type, 3)].into(),
            worker: format!("w{token}").into(),
            timeout_ms: LEASES_MS[index(lease, 4)],
            jobs_max: u32::try_from(most).unwrap_or(1),
            fetch_variables: Vec::new(),
        }
    }

    fn credit(&mut self, stream: u64, shard: u64, jobs: u64) {
        let shard = index(shard, self.machine.shards());
        let at = index(stream, self.clients.streams.len().max(1));
        let Some(open) = self.clients.streams.get_mut(at) else { return };
        open.credit[shard] += i64::try_from(jobs).unwrap_or(0);
        let jobs = u32::try_from(jobs).unwrap_or(0);
        let input = engine::Input::Credit(open.id, jobs);
        self.machine.send(shard, Message::Input(input));
    }

    fn close_stream(&mut self, stream: u64) {
        if self.clients.streams.is_empty() {
            return;
        }
        let at = index(stream, self.clients.streams.len());
        let closed = self.clients.streams.remove(at);
        self.machine.close_stream(closed.id);
        for shard in 0..self.machine.shards() {
            self.machine.send(shard, Message::CloseStream(closed.id));
        }
    }

    /// What workers do.
    fn work(&mut self, step: Step) {
        let held = |held: u64| nth(&self.clients.held, held).map(|held| held.job.job);
        let (job, token) = match step {
            Step::Complete { held: of, with } => {
                let Some(job) = held(of) else { return };
                self.clients.held.retain(|held| held.job.job != job || with == 6);
                (job, self.complete(job, with))
            }
            Step::CompleteForeign { job, missing } => {
                let jobs = self.reader().find_jobs(&everything()).expect("reads").rows;
                let known = nth(&jobs, job).filter(|_| missing > 0).map(|row| row.job);
                let job = known.unwrap_or(JobKey(Key::from_raw(123_456_789)));
                (job, self.complete(job, job.0.raw() % 8))
            }
            Step::CompleteAgain { of } => {
                if let Some(token) = nth(&self.clients.answered, of).copied() {
                    self.clients.try_again(&mut self.machine, token);
                }
                return;
            }
            Step::Fail { held: of, retries, backoff } => {
                let Some(job) = held(of) else { return };
                let fail = |token| {
                    Command::FailJob(FailJob {
                        job,
                        retries: i32::try_from(retries).unwrap_or(0),
                        message: format!("t{token}").into(),
                        backoff_ms: [0, 0, 5_000, 90_000][index(backoff, 4)],
                        variables: Variables::new(),
                    })
                };
                (job, self.wish(What::Says, fail))
            }
            Step::Throw { held: of, code } => {
                let Some(job) = held(of) else { return };
                let throw = |token| {
                    Command::ThrowError(ThrowError {
                        job,
                        code: CODES[index(code, 3).min(1)].into(),
                        message: format!("t{token}").into(),
                        variables: Variables::new(),
                    })
                };
                (job, self.wish(What::Says, throw))
            }
            Step::Update { held: of, what } => {
                let Some(job) = held(of) else { return };
                let (retries, timeout_ms) =
                    [(true, None), (false, Some(0)), (false, Some(90_000)), (false, Some(1))]
                        [index(what, 4)];
                let says = if retries { What::Says } else { What::Quiet };
                self.wish(says, |token| Command::UpdateJob {
                    job,
                    retries: retries
                        .then(|| RETRIES_FROM + i32::try_from(token).unwrap_or_default()),
                    timeout_ms,
                });
                return;
            }
            _ => return,
        };
        if matches!(step, Step::Fail { .. } | Step::Throw { .. }) {
            self.clients.held.retain(|held| held.job.job != job);
        }
        self.clients.answered.push(token);
    }

    pub(crate) fn complete(&mut self, job: JobKey, with: u64) -> u64 {
        let what = What::Complete { job };
        self.wish(what, |token| Command::CompleteJob { job, variables: result(token, with) })
    }

    /// What people do.
    fn operate(&mut self, step: Step) {
        let mut reader = self.reader();
        match step {
            Step::CompleteTask { task, with } => {
                let tasks = reader.find_tasks(&everything()).expect("reads").rows;
                let Some(task) = nth(&tasks, task).map(|row| row.task) else { return };
                let token = self.wish(What::CompleteTask { task }, |token| {
                    let action = format!("t{token}").into();
                    Command::CompleteTask { task, variables: result(token, with), action }
                });
                self.clients.answered.push(token);
            }
            Step::UpdateTask { task, what } => {
                let tasks = reader.find_tasks(&everything()).expect("reads").rows;
                let Some(task) = nth(&tasks, task).map(|row| row.task) else { return };
                self.wish(What::Says, |token| {
                    let mut patch = patch(what);
                    patch.action = format!("t{token}").into();
                    Command::UpdateTask { task, patch }
                });
            }
            Step::Resolve { incident, mend } => {
                let incidents = reader.find_incidents(&everything()).expect("reads").rows;
                let Some(row) = nth(&incidents, incident) else { return };
                if mend > 0 {
                    self.mend(row.owner);
                }
                let incident = row.incident;
                self.wish(What::Resolve { incident }, |_| Command::ResolveIncident { incident });
            }
            Step::SetVariables { instance, with, local } => {
                let Some(instance) = Self::nth_instance(&mut *reader, instance) else { return };
                self.wish(What::Says, |token| Command::SetVariables {
                    scope: instance.root(),
                    variables: result(token, with),
                    local: local > 0,
                });
            }
            Step::Cancel { instance } => {
                let Some(instance) = Self::nth_instance(&mut *reader, instance) else { return };
                self.wish(What::Cancel { instance }, |_| Command::Cancel { instance });
            }
            _ => {}
        }
    }

    /// Sets every variable that a model may need to a value that it can use.
    pub(crate) fn mend(&mut self, scope: base::ElementKey) {
        self.wish(What::Says, |token| {
            let variables = format!(
                r#"{{"t{token}": 1, "k": "x", "k2": 1, "n": 1, "b": true, "c": 1000, "again": false}}"#
            );
            Command::SetVariables { scope, variables: parse(&variables), local: false }
        });
    }

    fn nth_instance(reader: &mut dyn Reader, at: u64) -> Option<InstanceKey> {
        let rows = reader.find_instances(&everything()).expect("reads").rows;
        nth(&rows, at).map(|row| row.instance)
    }

    /// Time passes: the host wakes whenever a shard wants to be woken, or sleeps through it.
    fn advance(&mut self, time: u64, sleeps: bool) -> Result<(), Failure> {
        let end_ms = self.machine.now_ms + nth(TIMES_MS, time).copied().unwrap_or(0);
        // What was sent is decided within the hour for which message ids are remembered.
        if end_ms - self.machine.now_ms > 500_000 || self.chance().chance(2, 3) {
            self.settle()?;
        }
        let mut wake_ms = if sleeps { i64::MAX } else { self.machine.wake_ms() };
        while wake_ms <= end_ms {
            self.set_time(self.machine.now_ms.max(wake_ms));
            self.settle()?;
            wake_ms = self.machine.wake_ms();
        }
        self.set_time(end_ms);
        Ok(())
    }

    pub(crate) fn set_time(&mut self, now_ms: i64) {
        self.machine.now_ms = now_ms;
        self.latest_ms = self.latest_ms.max(now_ms);
    }
}

/// What a worker or a person answers.
fn result(token: u64, with: u64) -> Variables {
    let more = match with % 8 {
        0..=2 => r#", "b": true, "again": false"#,
        3 => r#", "b": false, "again": false"#,
        4 => r#", "again": true"#,
        5 => r#", "b": "maybe""#,
        6 => "",
        _ => r#", "n": 5, "k": "y", "b": false, "again": false"#,
    };
    parse(&format!(r#"{{"t{token}": 1{more}}}"#))
}

fn patch(what: u64) -> TaskPatch {
    let none = TaskPatch::default();
    match what % 5 {
        0 => TaskPatch { assignee: Some(Some("cy".into())), allow_override: true, ..none },
        1 => TaskPatch { assignee: Some(Some("di".into())), ..none },
        2 => TaskPatch { assignee: Some(None), ..none },
        3 => TaskPatch { candidate_groups: Some(vec!["v".into()]), priority: Some(7), ..none },
        _ => TaskPatch { due_ms: Some(Some(BEGIN_MS)), follow_up_ms: Some(None), ..none },
    }
}

/// Every row.
pub(crate) fn everything<C>() -> Query<C> {
    Query { page: Page { from: 0, limit: u32::MAX }, ..Query::default() }
}

fn parse(variables: &str) -> Variables {
    Variables::parse(variables).expect("JSON")
}

fn index(number: u64, len: usize) -> usize {
    usize::try_from(number % (len.max(1) as u64)).unwrap_or(0)
}

fn nth<T>(all: &[T], at: u64) -> Option<&T> {
    all.get(index(at, all.len()))
}

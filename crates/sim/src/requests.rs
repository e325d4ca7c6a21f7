//! Steps in which clients ask for something.

use base::{
    ActivateJobs, Command, CreateInstance, DefinitionRef, FailJob, InstanceKey, JobKey, JobRole,
    Key, ListenerEvent, ListenerResult, PublishMessage, ShardId, TaskPatch, ThrowError, Variables,
};
use store::Reader;

use crate::clients::{RETRIES_FROM, What};
use crate::machine::Message;
use crate::model::{self, CODES, JOB_TYPES, KEYS};
use crate::play::{BEGIN_MS, Failure, Play, everything, index, nth, parse};
use crate::script::Step;

const LEASES_MS: &[i64] = &[1, 10_000, 60_000, 1_200_000];
const TTLS_MS: &[i64] = &[0, 0, 20_000, 120_000, 7_200_000];

/// Some instances end after an element: one that the model has, or perhaps not.
fn end_after(token: u64) -> Vec<base::Text> {
    if token.is_multiple_of(9) {
        vec![format!("n{}", 1 + token / 9 % 12).into()]
    } else {
        Vec::new()
    }
}

impl Play {
    pub(crate) fn create(&mut self, step: Step) {
        let (process, key, n, b, name, unique, awaits) = match step {
            Step::Create { process, key, n, b } => (process, key, n, b, None, false, false),
            Step::CreateNamed { process, name, unique, rival } => {
                if rival > 0 {
                    self.create(Step::CreateNamed { process, name, unique, rival: 0 });
                }
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
                start_at: Vec::new(),
                end_after: end_after(token),
                business_id,
                business_id_unique: unique,
                tags: Vec::new(),
                await_result: awaits.then(Vec::new),
            })
        });
    }

    pub(crate) fn publish(&mut self, step: Step) {
        let (name, key, ttl, id, awaits) = match step {
            Step::Publish { name, key, ttl, id } => {
                (model::CATCH_MESSAGES[index(name, 3)], key, ttl, id, false)
            }
            Step::PublishStart { name, key, ttl } => {
                (model::START_MESSAGES[index(name, 4)], key, ttl, 1, false)
            }
            Step::PublishAwait { name, key } => {
                let all = [model::CATCH_MESSAGES, model::START_MESSAGES].concat();
                (all[index(name, all.len())], key, 0, 0, true)
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

    /// A publication is sent again.
    pub(crate) fn republish(&mut self, of: u64) {
        let token = nth(&self.clients.published, of).copied();
        // An id is remembered for an hour; who comes later publishes anew.
        let sent_ms = token.and_then(|token| self.clients.wishes.get(&token));
        let sent_ms = sent_ms.map_or(0, |wish| wish.first_sent_ms);
        if let Some(token) = token.filter(|_| self.latest_ms - sent_ms < 1_800_000) {
            self.clients.try_again(&mut self.machine, token);
        }
    }

    /// Evaluates the conditions of start events: of one definition, or of the latest versions.
    pub(crate) fn evaluate_conditions(&mut self, definition: u64, with: u64) {
        let heads = self.reader().definitions().expect("reads");
        let definition = nth(&heads, definition).filter(|_| with > 5).map(|head| head.key);
        self.wish(What::Evaluate, |token| {
            let n = with % 3;
            let b = with.is_multiple_of(2);
            let variables = format!(
                r#"{{"t{token}": 1, "k": "y", "k2": 2, "n": {n}, "b": {b}, "again": false}}"#
            );
            Command::EvaluateConditions { definition, variables: parse(&variables) }
        });
    }

    /// Broadcasts the signal that starts instances, or that which they wait for.
    pub(crate) fn broadcast_either(&mut self, starts: bool) {
        let signal = if starts { model::START_SIGNAL } else { model::SIGNAL };
        self.broadcast(signal, |token| result(token, 0));
    }

    /// Broadcasts the signal with these variables.
    pub(crate) fn broadcast(
        &mut self,
        signal: &'static str,
        variables: impl FnOnce(u64) -> Variables,
    ) {
        self.wish(What::Quiet, |token| Command::Broadcast {
            signal: signal.into(),
            variables: variables(token),
        });
    }

    /// Publishes what several wait for, and cancels the one that gets it on its way there.
    pub(crate) fn snatch(&mut self, of: u64, turns: u64) -> Result<(), Failure> {
        let mut reader = self.reader();
        let mut crowded = Vec::new();
        for name in model::CATCH_MESSAGES {
            for key in KEYS {
                let shard = ShardId::of_message(name, key, self.setting.shards);
                let slot = reader.slot(shard, name, key).expect("reads");
                if let [first, _, ..] = &slot.subscriptions[..] {
                    crowded.push((*name, *key, first.instance));
                }
            }
        }
        let Some((name, key, instance)) = nth(&crowded, of).copied() else { return Ok(()) };
        let (name, key): (base::Text, base::Text) = (name.into(), key.into());
        let ttl_ms = 7_200_000;
        let what = What::Publish { name: name.clone(), key: key.clone(), ttl_ms, named: false };
        self.wish(what, |token| {
            Command::Publish(PublishMessage {
                name,
                correlation_key: key,
                time_to_live_ms: ttl_ms,
                message_id: "".into(),
                variables: result(token, 0),
                await_correlation: false,
            })
        });
        for _ in 0..turns {
            self.act()?;
        }
        self.wish(What::Cancel { instance }, |_| Command::Cancel { instance });
        Ok(())
    }

    pub(crate) fn activation(&mut self, job_type: u64, most: u64, lease: u64) -> ActivateJobs {
        let token = self.clients.token();
        ActivateJobs {
            job_type: JOB_TYPES[index(job_type, 3)].into(),
            worker: format!("w{token}").into(),
            timeout_ms: LEASES_MS[index(lease, 4)],
            jobs_max: u32::try_from(most).unwrap_or(1),
            fetch_variables: Vec::new(),
        }
    }

    pub(crate) fn credit(&mut self, stream: u64, shard: u64, jobs: u64) {
        let shard = index(shard, self.machine.shards());
        let at = index(stream, self.clients.streams.len().max(1));
        let Some(open) = self.clients.streams.get_mut(at) else { return };
        open.credit[shard] += i64::try_from(jobs).unwrap_or(0);
        let jobs = u32::try_from(jobs).unwrap_or(0);
        let input = engine::Input::Credit(open.id, jobs);
        self.machine.send(shard, Message::Input(input));
    }

    pub(crate) fn close_stream(&mut self, stream: u64) {
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
    pub(crate) fn work(&mut self, step: Step) {
        let held = |held: u64| nth(&self.clients.held, held).map(|held| held.job.job);
        let (job, token) = match step {
            Step::Complete { held: of, with } => {
                let Some(job) = held(of) else { return };
                let known = self.clients.held.iter().find(|held| held.job.job == job);
                let role = known.map_or(JobRole::Work, |held| held.job.role);
                self.clients.held.retain(|held| held.job.job != job || with == 6);
                (job, self.complete(job, role, with))
            }
            Step::CompleteForeign { job, missing } => {
                let jobs = self.reader().find_jobs(&everything()).expect("reads").rows;
                let known = nth(&jobs, job).filter(|_| missing > 0);
                let role = known.map_or(JobRole::Work, |row| row.role);
                let job = known.map_or(JobKey(Key::from_raw(123_456_789)), |row| row.job);
                (job, self.complete(job, role, job.0.raw() % 8))
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
                        message: format!("{}t{token}", ["", "", "", "GONE: "][index(backoff, 4)])
                            .into(),
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

    /// A worker is done. Listeners of user tasks give no variables, but may deny or correct.
    pub(crate) fn complete(&mut self, job: JobKey, role: JobRole, with: u64) -> u64 {
        if role == JobRole::AdHoc {
            return self.answer_ad_hoc(job, with);
        }
        if let Some(event) = role.listener().filter(|event| event.is_of_task()) {
            return self.wish(What::Answer { job }, |token| match with % 8 {
                0..=3 => Command::CompleteJob { job, variables: Variables::new() },
                4 | 5 if !matches!(event, ListenerEvent::Creating | ListenerEvent::Canceling) => {
                    answer(job, Some(format!("t{token}").into()), TaskPatch::default())
                }
                _ => {
                    let assignee = Some(Some(format!("t{token}").into()));
                    answer(job, None, TaskPatch { assignee, ..TaskPatch::default() })
                }
            });
        }
        let what = What::Complete { job };
        self.wish(what, |token| Command::CompleteJob { job, variables: result(token, with) })
    }

    /// What people do.
    pub(crate) fn operate(&mut self, step: Step) {
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
}

/// What a worker or a person answers.
pub(crate) fn result(token: u64, with: u64) -> Variables {
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

fn answer(job: JobKey, denied: Option<base::Text>, corrections: TaskPatch) -> Command {
    Command::AnswerListener { job, result: Box::new(ListenerResult { denied, corrections }) }
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

//! Plays a script: each step against the running server, with threads in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use base::{Command, DefinitionKey, InstanceKey, Variables};
use bpmn::Process;
use engine::{Model, Resource};
use store::{Page, Query, Reader};

use crate::check::facts::Past;
use crate::clients::{Clients, What};
use crate::coverage::Coverage;
use crate::disk::Strike;
use crate::machine::{Machine, Wrong};
use crate::model;
use crate::rng::Rng;
use crate::script::{Line, Script, Setting, Step};

/// 2026-11-23T09:00:00Z.
pub(crate) const BEGIN_MS: i64 = 1_795_424_400_000;
const TIMES_MS: &[i64] = &[1, 999, 15_000, 30_000, 60_000, 150_000, 600_000, 4_000_000];

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
    /// What instances said at their end whose deletion was asked for afterwards.
    pub(crate) archive: BTreeMap<InstanceKey, Rc<Past>>,
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
        archive: BTreeMap::new(),
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
    pub(crate) fn act(&mut self) -> Result<bool, Failure> {
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
                self.deploy(process, variant, model);
            }
            Step::Create { .. } | Step::CreateNamed { .. } | Step::CreateAwait { .. } => {
                self.create(step);
            }
            Step::Publish { .. } | Step::PublishStart { .. } | Step::PublishAwait { .. } => {
                self.publish(step);
            }
            Step::EvaluateConditions { of, with } => self.evaluate_conditions(of, with),
            Step::Broadcast { starts } => self.broadcast_either(starts == 0),
            Step::Snatch { of, turns } => return self.snatch(of, turns),
            Step::Republish { of } => self.republish(of),
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
            Step::ActivateElements { .. }
            | Step::Modify { .. }
            | Step::Migrate { .. }
            | Step::Suspend { .. }
            | Step::Resume { .. }
            | Step::DeleteInstance { .. }
            | Step::DeleteDefinition { .. } => return self.change(step),
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

    /// Deploys a model with all that it needs beside it, and decisions of this variant.
    pub(crate) fn deploy(&mut self, process: u64, variant: u64, model: model::Model) {
        let Setting { seed, fragments, .. } = self.setting;
        let mut models = model::bound(seed, &model, variant, fragments);
        models.insert(0, (process, model));
        let resource = |(process, model): (u64, model::Model)| Resource {
            name: format!("p{process}.bpmn").into(),
            bytes: Arc::from(model.text.as_bytes()),
            model: Model::Bpmn(model.processes),
        };
        let mut resources: Vec<_> = models.into_iter().map(resource).collect();
        let decisions = model::decisions(variant);
        resources.push(Resource {
            name: "shop.dmn".into(),
            bytes: Arc::from(decisions.as_bytes()),
            model: Model::Dmn {
                definitions: dmn::compile(&decisions).expect("our own decisions"),
                imports: Vec::new(),
            },
        });
        self.clients.deploy(&mut self.machine, resources);
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

/// Every row.
pub(crate) fn everything<C>() -> Query<C> {
    Query { page: Page { from: 0, limit: u32::MAX }, ..Query::default() }
}

pub(crate) fn parse(variables: &str) -> Variables {
    Variables::parse(variables).expect("JSON")
}

pub(crate) fn index(number: u64, len: usize) -> usize {
    usize::try_from(number % (len.max(1) as u64)).unwrap_or(0)
}

pub(crate) fn nth<T>(all: &[T], at: u64) -> Option<&T> {
    all.get(index(at, all.len()))
}

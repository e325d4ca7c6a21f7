//! What can go on goes on: faults have stopped, honest workers do all that there is to do, and
//! every instance comes to its end within a bounded number of rounds.

use base::{ActivateElement, ActivateJobs, Command, PublishMessage, Variables};

use super::Checked;
use super::facts::Facts;
use crate::clients::What;
use crate::model::{self, JOB_TYPES, PROCESSES};
use crate::play::{Play, everything, wrong};

/// Rounds of honest work, mostly of a minute. Models are of bounded length and loops end when a worker
/// says so; but timers of an hour may stand in a loop within a loop.
const ROUNDS_MAX: u32 = 800;

impl Play {
    /// Brings everything to its end, and checks that it is there.
    pub(crate) fn drain(&mut self) -> Checked {
        for process in 0..PROCESSES {
            self.deploy(process, 0, model::retired(process));
        }
        self.settle()?;
        self.resume_all()?;
        self.check_answered()?;
        for _ in 0..ROUNDS_MAX {
            if !self.round()? {
                self.check()?;
                self.coverage.count("check", "progress");
                return self.check_awaits();
            }
        }
        self.check()?;
        let facts = Facts::gather(self)?;
        let Some(past) = facts.instances.iter().find(|past| past.live()) else { return Ok(()) };
        Err(wrong("progress")(format!(
            "after {ROUNDS_MAX} rounds of honest work, this lives: {:?}",
            past.state
        )))
    }

    /// Everybody does once what there is to do. False when nothing lives.
    fn round(&mut self) -> Result<bool, crate::play::Failure> {
        let mut reader = self.reader();
        let read = |fault: store::Fault| wrong("rows")(fault.to_string());
        let rows = reader.find_instances(&everything()).map_err(read)?.rows;
        if rows.iter().all(|row| row.ended_ms.is_some()) {
            return Ok(false);
        }
        self.resume_all()?;
        for row in reader.find_incidents(&everything()).map_err(read)?.rows {
            // Each retry would take as many steps again.
            if row.kind == base::IncidentKind::StepLimit {
                return Err(wrong("progress")(format!("{row:?} of a model without such a loop")));
            }
            // Whoever has modified an instance may have left tokens that wait for ever; what was deleted
            // together with others is not there for them any more.
            let lost =
                row.kind == base::IncidentKind::CalledElementError && self.calls_deleted(&row);
            if row.kind == base::IncidentKind::Deadlock || lost {
                let of = rows.iter().find(|of| of.instance == row.instance);
                let root = of.and_then(|of| of.parent).map(|parent| parent.root);
                let instance = root.unwrap_or(row.instance);
                self.wish(What::Cancel { instance }, |_| Command::Cancel { instance });
                continue;
            }
            self.mend(row.owner);
            // What an activation in an ad-hoc sub-process has set for itself hides this from it alone.
            self.mend(row.instance.root());
            let incident = row.incident;
            self.wish(What::Resolve { incident }, |_| Command::ResolveIncident { incident });
        }
        self.settle()?;
        for task in reader.find_tasks(&everything()).map_err(read)?.rows {
            let task = task.task;
            self.wish(What::CompleteTask { task }, |token| {
                let variables = honest(token);
                Command::CompleteTask { task, variables, action: "".into() }
            });
        }
        self.settle()?;
        self.work_honestly()?;
        self.open_honestly();
        self.publish_honestly()?;
        self.settle()?;
        let wake_ms = self.machine.wake_ms();
        // Leases that ran when the faults stopped end too.
        let step_ms = self.machine.now_ms + 1_300_000;
        self.set_time(self.machine.now_ms.max(wake_ms.min(step_ms)));
        self.settle()?;
        Ok(true)
    }

    /// Nothing stays suspended: who was called goes on with its caller.
    fn resume_all(&mut self) -> Checked {
        let mut reader = self.reader();
        let rows = reader.find_instances(&everything());
        let rows = rows.map_err(|fault| wrong("rows")(fault.to_string()))?.rows;
        for row in rows.iter().filter(|row| row.state == base::InstanceState::Suspended) {
            let instance = row.instance;
            self.wish(What::Quiet, |_| Command::Resume { instance });
        }
        self.settle()
    }

    fn work_honestly(&mut self) -> Checked {
        self.clients.held.clear();
        for job_type in JOB_TYPES {
            for _ in 0..self.setting.shards {
                let worker: base::Text = format!("w{}", self.clients.token()).into();
                let what = What::Activate { worker: worker.clone() };
                self.wish(what, |_| {
                    Command::ActivateJobs(ActivateJobs {
                        job_type: (*job_type).into(),
                        worker,
                        timeout_ms: 60_000,
                        jobs_max: 1_000,
                        fetch_variables: Vec::new(),
                    })
                });
            }
        }
        self.settle()?;
        let mut held = std::mem::take(&mut self.clients.held);
        // Other work in an ad-hoc sub-process may have its worker asked anew.
        held.sort_by_key(|held| held.job.role != base::JobRole::AdHoc);
        for held in held {
            self.complete(held.job.job, held.job.role, 0);
        }
        self.settle()
    }

    /// What waits until variables are so, and what waits to be told what begins.
    fn open_honestly(&mut self) {
        let states = self.live_states();
        for open in self.open_ad_hocs(&states).into_iter().filter(|open| open.idle) {
            self.mend(open.owner);
            let (owner, id) = (open.owner, open.elements[0].clone());
            self.wish(What::Says, |token| Command::ActivateElements {
                owner,
                elements: vec![ActivateElement { element_id: id, variables: honest(token) }],
                cancel_remaining: false,
            });
        }
        for state in &states {
            let Some(graph) = self.graphs.get(&state.header().definition).cloned() else {
                continue;
            };
            // Others are waited for by something that goes on without them.
            let on_path = |wait: &&instance::Condition| {
                matches!(graph.node(wait.target).kind, bpmn::Kind::Catch(_))
            };
            let waits: Vec<_> = state.conditions().values().filter(on_path).collect();
            let mut owners: Vec<_> = waits.iter().map(|wait| wait.owner).collect();
            owners.dedup();
            for owner in owners {
                self.mend(owner);
            }
        }
    }

    fn publish_honestly(&mut self) -> Checked {
        let facts = Facts::gather(self)?;
        for ((name, key), (_, slot)) in &facts.slots {
            if slot.subscriptions.is_empty() {
                continue;
            }
            if *name == model::SIGNAL_SLOT {
                self.broadcast(model::SIGNAL, honest);
                continue;
            }
            let what =
                What::Publish { name: (*name).into(), key: (*key).into(), ttl_ms: 0, named: false };
            self.wish(what, |token| {
                Command::Publish(PublishMessage {
                    name: (*name).into(),
                    correlation_key: (*key).into(),
                    time_to_live_ms: 0,
                    message_id: "".into(),
                    variables: honest(token),
                    await_correlation: false,
                })
            });
        }
        Ok(())
    }

    /// At rest, only those who wait for the end of a live instance have no answer.
    /// So do those who wait for the listeners of a user task.
    fn check_answered(&mut self) -> Checked {
        let states = self.live_states();
        let elements = states.iter().flat_map(|state| state.elements().values());
        let changing: Vec<_> = elements
            .filter_map(|live| live.transition.as_ref().map(|transition| transition.task))
            .collect();
        for token in self.clients.unanswered() {
            let wish = self.clients.wishes.get(&token);
            let waits = wish.is_some_and(|wish| match &wish.command {
                Some(Command::Create(create)) => create.await_result.is_some(),
                Some(Command::CompleteTask { task, .. } | Command::UpdateTask { task, .. }) => {
                    changing.contains(task)
                }
                _ => false,
            });
            if !waits {
                return Err(wrong("awaits")(format!("nobody has answered {wish:?}")));
            }
        }
        Ok(())
    }

    /// Everything has ended, so nobody waits.
    fn check_awaits(&mut self) -> Checked {
        self.coverage.count("check", "awaits");
        match self.clients.unanswered().next() {
            None => Ok(()),
            Some(token) => {
                let wish = self.clients.wishes.get(&token);
                Err(wrong("awaits")(format!("nobody has answered {wish:?}")))
            }
        }
    }
}

fn honest(token: u64) -> Variables {
    let variables = format!(r#"{{"t{token}": 1, "b": true, "again": false}}"#);
    Variables::parse(&variables).expect("JSON")
}

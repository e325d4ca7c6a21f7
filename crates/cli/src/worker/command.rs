//! The handler: runs the program for a job and reads its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use client::{Handler, Job, Notice, Outcome};

use super::contract::{backoff, outcome};
use super::log::Log;
use super::program::{Endings, Program};

/// Jobs whose failures are remembered; beyond it, the oldest begin anew with the first pause.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct Runner {
    program: Program,
    log: Arc<Log>,
    endings: Endings,
    /// Failures of each job that failed here and may come back.
    failures: Mutex<BTreeMap<i64, u32>>,
}

impl Runner {
    pub(super) fn new(program: Program, log: Arc<Log>) -> Self {
        Self { program, log, endings: Endings::default(), failures: Mutex::default() }
    }

    pub(super) fn endings(&self) -> Endings {
        self.endings.clone()
    }

    fn failures_before(&self, job: i64) -> u32 {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&job).copied().unwrap_or(0)
    }

    fn remember(&self, job: i64, outcome: &Outcome) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Outcome::Fail { retries: 1.., .. } = outcome {
            *failures.entry(job).or_insert(0) += 1;
            if failures.len() > REMEMBERED_MAX {
                failures.pop_first();
            }
        } else {
            failures.remove(&job);
        }
    }
}

impl Handler for Runner {
    async fn handle(&self, job: Job) -> Outcome {
        let begun = Instant::now();
        let pause = backoff(&job, self.failures_before(job.key));
        let outcome = match self.program.run(&job, &self.log, &self.endings).await {
            Ok(end) => outcome(&job, end, pause),
            Err(error) => Outcome::Fail {
                retries: (job.retries - 1).max(0),
                message: format!("cannot run {}: {error}", self.program.path.display()),
                backoff: pause.max(Duration::from_secs(1)),
            },
        };
        self.remember(job.key, &outcome);
        self.log.job(&job, &outcome, begun.elapsed());
        outcome
    }

    fn notice(&self, notice: Notice) {
        match notice {
            Notice::ServerAway { server, cause } => {
                self.log.say(&format!("no answer from {server} ({cause}); trying again"));
            }
            Notice::ServerBack => self.log.say("the server answers again"),
            Notice::NotReported { key, why } => {
                self.log.say(&format!("job {key}: the server did not take the answer: {why}"));
            }
            Notice::Gone { key, why } => {
                self.log
                    .say(&format!("job {key} ended elsewhere, its command is told to end: {why}"));
            }
            Notice::GivenBack { key } => {
                self.log.say(&format!("job {key} is given back, its command is told to end"));
            }
            _ => {}
        }
    }
}

//! The clients of a run, and their own record of what they asked for and were told.
//!
//! Each request carries a token that shows in the log when it was carried out: as the name of a
//! variable, a worker, a message or a number of attempts. So what was acknowledged can be found
//! again, and how often it was done counted.

use std::collections::{BTreeMap, BTreeSet};

use base::{
    ActivateJobs, ActivatedJob, Command, DecisionGraphKey, DefinitionKey, ElementKey, IncidentKey,
    InstanceKey, JobKey, MessageKey, Outcome, RejectionKind, Reply, Text, UserTaskKey,
};
use engine::StreamId;

use crate::machine::{Call, Machine, Message, Out, Wrong};

/// From here on, a number of attempts is a token.
pub(crate) const RETRIES_FROM: i32 = 1_000;

/// What a request is about, for those who check it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum What {
    Deploy,
    Create {
        process: Text,
        business_id: Option<Text>,
        unique: bool,
    },
    Publish {
        name: Text,
        key: Text,
        ttl_ms: i64,
        named: bool,
    },
    /// Conditions of start events.
    Evaluate,
    Activate {
        worker: Text,
    },
    Complete {
        job: JobKey,
    },
    /// A listener of a user task is done; the token shows if it says something.
    Answer {
        job: JobKey,
    },
    /// Says its token each time that it is done: fail, throw, set variables, update.
    Says,
    CompleteTask {
        task: UserTaskKey,
    },
    Resolve {
        incident: IncidentKey,
    },
    Cancel {
        instance: InstanceKey,
    },
    Modify {
        /// What ends.
        ended: Option<ElementKey>,
        /// It sets variables, once.
        says: bool,
    },
    Migrate {
        instance: InstanceKey,
        target: DefinitionKey,
    },
    /// An instance that had ended, or another one: then it is refused.
    Delete {
        instance: InstanceKey,
    },
    DeleteDefinition {
        definition: DefinitionKey,
    },
    /// Leaves nothing that could be counted.
    Quiet,
}

/// One thing that a client wants, and each of its tries.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) what: What,
    pub(crate) command: Option<Command>,
    /// The latest time at which it can have been decided no earlier.
    pub(crate) first_sent_ms: i64,
    pub(crate) tries: u32,
    /// The process was deployed, and that acknowledged, before it was sent.
    pub(crate) deployed: bool,
    /// What was acknowledged.
    pub(crate) replies: Vec<Reply>,
    pub(crate) rejections: Vec<(RejectionKind, String)>,
}

/// A request under way.
#[derive(Debug)]
struct Pending {
    token: u64,
    /// The server's start at which it was sent.
    start: u64,
}

/// A job that a worker believes to hold.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) job: ActivatedJob,
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) job_type: Text,
    pub(crate) worker: Text,
    /// What each shard may still push.
    pub(crate) credit: Vec<i64>,
    start: u64,
}

/// All clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub(crate) wishes: BTreeMap<u64, Wish>,
    pending: BTreeMap<Call, Pending>,
    pub(crate) held: Vec<Held>,
    /// Tokens of answers to jobs, for answering again.
    pub(crate) answered: Vec<u64>,
    /// Tokens of publications.
    pub(crate) published: Vec<u64>,
    pub(crate) streams: Vec<Stream>,
    /// When the deployment of a definition was acknowledged.
    pub(crate) deployed: BTreeMap<DefinitionKey, i64>,
    /// The same of decisions.
    pub(crate) decided: BTreeMap<DecisionGraphKey, i64>,
    /// Processes of which a deployment was acknowledged.
    processes: BTreeSet<Text>,
    /// When the deletion of a definition was acknowledged.
    pub(crate) retired: BTreeMap<DefinitionKey, i64>,
    /// When a message that was acknowledged is over at the latest.
    pub(crate) expires_ms: BTreeMap<MessageKey, i64>,
    /// Pushed jobs, with the worker of their stream.
    pub(crate) pushed: Vec<ActivatedJob>,
    next: u64,
}

impl Clients {
    /// A name that is used once in the run.
    pub(crate) fn token(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Sends a command for the first time.
    pub(crate) fn wish(&mut self, machine: &mut Machine, token: u64, what: What, command: Command) {
        let deployed = match &what {
            What::Create { process, .. } => self.processes.contains(process),
            _ => false,
        };
        let wish = Wish {
            what,
            command: Some(command),
            first_sent_ms: machine.now_ms,
            tries: 0,
            deployed,
            replies: Vec::new(),
            rejections: Vec::new(),
        };
        self.wishes.insert(token, wish);
        self.try_again(machine, token);
    }

    /// Sends it (again).
    pub(crate) fn try_again(&mut self, machine: &mut Machine, token: u64) {
        let Some(wish) = self.wishes.get_mut(&token) else { return };
        let Some(command) = wish.command.clone() else { return };
        wish.tries += 1;
        match machine.route(&command) {
            Err(rejection) => wish.rejections.push((rejection.kind, rejection.message)),
            Ok(shard) => {
                let call = self.call(machine, token);
                machine.send(shard, Message::Command(command, call));
            }
        }
    }

    /// A version of this process is deleted: it may be the only one.
    pub(crate) fn undeployed(&mut self, process: &Text) {
        self.processes.remove(process);
    }

    /// Deploys; nobody tries that again.
    pub(crate) fn deploy(&mut self, machine: &mut Machine, resources: Vec<engine::Resource>) {
        let token = self.token();
        let wish = Wish {
            what: What::Deploy,
            command: None,
            first_sent_ms: machine.now_ms,
            tries: 1,
            deployed: false,
            replies: Vec::new(),
            rejections: Vec::new(),
        };
        self.wishes.insert(token, wish);
        let call = self.call(machine, token);
        machine.send(0, Message::Deploy(resources, call));
    }

    fn call(&mut self, machine: &Machine, token: u64) -> Call {
        self.next += 1;
        self.pending.insert(self.next, Pending { token, start: machine.starts });
        self.next
    }

    /// Opens a stream at every shard.
    pub(crate) fn open_stream(&mut self, machine: &mut Machine, activate: &ActivateJobs) {
        let id = StreamId(self.token());
        machine.open_stream(id);
        for shard in 0..machine.shards() {
            machine.send(shard, Message::OpenStream(id, activate.clone(), id));
        }
        self.streams.push(Stream {
            id,
            job_type: activate.job_type.clone(),
            worker: activate.worker.clone(),
            credit: vec![i64::from(activate.jobs_max); machine.shards()],
            start: machine.starts,
        });
    }

    /// Takes what the server has said, and notices when it has crashed meanwhile.
    pub(crate) fn listen(&mut self, machine: &mut Machine) -> Result<(), Wrong> {
        while let Some(out) = machine.out.pop_front() {
            match out {
                Out::Reply(call, outcome) => self.answered_by(call, outcome, machine.now_ms)?,
                Out::Push(stream, job) => self.pushed(stream, job)?,
            }
        }
        // Who was not answered by a server that is gone never will be.
        self.pending.retain(|_, pending| pending.start == machine.starts);
        self.streams.retain(|stream| stream.start == machine.starts);
        Ok(())
    }

    fn answered_by(&mut self, call: Call, outcome: Outcome, now_ms: i64) -> Result<(), Wrong> {
        let Some(pending) = self.pending.remove(&call) else {
            return Err(format!("a caller was answered twice, at last with {outcome:?}"));
        };
        let Some(wish) = self.wishes.get_mut(&pending.token) else { return Ok(()) };
        match outcome {
            Ok(reply) => {
                if let Reply::Jobs { jobs } = &reply {
                    self.held.extend(jobs.iter().map(|job| Held { job: job.clone() }));
                }
                if let Reply::Deployed { definitions, graphs, .. } = &reply {
                    self.decided.extend(graphs.iter().map(|of| (of.key, now_ms)));
                    let acknowledged = definitions.iter().map(|of| (of.key, now_ms));
                    self.deployed.extend(acknowledged);
                    self.processes.extend(definitions.iter().map(|of| of.id.clone()));
                }
                if let (Reply::Published { message, .. }, What::Publish { ttl_ms, .. }) =
                    (&reply, &wish.what)
                {
                    self.expires_ms.insert(*message, now_ms + ttl_ms);
                }
                if let What::DeleteDefinition { definition } = &wish.what {
                    self.retired.entry(*definition).or_insert(now_ms);
                }
                wish.replies.push(reply);
            }
            Err(rejection) if rejection.kind == RejectionKind::Unavailable => {
                return Err(format!("the engine failed: {rejection}"));
            }
            Err(rejection) => wish.rejections.push((rejection.kind, rejection.message)),
        }
        Ok(())
    }

    fn pushed(&mut self, stream: StreamId, job: ActivatedJob) -> Result<(), Wrong> {
        let shard = usize::from(job.job.0.shard().0);
        let Some(open) = self.streams.iter_mut().find(|open| open.id == stream) else {
            return Ok(());
        };
        open.credit[shard] -= 1;
        if open.credit[shard] < 0 || job.job_type != open.job_type || job.worker != open.worker {
            return Err(format!("a stream got a job that it did not ask for: {job:?}"));
        }
        self.held.push(Held { job: job.clone() });
        self.pushed.push(job);
        Ok(())
    }

    /// Tokens of what was sent to the running server and is not answered.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = u64> {
        self.pending.values().map(|pending| pending.token)
    }
}

//! `fermata worker`: runs a command for each job.
//!
//! In:  jobs of some types, over gRPC.
//! Out: one run of the command a job; what it printed and how it ended decide about the job.
//! Absent: the lease and what happens when the server goes away (see `client::Worker`).

mod command;
mod contract;
mod log;
mod program;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use client::{Stopper, Worker, WorkerOptions, stop_signal};

use crate::context::{Context, Done};
use crate::failure::Failure;
use crate::input;
use log::Log;
use program::Program;

pub(crate) const HELP: &str = "Examples:
  fermata worker --type ship -- ./ship.sh
  fermata worker --type charge --type refund --jobs 16 -- python3 pay.py --live
  fermata worker --type notify --fetch orderId,customer -- ./notify

The command runs once for each job. It reads the job from standard input: one
JSON document with key, type, processInstanceKey, elementId, headers, retries,
variables and more (docs/reference/cli.md). How it ends decides:

  exit 0      the job is done; standard output is a JSON object of variables,
              or empty
  exit 100    a BPMN error; standard output is
              {\"code\": \"...\", \"message\": \"...\", \"variables\": {...}}
  any other   the attempt failed; the last lines of standard error are the
              reason. It is repeated while the job has attempts left, after
              the task header retryBackoffMs, doubled each time

The lease is prolonged while the command runs. The first Ctrl-C or SIGTERM lets
the commands that run finish, the second ends them and gives their jobs back.

Exit codes: 0 ended by a signal, 1 the server refused, 2 wrong call or the
command cannot be run, 3 no server at the address when it began";

/// What to work on, and with what.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArgs {
    /// Type of jobs to take; may be given several times
    #[arg(long = "type", required = true, value_name = "TYPE")]
    types: Vec<String>,
    /// Jobs of each type at once
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: u16,
    /// How long a job stays leased when this worker vanishes
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = lease)]
    timeout: Duration,
    /// Variables to fetch, between commas (default: all)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fetch: Vec<String>,
    /// Name of this worker, for people (default: fermata@HOST)
    #[arg(long)]
    name: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = input::duration(text)?;
    if lease < Duration::from_secs(1) {
        return Err("expected at least 1s, for the lease is prolonged at every third of it".into());
    }
    Ok(lease)
}

pub(crate) async fn run(args: WorkerArgs, context: Context) -> Done {
    let [name, arguments @ ..] = args.command.as_slice() else {
        return Err(Failure::wrong_call("expected a command behind --"));
    };
    let log = Arc::new(Log::new(context.json()));
    let program = Program {
        path: find(name)?,
        arguments: arguments.to_vec(),
        server: context.client.server().to_owned(),
    };
    // A wrong address is told at once; later the worker waits for its server.
    context.client.call("/v2/topology", None).await?;
    let options = WorkerOptions {
        job_types: args.types.clone(),
        name: args.name.unwrap_or_else(worker_name),
        jobs: usize::from(args.jobs),
        lease: args.timeout,
        fetch: args.fetch,
    };
    let runner = command::Runner::new(program, Arc::clone(&log));
    let endings = runner.endings();
    log.say(&format!("waiting for {} at {}", args.types.join(", "), context.client.server()));
    let (stopper, stop) = stop_signal();
    let worker = Worker::new(&context.client, options, runner)?;
    let watch = tokio::spawn(watch_signals(stopper, Arc::clone(&log)));
    let ended = worker.run(stop).await;
    watch.abort();
    // Commands that were told to end get their moment.
    endings.finish().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn watch_signals(stopper: Stopper, log: Arc<Log>) {
    crate::dev::end_signal().await;
    stopper.drain();
    log.say("ending: commands that run may finish; once more ends them at once");
    crate::dev::end_signal().await;
    stopper.now();
}

#[cfg(unix)]
fn worker_name() -> String {
    let system = rustix::system::uname();
    format!("fermata@{}", system.nodename().to_string_lossy())
}

#[cfg(not(unix))]
fn worker_name() -> String {
    "fermata".to_owned()
}

/// The program, before any job is taken for it.
fn find(name: &str) -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::wrong_call(format!(
            "expected a command that can be run, but there is no program `{name}`; give its path, \
             like ./{name}"
        ))
    };
    let path = PathBuf::from(name);
    let found = if path.components().count() > 1 {
        path.is_file().then_some(path)
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut candidates = std::env::split_paths(&folders).map(|folder| folder.join(name));
        candidates.find(|candidate| candidate.is_file())
    };
    let found = found.ok_or_else(missing)?;
    if is_executable(&found) {
        return Ok(found);
    }
    Err(Failure::wrong_call(format!(
        "expected a command that can be run, but {} is not executable; `chmod +x` makes it so",
        found.display()
    )))
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &std::path::Path) -> bool {
    true
}

//! One run of the command: a process group of its own, its three streams, its end.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::limits::VARIABLES_BYTES_MAX;
use client::Job;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::contract::{End, document};
use super::log::Log;

/// How long a command may take to end after it was told to.
const END_GRACE: Duration = Duration::from_secs(5);
/// How long its streams may stay open after its end: something it started may hold them.
const STREAMS_GRACE: Duration = Duration::from_secs(1);
/// Lines of standard error that become the reason of a failure.
const LAST_LINES: usize = 10;
/// Longest line of standard error that is read as one.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// What to run.
#[derive(Debug)]
pub(super) struct Program {
    /// The program.
    pub(super) path: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// The server, for commands that call it.
    pub(super) server: String,
}

/// Commands that were told to end and have not yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Endings(Arc<Mutex<JoinSet<()>>>);

impl Endings {
    /// Waits for all of them.
    pub(super) async fn finish(&self) {
        let mut ending =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while ending.join_next().await.is_some() {}
    }

    fn add(&self, ending: impl Future<Output = ()> + Send + 'static) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while all.try_join_next().is_some() {}
        all.spawn(ending);
    }
}

impl Program {
    /// Runs it for one job. When the future is dropped, the command and all that it started are
    /// told to end (SIGTERM), and after a moment made to (SIGKILL).
    pub(super) async fn run(&self, job: &Job, log: &Log, endings: &Endings) -> io::Result<End> {
        let mut running = Running { child: Some(self.spawn(job)?), endings: endings.clone() };
        let Some(child) = running.child.as_mut() else { return Err(io::ErrorKind::Other.into()) };
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = document(job);
        let write = async {
            if let Some(mut stdin) = stdin {
                // A command need not read.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let mut printed = (Vec::new(), false);
        let mut last_words = Vec::new();
        let status = {
            let streams = async {
                let heard = listen(stderr, job, log, &mut last_words);
                tokio::join!(write, read(stdout, &mut printed), heard);
            };
            tokio::pin!(streams);
            tokio::select! {
                () = &mut streams => child.wait().await?,
                status = child.wait() => {
                    let _ = tokio::time::timeout(STREAMS_GRACE, &mut streams).await;
                    status?
                }
            }
        };
        running.child = None;
        let signal = signal(status);
        let last_words = last_words.join("\n");
        let (stdout, too_much) = printed;
        Ok(End { code: status.code(), signal, stdout, too_much, last_words })
    }

    fn spawn(&self, job: &Job) -> io::Result<Child> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env("FERMATA_SERVER", &self.server)
            .env("FERMATA_JOB_KEY", job.key.to_string())
            .env("FERMATA_JOB_TYPE", &job.job_type)
            .env("FERMATA_JOB_RETRIES", job.retries.to_string())
            .env("FERMATA_PROCESS_INSTANCE_KEY", job.process_instance_key.to_string())
            .env("FERMATA_PROCESS_ID", &job.process_id)
            .env("FERMATA_ELEMENT_ID", &job.element_id)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C at the terminal is for the worker, which lets commands finish.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// A command that must not outlive its job.
struct Running {
    child: Option<Child>,
    endings: Endings,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let Some(group) = child.id() else { return };
        tell_group(group, false);
        self.endings.add(async move {
            let _ = tokio::time::timeout(END_GRACE, child.wait()).await;
            tell_group(group, true);
            let _ = child.kill().await;
        });
    }
}

#[cfg(unix)]
fn tell_group(group: u32, kill: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It may be gone already.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn tell_group(_: u32, _: bool) {}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: std::process::ExitStatus) -> Option<i32> {
    None
}

/// Standard output up to the limit; the rest is read and dropped, so that the command can end.
async fn read(stream: Option<impl AsyncRead + Unpin>, into: &mut (Vec<u8>, bool)) {
    let Some(mut stream) = stream else { return };
    let max = VARIABLES_BYTES_MAX as u64;
    let _ = (&mut stream).take(max).read_to_end(&mut into.0).await;
    if into.0.len() >= VARIABLES_BYTES_MAX {
        let rest = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        into.1 = !matches!(rest, Ok(0));
    }
}

/// Standard error: told as it comes, and its last lines kept.
async fn listen(
    stream: Option<impl AsyncRead + Unpin>,
    job: &Job,
    log: &Log,
    last: &mut Vec<String>,
) {
    let Some(stream) = stream else { return };
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        log.heard(job, &text);
        if !text.is_empty() {
            if last.len() == LAST_LINES {
                last.remove(0);
            }
            last.push(text);
        }
    }
}

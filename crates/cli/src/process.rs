//! A server as a child process: this binary's own `dev` on a data directory.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    /// Where it keeps its data (default: a fresh directory, removed at the end).
    pub(crate) data: Option<PathBuf>,
    /// Shards of a new store.
    pub(crate) shards: Option<u16>,
    /// Further flags of `fermata dev`.
    pub(crate) flags: Vec<String>,
}

/// A running child.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    data: PathBuf,
    remove: bool,
    launch: Launch,
    /// `host:port` of gRPC.
    pub(crate) grpc: String,
    /// URL of REST.
    pub(crate) rest: String,
}

impl ServerProcess {
    /// Starts a server on free ports.
    pub(crate) async fn start(launch: Launch) -> io::Result<Self> {
        let remove = launch.data.is_none();
        let data = match &launch.data {
            Some(data) => data.clone(),
            None => fresh_directory()?,
        };
        let (child, rest, grpc) = spawn(&data, &launch, ("0", "0")).await?;
        Ok(Self { child, data, remove, launch, grpc, rest })
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Kills the server as a power failure would (SIGKILL), without a word.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Starts it again on the same data and the same ports.
    pub(crate) async fn restart(&mut self) -> io::Result<()> {
        let port = |address: &str| address.rsplit(':').next().unwrap_or("0").to_string();
        let ports = (port(&self.rest), port(&self.grpc));
        let (child, rest, grpc) = spawn(&self.data, &self.launch, (&ports.0, &ports.1)).await?;
        self.child = child;
        self.rest = rest;
        self.grpc = grpc;
        Ok(())
    }

    /// Ends the server and removes what was only for it.
    pub(crate) async fn stop(&mut self) -> io::Result<()> {
        self.kill().await?;
        self.remove()
    }

    /// Removes the data of a server that has ended, if it was only for it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if self.remove { std::fs::remove_dir_all(&self.data) } else { Ok(()) }
    }

    fn proc_file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()?)).ok()
    }

    /// Resident memory in kilobytes; `None` where the system does not say.
    pub(crate) fn resident_kb(&self) -> Option<u64> {
        let status = self.proc_file("status")?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Processor time that the server has used.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        cpu_of(self.child.id()?)
    }

    /// Bytes of the data directory.
    pub(crate) fn disk_bytes(&self) -> Option<u64> {
        let files = std::fs::read_dir(&self.data).ok()?;
        Some(files.flatten().filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum())
    }
}

/// Processor time that a process has used; `None` where the system does not say.
pub(crate) fn cpu_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Fields after the command's name in parentheses: utime is the 12th, stime the 13th.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux counts in hundredths of a second (USER_HZ) for every program.
    Some(Duration::from_millis(ticks * 10))
}

fn fresh_directory() -> io::Result<PathBuf> {
    let base = std::env::temp_dir();
    for number in 0..1_000 {
        let path = base.join(format!("fermata-{}-{number}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("no fresh directory in {}", base.display())))
}

async fn spawn(
    data: &Path,
    launch: &Launch,
    ports: (&str, &str),
) -> io::Result<(Child, String, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--output", "json", "dev", "--data"]).arg(data).args([
        "--port",
        ports.0,
        "--grpc-port",
        ports.1,
    ]);
    command.args(&launch.flags);
    if let Some(shards) = launch.shards {
        command.args(["--shards", &shards.to_string()]);
    }
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let mut lines = BufReader::new(stdout).lines();
    let line = lines.next_line().await?.ok_or_else(|| {
        io::Error::other("the server ended before it was ready; its own words are above")
    })?;
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
    match (ready["rest"].as_str(), ready["grpc"].as_str()) {
        (Some(rest), Some(grpc)) => Ok((child, rest.to_string(), grpc.to_string())),
        _ => Err(io::Error::other(format!("the server said something else than ready: {line}"))),
    }
}

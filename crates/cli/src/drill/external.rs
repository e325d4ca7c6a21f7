//! The workers of the examples: Python on pyzeebe, and a shell script through `fermata worker`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::process::ServerProcess;

/// Their processes; ended when dropped.
#[derive(Debug)]
pub(super) struct Workers(Vec<Child>);

impl Workers {
    /// Starts both against a server. The examples stand in the working directory.
    pub(super) fn start(python: &Path, server: &ServerProcess) -> std::io::Result<Self> {
        let workers = Path::new("examples/order-fulfilment/workers");
        if !workers.join("worker.py").exists() {
            return Err(std::io::Error::other(
                "expected examples/order-fulfilment in the working directory; run this in a checkout",
            ));
        }
        let mut both = Self(Vec::new());
        both.0.push(
            Command::new(python)
                .arg(workers.join("worker.py"))
                .env("ZEEBE_ADDRESS", &server.grpc)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?,
        );
        let mut shell = Command::new(std::env::current_exe()?)
            .args(["--server", &server.rest, "worker", "--type", "ship", "--timeout", "10s"])
            .args(["--jobs", "2", "--"])
            .arg(workers.join("ship.sh"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let words = shell.stderr.take();
        both.0.push(shell);
        // It ends at once if there is no server when it begins: nothing is killed before that.
        await_begin(words.ok_or_else(|| std::io::Error::other("a worker without words"))?)?;
        Ok(both)
    }
}

/// Until a worker says what it waits for; what it says later is read and dropped.
fn await_begin(words: ChildStderr) -> std::io::Result<()> {
    let mut words = BufReader::new(words);
    let mut said = String::new();
    while !said.contains("waiting for") {
        if words.read_line(&mut said)? == 0 {
            return Err(std::io::Error::other(format!("the shell worker ended: {said}")));
        }
    }
    std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
    Ok(())
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // A worker that has ended already cannot be killed: nothing is left to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

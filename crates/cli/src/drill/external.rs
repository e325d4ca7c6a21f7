//! The workers of the examples: Python on pyzeebe, and a shell script through `fermata worker`.

use std::path::Path;
use std::process::{Child, Command, Stdio};

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
        both.0.push(
            Command::new(std::env::current_exe()?)
                .args(["--server", &server.rest, "worker", "--type", "ship", "--timeout", "10s"])
                .args(["--jobs", "2", "--"])
                .arg(workers.join("ship.sh"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?,
        );
        Ok(both)
    }
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

//! A server in a folder of its own, and calls of the binary.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a call answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Standard output, which holds one JSON document and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A model of `tests/testdata`.
pub(crate) fn model(name: &str) -> String {
    format!("{}/tests/testdata/{name}.bpmn", env!("CARGO_MANIFEST_DIR"))
}

/// The binary without a server; nothing of the caller's environment steers it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fermata"));
    for name in ["FERMATA_SERVER", "COLUMNS", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

pub(crate) fn answer(command: &mut Command) -> Answer {
    let output = command.output().expect("the binary runs");
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A server that ends with the test.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) url: String,
}

impl Server {
    /// A new server on a free port, with these models deployed.
    pub(crate) fn with(models: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a writable folder");
        let (child, url) = spawn(folder.path(), "0");
        let server = Self { child, folder, url };
        if !models.is_empty() {
            let files: Vec<String> = models.iter().map(|name| model(name)).collect();
            let files = files.iter().map(String::as_str);
            server.call(std::iter::once("deploy").chain(files)).ok();
        }
        server
    }

    /// The folder, for files of the test.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a writable folder");
        path
    }

    /// Ends the server as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a live child");
        self.child.wait().expect("a child");
    }

    /// Starts it again on the same data and port.
    pub(crate) fn restart(&mut self) {
        let port = self.url.rsplit(':').next().expect("a port").to_owned();
        let (child, url) = spawn(self.folder.path(), &port);
        assert_eq!(url, self.url);
        self.child = child;
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = command();
        command.args(["--server", &self.url]);
        command
    }

    pub(crate) fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Answer {
        answer(self.command().args(arguments))
    }

    /// A call whose one JSON document is wanted.
    #[track_caller]
    pub(crate) fn json<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Value {
        answer(self.command().args(["--output", "json"]).args(arguments)).ok().json()
    }

    /// A call with something on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Answer {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary runs");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        Answer {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Starts an instance and answers its key.
    #[track_caller]
    pub(crate) fn start(&self, process: &str, variables: &str) -> String {
        let started = self.json(["start", process, "--variables", variables]);
        text(&started, "processInstanceKey")
    }

    /// Shows an instance again and again until it is as wanted.
    #[track_caller]
    pub(crate) fn shown(&self, key: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(|| {
            let shown = self.json(["show", key]);
            if wanted(&shown) { Ok(shown) } else { Err(shown.to_string()) }
        })
    }

    /// Waits until an instance has come to this end event.
    #[track_caller]
    pub(crate) fn ended_at(&self, key: &str, element: &str) -> Value {
        self.shown(key, |shown| {
            shown["instance"]["state"] == "COMPLETED" && entered(shown, element)
        })
    }

    /// A worker that runs until it is dropped or told to end.
    pub(crate) fn worker(&self, arguments: &[&str], script: &str) -> Worker {
        let mut command = self.command();
        command
            .args(["--output", "json", "worker"])
            .args(arguments)
            .args(["--", "sh", "-c", script]);
        Worker::spawn(&mut command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, port: &str) -> (Child, String) {
    let mut command = command();
    command.args(["--output", "json", "dev", "--shards", "2", "--port", port]);
    command.args(["--grpc-port", "0", "--data"]).arg(folder.join("data"));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let ready: Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (child, text(&ready, "rest"))
}

/// A running worker.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
}

impl Worker {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { child: child.expect("the binary runs") }
    }

    /// Sends SIGTERM, or another signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill");
        assert!(sent.success());
    }

    /// As [`Worker::signal`], also when it has ended.
    pub(crate) fn signal_quietly(&self, name: &str) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", name, &id]).stderr(Stdio::null()).status();
    }

    /// Tells it to end once and waits for that.
    pub(crate) fn stop(self) -> Answer {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Answer {
        let code = until(|| {
            self.child.try_wait().expect("a child").map(|status| status.code()).ok_or("it runs on")
        });
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().expect("piped").read_to_string(&mut out).expect("UTF-8");
        self.child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
        Answer { code, out, err }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries again and again until it succeeds; fails with what was there at the deadline.
#[track_caller]
pub(crate) fn until<T, E: std::fmt::Display>(mut attempt: impl FnMut() -> Result<T, E>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        match attempt() {
            Ok(found) => return found,
            Err(why) if Instant::now() > end => panic!("it did not come: {why}"),
            // Paces the attempts; nothing relies on how long it is.
            Err(_) => std::thread::park_timeout(Duration::from_millis(5)),
        }
    }
}

/// A text field.
#[track_caller]
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {value}")).to_owned()
}

/// Whether a shown instance has been at an element.
pub(crate) fn entered(shown: &Value, element: &str) -> bool {
    let elements = shown["elements"].as_array().expect("elements");
    elements.iter().any(|one| one["elementId"] == element)
}

/// The value of a variable of the instance itself.
pub(crate) fn variable(shown: &Value, name: &str) -> Value {
    let root = &shown["instance"]["processInstanceKey"];
    let variables = shown["variables"].as_array().expect("variables");
    let found = variables.iter().find(|one| one["scopeKey"] == *root && one["name"] == name);
    found.map_or(Value::Null, |one| one["value"].clone())
}

/// Fails when a line is wider than 80 columns.
#[track_caller]
pub(crate) fn fits(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert!(!line.ends_with(' '), "trailing space: {line:?}");
    }
}

//! When the disk fails, and when more comes than can be done.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Command, CreateInstance, DefinitionRef, RejectionKind, Reply, Variables};
use engine::{Model, Resource};
use fermata_server::host::{Host, HostOptions};
use fermata_server::{ServeError, Server, ServerOptions};
use store::{Fault, MemoryStore, Query, Reader, SqliteOptions, SqliteStore, Store, Writer};
use tokio::task::JoinHandle;

const MODEL: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:t">
<bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"/>
<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="work"/>
<bpmn:serviceTask id="work"><bpmn:extensionElements><zeebe:taskDefinition type="work"/></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:sequenceFlow id="g" sourceRef="work" targetRef="e"/><bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>"#;

fn resource() -> Resource {
    let processes = bpmn::read(MODEL).unwrap().processes;
    Resource {
        name: "p.bpmn".into(),
        bytes: Arc::from(MODEL.as_bytes()),
        model: Model::Bpmn(processes),
    }
}

fn create(payload: usize) -> Command {
    Command::Create(CreateInstance {
        definition: DefinitionRef::Id { id: "p".into(), version: None },
        variables: Variables::parse(&format!(r#"{{"x": "{}"}}"#, "y".repeat(payload))).unwrap(),
        start_at: Vec::new(),
        end_after: Vec::new(),
        business_id: None,
        business_id_unique: false,
        tags: Vec::new(),
        await_result: None,
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// A server that nobody stops.
struct Serving {
    host: Arc<Host>,
    running: JoinHandle<Result<(), ServeError>>,
}

/// A server on a store, at any free ports, with the model deployed.
async fn serve(store: &Arc<dyn Store>) -> Serving {
    let any = "127.0.0.1:0".parse().unwrap();
    let options = ServerOptions { main: any, grpc: any, host: HostOptions::default() };
    let server = Server::start(store, &options).await.unwrap();
    let host = Arc::clone(server.host());
    let running = tokio::spawn(server.run_until(std::future::pending()));
    host.deploy(vec![resource()]).await.unwrap();
    Serving { host, running }
}

impl Serving {
    /// The fault that ended it.
    async fn ended(self) -> Fault {
        drop(self.host);
        match self.running.await.unwrap() {
            Err(ServeError::Store(fault)) => fault,
            other => panic!("the server went on, or stopped for another reason: {other:?}"),
        }
    }
}

#[test]
fn a_full_disk_stops_the_server_with_its_reason_and_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let full = SqliteOptions { file_bytes_max: Some(400 * 1024), ..SqliteOptions::default() };
    let mut acknowledged = Vec::new();
    runtime().block_on(async {
        let sqlite: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), full).unwrap());
        let server = serve(&sqlite).await;
        let rejection = loop {
            match server.host.command(create(20_000), 20_000).await {
                Ok(Reply::Created(created)) => acknowledged.push(created.instance),
                Ok(other) => panic!("{other:?}"),
                Err(rejection) => break rejection,
            }
            assert!(acknowledged.len() < 1_000, "the disk never was full");
        };
        assert_eq!(rejection.kind, RejectionKind::Unavailable);
        let fault = server.ended().await;
        assert!(fault.to_string().contains("full"), "{fault}");
    });
    assert!(!acknowledged.is_empty());
    let again = SqliteStore::open(directory.path(), SqliteOptions::default()).unwrap();
    let mut reader = again.reader().unwrap();
    for instance in acknowledged {
        assert!(reader.instance(instance).unwrap().is_some(), "{instance} was lost");
    }
}

/// A store whose disk fails at a commit, and would not fail at the next.
#[derive(Debug)]
struct Failing {
    store: MemoryStore,
    good: usize,
    panics: bool,
}

struct FailingWriter {
    writer: Box<dyn Writer>,
    good: usize,
    panics: bool,
    asked: usize,
}

impl Writer for FailingWriter {
    fn commit(&mut self, batches: &[base::Batch]) -> Result<(), Fault> {
        self.asked += 1;
        if self.asked == self.good + 1 {
            assert!(!self.panics, "a mistake of ours");
            let what = "the sync failed: Input/output error (os error 5)".into();
            return Err(Fault::Failed { place: "disk".into(), what });
        }
        self.writer.commit(batches)
    }
}

impl Store for Failing {
    fn shards(&self) -> u16 {
        self.store.shards()
    }
    fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let (writer, good, panics) = (self.store.writer()?, self.good, self.panics);
        Ok(Box::new(FailingWriter { writer, good, panics, asked: 0 }))
    }
    fn reader(&self) -> Result<Box<dyn Reader>, Fault> {
        self.store.reader()
    }
}

#[test]
fn a_panic_in_a_commit_ends_the_server_and_nothing_is_built_on_it() {
    for callers in [1, 40] {
        let memory = MemoryStore::new(2);
        let failing: Arc<dyn Store> =
            Arc::new(Failing { store: memory.clone(), good: 1, panics: true });
        runtime().block_on(async {
            let server = serve(&failing).await;
            let calls = (0..callers).map(|_| {
                let host = Arc::clone(&server.host);
                tokio::spawn(async move { host.command(create(1), 1).await })
            });
            for call in calls.collect::<Vec<_>>() {
                // Who worked for itself at that moment panicked; the others hear why.
                if let Ok(outcome) = call.await {
                    assert_eq!(outcome.unwrap_err().kind, RejectionKind::Unavailable);
                }
            }
            assert_eq!(server.ended().await, Fault::Panicked);
        });
        let found = memory.reader().unwrap().find_instances(&Query::default()).unwrap();
        assert_eq!(found.total, 0, "with {callers} callers");
    }
}

#[test]
fn a_failed_sync_is_not_tried_again_and_nothing_after_it_is_acknowledged() {
    for shards in [1, 3] {
        let memory = MemoryStore::new(shards);
        let failing: Arc<dyn Store> =
            Arc::new(Failing { store: memory.clone(), good: 4, panics: false });
        let acknowledged = runtime().block_on(async {
            let server = serve(&failing).await;
            let mut acknowledged = Vec::new();
            let mut refused = 0;
            for _ in 0..20 {
                match server.host.command(create(10), 10).await {
                    Ok(Reply::Created(created)) if refused == 0 => {
                        acknowledged.push(created.instance);
                    }
                    Ok(other) => panic!("acknowledged after a failed sync: {other:?}"),
                    Err(rejection) => {
                        assert_eq!(rejection.kind, RejectionKind::Unavailable);
                        refused += 1;
                    }
                }
            }
            let fault = server.ended().await;
            assert!(fault.to_string().contains("the sync failed"), "{fault}");
            acknowledged
        });
        assert_eq!(acknowledged.len(), 3, "the deployment and three instances were committed");
        let mut reader = memory.reader().unwrap();
        assert_eq!(reader.find_instances(&Query::default()).unwrap().rows.len(), 3);
    }
}

/// A store whose commits wait for a word each.
#[derive(Debug)]
struct Gated {
    store: MemoryStore,
    gate: Mutex<Option<Receiver<()>>>,
}

struct GatedWriter {
    writer: Box<dyn Writer>,
    gate: Receiver<()>,
}

impl Writer for GatedWriter {
    fn commit(&mut self, batches: &[base::Batch]) -> Result<(), Fault> {
        // The sender is dropped when the gate is open for ever.
        let _ = self.gate.recv();
        self.writer.commit(batches)
    }
}

impl Store for Gated {
    fn shards(&self) -> u16 {
        self.store.shards()
    }
    fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let gate = self.gate.lock().unwrap().take().ok_or(Fault::SecondWriter)?;
        Ok(Box::new(GatedWriter { writer: self.store.writer()?, gate }))
    }
    fn reader(&self) -> Result<Box<dyn Reader>, Fault> {
        self.store.reader()
    }
}

#[test]
fn past_the_bound_callers_are_told_to_come_later_and_what_was_taken_is_done() {
    for shards in [1, 3] {
        let (open, gate): (Sender<()>, _) = channel();
        let memory = MemoryStore::new(shards);
        let gated = Gated { store: memory.clone(), gate: Mutex::new(Some(gate)) };
        let gated: Arc<dyn Store> = Arc::new(gated);
        runtime().block_on(async {
            let host = Arc::new(Host::start(&gated, HostOptions::default()).unwrap());
            let deploying = {
                let host = Arc::clone(&host);
                tokio::spawn(async move { host.deploy(vec![resource()]).await })
            };
            open.send(()).unwrap();
            deploying.await.unwrap().unwrap();
            // 256 MB may be under way: of 600 commands of 1 MB, the rest is refused at once.
            let mut commands = tokio::task::JoinSet::new();
            for _ in 0..600 {
                let host = Arc::clone(&host);
                commands.spawn(async move { host.command(create(10), 1024 * 1024).await });
            }
            let mut refused = 0;
            while refused < 600 - 256 {
                let rejection = commands.join_next().await.unwrap().unwrap().unwrap_err();
                assert_eq!(rejection.kind, RejectionKind::Exhausted);
                refused += 1;
            }
            drop(open);
            let mut done = 0;
            while let Some(outcome) = commands.join_next().await {
                outcome.unwrap().unwrap();
                done += 1;
            }
            assert_eq!(done, 256);
        });
        let mut reader = memory.reader().unwrap();
        let query = Query { page: store::Page { from: 0, limit: 1_000 }, ..Query::default() };
        assert_eq!(reader.find_instances(&query).unwrap().rows.len(), 256);
    }
}

#[test]
fn a_caller_that_goes_away_waits_for_no_commit_and_what_it_brought_is_done() {
    let (open, gate): (Sender<()>, _) = channel();
    let gate = Mutex::new(Some(gate));
    let gated: Arc<dyn Store> = Arc::new(Gated { store: MemoryStore::new(1), gate });
    runtime().block_on(async {
        let host = Arc::new(Host::start(&gated, HostOptions::default()).unwrap());
        open.send(()).unwrap();
        host.deploy(vec![resource()]).await.unwrap();
        let work = host.hints().wait(&"work".into());
        let caller = tokio::spawn({
            let host = Arc::clone(&host);
            async move {
                // Asked once, it has left its command at the desk; then it is dropped.
                tokio::select! {
                    biased;
                    outcome = host.command(create(10), 10) => panic!("answered: {outcome:?}"),
                    () = std::future::ready(()) => {}
                }
            }
        });
        let gone = tokio::time::timeout(Duration::from_mins(1), caller).await;
        gone.expect("no commit is waited for").unwrap();
        drop(open);
        tokio::time::timeout(Duration::from_mins(1), work.hint()).await.expect("it is done");
    });
}

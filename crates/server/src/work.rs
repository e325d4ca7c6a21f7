//! What the faces share: waiting for jobs, and reading the files of a deployment.

use std::sync::Arc;
use std::time::Duration;

use base::limits::{DEPLOYMENT_BYTES_MAX, RESOURCE_BYTES_MAX};
use base::{
    ActivateJobs, ActivatedJob, Command, Finding, ImportedFile, JobKey, Rejection, Reply, ShardId,
};
use engine::{Model, Resource};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::host::Host;

/// How long a poll waits when the caller does not say. Below the deadline of 20 s that clients set.
pub const POLL_DEFAULT: Duration = Duration::from_secs(10);

/// Leases jobs; waits until `deadline` for the first one.
pub async fn activate(
    host: &Arc<Host>,
    activate: ActivateJobs,
    deadline: Option<Instant>,
) -> Result<Vec<ActivatedJob>, Rejection> {
    let wait = host.hints().wait(&activate.job_type);
    loop {
        let jobs = activate_or_give_back(host, &activate).await?;
        if !jobs.is_empty() {
            wait.pass_on();
            return Ok(jobs);
        }
        let Some(deadline) = deadline else { return Ok(jobs) };
        tokio::select! {
            () = wait.hint() => {}
            () = tokio::time::sleep_until(deadline) => return Ok(jobs),
            () = host.stopping() => return Ok(jobs),
        }
    }
}

/// As [`try_activate`]; if the caller goes away meanwhile, what was leased is given back.
async fn activate_or_give_back(
    host: &Arc<Host>,
    activate: &ActivateJobs,
) -> Result<Vec<ActivatedJob>, Rejection> {
    let (sender, receiver) = oneshot::channel();
    let (host, activate) = (Arc::clone(host), activate.clone());
    tokio::spawn(async move {
        let activated = try_activate(&host, &activate).await;
        // A caller that goes away while this is on its way to it drops it unseen.
        let _ = sender.send(activated.map(|jobs| (Leased::new(&host, &jobs), jobs)));
    });
    let (leased, jobs) = receiver.await.unwrap_or_else(|_| {
        Err(Rejection::new(base::RejectionKind::Unavailable, "the server is stopping"))
    })?;
    leased.handed_over();
    Ok(jobs)
}

/// Jobs on their way to a worker: dropped before they are handed over, they are given back.
#[derive(Debug)]
struct Leased {
    host: Arc<Host>,
    jobs: Vec<JobKey>,
}

impl Leased {
    /// Guards jobs that were just leased.
    fn new(host: &Arc<Host>, jobs: &[ActivatedJob]) -> Self {
        Self { host: Arc::clone(host), jobs: jobs.iter().map(|job| job.job).collect() }
    }

    /// The worker has them, or somebody else guards them now.
    fn handed_over(mut self) {
        self.jobs.clear();
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        // Without a runtime the server is at its end: the leases end by themselves.
        if !self.jobs.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (host, jobs) = (Arc::clone(&self.host), std::mem::take(&mut self.jobs));
            runtime.spawn(async move { give_back(&host, jobs).await });
        }
    }
}

/// Asks every shard once, beginning with the next in turn, until enough is leased.
pub async fn try_activate(
    host: &Host,
    activate: &ActivateJobs,
) -> Result<Vec<ActivatedJob>, Rejection> {
    let first = host.any_shard().0;
    let mut all = Vec::new();
    for number in 0..host.shards() {
        let shard = ShardId((first + number) % host.shards());
        let taken = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let rest = activate.jobs_max.saturating_sub(taken);
        if rest == 0 && taken > 0 {
            break;
        }
        let ask = ActivateJobs { jobs_max: rest, ..activate.clone() };
        match host.command_at(shard, Command::ActivateJobs(ask), 0).await {
            Ok(Reply::Jobs { jobs }) if all.is_empty() => all = jobs,
            Ok(Reply::Jobs { jobs }) => all.extend(jobs),
            Ok(_) => {}
            // What is leased already must reach the worker.
            Err(_) if !all.is_empty() => break,
            Err(rejection) => return Err(rejection),
        }
    }
    Ok(all)
}

/// Gives back jobs that were leased for a worker that is gone, as if their lease had ended.
pub async fn give_back(host: &Host, jobs: Vec<JobKey>) {
    for job in jobs {
        let command = Command::UpdateJob { job, retries: None, timeout_ms: Some(0) };
        // If it fails, the lease ends by itself.
        let _ = host.command(command, 0).await;
    }
}

/// Reads and checks the files of a deployment. Every problem is named, with its place.
pub async fn read_resources(files: Vec<(String, Vec<u8>)>) -> Result<Vec<Resource>, Rejection> {
    if files.is_empty() {
        return Err(Rejection::invalid("expected at least one resource to deploy, but found none"));
    }
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    if total > DEPLOYMENT_BYTES_MAX {
        return Err(Rejection::invalid(format!(
            "the resources are {total} bytes, over the limit of {DEPLOYMENT_BYTES_MAX} for one \
             deployment; deploy them one by one"
        )));
    }
    let checked = tokio::task::spawn_blocking(move || {
        let files: Vec<File> = files.into_iter().map(File::new).collect::<Result<_, _>>()?;
        files.iter().map(|file| read_resource(file, &files)).collect()
    });
    checked.await.unwrap_or_else(|panic| {
        Err(Rejection::new(
            base::RejectionKind::Unavailable,
            format!("Fermata failed while it read the model ({panic}); please report this"),
        ))
    })
}

/// A file of a deployment: its name ends as a model's does, and it is text.
struct File {
    name: String,
    bytes: Arc<[u8]>,
    is_decision: bool,
}

impl File {
    fn new((name, bytes): (String, Vec<u8>)) -> Result<Self, Rejection> {
        if bytes.len() > RESOURCE_BYTES_MAX {
            return Err(Rejection::invalid(format!(
                "{name} is {} bytes, over the limit of {RESOURCE_BYTES_MAX}",
                bytes.len()
            )));
        }
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        let is_decision = ending == "dmn";
        if !is_decision && !matches!(ending.as_str(), "bpmn" | "bpmn20" | "xml") {
            return Err(Rejection::invalid(format!(
                "expected BPMN models (.bpmn) and DMN models (.dmn), but found `{name}`; this \
                 release deploys nothing else"
            )));
        }
        let file = Self { name, bytes: Arc::from(bytes), is_decision };
        file.text()?;
        Ok(file)
    }

    fn text(&self) -> Result<&str, Rejection> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            Rejection::invalid(format!(
                "expected {} to be UTF-8, but byte {} is not; save the model as UTF-8",
                self.name,
                error.valid_up_to()
            ))
        })
    }
}

/// `all` are the files of the deployment: a decision model may import another one of them.
fn read_resource(file: &File, all: &[File]) -> Result<Resource, Rejection> {
    let refused = |findings: Vec<Finding>| refused(&file.name, findings);
    let model = if file.is_decision {
        let others = || all.iter().filter(|other| other.is_decision && other.name != file.name);
        let texts: Vec<(&str, &str)> = others()
            .map(|other| Ok((other.name.as_str(), other.text()?)))
            .collect::<Result<_, Rejection>>()?;
        let definitions = dmn::compile_with(file.text()?, &texts).map_err(refused)?;
        let imported = definitions.imports().iter().filter_map(|place| others().nth(*place));
        let imports = imported
            .map(|other| ImportedFile {
                name: other.name.as_str().into(),
                resource: other.bytes.clone(),
            })
            .collect();
        Model::Dmn { definitions, imports }
    } else {
        Model::Bpmn(bpmn::read(file.text()?).map_err(refused)?.processes)
    };
    Ok(Resource { name: file.name.as_str().into(), bytes: file.bytes.clone(), model })
}

fn refused(name: &str, findings: Vec<Finding>) -> Rejection {
    let lines: Vec<_> =
        findings.into_iter().map(|finding| finding.within(name).to_string()).collect();
    Rejection::invalid(format!("the model is refused:\n{}", lines.join("\n")))
}

/// A date that is corrected: `None` keeps it, an empty text clears it.
pub(crate) fn date_correction(
    what: &str,
    text: Option<&str>,
) -> Result<Option<Option<i64>>, String> {
    match text {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => Ok(Some(Some(time.as_millisecond()))),
            Err(_) => Err(format!(
                "in `{what}`: expected an instant like 2026-01-31T12:00:00Z, but found \"{text}\""
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use base::{CreateInstance, DefinitionRef, Variables};
    use store::{MemoryStore, Store};

    use super::*;
    use crate::host::HostOptions;

    const MODEL: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
        xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="x">
        <process id="p" isExecutable="true"><startEvent id="s"/>
        <sequenceFlow id="f" sourceRef="s" targetRef="t"/>
        <serviceTask id="t"><extensionElements><zeebe:taskDefinition type="work"/>
        </extensionElements></serviceTask></process></definitions>"#;

    async fn host_with_a_job() -> Arc<Host> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1));
        let host = Arc::new(Host::start(&store, HostOptions::default()).unwrap());
        let models = vec![("p.bpmn".to_owned(), MODEL.as_bytes().to_vec())];
        host.deploy(read_resources(models).await.unwrap()).await.unwrap();
        let create = CreateInstance {
            definition: DefinitionRef::Id { id: "p".into(), version: None },
            variables: Variables::new(),
            start_at: Vec::new(),
            end_after: Vec::new(),
            business_id: None,
            business_id_unique: false,
            tags: Vec::new(),
            await_result: None,
        };
        host.command(Command::Create(create), 0).await.unwrap();
        host
    }

    fn ask() -> ActivateJobs {
        ActivateJobs {
            job_type: "work".into(),
            worker: "w".into(),
            timeout_ms: 600_000,
            jobs_max: 1,
            fetch_variables: Vec::new(),
        }
    }

    #[tokio::test]
    async fn jobs_that_were_on_their_way_to_a_caller_that_left_are_given_back() {
        let host = host_with_a_job().await;
        let mut call = Box::pin(activate(&host, ask(), None));
        let waker = Waker::noop();
        assert!(call.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        // The answer is there, but the caller does not look any more.
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
        drop(call);
        let deadline = Instant::now() + Duration::from_secs(10);
        assert_eq!(activate(&host, ask(), Some(deadline)).await.unwrap().len(), 1);
    }
}

//! The worker: leases jobs of some types and runs a handler for each.
//!
//! In:  a client, options, a [`Handler`], a [`Stop`].
//! Out: every leased job is completed, failed, thrown as a BPMN error, or given back; the handler
//!      hears of what it cannot see itself as a [`Notice`].
//! Absent: streams of jobs. A poll leases exactly what there is room for, so that no job waits,
//!      leased, behind a slow one while another worker is idle; the server holds the poll until
//!      there is a job, so nothing is later for it.

mod backoff;
mod feed;
mod job;
mod lease;
mod report;
mod stop;

use std::sync::Arc;
use std::time::Duration;

use proto::gateway::gateway_client::GatewayClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;

pub use job::{Handler, Job, Notice, Outcome};
pub use stop::{Stop, Stopper, stop_signal};

use crate::{Client, Error};

/// What can be set about a worker.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Types of jobs that it takes.
    pub job_types: Vec<String>,
    /// Its name, for people to read.
    pub name: String,
    /// Jobs of each type at once; at least one.
    pub jobs: usize,
    /// How long each lease lasts. It is prolonged while the handler runs: this is how long a job
    /// stays away when the worker vanishes.
    pub lease: Duration,
    /// Variables to fetch; empty is all.
    pub fetch: Vec<String>,
}

/// A worker, ready to run.
#[derive(Debug)]
pub struct Worker<H> {
    shared: Arc<Shared<H>>,
}

#[derive(Debug)]
struct Shared<H> {
    server: String,
    gateway: GatewayClient<Channel>,
    options: WorkerOptions,
    handler: H,
}

impl<H: Handler> Worker<H> {
    /// Prepares a worker; nothing is leased before [`Worker::run`]. Needs a Tokio runtime.
    pub fn new(client: &Client, options: WorkerOptions, handler: H) -> Result<Self, Error> {
        let server = client.server().to_owned();
        let gateway = client.gateway()?;
        Ok(Self { shared: Arc::new(Shared { server, gateway, options, handler }) })
    }

    /// Works until `stop` says so. A server that goes away is waited for; an error is an answer
    /// that waiting cannot mend (the server refuses the polls).
    pub async fn run(self, stop: Stop) -> Result<(), Error> {
        let mut feeds = JoinSet::new();
        for job_type in self.shared.options.job_types.clone() {
            feeds.spawn(feed::run(Arc::clone(&self.shared), job_type, stop.clone()));
        }
        let mut result = Ok(());
        while let Some(ended) = feeds.join_next().await {
            // One refused feed ends the worker, for half a worker would look like a whole one; the
            // others finish what they have.
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    result = Err(error);
                    stop.drain();
                }
                // A handler's panic is caught in its own task; a feed has none.
                Err(_) => stop.drain(),
            }
        }
        result
    }
}

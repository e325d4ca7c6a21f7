//! After the drill: what the store holds against what clients were told and what the API showed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base::{Event, InstanceRow, InstanceState, Record};
use instance::{History, Status};
use store::{Page, Query, Reader, SqliteOptions, SqliteStore, Store};

use super::orders::Order;
use super::{Acknowledged, DemoArgs, Drill, Failure};

/// Rows that are read at once.
const PAGE: u32 = 500;

/// What the drill found.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) violations: Vec<String>,
    ends: BTreeMap<String, u64>,
    jobs: u64,
    failures: u64,
    approvals: BTreeMap<&'static str, u64>,
    events: u64,
}

/// State of every instance as the API shows it, by key.
pub(super) async fn states(drill: &Drill) -> Result<BTreeMap<String, String>, Failure> {
    let query = serde_json::json!({});
    let page = drill.client.search("process-instances", &query, 1_000_000).await?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    Ok(page
        .items
        .iter()
        .map(client::Document::value)
        .map(|item| (text(&item["processInstanceKey"]), text(&item["state"])))
        .collect())
}

/// Reads the store of the server that has ended.
pub(super) fn check(
    data: &Path,
    orders: &[Order],
    acknowledged: &Acknowledged,
    shown: &BTreeMap<String, String>,
) -> Result<Report, Failure> {
    let store = SqliteStore::open(data, SqliteOptions::default())?;
    let mut reader = store.reader()?;
    let mut report = Report::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut jobs = std::collections::BTreeSet::new();
    let mut tasks = std::collections::BTreeSet::new();
    let expected: BTreeMap<&str, &Order> =
        orders.iter().map(|order| (order.id.as_str(), order)).collect();
    let mut from = 0;
    loop {
        let page = Page { from, limit: PAGE };
        let rows = reader.find_instances(&Query { page, ..Query::default() })?.rows;
        let Some(count) = u32::try_from(rows.len()).ok().filter(|count| *count > 0) else { break };
        from += count;
        for row in rows {
            let key = row.instance.to_string();
            let history = history(&mut *reader, &row)?;
            let elements = reader.definition(row.definition)?.map(|row| row.elements);
            let business_id = row.business_id.as_deref().unwrap_or_default().to_string();
            let end = report.instance(&row, &history, &elements.unwrap_or_default());
            report.count(&history, &mut jobs, &mut tasks);
            if shown.get(&key).map(String::as_str) != Some(name(row.state)) {
                report.violation(format!("the API showed {:?} for {key}", shown.get(&key)));
            }
            match expected.get(business_id.as_str()) {
                None => report.violation(format!("instance {key} is of no order")),
                Some(order) if end != order.end => {
                    report.violation(format!("{business_id} ended at {end}, not {}", order.end));
                }
                Some(_) => {}
            }
            if let Some(first) = seen.insert(business_id.clone(), key.clone()) {
                report.violation(format!("{business_id} was started twice: {first} and {key}"));
            }
        }
    }
    for (order, key) in &acknowledged.created {
        if seen.get(order).is_none_or(|found| !key.is_empty() && found != key) {
            report.violation(format!("the start of {order} was acknowledged and lost"));
        }
    }
    let lost = acknowledged.jobs.iter().filter(|job| !jobs.contains(*job)).count()
        + acknowledged.tasks.iter().filter(|task| !tasks.contains(*task)).count();
    if lost > 0 {
        report.violation(format!("{lost} acknowledged completions were lost"));
    }
    if seen.len() != orders.len() {
        report.violation(format!("{} orders, but {} instances", orders.len(), seen.len()));
    }
    Ok(report)
}

fn history(reader: &mut dyn Reader, row: &InstanceRow) -> Result<History, Failure> {
    let log = reader.log(row.instance, 0, u32::MAX)?;
    let records = log
        .iter()
        .map(|log| Record::from_bytes(&log.bytes, row.instance))
        .collect::<Result<Vec<_>, _>>()?;
    History::fold(&records).ok_or_else(|| format!("{} has no log", row.instance).into())
}

fn name(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Active => "ACTIVE",
        InstanceState::Completed => "COMPLETED",
        InstanceState::Terminated => "TERMINATED",
        InstanceState::Suspended => "SUSPENDED",
    }
}

impl Report {
    fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// The end event that an instance reached; its log and its row must agree.
    fn instance(
        &mut self,
        row: &InstanceRow,
        history: &History,
        elements: &[base::Text],
    ) -> String {
        if history.state.status() != Status::Completed || row.state != InstanceState::Completed {
            self.violation(format!("{} has not completed", row.instance));
        }
        let root = row.instance.root();
        let mut ids = history
            .elements
            .iter()
            .filter(|element| element.scope == root && element.key != root)
            .filter_map(|element| elements.get(element.element as usize));
        let end = ids.next_back().map_or_else(String::new, ToString::to_string);
        *self.ends.entry(end.clone()).or_default() += 1;
        end
    }

    /// Jobs and tasks that the log says are done: each once.
    fn count(
        &mut self,
        history: &History,
        jobs: &mut std::collections::BTreeSet<i64>,
        tasks: &mut std::collections::BTreeSet<String>,
    ) {
        let mut escalated = false;
        for entry in &history.timeline {
            self.events += 1;
            let done = match &entry.event {
                Event::JobCompleted { job } | Event::JobErrorThrown { job, .. } => Some(job),
                Event::JobFailed { .. } => {
                    self.failures += 1;
                    None
                }
                Event::TimerFired { .. } => {
                    escalated = true;
                    None
                }
                Event::UserTaskCompleted { task, .. } => {
                    let who = if escalated { "by the director" } else { "by sales" };
                    *self.approvals.entry(who).or_default() += 1;
                    if !tasks.insert(task.to_string()) {
                        self.violations.push(format!("task {task} was completed twice"));
                    }
                    None
                }
                _ => None,
            };
            if let Some(job) = done {
                self.jobs += 1;
                if !jobs.insert(job.0.as_i64()) {
                    self.violations.push(format!("job {job} was completed twice"));
                }
            }
        }
    }

    /// For people, or for programs.
    pub(super) fn print(&self, args: &DemoArgs, took: Duration, restarts: &[Duration], json: bool) {
        let seconds = took.as_secs_f64();
        let slowest = restarts.iter().max().map_or(0, Duration::as_millis);
        if json {
            let document = serde_json::json!({
                "orders": args.orders, "kills": restarts.len(), "seed": args.seed,
                "seconds": seconds, "ends": self.ends, "jobs": self.jobs,
                "failedAttempts": self.failures, "approvals": self.approvals,
                "events": self.events, "slowestRestartMs": slowest,
                "violations": self.violations,
            });
            println!("{document}");
            return;
        }
        println!(
            "{} orders, {} kills (seed {}), {seconds:.1} s",
            args.orders,
            restarts.len(),
            args.seed
        );
        for (end, count) in &self.ends {
            println!("  {count:>6}  {end}");
        }
        for (who, count) in &self.approvals {
            println!("  {count:>6}  decided {who}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
        let per_second = self.jobs as f64 / seconds;
        println!("  {:>6}  jobs done, {per_second:.0} a second", self.jobs);
        println!("  {:>6}  attempts failed and were repeated", self.failures);
        println!("  {slowest:>6}  ms to be ready again after the slowest restart");
        if self.violations.is_empty() {
            println!(
                "Every order ended where it should; nothing acknowledged was lost or done twice."
            );
        }
        for violation in &self.violations {
            println!("  VIOLATION: {violation}");
        }
    }
}

//! `fermata start`: starts instances.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::{CreateInstance, Definition, Document};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::context::{Context, Done, answer_json, array, text};
use crate::failure::Failure;
use crate::input;
use crate::screen::{self, BOLD, DIM, Screen, styled};

/// Starts under way at once with `--count`.
const AT_ONCE: u32 = 64;

pub(crate) const HELP: &str = "Examples:
  fermata start order-fulfilment --variables '{\"orderId\": \"A-1001\"}'
  fermata start order-fulfilment --variables @order.json --business-id A-1001
  fermata start quick-check --await --timeout 5s --output json
  fermata start load-test --count 10000
  fermata start order-fulfilment --at ship-parcel --variables @order.json
  fermata start order-fulfilment --until check-stock

PROCESS_ID is the id of the process element, or the key of one definition.
With --await the answer has the instance's variables at its end; an instance
that takes longer goes on.

Exit codes: 0 started (with --await: and ended), 1 refused, or not ended in
time, 2 wrong call or unreadable file, 3 no server at the address";

/// What to start.
#[derive(Debug, clap::Args)]
pub(crate) struct StartArgs {
    /// Which process
    #[arg(value_name = "PROCESS_ID")]
    process: String,
    /// A JSON object, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
    /// This version of the process (default: the latest)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    version: Option<i32>,
    /// Your own name for the instance
    #[arg(long, value_name = "ID")]
    business_id: Option<String>,
    /// Refuse when a live instance of the process has this business id
    #[arg(long, requires = "business_id")]
    unique: bool,
    /// A mark to find it by; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Begin at this element instead of the start event; may be given several times
    #[arg(long, value_name = "ELEMENT")]
    at: Vec<String>,
    /// End it when this element has completed or was terminated; may be given several times
    #[arg(long, value_name = "ELEMENT")]
    until: Vec<String>,
    /// Wait for its end
    #[arg(long = "await", conflicts_with = "count")]
    wait: bool,
    /// How long to wait at most
    #[arg(long, default_value = "30s", value_name = "TIME", requires = "wait", value_parser = input::duration)]
    timeout: Duration,
    /// Start so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
}

pub(crate) async fn run(args: StartArgs, context: Context) -> Done {
    let by_key = args.process.bytes().all(|byte| byte.is_ascii_digit());
    if by_key && args.version.is_some() {
        return Err(Failure::wrong_call(
            "expected no --version with the key of a definition, which is one version already",
        ));
    }
    let definition = if by_key {
        Definition::Key(args.process)
    } else {
        Definition::Process { id: args.process, version: args.version }
    };
    let create = CreateInstance {
        definition,
        variables: input::variables(args.variables.as_deref())?,
        business_id: args.business_id,
        business_id_unique: args.unique,
        tags: args.tags,
        start_at: args.at,
        end_after: args.until,
        await_completion: args.wait.then_some(args.timeout),
    };
    match args.count {
        Some(count) => many(create, count, &context).await,
        None => one(&create, &context).await,
    }
}

async fn one(create: &CreateInstance, context: &Context) -> Done {
    let begun = Instant::now();
    let created = context.client.create_instance(create).await?;
    let took = begun.elapsed();
    context.answer(&created, |answer, screen| {
        let name = name(answer);
        let key = styled(BOLD, text(answer, "processInstanceKey"));
        if create.await_completion.is_some() {
            screen.line(&format!("{name} ended after {:.1} s: {key}", took.as_secs_f64()));
            variables(&created, screen);
        } else {
            screen.line(&format!("{name} is started: {key}"));
        }
    })
}

/// `order-fulfilment v3`.
fn name(created: &serde_json::Value) -> String {
    let id = screen::clean(text(created, "processDefinitionId"));
    format!("{id} v{}", created["processDefinitionVersion"])
}

#[derive(Deserialize)]
struct Variables {
    // As text: decimals are not rounded.
    variables: BTreeMap<String, Box<RawValue>>,
}

fn variables(created: &Document, screen: &mut Screen) {
    let Some(Variables { variables }) = created.read() else { return };
    let pairs = variables.iter().map(|(name, value)| (name.as_str(), value.get()));
    crate::show::variables(pairs, screen);
}

async fn many(create: CreateInstance, count: u32, context: &Context) -> Done {
    let bar = bar(count);
    let begun = Instant::now();
    let mut running = JoinSet::new();
    let mut begun_count = 0;
    let mut created: Vec<Document> = Vec::new();
    let mut refused = None;
    loop {
        while refused.is_none() && begun_count < count && running.len() < AT_ONCE as usize {
            let (client, create) = (context.client.clone(), create.clone());
            running.spawn(async move { client.create_instance(&create).await });
            begun_count += 1;
        }
        match running.join_next().await {
            None => break,
            Some(Ok(Ok(document))) => {
                bar.inc(1);
                created.push(document);
            }
            Some(Ok(Err(error))) => refused = refused.or(Some(Failure::from(error))),
            // Nobody aborts them.
            Some(Err(_)) => {}
        }
    }
    bar.finish_and_clear();
    let took = begun.elapsed();
    if context.json() {
        answer_json(&array(created.iter().map(Document::text)))?;
    } else if let Some(first) = created.first() {
        let number = created.len() as u64;
        let what = screen::count(number, "instance");
        let name = name(&first.value());
        let mut page = Screen::new();
        page.line(&format!("{what} of {name} started"));
        let seconds = took.as_secs_f64().max(0.001);
        let rate = f64::from(u32::try_from(number).unwrap_or(u32::MAX)) / seconds;
        page.styled(DIM, &format!("in {seconds:.1} s, {rate:.0} a second"));
        page.show()?;
    }
    match refused {
        Some(failure) => {
            Err(failure.while_doing(&format!("{} of {count} are started; then", created.len())))
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// On standard error, and only on a terminal.
fn bar(count: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {human_pos} of {human_len}, {eta} left");
    let bar = ProgressBar::new(u64::from(count));
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

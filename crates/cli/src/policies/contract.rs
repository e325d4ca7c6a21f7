//! What a model says about one step, in words.

use std::fmt::Write as _;

use bpmn::{
    AdHoc, Compensation, Kind, Mapping, Node, Policy, Process, Throw, Timer, Trigger, Value,
    retry_delay_ms,
};

/// Delays that are named one by one.
const DELAYS_SHOWN: u32 = 6;

/// One step. A part that the model does not speak of is empty.
#[derive(Debug, Default)]
pub(super) struct Contract {
    pub(super) process: String,
    pub(super) step: String,
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) work: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) attempts: String,
    pub(super) delays: String,
    pub(super) do_not_retry: Vec<String>,
    pub(super) timeouts: Vec<String>,
    pub(super) due: Vec<String>,
    pub(super) compensation: String,
    pub(super) expected: String,
    pub(super) idempotency_key: String,
    pub(super) side_effect: bool,
    pub(super) listeners: Vec<String>,
}

/// The steps of a process, in the order of the model.
pub(super) fn of(process: &Process) -> Vec<Contract> {
    let activities = process.nodes.iter().filter(|node| is_activity(node));
    activities.map(|node| contract(process, node)).collect()
}

fn is_activity(node: &Node) -> bool {
    node.element_type.ends_with("TASK")
        || matches!(
            node.element_type,
            "SUB_PROCESS" | "TRANSACTION" | "AD_HOC_SUB_PROCESS" | "CALL_ACTIVITY"
        )
}

fn contract(process: &Process, node: &Node) -> Contract {
    let mut contract = Contract {
        process: process.id.to_string(),
        step: node.id.to_string(),
        name: node.name.as_deref().unwrap_or_default().replace('\n', " "),
        r#type: node.element_type.to_lowercase().replace('_', " "),
        work: work(node),
        inputs: mappings(&node.inputs),
        outputs: mappings(&node.outputs),
        errors: errors(process, node),
        timeouts: boundary_timers(process, node),
        compensation: compensation(process, node.compensation),
        listeners: listeners(node),
        ..Contract::default()
    };
    match &node.kind {
        Kind::Job(spec) | Kind::AdHoc(AdHoc { job: Some(spec), .. }) => {
            contract.attempts = value(&spec.retries);
        }
        Kind::Script { result, .. } => contract.outputs.insert(0, result.to_string()),
        Kind::Decision(called) => contract.outputs.insert(0, called.result.to_string()),
        Kind::UserTask(spec) => {
            contract.due.extend(spec.due_date.iter().map(value));
        }
        _ => {}
    }
    if let Some(policy) = &node.policy {
        of_policy(policy, &mut contract);
    }
    contract
}

fn of_policy(policy: &Policy, contract: &mut Contract) {
    if let Some(retry) = &policy.retry {
        contract.attempts = retry.attempts().to_string();
        let plain = bpmn::RetryPolicy { jitter_millionths: 0, ..retry.clone() };
        let last = retry.attempts().min(DELAYS_SHOWN + 1);
        let delays = (2..=last).filter_map(|attempt| retry_delay_ms(&plain, attempt, 0));
        let mut delays: Vec<String> = delays.map(spoken_ms).collect();
        if retry.attempts() > last {
            delays.push("...".into());
        }
        contract.delays = delays.join(", ");
        if retry.jitter_millionths > 0 && !contract.delays.is_empty() {
            let percent = f64::from(retry.jitter_millionths) / 10_000.0;
            let _ = write!(contract.delays, ", less up to {percent} %");
        }
        contract.do_not_retry = retry.do_not_retry.iter().map(ToString::to_string).collect();
    }
    if let Some(timeout) = &policy.timeout {
        contract.timeouts.insert(0, format!("{}: error TIMEOUT", value(timeout)));
    }
    if let Some(ms) = policy.attempt_timeout_ms {
        contract.timeouts.push(format!("an attempt {}", spoken_ms(ms.unsigned_abs())));
    }
    contract.due.extend(policy.due_date.iter().map(value));
    contract.due.extend(policy.reminder.iter().map(|at| format!("reminder {}", value(at))));
    contract.expected =
        policy.expected_duration.as_ref().map_or_else(String::new, |it| it.0.to_string());
    contract.idempotency_key = policy.idempotency_key.as_ref().map_or_else(String::new, value);
    contract.side_effect = policy.side_effect;
}

/// Who does it.
fn work(node: &Node) -> String {
    match &node.kind {
        Kind::Job(spec) | Kind::AdHoc(AdHoc { job: Some(spec), .. }) => {
            format!("job {}", value(&spec.job_type))
        }
        Kind::Decision(called) => format!("decision {}", value(&called.decision_id)),
        Kind::Call(called) => format!("process {}", value(&called.process_id)),
        Kind::UserTask(spec) => {
            let who =
                spec.assignee.iter().chain(&spec.candidate_users).chain(&spec.candidate_groups);
            let who: Vec<String> = who.map(value).collect();
            if who.is_empty() { "a person".into() } else { format!("a person: {}", who.join(", ")) }
        }
        Kind::Script { expression, .. } => format!("= {}", expression.source().trim()),
        _ => String::new(),
    }
}

fn mappings(mappings: &[Mapping]) -> Vec<String> {
    let line = |mapping: &Mapping| {
        let target: Vec<&str> = mapping.target.iter().map(|part| &**part).collect();
        format!("{} {}", target.join("."), assigned(&value(&mapping.source)))
    };
    mappings.iter().map(line).collect()
}

fn assigned(source: &str) -> String {
    if source.starts_with('=') { source.into() } else { format!("= \"{source}\"") }
}

/// What may be thrown at it, and where it goes; errors that its own end events throw.
fn errors(process: &Process, node: &Node) -> Vec<String> {
    let mut errors = Vec::new();
    for boundary in &node.boundaries {
        let event = process.node(*boundary);
        let Kind::Boundary { trigger, .. } = &event.kind else { continue };
        for one in trigger.choices() {
            if let Trigger::Error { code } = one {
                let code = code.as_deref().unwrap_or("any");
                errors.push(format!("{code} -> {}", targets(process, event)));
            }
        }
    }
    let own = process.node_by_id(&node.id);
    let inside =
        process.nodes.iter().filter(|it| own.is_some_and(|own| is_within(process, it, own)));
    for thrower in inside {
        if let Kind::End(throws) = &thrower.kind {
            for throw in throws {
                if let Throw::Error { code } = throw {
                    errors.push(format!("{} thrown by {}", value(code), thrower.id));
                }
            }
        }
    }
    errors
}

fn is_within(process: &Process, node: &Node, scope: u32) -> bool {
    let mut at = node.scope;
    while at != 0 {
        if at == scope {
            return true;
        }
        at = process.node(at).scope;
    }
    false
}

fn targets(process: &Process, event: &Node) -> String {
    let targets = event.outgoing.iter().map(|flow| process.node(process.flow(*flow).target));
    targets.map(|node| node.id.to_string()).collect::<Vec<_>>().join(", ")
}

fn boundary_timers(process: &Process, node: &Node) -> Vec<String> {
    let mut timers = Vec::new();
    for boundary in &node.boundaries {
        let event = process.node(*boundary);
        let Kind::Boundary { trigger, interrupting, .. } = &event.kind else { continue };
        for one in trigger.choices() {
            let Trigger::Timer(Timer::Date(at) | Timer::Duration(at) | Timer::Cycle(at)) = one
            else {
                continue;
            };
            let beside = if *interrupting { "" } else { " beside" };
            timers.push(format!("{} ->{beside} {}", value(at), targets(process, event)));
        }
    }
    timers
}

fn compensation(process: &Process, compensation: Compensation) -> String {
    match compensation {
        Compensation { is_handler: true, .. } => "undoes another step".into(),
        Compensation { handler: Some(by), .. }
        | Compensation { event_sub_process: Some(by), .. } => process.node(by).id.to_string(),
        Compensation { .. } => String::new(),
    }
}

fn listeners(node: &Node) -> Vec<String> {
    let listeners = node.listeners.iter();
    let words =
        listeners.map(|it| format!("{} {}", it.event.model_name(), value(&it.job.job_type)));
    words.collect()
}

fn value(value: &Value) -> String {
    match value {
        Value::Fixed(text) => text.to_string(),
        Value::Feel(expression) => format!("= {}", expression.source().trim()),
    }
}

/// Milliseconds as a person says them.
fn spoken_ms(ms: u64) -> String {
    const UNITS: &[(u64, &str)] =
        &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if rest >= *unit {
            parts.push(format!("{} {name}", rest / unit));
            rest %= unit;
        }
    }
    if parts.is_empty() { "at once".into() } else { parts.join(" ") }
}

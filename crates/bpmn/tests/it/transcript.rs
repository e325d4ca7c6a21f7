//! Transcripts: a model, and lines of what is done and what waits afterwards.
//!
//! In:  a body in which `<<a b>>` are service tasks and `[[s -> a -> e]]` are flows (with a condition:
//!      `a -(x > 1)-> b`), and a script of lines `do this => what waits`.
//! Out: a panic that names the line.
//! Absent: an engine. Every line is also a crash: the state is folded again from its log.

use base::{
    ActivateElement, Activation, AdHocResult, ElementKey, ElementMapping, FailJob, JobRole,
    JobState, Json, ModifyInstance, Move, MoveWithin, ScopedVariables, Selection, Variables,
    Within,
};
use fermata_bpmn::{Process, Run, timer};
use instance::Status;

use super::harness::{Sim, flow, job, model};

/// Plays a script. The words of a line: `start {..}`, `complete a {..}`, `throw a CODE {..}`,
/// `exhaust a`, `fail a RETRIES MESSAGE`, `lease a PT1M`, `task a {..}`, `message NAME {..}`,
/// `signal NAME {..}`, `advance PT1H`, `set {..}`, `local a {..}` (in a's own scope), `resolve a`,
/// `activate SUB a b {..}`, `replace SUB a` (ends what is active first), `answer SUB +a cancel {..}` and
/// `answer SUB done` (what its job says, with variables of the sub-process), `cancel`, `suspend`,
/// `resume`, `variables`. `start at a b {..}` begins at these elements, `start until a b {..}` ends when
/// the first of them has ended. `modify` takes `+a` (begin),
/// `+a@s` (in the scope s; `s/2` is the second that lives), `-a` (end), `-a/2`, `a>b` (move); the
/// variables are the root's. `refuse` does so in vain: behind it stands a part of the reason.
/// `a 2` is the second that lives of `a`. What waits is sorted; `x2` says how often: `suspended,
/// held, job a, asks SUB (the job of an ad-hoc sub-process), start listener t at a, message paid at c, task b, timer d 60s, condition h, open
/// SUB, queued a (in an ad-hoc sub-process), token e-f, incident KIND at g`, or
/// `completed` or `terminated`. After `variables` stand the root's.
pub fn check(body: &str, script: &str) {
    check_all(&[body], script);
}

/// As [`check`], with a body to which the instance is migrated by `migrate a>b c>d`: `=` maps
/// everything that is alike, `a>` takes that away again. `stay` is a migration that is refused:
/// behind it stands a part of the reason.
pub fn check_migration(body: &str, target: &str, script: &str) {
    check_all(&[body, target], script);
}

fn process(body: &str) -> Process {
    let xml = xml(body);
    let read = fermata_bpmn::read(&xml);
    read.unwrap_or_else(|findings| panic!("{findings:#?}\n{xml}")).processes.remove(0)
}

fn check_all(bodies: &[&str], script: &str) {
    let target = bodies[bodies.len() - 1];
    let mut process = Some(process(bodies[0]));
    let mut sim = None;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (act, wanted) = line.split_once("=>").unwrap_or((line, ""));
        let (act, wanted) = (act.trim(), wanted.trim());
        if let Some(variables) = act.strip_prefix("start") {
            let at = variables.find('{').unwrap_or(variables.len());
            let (places, variables) = variables.split_at(at);
            let variables = if variables.is_empty() { "{}" } else { variables };
            let process = process.take().expect("one start");
            let places: Vec<&str> = places.split_whitespace().collect();
            sim = Some(match places[..] {
                ["at", ref ids @ ..] => Sim::at(process, ids, variables),
                ["until", ref ids @ ..] => Sim::until(process, ids, variables),
                _ => Sim::of(process, variables),
            });
        }
        let sim = sim.as_mut().expect("the script begins with `start`");
        let found = if act == "variables" {
            root(sim)
        } else if let Some(mappings) = act.strip_prefix("stay") {
            let why = migrate(sim, target, mappings).expect_err(act);
            if why.contains(wanted) { wanted.to_owned() } else { why }
        } else if let Some(mappings) = act.strip_prefix("migrate") {
            migrate(sim, target, mappings).expect(act);
            waits(sim)
        } else if let Some(command) = act.strip_prefix("refuse") {
            let why = sim.modify(&modification(sim, command), false).expect_err(act);
            if why.contains(wanted) { wanted.to_owned() } else { why }
        } else {
            play(sim, act);
            waits(sim)
        };
        assert_eq!(found, wanted, "after `{act}`");
    }
}

/// The signals that an instance of this model throws until it waits.
pub fn broadcasts(body: &str) -> Vec<String> {
    let mut read = fermata_bpmn::read(&xml(body)).expect("a model");
    Sim::of(read.processes.remove(0), "{\"id\": 1}").broadcasts
}

/// The model around a body.
pub fn xml(body: &str) -> String {
    model(&expanded(body))
}

pub fn expanded(body: &str) -> String {
    let mut xml = String::new();
    let mut rest = body;
    while let Some(at) = rest.find("<<").into_iter().chain(rest.find("[[")).min() {
        let (before, marked) = rest.split_at(at);
        xml.push_str(before);
        let close = if marked.starts_with("<<") { ">>" } else { "]]" };
        let (inside, after) = marked[2..].split_once(close).expect("a closing mark");
        if close == ">>" {
            xml.extend(inside.split_whitespace().map(job));
        } else {
            inside.split(',').for_each(|path| xml.push_str(&flows(path)));
        }
        rest = after;
    }
    xml + rest
}

/// `a -> b -(x > 1)-> c`.
fn flows(path: &str) -> String {
    let mut xml = String::new();
    let mut rest = path.trim();
    let mut condition = None;
    let mut from: Option<&str> = None;
    while !rest.is_empty() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (id, after) = rest.split_at(end);
        if let Some(from) = from {
            xml.push_str(&match condition.take() {
                None => flow(from, id),
                Some(condition) => conditional(from, id, condition),
            });
        }
        from = Some(id);
        rest = after.trim_start();
        if let Some(conditioned) = rest.strip_prefix("-(") {
            let (inside, after) = conditioned.split_once(")->").expect("`)->`");
            (condition, rest) = (Some(inside), after.trim_start());
        } else {
            rest = rest.strip_prefix("->").unwrap_or(rest).trim_start();
        }
    }
    xml
}

fn conditional(from: &str, to: &str, condition: &str) -> String {
    let condition = condition.replace('<', "&lt;").replace('>', "&gt;");
    format!(
        r#"<sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}">
<conditionExpression>= {condition}</conditionExpression></sequenceFlow>"#
    )
}

fn play(sim: &mut Sim, act: &str) {
    let (words, json) = act.find('{').map_or((act, "{}"), |at| act.split_at(at));
    let variables = Variables::parse(json).expect(json);
    let words: Vec<&str> = words.split_whitespace().collect();
    let nth = |at: usize| words.get(at).map_or(1, |nth| nth.parse().expect("a number"));
    match words[..] {
        ["start", ..] => {}
        ["modify", ..] => {
            let command = modification(sim, act.strip_prefix("modify").unwrap_or_default());
            sim.modify(&command, false).expect(act);
        }
        ["complete", id, ..] => {
            let job = sim.nth_job(id, nth(2));
            sim.input(|run| run.job_completed(job, variables));
        }
        ["throw", id, code, ..] => {
            let job = sim.nth_job(id, nth(3));
            sim.input(|run| run.job_error(job, code, "", variables));
        }
        ["fail", id, retries, ref why @ ..] => {
            let job = sim.nth_job(id, 1);
            let (retries, message) = (retries.parse().expect("a number"), why.join(" ").into());
            let failed = FailJob { job, retries, message, backoff_ms: 0, variables };
            sim.input(|run| run.job_failed(failed));
        }
        ["lease", id, duration] => {
            let (job, lease_ms) = (sim.nth_job(id, 1), timer::after(duration, 0).expect(duration));
            sim.input(|run| {
                run.job_leased(job, "w".into(), lease_ms);
            });
        }
        ["exhaust", id, ..] => {
            let job = sim.nth_job(id, nth(2));
            sim.input(|run| run.job_exhausted(job));
        }
        ["task", id, ..] => {
            let task = sim.nth_task(id, nth(2));
            sim.input(|run| run.task_completed(task, "", variables));
        }
        ["message", name, ..] => sim.named_message(name, variables),
        ["signal", name, ..] => sim.signal(name, &variables),
        ["advance", duration] => {
            let due_ms = timer::after(duration, 0).expect(duration);
            sim.advance(due_ms);
        }
        ["set"] => {
            let root = sim.state.key().root();
            sim.input(|run| run.variables_set(root, variables, false));
        }
        ["local", id] => {
            let scope = sim.nth_live(id, 1);
            sim.input(|run| run.variables_set(scope, variables, true));
        }
        ["activate" | "replace", id, ref wanted @ ..] => {
            let owner = sim.nth_live(id, 1);
            let cancel = words[0] == "replace";
            let wanted: Vec<_> = wanted.iter().map(|id| activate(id, &variables)).collect();
            sim.input(|run| run.activate_elements(owner, wanted, cancel).expect("an open one"));
        }
        ["answer", id, ref said @ ..] => answer(sim, id, said, variables),
        ["resolve", id] => {
            let incident = sim.incident_at(id);
            sim.input(|run| run.resolve(incident));
        }
        ["suspend"] => sim.input(suspend),
        ["resume"] => {
            sim.input(resume);
            // What is held, and what was due meanwhile.
            sim.advance(0);
        }
        ["cancel"] => sim.input(cancel),
        _ => panic!("`{act}` is not understood"),
    }
}

/// What the job of an ad-hoc sub-process says.
fn answer(sim: &mut Sim, id: &str, said: &[&str], variables: Variables) {
    let job = sim.nth_job(id, 1);
    let none = Variables::new();
    let wanted = said.iter().filter_map(|word| word.strip_prefix('+'));
    let result = AdHocResult {
        activate: wanted.map(|id| activate(id, &none)).collect(),
        fulfilled: said.contains(&"done"),
        cancel_remaining: said.contains(&"cancel"),
    };
    sim.input(|run| run.ad_hoc_answered(job, variables, result).expect("a fitting one"));
}

fn activate(id: &str, variables: &Variables) -> ActivateElement {
    ActivateElement { element_id: id.into(), variables: variables.clone() }
}

/// A function, for a closure would be refused: it could be the method, and the method does not fit.
pub fn cancel(run: Run<'_, '_, '_>) {
    run.cancel();
}

/// `+a -b c>d {..}`.
fn modification(sim: &Sim, command: &str) -> ModifyInstance {
    let (words, json) = command.find('{').map_or((command, "{}"), |at| command.split_at(at));
    let variables =
        vec![ScopedVariables { scope_id: None, variables: Variables::parse(json).expect(json) }];
    let nth = |id: &str| -> Option<ElementKey> {
        let (id, nth) = id.split_once('/')?;
        Some(sim.live(id)[nth.parse::<usize>().expect(nth) - 1])
    };
    let select = |id: &str| nth(id).map_or_else(|| Selection::Element(id.into()), Selection::Key);
    let (mut activate, mut terminate, mut moves) = (Vec::new(), Vec::new(), Vec::new());
    for word in words.split_whitespace() {
        let variables = variables.clone();
        if let Some((from, to)) = word.split_once('>') {
            let (from, within) = (select(from), MoveWithin::Inferred);
            moves.push(Move { from, to: to.into(), within, variables });
        } else if let Some(id) = word.strip_prefix('-') {
            terminate.push(select(id));
        } else {
            let id = word.strip_prefix('+').expect("`+`, `-` or `>`");
            let (id, within) = match id.split_once('@') {
                None => (id, Within::Existing),
                Some((id, at)) => (id, Within::Scope(nth(at).unwrap_or_else(|| sim.live(at)[0]))),
            };
            activate.push(Activation { element_id: id.into(), within, variables });
        }
    }
    ModifyInstance { instance: sim.state.key(), activate, terminate, moves }
}

/// `= a>b c>`.
fn migrate(sim: &mut Sim, target: &str, mappings: &str) -> Result<(), String> {
    let to = process(target);
    let mut all: Vec<(String, String)> = Vec::new();
    for word in mappings.split_whitespace() {
        if word == "=" {
            let alike = sim.process.alike(&to);
            all.extend(alike.iter().map(|id| (id.to_string(), id.to_string())));
        } else {
            let (from, into) = word.split_once('>').expect("a>b");
            all.retain(|(known, _)| known != from);
            all.push((from.to_owned(), into.to_owned()));
        }
    }
    all.retain(|(_, into)| !into.is_empty());
    let mapping = |(source, target): &(String, String)| ElementMapping {
        source: source.as_str().into(),
        target: target.as_str().into(),
    };
    sim.migrate(to, &all.iter().map(mapping).collect::<Vec<_>>())
}

pub fn suspend(run: Run<'_, '_, '_>) {
    run.suspend("".into());
}

pub fn resume(run: Run<'_, '_, '_>) {
    run.resume();
}

/// What waits, in words.
fn waits(sim: &Sim) -> String {
    match sim.state.status() {
        Status::Active => {}
        Status::Completed => return "completed".into(),
        Status::Terminated => return "terminated".into(),
    }
    let state = &sim.state;
    let id = |element: u32| sim.process.id_of(element).unwrap().to_string();
    let of = |owner| state.element(owner).map_or("?".into(), |live| id(live.element));
    let jobs = state.jobs().values().map(|job| match job.listener() {
        None => {
            let role = if job.role() == JobRole::AdHoc { "asks" } else { "job" };
            format!("{role} {}{}", of(job.owner), attempts(job, sim.now_ms()))
        }
        Some(listener) => {
            let event = listener.event.model_name();
            format!("{event} listener {} at {}", job.job_type, of(job.owner))
        }
    });
    let tasks = state.user_tasks().values().map(|task| format!("task {}", of(task.owner)));
    let timers = state.timers().iter().map(|(key, timer)| {
        let policy = state.policy_timers().get(key);
        let what = policy.map_or("timer", |policy| policy.purpose.name());
        format!("{what} {} {}s", id(timer.target), (timer.due_ms - sim.now_ms()) / 1000)
    });
    let messages = state.subscriptions().values();
    let messages = messages.map(|open| {
        let signal = base::signal::of_slot(&open.name);
        let (kind, name) = signal.map_or(("message", &*open.name), |signal| ("signal", signal));
        format!("{kind} {name} at {}", id(open.target))
    });
    let conditions = state.conditions().values();
    let conditions = conditions.map(|wait| format!("condition {}", id(wait.target)));
    let incidents = state.incidents().values();
    let incidents =
        incidents.map(|open| format!("incident {} at {}", open.kind.name(), of(open.owner)));
    let tokens = state.elements().values().flat_map(|scope| &scope.tokens);
    let tokens =
        tokens.flat_map(|(flow, count)| (0..*count).map(|_| format!("token {}", id(*flow))));
    let held = state.suspension().into_iter().flat_map(|suspension| &suspension.held);
    let held = held.map(|_| "held".into());
    let suspended = state.is_suspended().then(|| "suspended".into());
    let mut all: Vec<String> = held
        .chain(suspended)
        .chain(jobs)
        .chain(tasks)
        .chain(timers)
        .chain(messages)
        .chain(incidents)
        .chain(tokens)
        .collect();
    all.extend(conditions);
    let queued = state.elements().values().flat_map(|scope| &scope.queued);
    all.extend(queued.map(|queued| format!("queued {}", id(queued.element))));
    let open = state.elements().values().filter(|live| live.ad_hoc.is_some_and(|it| !it.done));
    all.extend(open.map(|live| format!("open {}", id(live.element))));
    all.sort();
    let groups = all.chunk_by(|a, b| a == b);
    let lines = groups.map(|same| match same.len() {
        1 => same[0].clone(),
        count => format!("{} x{count}", same[0]),
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// What a job waits for itself, if it failed: attempts that are left, and its delay in milliseconds.
fn attempts(job: &instance::Job, now_ms: i64) -> String {
    match job.state {
        JobState::Failed => format!(" ({} left, in {} ms)", job.retries, job.available_ms - now_ms),
        _ => String::new(),
    }
}

fn root(sim: &Sim) -> String {
    let root = sim.root_variables();
    let fields = root.iter().map(|(name, value)| format!("{}: {}", name, Json::as_str(value)));
    fields.collect::<Vec<_>>().join(", ")
}

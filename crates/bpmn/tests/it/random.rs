//! Random models with random inputs: whatever happens, the state is what its log says, and an
//! instance ends, waits for something, or has an incident (the harness looks after every input).

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base::{Event, FailJob, JobState, ListenerEvent, ListenerResult, TaskPatch, Variables};
use fermata_bpmn::{Process, read};
use instance::Status;

use super::blocks::{WHEN, ad_hoc, attempts, beside, enough, user_task};
use super::harness::Sim;
use super::transcript::{resume, suspend, xml};

const WAIT: &str = "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>";

/// Types of the elements that instances went through.
pub type Seen = BTreeSet<&'static str>;

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// A model of blocks: each is entered at one node and left at one.
struct Maker<'r> {
    random: &'r mut Random,
    next: u32,
    budget: u32,
}

impl Maker<'_> {
    fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }

    /// A block: its XML, where it is entered and where it is left.
    fn block(&mut self) -> (String, String, String) {
        if self.budget == 0 {
            return self.job("", "");
        }
        self.budget -= 1;
        match self.random.below(18) {
            0 => self.gateways("parallelGateway", false),
            1 => self.gateways("exclusiveGateway", true),
            2 => self.gateways("inclusiveGateway", true),
            3 => self.scope("subProcess", ""),
            4 => self.guarded(),
            5 => {
                let sequential = self.random.one_of(&["true", "false"]);
                let marker = format!(
                    r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements>
                    <zeebe:loopCharacteristics inputCollection="= items" inputElement="item"
                    outputCollection="all" outputElement="= item"/></extensionElements>
                    </multiInstanceLoopCharacteristics>"#
                );
                if self.random.below(2) == 0 { self.job("", &marker) } else { self.scope("subProcess", &marker) }
            }
            6 => self.job(
                "",
                r#"<standardLoopCharacteristics loopMaximum="3"><loopCondition>= loopCounter &lt; n</loopCondition>
                   </standardLoopCharacteristics>"#,
            ),
            7 => self.undone(),
            8 => self.event("intermediateThrowEvent", r#"<escalationEventDefinition escalationRef="x"/>"#),
            9 => self.event("intermediateCatchEvent", WAIT),
            10 => self.event("intermediateCatchEvent", WHEN),
            11 => self.complex(),
            12 | 13 => self.ad_hoc(),
            14 => {
                let says = attempts(self.random);
                self.job_with("", says, "")
            }
            15 | 16 => {
                let id = self.id("u");
                (user_task(self.random, &id), id.clone(), id)
            }
            _ => self.row(),
        }
    }

    fn row(&mut self) -> (String, String, String) {
        let (a, from, a_end) = self.block();
        let (b, b_start, to) = self.block();
        (format!("{a}{b}[[{a_end} -> {b_start}]]"), from, to)
    }

    fn job(&mut self, attributes: &str, marker: &str) -> (String, String, String) {
        let says = beside(self.random);
        self.job_with(attributes, says, marker)
    }

    fn job_with(&mut self, attributes: &str, says: &str, marker: &str) -> (String, String, String) {
        let id = self.id("j");
        let xml = format!(
            r#"<serviceTask id="{id}" {attributes}><extensionElements><zeebe:taskDefinition type="w"/>
               {says}</extensionElements>{marker}</serviceTask>"#
        );
        (xml, id.clone(), id)
    }

    /// Paths at once, of which some suffice.
    fn complex(&mut self) -> (String, String, String) {
        let (split, join, out) = (self.id("g"), self.id("g"), self.id("g"));
        let (mut xml, flows) = (String::new(), 2 + self.random.below(2));
        for _ in 0..flows {
            let (path, from, to) = self.block();
            xml = format!("{xml}{path}[[{split} -> {from}, {to} -> {join}]]");
        }
        let condition = enough(self.random, flows);
        // Sometimes a token leaves at the reset, too.
        let arrow = self.random.one_of(&["->", "->", "-(n > 0)->"]);
        xml = format!(
            r#"<parallelGateway id="{split}"/><complexGateway id="{join}">{condition}</complexGateway>
               <exclusiveGateway id="{out}"/>{xml}[[{join} {arrow} {out}]]"#
        );
        (xml, split, out)
    }

    fn ad_hoc(&mut self) -> (String, String, String) {
        let (id, inside) = (self.id("p"), self.id("p"));
        let (job, first, _) = self.job("", "");
        let (then, second, _) = self.job("", "");
        let (start, end) = (self.id("s"), self.id("e"));
        let (inner, from, to) = self.block();
        let opens = ad_hoc(self.random, &id, &first, &inside);
        let handler = if self.random.below(4) == 0 { self.handler() } else { String::new() };
        let xml = format!(
            r#"{opens}{job}{then}[[{first} -> {second}]]<subProcess id="{inside}"><startEvent id="{start}"/>
               {inner}<endEvent id="{end}"/>[[{start} -> {from}, {to} -> {end}]]</subProcess>{handler}
               </adHocSubProcess>"#
        );
        (xml, id.clone(), id)
    }

    fn event(&mut self, tag: &str, definition: &str) -> (String, String, String) {
        let id = self.id("v");
        (format!(r#"<{tag} id="{id}">{definition}</{tag}>"#), id.clone(), id)
    }

    fn gateways(&mut self, kind: &str, conditions: bool) -> (String, String, String) {
        let (split, join) = (self.id("g"), self.id("g"));
        let (a, a_start, a_end) = self.block();
        let (b, b_start, b_end) = self.block();
        let arrow = if conditions { "-(n > 1)->" } else { "->" };
        // Sometimes a split has no default, and sometimes the join is of another kind.
        let default = if conditions && self.random.below(4) > 0 {
            format!(r#"default="{split}-{b_start}""#)
        } else {
            String::new()
        };
        let joined =
            self.random.one_of(&[kind, kind, kind, "exclusiveGateway", "inclusiveGateway"]);
        let other = if default.is_empty() && conditions { "-(n > 2)->" } else { "->" };
        let xml = format!(
            r#"<{kind} id="{split}" {default}/><{joined} id="{join}"/>{a}{b}
               [[{split} {arrow} {a_start}, {split} {other} {b_start}, {a_end} -> {join}, {b_end} -> {join}]]"#
        );
        (xml, split, join)
    }

    fn scope(&mut self, tag: &str, marker: &str) -> (String, String, String) {
        let (id, start, end) = (self.id("p"), self.id("s"), self.id("e"));
        let (inner, from, to) = self.block();
        let throws = self.random.one_of(&[
            "",
            "",
            r#"<errorEventDefinition errorRef="e"/>"#,
            "<terminateEventDefinition/>",
            r#"<escalationEventDefinition escalationRef="x"/>"#,
        ]);
        let handler = if self.random.below(2) == 0 { self.handler() } else { String::new() };
        let xml = format!(
            r#"<{tag} id="{id}">{marker}<startEvent id="{start}"/>{inner}<endEvent id="{end}">{throws}</endEvent>
               [[{start} -> {from}, {to} -> {end}]]{handler}</{tag}>"#
        );
        (xml, id.clone(), id)
    }

    fn handler(&mut self) -> String {
        let (id, start, end) = (self.id("h"), self.id("s"), self.id("e"));
        let (attribute, definition) = [
            ("", r#"<messageEventDefinition messageRef="m"/>"#),
            (r#"isInterrupting="false""#, r#"<messageEventDefinition messageRef="m"/>"#),
            ("", "<errorEventDefinition/>"),
            (r#"isInterrupting="false""#, "<escalationEventDefinition/>"),
            ("", WHEN),
            (r#"isInterrupting="false""#, WHEN),
        ][self.random.below(6)];
        let (inner, from, to) = self.block();
        format!(
            r#"<subProcess id="{id}" triggeredByEvent="true"><startEvent id="{start}" {attribute}>{definition}
               </startEvent>{inner}<endEvent id="{end}"/>[[{start} -> {from}, {to} -> {end}]]</subProcess>"#
        )
    }

    /// A block in a sub-process with a boundary event.
    fn guarded(&mut self) -> (String, String, String) {
        let (sub, host, _) = self.scope("subProcess", "");
        let (boundary, join) = (self.id("b"), self.id("g"));
        let (attribute, definition) = [
            ("", "<errorEventDefinition/>"),
            (r#"cancelActivity="false""#, r#"<escalationEventDefinition escalationRef="x"/>"#),
            ("", "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>"),
            (r#"cancelActivity="false""#, r#"<messageEventDefinition messageRef="m"/>"#),
            ("", r#"<errorEventDefinition errorRef="t"/>"#),
            ("", WHEN),
            (r#"cancelActivity="false""#, WHEN),
        ][self.random.below(7)];
        let (path, from, to) = self.block();
        let xml = format!(
            r#"{sub}<boundaryEvent id="{boundary}" attachedToRef="{host}" {attribute}>{definition}</boundaryEvent>
               {path}<exclusiveGateway id="{join}"/>[[{host} -> {join}, {boundary} -> {from}, {to} -> {join}]]"#
        );
        (xml, host, join)
    }

    /// A job with a handler, a block, and an event that compensates.
    fn undone(&mut self) -> (String, String, String) {
        let (job, from, _) = self.job("", "");
        let (handler, undo, _) = self.job(r#"isForCompensation="true""#, "");
        let (boundary, association, throw) = (self.id("b"), self.id("a"), self.id("v"));
        let (middle, start, end) = self.block();
        let wait = self.random.one_of(&["", r#"waitForCompletion="false""#]);
        let xml = format!(
            r#"{job}{handler}<boundaryEvent id="{boundary}" attachedToRef="{from}"><compensateEventDefinition/>
               </boundaryEvent><association id="{association}" sourceRef="{boundary}" targetRef="{undo}"/>{middle}
               <intermediateThrowEvent id="{throw}"><compensateEventDefinition {wait}/></intermediateThrowEvent>
               [[{from} -> {start}, {end} -> {throw}]]"#
        );
        (xml, from, throw)
    }
}

pub fn blocks(random: &mut Random) -> String {
    let mut maker = Maker { random, next: 0, budget: 8 };
    let (inner, from, to) = maker.row();
    let handler = if maker.random.below(2) == 0 { maker.handler() } else { String::new() };
    format!(
        r#"<startEvent id="s"/>{inner}<endEvent id="end"/>[[s -> {from}, {to} -> end]]{handler}"#
    )
}

/// Does what can be done until nothing is left or the patience ends; then cancels.
fn live(process: Process, random: &mut Random) -> Sim {
    let mut sim = Sim::of(process, r#"{"id": 1, "n": 2, "items": [1, 2, 3]}"#);
    for _ in 0..60 {
        let endless = |open: &instance::Incident| open.kind == base::IncidentKind::StepLimit;
        // Tokens that double each minute are the model's affair.
        let crowded = sim.state.elements().len() > 200;
        let ended = sim.state.status() != Status::Active;
        if ended || crowded || sim.state.incidents().values().any(endless) {
            break;
        }
        act(&mut sim, random);
    }
    if sim.state.status() == Status::Active {
        sim.input(super::transcript::cancel);
    }
    sim
}

pub fn act(sim: &mut Sim, random: &mut Random) {
    let n = random.below(4);
    let variables = Variables::parse(&format!("{{\"n\": {n}}}")).unwrap();
    // Who suspends resumes, after one input or several.
    if sim.state.is_suspended() && random.below(3) == 0 {
        sim.input(resume);
        sim.advance(0);
        return;
    }
    // As the engine refuses what is answered already.
    let answered = |key: base::Key| sim.state.holds_answer_to(key);
    let jobs: Vec<_> = sim.state.jobs().keys().copied().filter(|job| !answered(job.0)).collect();
    let incidents: Vec<_> = sim.state.incidents().keys().copied().collect();
    let open: Vec<String> =
        sim.state.subscriptions().values().map(|open| open.name.to_string()).collect();
    match random.below(14) {
        0..=4 if !jobs.is_empty() => {
            complete(sim, jobs[random.below(jobs.len())], random, variables);
        }
        5 if !jobs.is_empty() => {
            let job = jobs[random.below(jobs.len())];
            if sim.state.jobs()[&job].listener().is_none() {
                sim.input(|run| run.job_error(job, "NO", "", variables));
            }
        }
        6 if !open.is_empty() => sim.named_message(&open[random.below(open.len())], variables),
        7 if !incidents.is_empty() && !sim.state.is_suspended() => {
            let incident = incidents[random.below(incidents.len())];
            sim.input(|run| run.resolve(incident));
        }
        8 if !jobs.is_empty() => try_in_vain(sim, jobs[random.below(jobs.len())], random),
        9 => people(sim, random, variables),
        10 => {
            let root = sim.state.key().root();
            sim.input(|run| run.variables_set(root, variables, false));
        }
        11 => activate(sim, random, &variables),
        12 if !sim.state.is_suspended() && random.below(4) == 0 => sim.input(suspend),
        _ => sim.advance(60_000),
    }
}

/// A listener of a user task may deny or correct instead of giving variables.
fn complete(sim: &mut Sim, job: base::JobKey, random: &mut Random, variables: Variables) {
    if sim.state.jobs()[&job].role() == base::JobRole::AdHoc {
        return answer_ad_hoc(sim, job, random, variables);
    }
    let listener = sim.state.jobs()[&job].listener().map(|listener| listener.event);
    let Some(event) = listener.filter(|event| event.is_of_task()) else {
        return sim.input(|run| run.job_completed(job, variables));
    };
    if sim.state.holds_inputs() || random.below(2) == 0 {
        return sim.input(|run| run.job_completed(job, Variables::new()));
    }
    let denies = event != ListenerEvent::Creating && random.below(2) == 0;
    let corrections = if denies {
        TaskPatch::default()
    } else {
        TaskPatch { assignee: Some(Some("bob".into())), ..TaskPatch::default() }
    };
    let result = ListenerResult { denied: denies.then(|| "no".into()), corrections };
    sim.input(|run| run.listener_answered(job, result));
}

/// A worker says what begins in an ad-hoc sub-process, or that it is done.
fn answer_ad_hoc(sim: &mut Sim, job: base::JobKey, random: &mut Random, variables: Variables) {
    let element = sim.state.element(sim.state.jobs()[&job].owner).expect("it lives").element;
    let begins = sim.process.nodes.iter();
    let begins = begins.filter(|node| node.scope == element && node.begins_by_choice());
    let begins: Vec<base::Text> = begins.map(|node| node.id.clone()).collect();
    let activate = |_| base::ActivateElement {
        element_id: begins[random.below(begins.len())].clone(),
        variables: variables.clone(),
    };
    let activate: Vec<_> = (0..sim.state.jobs().len() % 3).map(activate).collect();
    let fulfilled = activate.is_empty() && random.below(3) > 0;
    let cancel_remaining = random.below(3) == 0;
    let result = base::AdHocResult { activate, fulfilled, cancel_remaining };
    sim.input(|run| run.ad_hoc_answered(job, variables, result).expect("what can begin"));
}

/// A worker gets a job, and may fail.
fn try_in_vain(sim: &mut Sim, job: base::JobKey, random: &mut Random) {
    let live = &sim.state.jobs()[&job];
    if matches!(live.state, JobState::Exhausted | JobState::ErrorThrown) {
        return;
    }
    if !sim.state.holds_inputs() {
        sim.input(|run| {
            run.job_leased(job, "w".into(), 60_000);
        });
    }
    if random.below(2) == 0 && sim.state.jobs().contains_key(&job) {
        let retries = i32::try_from(random.below(3)).unwrap();
        let message = "in vain".into();
        let failed = FailJob { job, retries, message, backoff_ms: 0, variables: Variables::new() };
        sim.input(|run| run.job_failed(failed));
    }
}

fn people(sim: &mut Sim, random: &mut Random, variables: Variables) {
    let at_rest = |task: &instance::UserTask| {
        sim.state.element(task.owner).is_some_and(|live| live.transition.is_none())
    };
    let tasks: Vec<_> = sim
        .state
        .user_tasks()
        .iter()
        .filter(|(key, task)| at_rest(task) && !sim.state.holds_answer_to(key.0))
        .map(|(key, task)| (*key, task.details.clone()))
        .collect();
    if tasks.is_empty() {
        return;
    }
    let (task, mut details) = tasks[random.below(tasks.len())].clone();
    match random.below(4) {
        0 => {
            details.assignee = Some("cy".into());
            sim.input(|run| {
                run.task_changed(task, ListenerEvent::Assigning, "assign".into(), details);
            });
        }
        1 => {
            details.priority = 7;
            sim.input(|run| {
                run.task_changed(task, ListenerEvent::Updating, "update".into(), details);
            });
        }
        _ => sim.input(|run| run.task_completed(task, "complete", variables)),
    }
}

/// Somebody says what begins in an ad-hoc sub-process.
fn activate(sim: &mut Sim, random: &mut Random, variables: &Variables) {
    let open =
        sim.state.elements().iter().filter(|(_, live)| live.ad_hoc.is_some_and(|it| !it.done));
    let open: Vec<_> = open.map(|(key, live)| (*key, live.element)).collect();
    if open.is_empty() || sim.state.is_suspended() {
        return;
    }
    let (owner, element) = open[random.below(open.len())];
    let begins = sim.process.nodes.iter();
    let begins = begins.filter(|node| node.scope == element && node.begins_by_choice());
    let begins: Vec<base::Text> = begins.map(|node| node.id.clone()).collect();
    let (element_id, variables) = (begins[random.below(begins.len())].clone(), variables.clone());
    let wanted = vec![base::ActivateElement { element_id, variables }];
    let replaces = random.below(4) == 0;
    sim.input(|run| run.activate_elements(owner, wanted, replaces).expect("an open one"));
}

/// Plays a model, and adds what it went through to what was seen; true if it came to its end by itself.
pub fn play_random(seed: u64, body: &str, random: &mut Random, types: &mut Seen) -> bool {
    let mut model = read(&xml(body)).unwrap_or_else(|found| panic!("{found:#?}\n{body}"));
    let process = model.processes.remove(0);
    let lived = catch_unwind(AssertUnwindSafe(|| live(process, random)));
    let sim = lived.unwrap_or_else(|_| panic!("seed {seed}: {body}"));
    for event in sim.events() {
        if let Event::ElementEntered { element, .. } | Event::ElementPassed { element, .. } = event
        {
            let node = sim.process.node(*element);
            types.extend([node.element_type, if node.marker.is_some() { "repeats" } else { "" }]);
        }
    }
    sim.state.status() == Status::Completed
}

#[test]
fn random_models_never_stop_silently_and_are_what_their_log_says() {
    let mut ended = 0;
    for seed in 0..600_u64 {
        let mut random = Random(seed);
        let body = blocks(&mut random);
        ended += u32::from(play_random(seed, &body, &mut random, &mut Seen::new()));
    }
    assert!(ended > 150, "most come to their end: {ended}");
}

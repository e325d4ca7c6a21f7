//! Random models with random inputs: whatever happens, the state is what its log says, and an
//! instance ends, waits for something, or has an incident (the harness looks after every input).

use std::panic::{AssertUnwindSafe, catch_unwind};

use base::Variables;
use fermata_bpmn::{Process, read};
use instance::Status;

use super::harness::Sim;
use super::transcript::xml;

const WAIT: &str = "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>";

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
        match self.random.below(11) {
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
            _ => self.row(),
        }
    }

    fn row(&mut self) -> (String, String, String) {
        let (a, from, a_end) = self.block();
        let (b, b_start, to) = self.block();
        (format!("{a}{b}[[{a_end} -> {b_start}]]"), from, to)
    }

    fn job(&mut self, attributes: &str, marker: &str) -> (String, String, String) {
        let id = self.id("j");
        let xml = format!(
            r#"<serviceTask id="{id}" {attributes}><extensionElements><zeebe:taskDefinition type="w"/>
               </extensionElements>{marker}</serviceTask>"#
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
        ][self.random.below(4)];
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
        ][self.random.below(4)];
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
fn live(process: Process, random: &mut Random) -> Status {
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
    sim.state.status()
}

pub fn act(sim: &mut Sim, random: &mut Random) {
    let n = random.below(4);
    let variables = Variables::parse(&format!("{{\"n\": {n}}}")).unwrap();
    let jobs: Vec<_> = sim.state.jobs().keys().copied().collect();
    let incidents: Vec<_> = sim.state.incidents().keys().copied().collect();
    let open: Vec<String> =
        sim.state.subscriptions().values().map(|open| open.name.to_string()).collect();
    match random.below(8) {
        0..=3 if !jobs.is_empty() => {
            let job = jobs[random.below(jobs.len())];
            sim.input(|run| run.job_completed(job, variables));
        }
        4 if !jobs.is_empty() => {
            let job = jobs[random.below(jobs.len())];
            sim.input(|run| run.job_error(job, "NO", "", variables));
        }
        5 if !open.is_empty() => sim.named_message(&open[random.below(open.len())], variables),
        6 if !incidents.is_empty() => {
            let incident = incidents[random.below(incidents.len())];
            sim.input(|run| run.resolve(incident));
        }
        _ => sim.advance(60_000),
    }
}

/// Plays a model; true if it came to its end by itself.
pub fn play_random(seed: u64, body: &str, random: &mut Random) -> bool {
    let mut model = read(&xml(body)).unwrap_or_else(|found| panic!("{found:#?}\n{body}"));
    let process = model.processes.remove(0);
    let lived = catch_unwind(AssertUnwindSafe(|| live(process, random)));
    let status = lived.unwrap_or_else(|_| panic!("seed {seed}: {body}"));
    status == Status::Completed
}

#[test]
fn random_models_never_stop_silently_and_are_what_their_log_says() {
    let mut ended = 0;
    for seed in 0..600_u64 {
        let mut random = Random(seed);
        let body = blocks(&mut random);
        ended += u32::from(play_random(seed, &body, &mut random));
    }
    assert!(ended > 150, "most come to their end: {ended}");
}

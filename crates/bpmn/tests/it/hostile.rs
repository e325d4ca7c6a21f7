//! Damaged models: refused or accepted, never a panic, and what is accepted starts.

use base::{Event, IncidentKind};

use super::harness::{Sim, flow, job, model};
use super::transcript::{check, xml};

/// Numbers from a seed, the same in every run (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn sound() -> String {
    let body = [
        "<startEvent id=\"s\"/><parallelGateway id=\"g\"/><exclusiveGateway id=\"x\" default=\"x-end\"/><endEvent id=\"end\"/>",
        &job("a"),
        r#"<userTask id="u"><extensionElements><zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="= [&quot;a&quot;]"/></extensionElements></userTask>
           <boundaryEvent id="b" attachedToRef="u"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
           <intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
           <subProcess id="sub"><startEvent id="s2"/><endEvent id="e2"><errorEventDefinition errorRef="e"/></endEvent><sequenceFlow id="f2" sourceRef="s2" targetRef="e2"/></subProcess>
           <boundaryEvent id="b2" attachedToRef="sub"><errorEventDefinition errorRef="e"/></boundaryEvent>"#,
        &flow("s", "g"), &flow("g", "a"), &flow("g", "u"), &flow("g", "c"), &flow("g", "sub"),
        &flow("a", "x"), &flow("u", "end"), &flow("b", "end"), &flow("c", "end"), &flow("b2", "end"), &flow("x", "end"),
        r#"<sequenceFlow id="y" sourceRef="x" targetRef="end"><conditionExpression>= id = 1</conditionExpression></sequenceFlow>"#,
    ]
    .concat();
    model(&body)
}

/// One to three changes: a piece removed, doubled or replaced by another piece of the same text.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let (at, from) = (random.below(chars.len()), random.below(chars.len()));
        let length = 1 + random.below(40);
        let piece: Vec<char> = chars[from..chars.len().min(from + length)].to_vec();
        let end = match random.below(3) {
            0 => at,
            1 => chars.len().min(at + piece.len()),
            _ => chars.len().min(at + 1 + random.below(80)),
        };
        let insert = if random.below(4) == 0 { Vec::new() } else { piece };
        chars.splice(at..end, insert);
    }
    chars.into_iter().collect()
}

/// Names swapped for one another: mostly still well-formed, often a different graph.
fn rewired(text: &str, random: &mut Random) -> String {
    let names =
        ["s", "g", "x", "a", "u", "b", "c", "sub", "s2", "e2", "b2", "end", "f2", "m", "e", "p"];
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let (from, to) = (names[random.below(names.len())], names[random.below(names.len())]);
        let attribute =
            ["sourceRef", "targetRef", "id", "attachedToRef", "default"][random.below(5)];
        text =
            text.replacen(&format!("{attribute}=\"{from}\""), &format!("{attribute}=\"{to}\""), 1);
    }
    text
}

#[test]
fn no_damage_to_a_model_makes_the_reader_or_an_instance_panic() {
    let text = sound();
    assert!(fermata_bpmn::read(&text).is_ok(), "{:#?}", fermata_bpmn::read(&text));
    let mut random = Random(2026);
    let mut accepted = 0;
    for turn in 0..4000 {
        let candidate =
            if turn % 2 == 0 { damaged(&text, &mut random) } else { rewired(&text, &mut random) };
        if let Ok(document) = fermata_bpmn::Document::read(&candidate) {
            let written = document.to_xml();
            assert_eq!(fermata_bpmn::Document::read(&written).as_ref(), Ok(&document), "{written}");
        }
        if let Ok(model) = fermata_bpmn::read(&candidate) {
            let findings = fermata_bpmn::lint::lint(&model, &[]);
            assert!(findings.iter().all(|it| it.line > 0 && !it.help.is_empty()), "{findings:#?}");
            for process in model.processes {
                if process.starts().next().is_some() {
                    accepted += 1;
                    let mut sim = Sim::of(process, r#"{"id": 1}"#);
                    sim.advance(3_600_000);
                }
            }
        }
    }
    assert!(accepted > 100, "the damage is too heavy to test running: {accepted}");
}

/// A parallel split in a loop: each turn doubles the tokens, and nothing waits. Beside it a job.
const STORM: &str = r#"<startEvent id="s"/><parallelGateway id="g"/><exclusiveGateway id="m"/>
    <parallelGateway id="h"/><<beside>><endEvent id="end"/>
    [[s -> g -> m -> h -> m, h -> m2 -> m, g -> beside -> end]]<exclusiveGateway id="m2"/>"#;

fn count(sim: &Sim, fits: impl Fn(&Event) -> bool) -> usize {
    sim.events().filter(|event| fits(event)).count()
}

#[test]
fn a_storm_of_tokens_stops_at_one_incident_and_loses_none() {
    let mut read = fermata_bpmn::read(&xml(STORM)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    let limit = base::limits::STEPS_PER_INPUT_MAX as usize;
    let stopped = |sim: &Sim| {
        let open = sim.state.incidents().values();
        open.filter(|open| open.kind == IncidentKind::StepLimit).count()
    };
    assert_eq!((stopped(&sim), sim.state.incidents().len()), (1, 1));
    let kept = sim.state.kept_steps().len();
    assert!(kept > 1_000, "the other tokens wait: {kept}");
    assert!(count(&sim, |_| true) < limit * 5, "no event for each of them");
    let entered = |sim: &Sim| {
        count(sim, |event| {
            matches!(event, Event::ElementEntered { .. } | Event::ElementPassed { .. })
        })
    };
    assert_eq!(entered(&sim), limit + 1);
    // Somebody looks, and lets it go on: another part, and all that waited still does.
    let incident = sim.incident().0;
    sim.input(|run| run.resolve(incident));
    assert_eq!(stopped(&sim), 1);
    assert_eq!(entered(&sim), (limit + 1) * 2);
    assert!(sim.state.kept_steps().len() > kept);
    sim.input(super::transcript::cancel);
    assert!(sim.state.kept_steps().is_empty());
}

#[test]
fn tokens_that_double_while_they_wait_stop_when_too_many_live() {
    let body = r#"<startEvent id="s"/><exclusiveGateway id="m"/><intermediateCatchEvent id="t">
        <timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>
        </intermediateCatchEvent><parallelGateway id="g"/><exclusiveGateway id="n"/>
        [[s -> m -> t -> g -> m, g -> n -> m]]"#;
    let mut read = fermata_bpmn::read(&xml(body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.elements_max = 50;
    for _ in 0..12 {
        sim.advance(60_000);
        // Each that waits may stop where it goes on, and no more come of it.
        assert!(sim.state.elements().len() < 120, "{} live", sim.state.elements().len());
    }
    let stopped = sim.state.incidents().values();
    let stopped: Vec<_> = stopped.map(|open| (open.kind, open.message.clone())).collect();
    assert!(!stopped.is_empty() && sim.state.timers().is_empty(), "all of them stand");
    for (kind, why) in stopped {
        assert_eq!(kind, IncidentKind::StepLimit);
        assert!(why.contains("50 elements of the instance live at once"), "{why}");
    }
    // It is worth a look, and no dead end: with room again what stopped goes on.
    sim.elements_max = 10_000;
    let incident = sim.incident().0;
    sim.input(|run| run.resolve(incident));
    assert!(!sim.state.timers().is_empty());
}

#[test]
fn a_loop_whose_turns_are_too_many_to_live_at_once_goes_on_when_it_is_resolved() {
    let body = r#"<startEvent id="s"/><serviceTask id="a"><extensionElements>
        <zeebe:taskDefinition type="a"/></extensionElements><multiInstanceLoopCharacteristics>
        <loopCardinality>= 30</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
        <endEvent id="end"/>[[s -> a -> end]]"#;
    let mut read = fermata_bpmn::read(&xml(body)).unwrap();
    let mut sim = Sim::created(read.processes.remove(0));
    sim.elements_max = 20;
    let (start, _) = sim.process.starts().next().unwrap();
    sim.input(|run| run.start(start, base::Variables::new()));
    assert_eq!((sim.state.elements().len(), sim.state.incidents().len()), (20, 1));
    let complete_one = |sim: &mut Sim| {
        let job = *sim.state.jobs().first_key_value().expect("a job").0;
        sim.input(|run| run.job_completed(job, base::Variables::new()));
    };
    complete_one(&mut sim);
    complete_one(&mut sim);
    let incident = sim.incident().0;
    sim.input(|run| run.resolve(incident));
    assert_eq!((sim.state.elements().len(), sim.state.incidents().len()), (20, 1));
    sim.elements_max = 100;
    let incident = sim.incident().0;
    sim.input(|run| run.resolve(incident));
    assert_eq!((sim.state.jobs().len(), sim.state.incidents().len()), (28, 0));
    while !sim.state.jobs().is_empty() {
        complete_one(&mut sim);
    }
    assert!(sim.ended());
}

#[test]
fn what_was_kept_goes_on_when_the_scope_that_stopped_it_is_interrupted() {
    // The storm is in `sub`; the other branch, `late`, has not begun when it stops.
    let body = r#"<startEvent id="s"/><parallelGateway id="g"/><<after late>><endEvent id="end"/>
        <subProcess id="sub"><startEvent id="s2"/><exclusiveGateway id="m"/><parallelGateway id="h"/>
        [[s2 -> m -> h -> m, h -> m2 -> m]]<exclusiveGateway id="m2"/></subProcess>
        <boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1M</timeDuration>
        </timerEventDefinition></boundaryEvent>
        [[s -> g -> sub -> end, g -> late -> end, t -> after -> end]]"#;
    let mut read = fermata_bpmn::read(&xml(body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    assert!(!sim.state.kept_steps().is_empty() && sim.state.jobs().is_empty());
    sim.advance(60_000);
    assert!(sim.state.kept_steps().is_empty() && sim.state.incidents().is_empty());
    assert_eq!(sim.waits(), ["after", "late"]);
    sim.complete("after", "{}");
    sim.complete("late", "{}");
    assert!(sim.ended());
}

#[test]
fn a_scope_in_which_something_was_kept_is_not_done() {
    // 36,000 steps beside a token that has not begun: it stops once, and ends as it should.
    let body = r#"<startEvent id="s"/><exclusiveGateway id="m"/><scriptTask id="n"><extensionElements>
        <zeebe:script expression="= i + 1" resultVariable="i"/></extensionElements></scriptTask>
        <exclusiveGateway id="x" default="x-m"/><parallelGateway id="p"/><<a>><endEvent id="end"/>
        [[s -> p -> m -> n -> x -> m, x -(i > 12000)-> end, p -> a -> end]]"#;
    check(
        body,
        r#"start {"i": 0} => incident STEP_LIMIT at m
           resolve m      => job a
           complete a     => completed"#,
    );
}

#[test]
fn a_cron_list_without_values_is_refused_and_not_searched_for_ever() {
    for text in [", * * * *", "0 0 ,9 * * *", "0 0 9, * * *", "0 0 9 * * 1,,2"] {
        let refused = fermata_bpmn::timer::first(text, 0).unwrap_err();
        assert!(refused.contains("comma"), "{text}: {refused}");
    }
    assert!(fermata_bpmn::timer::first("0 0 9,17 * * 1,2", 0).unwrap().is_some());
}

#[test]
fn an_inclusive_gateway_that_leads_to_itself_has_an_end() {
    check(
        r#"<startEvent id="s"/><inclusiveGateway id="g"/><endEvent id="e"/>
           [[s -> g, g -(n > 0)-> g, g -(n > 1)-> e]]"#,
        r#"start {"n": 1} => incident STEP_LIMIT at g"#,
    );
}

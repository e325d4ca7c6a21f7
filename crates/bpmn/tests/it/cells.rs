//! The table of events in `docs/reference/bpmn.md`, cell by cell, and races in both orders.
//!
//! | event | start | event sub-process | catch | boundary | throw, end |
//! | --- | --- | --- | --- | --- | --- |
//! | none | everywhere | | | | here |
//! | message | here, `starters` | here, `events` | here | here | `events` |
//! | signal | here | here | here | here | here |
//! | condition | here, sim `conditions` | here, `conditions` | here, `conditions` | here | |
//! | timer | sim `time` | here, `events` | here | here | |
//! | cycle | sim `time` | `events` | | `running` | |
//! | error | | here, `events` | | here, `running` | here, `events` |
//! | escalation | | here, `events` | | here, `events`; sim `escalations` | here, `events` |
//! | link | | | `events` | | `events` |
//! | terminate | | | | | here, `events` |
//! | compensation | | `compensation` | | `compensation` | `compensation` |
//! | cancel | | | | `transactions` | `transactions` |
//! | multiple | here | here, `events` | here | here | here |
//! | parallel multiple | `starters` | here | here | here, `events` | |
//!
//! Races with what is interrupted, both orders: boundary event, event sub-process and event-based
//! gateway here for each kind; terminate here; cancel in `transactions`; completion condition in
//! `loops` and `ad_hoc`; error here.

use super::transcript::{broadcasts, check, xml};

/// A kind of event that waits: its definition, what triggers it, and how its wait reads at an id.
struct Kind {
    definition: &'static str,
    act: &'static str,
    wait: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        definition: r#"<messageEventDefinition messageRef="m"/>"#,
        act: "message paid",
        wait: "message paid at ID",
    },
    Kind {
        definition: r#"<signalEventDefinition signalRef="sig"/>"#,
        act: "signal alarm",
        wait: "signal alarm at ID",
    },
    Kind {
        definition: "<conditionalEventDefinition><condition>= x</condition></conditionalEventDefinition>",
        act: "set {\"x\": true}",
        wait: "condition ID",
    },
    Kind {
        definition: "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>",
        act: "advance PT1M",
        wait: "timer ID 60s",
    },
];

const SHIPPED: &str = r#"<messageEventDefinition messageRef="m2"/>"#;

impl Kind {
    fn at(&self, id: &str) -> String {
        self.wait.replace("ID", id)
    }
}

fn event(tag: &str, id: &str, attributes: &str, definitions: &str) -> String {
    format!(r#"<{tag} id="{id}" {attributes}>{definitions}</{tag}>"#)
}

/// What waits, sorted as transcripts have it.
fn sorted(parts: &[&str]) -> String {
    let mut parts: Vec<&str> = parts.to_vec();
    parts.sort_unstable();
    parts.join(", ")
}

const START: &str = "start {\"id\": 1}";

/// A job `work` with a boundary event `b` that leads to the job `late`.
fn bounded(attributes: &str, definitions: &str) -> String {
    let attributes = format!("attachedToRef=\"work\" {attributes}");
    format!(
        r#"<startEvent id="s"/><<work late>>{}<endEvent id="end"/><endEvent id="e2"/>
           [[s -> work -> end, b -> late -> e2]]"#,
        event("boundaryEvent", "b", &attributes, definitions)
    )
}

/// A job `work` beside an event sub-process `h` that runs the job `mend`.
fn guarded(attributes: &str, definitions: &str) -> String {
    format!(
        r#"<startEvent id="s"/><<work>><endEvent id="end"/>[[s -> work -> end]]
           <subProcess id="h" triggeredByEvent="true">{}<<mend>><endEvent id="he"/>
           [[hs -> mend -> he]]</subProcess>"#,
        event("startEvent", "hs", attributes, definitions)
    )
}

#[test]
fn each_kind_is_caught_and_ends_with_its_scope() {
    for kind in &KINDS {
        let catch = event("intermediateCatchEvent", "c", "", kind.definition);
        let model = format!("<startEvent id=\"s\"/>{catch}<endEvent id=\"end\"/>[[s -> c -> end]]");
        let (act, wait) = (kind.act, kind.at("c"));
        check(&model, &format!("{START} => {wait}\n {act} => completed"));
        check(&model, &format!("{START} => {wait}\n cancel => terminated"));
        // A terminate end event and the event, in both orders.
        let model = format!(
            r#"<startEvent id="s"/><parallelGateway id="g"/>{catch}<<work after>><endEvent id="end"/>
               <endEvent id="stop"><terminateEventDefinition/></endEvent>
               [[s -> g -> c -> after -> end, g -> work -> stop]]"#
        );
        let both = sorted(&["job work", &wait]);
        check(&model, &format!("{START} => {both}\n complete work => completed"));
        check(
            &model,
            &format!(
                "{START} => {both}\n {act} => job after, job work\n complete work => completed"
            ),
        );
    }
}

#[test]
fn each_kind_stands_at_the_border_of_an_activity() {
    for kind in &KINDS {
        let (act, wait) = (kind.act, kind.at("b"));
        let both = sorted(&["job work", &wait]);
        let model = bounded("", kind.definition);
        check(
            &model,
            &format!("{START} => {both}\n {act} => job late\n complete late => completed"),
        );
        check(&model, &format!("{START} => {both}\n complete work => completed"));
        let model = bounded("cancelActivity=\"false\"", kind.definition);
        // A timer comes once, the others again.
        let again = if kind.act.starts_with("advance") { "" } else { wait.as_str() };
        let after: Vec<&str> =
            ["job late", "job work", again].into_iter().filter(|part| !part.is_empty()).collect();
        check(
            &model,
            &format!(
                "{START} => {both}\n {act} => {}\n complete work => job late\n complete late => completed",
                sorted(&after)
            ),
        );
    }
}

#[test]
fn each_kind_begins_an_event_sub_process() {
    for kind in &KINDS {
        let (act, wait) = (kind.act, kind.at("hs"));
        let both = sorted(&["job work", &wait]);
        let model = guarded("", kind.definition);
        check(
            &model,
            &format!("{START} => {both}\n {act} => job mend\n complete mend => completed"),
        );
        check(&model, &format!("{START} => {both}\n complete work => completed"));
        let model = guarded("isInterrupting=\"false\"", kind.definition);
        let again = if kind.act.starts_with("advance") { "" } else { wait.as_str() };
        let after: Vec<&str> =
            ["job mend", "job work", again].into_iter().filter(|part| !part.is_empty()).collect();
        let left: Vec<&str> =
            ["job mend", again].into_iter().filter(|part| !part.is_empty()).collect();
        check(
            &model,
            &format!(
                "{START} => {both}\n {act} => {}\n complete work => {}\n complete mend => completed",
                sorted(&after),
                sorted(&left)
            ),
        );
    }
}

#[test]
fn each_kind_stands_behind_an_event_based_gateway() {
    for kind in &KINDS {
        let model = format!(
            r#"<startEvent id="s"/><eventBasedGateway id="g"/>{}{}<<yes no>><endEvent id="e1"/>
               <endEvent id="e2"/>[[s -> g -> c -> yes -> e1, g -> o -> no -> e2]]"#,
            event("intermediateCatchEvent", "c", "", kind.definition),
            event("intermediateCatchEvent", "o", "", SHIPPED)
        );
        let wait = kind.at("c");
        let both = sorted(&["message shipped at o", &wait]);
        check(&model, &format!("{START} => {both}\n {} => job yes", kind.act));
        check(&model, &format!("{START} => {both}\n message shipped => job no"));
    }
}

#[test]
fn each_kind_is_one_of_several_or_all_of_them() {
    for kind in &KINDS {
        let definitions = format!("{SHIPPED}{}", kind.definition);
        let act = kind.act;
        let places = |attributes: &str| {
            let catch = event("intermediateCatchEvent", "c", attributes, &definitions);
            let catch = format!(
                "<startEvent id=\"s\"/>{catch}<<on>><endEvent id=\"end\"/>[[s -> c -> on -> end]]"
            );
            [
                (catch, "c", "on", ""),
                (bounded(attributes, &definitions), "b", "late", "job work"),
                (guarded(attributes, &definitions), "hs", "mend", "job work"),
            ]
        };
        for (model, id, then, beside) in places("") {
            let shipped = format!("message shipped at {id}");
            let wait = kind.at(id);
            let parts = [beside, shipped.as_str(), wait.as_str()];
            let all: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let all = sorted(&all);
            check(&model, &format!("{START} => {all}\n {act} => job {then}"));
            check(&model, &format!("{START} => {all}\n message shipped => job {then}"));
        }
        for (model, id, then, beside) in places("parallelMultiple=\"true\"") {
            let shipped = format!("message shipped at {id}");
            let wait = kind.at(id);
            let shown = |parts: &[&str]| {
                let parts = parts.iter().copied().filter(|part| !part.is_empty());
                sorted(&parts.collect::<Vec<_>>())
            };
            let all = shown(&[beside, &shipped, &wait]);
            let (first, second) = (shown(&[beside, &shipped]), shown(&[beside, &wait]));
            check(
                &model,
                &format!("{START} => {all}\n {act} => {first}\n message shipped => job {then}"),
            );
            check(
                &model,
                &format!("{START} => {all}\n message shipped => {second}\n {act} => job {then}"),
            );
        }
    }
}

#[test]
fn each_kind_starts_a_process() {
    let kinds = [
        KINDS[0].definition,
        KINDS[1].definition,
        KINDS[2].definition,
        "<timerEventDefinition><timeDate>2030-01-01T00:00:00Z</timeDate></timerEventDefinition>",
        "<timerEventDefinition><timeCycle>R3/PT1M</timeCycle></timerEventDefinition>",
    ];
    for definition in kinds {
        let start = event("startEvent", "s", "", definition);
        let model = format!("{start}<<work>><endEvent id=\"end\"/>[[s -> work -> end]]");
        check(&model, "start {\"x\": true} => job work\n complete work => completed");
    }
    let several = format!("{}{}{}", KINDS[0].definition, KINDS[1].definition, KINDS[2].definition);
    let start = event("startEvent", "s", "", &several);
    let model = format!("{start}<<work>><endEvent id=\"end\"/>[[s -> work -> end]]");
    check(&model, "start => job work");
    let read = fermata_bpmn::read(&xml(&model)).expect("a model");
    assert_eq!(read.processes[0].starts().count(), 3);
}

#[test]
fn an_error_and_the_end_of_what_it_interrupts_in_both_orders() {
    let error = r#"<errorEventDefinition errorRef="e"/>"#;
    let model = bounded("", error);
    check(&model, "start => job work\n throw work NO => job late\n complete late => completed");
    check(&model, "start => job work\n complete work => completed");
    let model = guarded("", error);
    check(&model, "start => job work\n throw work NO => job mend\n complete mend => completed");
    check(&model, "start => job work\n complete work => completed");
    // One branch throws while the other works, and the other way round.
    let inner = format!(
        r#"<startEvent id="is"/><parallelGateway id="g"/><<one two>><endEvent id="ie"/>
           <endEvent id="no">{error}</endEvent>[[is -> g -> one -> ie, g -> two -> no]]"#
    );
    let model = format!(
        r#"<startEvent id="s"/><subProcess id="sub">{inner}</subProcess><<late>>
           <boundaryEvent id="b" attachedToRef="sub">{error}</boundaryEvent><endEvent id="end"/>
           <endEvent id="e2"/>[[s -> sub -> end, b -> late -> e2]]"#
    );
    check(&model, "start => job one, job two\n complete two => job late");
    check(&model, "start => job one, job two\n complete one => job two\n complete two => job late");
}

#[test]
fn signals_escalations_and_several_are_thrown_in_passing_and_at_the_end() {
    let signal = KINDS[1].definition;
    let escalation = r#"<escalationEventDefinition escalationRef="x"/>"#;
    for (definitions, thrown) in [
        ("", 0),
        (signal, 1),
        (escalation, 0),
        (format!("{signal}{escalation}{signal}").as_str(), 2),
    ] {
        let model = format!(
            "<startEvent id=\"s\"/>{}{}[[s -> t -> end]]",
            event("intermediateThrowEvent", "t", "", definitions),
            event("endEvent", "end", "", definitions)
        );
        check(&model, "start => completed");
        assert_eq!(broadcasts(&model), vec!["alarm"; 2 * thrown], "{definitions}");
    }
    // What ends the event comes last.
    let model = format!(
        "<startEvent id=\"s\"/>{}[[s -> end]]",
        event("endEvent", "end", "", &format!("<terminateEventDefinition/>{signal}"))
    );
    check(&model, "start => completed");
    assert_eq!(broadcasts(&model), ["alarm"]);
}

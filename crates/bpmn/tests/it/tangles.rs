//! Random models without structure: nodes of every kind, and flows that lead anywhere, also back and
//! into gateways that wait for what can never come. What such a model means is nobody's guess; that
//! it never stops silently, and is what its log says, holds all the same. Only what waits leads back:
//! storms of tokens that never wait have tests of their own (`hostile`). Calls and decisions are the
//! engine's (see the simulation).

use std::fmt::Write as _;

use super::blocks::{WHEN, ad_hoc, attempts, beside, enough, marker, user_task};
use super::random::{Random, Seen, play_random};

/// What may have outgoing flows.
struct Source {
    id: String,
    /// They may have conditions.
    chooses: bool,
    /// They lead to nodes from this one on; to any if it waits.
    from: usize,
}

/// Nodes and flows of one scope.
struct Tangle<'r> {
    random: &'r mut Random,
    next: u32,
}

const TIMER: &str =
    "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>";
const SIGNAL: &str = r#"<signalEventDefinition signalRef="sig"/>"#;
const COMPENSATE: &str = "<compensateEventDefinition/>";
const MESSAGE: &str = r#"<messageEventDefinition messageRef="m"/>"#;

impl Tangle<'_> {
    fn id(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    /// The XML of a scope's content. `depth` is how many scopes may still be nested.
    fn scope(&mut self, depth: u32) -> String {
        self.scope_to(depth, "")
    }

    /// As [`Self::scope`], with one more end.
    fn scope_to(&mut self, depth: u32, ends: &str) -> String {
        let start = self.id();
        let mut xml = format!(r#"<startEvent id="{start}"/>"#);
        let begins = Source { id: start, chooses: false, from: 0 };
        let (mut sources, mut targets) = (vec![begins], Vec::new());
        for _ in 0..3 + self.random.below(6) {
            xml.push_str(&self.node(depth, &mut sources, &mut targets));
        }
        // Whatever cannot lead back has somewhere to go.
        let end = self.id();
        let _ = write!(xml, r#"<endEvent id="{end}"/>"#);
        targets.push(end);
        if !ends.is_empty() {
            let end = self.id();
            let _ = write!(xml, r#"<endEvent id="{end}">{ends}</endEvent>"#);
            targets.push(end);
        }
        xml.push_str(&self.flows(&sources, &targets));
        if self.random.below(3) == 0 {
            xml.push_str(&self.handler(depth));
        }
        xml
    }

    /// A node, and the boundary event on it.
    fn node(&mut self, depth: u32, sources: &mut Vec<Source>, targets: &mut Vec<String>) -> String {
        let id = self.id();
        targets.push(id.clone());
        let mut from = targets.len();
        let (xml, chooses) = match self.random.below(if depth > 0 { 26 } else { 21 }) {
            0..=3 => {
                from = 0;
                let says = beside(self.random);
                (job(&id, says, ""), true)
            }
            4 => (format!(r#"<exclusiveGateway id="{id}"/>"#), true),
            5 | 6 => (format!(r#"<parallelGateway id="{id}"/>"#), false),
            7 => (format!(r#"<inclusiveGateway id="{id}"/>"#), true),
            8 => (format!(r#"<task id="{id}"/>"#), true),
            9 => {
                from = 0;
                (self.catch(&id), false)
            }
            10 => {
                let throws = self.random.one_of(&[
                    "",
                    "<terminateEventDefinition/>",
                    r#"<errorEventDefinition errorRef="e"/>"#,
                    r#"<escalationEventDefinition escalationRef="x"/>"#,
                    SIGNAL,
                    COMPENSATE,
                ]);
                return format!(r#"<endEvent id="{id}">{throws}</endEvent>"#);
            }
            11 => (job(&id, "", marker(self.random)), true),
            12 | 13 => {
                // What comes to it is not known yet: a condition that does not fit is a deadlock.
                let flows = 1 + self.random.below(3);
                let condition = enough(self.random, flows);
                (format!(r#"<complexGateway id="{id}">{condition}</complexGateway>"#), true)
            }
            14 => {
                from = 0;
                (user_task(self.random, &id), true)
            }
            15 => {
                let says = attempts(self.random);
                (job(&id, says, ""), true)
            }
            16 => return self.event_based(&id, sources),
            17 => return self.link(&id, sources, targets),
            18 => (self.throw(&id), false),
            19 | 20 => (self.undone(&id, depth), true),
            21 | 22 => (self.ad_hoc(&id), true),
            23 => return self.transaction(&id, depth, targets.len(), sources),
            _ => (self.sub_process(&id, depth), true),
        };
        sources.push(Source { id: id.clone(), chooses, from });
        let hosts = xml.starts_with("<serviceTask") || xml.starts_with("<subProcess");
        let boundary = if hosts && !xml.contains("sideEffect") {
            self.boundary(&id, targets.len(), sources)
        } else {
            String::new()
        };
        xml + &boundary
    }

    fn catch(&mut self, id: &str) -> String {
        let one = self.random.one_of(&[TIMER, MESSAGE, WHEN, SIGNAL]);
        let other =
            self.random.one_of(&["", "", "", r#"<messageEventDefinition messageRef="m2"/>"#]);
        let all = self.random.one_of(&["true", "false"]);
        format!(
            r#"<intermediateCatchEvent id="{id}" parallelMultiple="{all}">{one}{other}</intermediateCatchEvent>"#
        )
    }

    /// A gateway, and what it waits for: these lead anywhere.
    fn event_based(&mut self, id: &str, sources: &mut Vec<Source>) -> String {
        let mut xml = format!(r#"<eventBasedGateway id="{id}"/>"#);
        for _ in 0..2 + self.random.below(2) {
            let event = self.id();
            let waits = self.catch(&event);
            let _ = write!(xml, "{waits}[[{id} -> {event}]]");
            sources.push(Source { id: event, chooses: false, from: 0 });
        }
        xml
    }

    /// Two ends: what comes to the one goes on at the other, forwards.
    fn link(&mut self, id: &str, sources: &mut Vec<Source>, targets: &[String]) -> String {
        let other = self.id();
        let name = format!(r#"<linkEventDefinition name="{id}"/>"#);
        sources.push(Source { id: other.clone(), chooses: false, from: targets.len() });
        format!(
            r#"<intermediateThrowEvent id="{id}">{name}</intermediateThrowEvent>
               <intermediateCatchEvent id="{other}">{name}</intermediateCatchEvent>"#
        )
    }

    fn throw(&mut self, id: &str) -> String {
        let what = self.random.one_of(&[
            SIGNAL,
            r#"<escalationEventDefinition escalationRef="x"/>"#,
            COMPENSATE,
            r#"<compensateEventDefinition waitForCompletion="false"/>"#,
            r#"<extensionElements><zeebe:taskDefinition type="w"/></extensionElements>
               <messageEventDefinition messageRef="m"/>"#,
        ]);
        format!(r#"<intermediateThrowEvent id="{id}">{what}</intermediateThrowEvent>"#)
    }

    /// A job or a sub-process, and what undoes it.
    fn undone(&mut self, id: &str, depth: u32) -> String {
        let (boundary, association, undo) = (self.id(), self.id(), self.id());
        let done = if depth > 0 && self.random.below(3) == 0 {
            format!(r#"<subProcess id="{id}">{}</subProcess>"#, self.scope(depth - 1))
        } else {
            job(id, "", self.random.one_of(&["", ONCE_FOR_EACH]))
        };
        let handler = job(&undo, "", "");
        let handler =
            handler.replacen("<serviceTask", r#"<serviceTask isForCompensation="true""#, 1);
        format!(
            r#"{done}{handler}<boundaryEvent id="{boundary}" attachedToRef="{id}">{COMPENSATE}</boundaryEvent>
               <association id="{association}" sourceRef="{boundary}" targetRef="{undo}"/>"#
        )
    }

    /// It may cancel itself.
    fn transaction(
        &mut self,
        id: &str,
        depth: u32,
        from: usize,
        sources: &mut Vec<Source>,
    ) -> String {
        let boundary = self.id();
        let inside = self.scope_to(depth - 1, "<cancelEventDefinition/>");
        for (source, chooses) in [(id, true), (&boundary, false)] {
            sources.push(Source { id: source.to_owned(), chooses, from });
        }
        format!(
            r#"<transaction id="{id}">{inside}</transaction><boundaryEvent id="{boundary}"
               attachedToRef="{id}"><cancelEventDefinition/></boundaryEvent>"#
        )
    }

    /// It may repeat, and say itself how it is undone.
    fn sub_process(&mut self, id: &str, depth: u32) -> String {
        let marker =
            if self.random.below(4) == 0 { marker(self.random).to_owned() } else { String::new() };
        let inside = self.scope(depth - 1);
        let undoes = if self.random.below(4) == 0 {
            let (handler, start, undo, end) = (self.id(), self.id(), self.id(), self.id());
            format!(
                r#"<subProcess id="{handler}" triggeredByEvent="true"><startEvent id="{start}">{COMPENSATE}
                   </startEvent>{}<endEvent id="{end}"/>[[{start} -> {undo} -> {end}]]</subProcess>"#,
                job(&undo, "", "")
            )
        } else {
            String::new()
        };
        format!(r#"<subProcess id="{id}">{marker}{inside}{undoes}</subProcess>"#)
    }

    /// Elements that begin when somebody says so.
    fn ad_hoc(&mut self, id: &str) -> String {
        let (first, inside) = (self.id(), self.id());
        let opens = ad_hoc(self.random, id, &first, &inside);
        let says = beside(self.random);
        format!(
            r#"{opens}{}<subProcess id="{inside}">{}</subProcess></adHocSubProcess>"#,
            job(&first, says, ""),
            self.scope(0)
        )
    }

    fn boundary(&mut self, host: &str, from: usize, sources: &mut Vec<Source>) -> String {
        if self.random.below(3) > 0 {
            return String::new();
        }
        let id = self.id();
        let (attribute, what) = [
            ("", "<errorEventDefinition/>"),
            ("", TIMER),
            (r#"cancelActivity="false""#, MESSAGE),
            (r#"cancelActivity="false""#, "<escalationEventDefinition/>"),
            ("", WHEN),
            (r#"cancelActivity="false""#, WHEN),
            ("", SIGNAL),
        ][self.random.below(7)];
        sources.push(Source { id: id.clone(), chooses: false, from });
        format!(
            r#"<boundaryEvent id="{id}" attachedToRef="{host}" {attribute}>{what}</boundaryEvent>"#
        )
    }

    fn handler(&mut self, depth: u32) -> String {
        let (id, start, end) = (self.id(), self.id(), self.id());
        let (attribute, what) = [
            ("", "<errorEventDefinition/>"),
            (r#"isInterrupting="false""#, MESSAGE),
            ("", TIMER),
            ("", WHEN),
            (r#"isInterrupting="false""#, SIGNAL),
        ][self.random.below(5)];
        let inner = if depth > 0 && self.random.below(2) == 0 {
            let inside = self.id();
            format!(
                r#"<subProcess id="{inside}">{}</subProcess>[[{start} -> {inside} -> {end}]]"#,
                self.scope(0)
            )
        } else {
            format!("[[{start} -> {end}]]")
        };
        format!(
            r#"<subProcess id="{id}" triggeredByEvent="true"><startEvent id="{start}" {attribute}>{what}
               </startEvent><endEvent id="{end}"/>{inner}</subProcess>"#
        )
    }

    /// One or two flows from each node to any other, or none.
    fn flows(&mut self, sources: &[Source], targets: &[String]) -> String {
        let mut xml = String::new();
        for Source { id, chooses, from } in sources {
            let Some(open) = targets.get(*from..).filter(|open| !open.is_empty()) else { continue };
            let mut led = Vec::new();
            for _ in 0..=self.random.below(2) {
                let to = &open[self.random.below(open.len())];
                if led.contains(to) {
                    continue;
                }
                let arrow = if *chooses && self.random.below(2) == 0 { "-(n > 1)->" } else { "->" };
                let _ = write!(xml, "[[{id} {arrow} {to}]]");
                led.push(to.clone());
            }
        }
        xml
    }
}

const ONCE_FOR_EACH: &str = r"<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>";

fn job(id: &str, says: &str, marker: &str) -> String {
    format!(
        r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="w"/>{says}</extensionElements>{marker}</serviceTask>"#
    )
}

/// All that a tangle can have.
const TYPES: &[&str] = &[
    "START_EVENT",
    "END_EVENT",
    "SERVICE_TASK",
    "USER_TASK",
    "TASK",
    "EXCLUSIVE_GATEWAY",
    "PARALLEL_GATEWAY",
    "INCLUSIVE_GATEWAY",
    "COMPLEX_GATEWAY",
    "EVENT_BASED_GATEWAY",
    "INTERMEDIATE_CATCH_EVENT",
    "INTERMEDIATE_THROW_EVENT",
    "BOUNDARY_EVENT",
    "SUB_PROCESS",
    "EVENT_SUB_PROCESS",
    "AD_HOC_SUB_PROCESS",
    "TRANSACTION",
    "repeats",
];

#[test]
fn tangles_never_stop_silently_and_are_what_their_log_says() {
    let (mut ended, mut seen) = (0, Seen::new());
    for seed in 0..400_u64 {
        let mut random = Random(seed);
        let body = Tangle { random: &mut random, next: 0 }.scope(2);
        ended += u32::from(play_random(seed, &body, &mut random, &mut seen));
    }
    assert!(ended > 50, "some come to their end: {ended}");
    let never: Vec<_> = TYPES.iter().filter(|known| !seen.contains(*known)).collect();
    assert!(never.is_empty(), "nobody went through {never:?}, but {seen:?}");
}

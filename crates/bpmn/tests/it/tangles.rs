//! Random models without structure: nodes of every kind, and flows that lead anywhere, also back and
//! into gateways that wait for what can never come. What such a model means is nobody's guess; that
//! it never stops silently, and is what its log says, holds all the same. Only what waits leads back:
//! storms of tokens that never wait have tests of their own (`hostile`).

use std::fmt::Write as _;

use super::blocks::{WHEN, ad_hoc, attempts, beside, enough, user_task};
use super::random::{Random, play_random};

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
const MESSAGE: &str = r#"<messageEventDefinition messageRef="m"/>"#;

impl Tangle<'_> {
    fn id(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    /// The XML of a scope's content. `depth` is how many scopes may still be nested.
    fn scope(&mut self, depth: u32) -> String {
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
        let (xml, chooses) = match self.random.below(if depth > 0 { 20 } else { 16 }) {
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
                let what = self.random.one_of(&[TIMER, MESSAGE, WHEN]);
                (
                    format!(r#"<intermediateCatchEvent id="{id}">{what}</intermediateCatchEvent>"#),
                    false,
                )
            }
            10 => {
                let throws = self.random.one_of(&[
                    "",
                    "<terminateEventDefinition/>",
                    r#"<errorEventDefinition errorRef="e"/>"#,
                    r#"<escalationEventDefinition escalationRef="x"/>"#,
                ]);
                return format!(r#"<endEvent id="{id}">{throws}</endEvent>"#);
            }
            11 => (self.repeated(&id), true),
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
            16 | 17 => (self.ad_hoc(&id), true),
            _ => (format!(r#"<subProcess id="{id}">{}</subProcess>"#, self.scope(depth - 1)), true),
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

    fn repeated(&mut self, id: &str) -> String {
        let marker = self.random.one_of(&[
            r"<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
            r#"<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"#,
            r#"<standardLoopCharacteristics loopMaximum="2"/>"#,
        ]);
        job(id, "", marker)
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
        ][self.random.below(6)];
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
        ][self.random.below(4)];
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

fn job(id: &str, says: &str, marker: &str) -> String {
    format!(
        r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="w"/>{says}</extensionElements>{marker}</serviceTask>"#
    )
}

#[test]
fn tangles_never_stop_silently_and_are_what_their_log_says() {
    let mut ended = 0;
    for seed in 0..400_u64 {
        let mut random = Random(seed);
        let body = Tangle { random: &mut random, next: 0 }.scope(2);
        ended += u32::from(play_random(seed, &body, &mut random));
    }
    assert!(ended > 50, "some come to their end: {ended}");
}

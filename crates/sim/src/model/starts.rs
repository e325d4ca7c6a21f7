//! What begins an instance of a process, beside a caller.
//!
//! In:  the model in the making.
//! Out: a none start event, and perhaps others; where all of them lead from.
//! Absent: what a start event of a version that ended would begin: see `drain`.

use super::{Maker, START_MESSAGES};

const SIGNAL: &str = r#"<bpmn:signalEventDefinition signalRef="g1"/>"#;

/// A none start event, sometimes with others beside it. No two wait for the same.
pub(super) fn starts(maker: &mut Maker) -> Vec<String> {
    let mut starts = vec![maker.node("startEvent", "")];
    let (first, second) = if maker.rng.chance(1, 2) { (0, 1) } else { (1, 0) };
    let (first, second) = (message(first), message(second));
    let condition = condition(maker);
    let (mut signal, mut conditional) = (maker.rng.chance(1, 5), maker.rng.chance(1, 5));
    if maker.rng.chance(1, 3) {
        starts.push(maker.node("startEvent", &first));
    }
    match maker.rng.below(10) {
        0 | 1 => starts.push(receive_task(maker, &second)),
        2 => {
            signal = false;
            starts.push(first_of(maker, &[&second, SIGNAL]));
        }
        3 => {
            conditional = false;
            starts.push(first_of(maker, &[&condition, &second]));
        }
        4 => starts.push(all_of(maker, &[&message(2), &message(3)])),
        5 | 6 => {
            let both = format!("{}{}", message(2), message(3));
            starts.push(maker.node_with("startEvent", r#"parallelMultiple="true""#, &both));
        }
        _ => {}
    }
    if signal {
        starts.push(maker.node("startEvent", SIGNAL));
    }
    if conditional {
        starts.push(maker.node("startEvent", &condition));
    }
    if maker.rng.chance(1, 4) {
        let time = *maker.rng.pick(&[
            "<bpmn:timeCycle>R3/PT2M</bpmn:timeCycle>",
            "<bpmn:timeCycle>R/PT10M</bpmn:timeCycle>",
            "<bpmn:timeCycle>0 */20 * * * *</bpmn:timeCycle>",
            "<bpmn:timeDate>=now() + duration(\"PT1M\")</bpmn:timeDate>",
            "<bpmn:timeDate>2026-11-23T09:05:00Z</bpmn:timeDate>",
        ]);
        let timer = format!("<bpmn:timerEventDefinition>{time}</bpmn:timerEventDefinition>");
        starts.push(maker.node("startEvent", &timer));
    }
    starts
}

fn message(nth: usize) -> String {
    format!(r#"<bpmn:messageEventDefinition messageRef="{}"/>"#, START_MESSAGES[nth])
}

fn condition(maker: &mut Maker) -> String {
    let condition = *maker.rng.pick(&["=n = 2", "=b and n &gt; 0"]);
    format!(
        "<bpmn:conditionalEventDefinition><bpmn:condition>{condition}</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
}

fn receive_task(maker: &mut Maker, message: &str) -> String {
    let name = START_MESSAGES.iter().find(|name| message.contains(*name)).unwrap_or(&"s0");
    let attributes = format!(r#"instantiate="true" messageRef="{name}""#);
    maker.node_with("receiveTask", &attributes, "")
}

/// A gateway: whichever comes first begins an instance.
fn first_of(maker: &mut Maker, definitions: &[&str]) -> String {
    let gateway = maker.node_with("eventBasedGateway", r#"instantiate="true""#, "");
    behind(maker, &gateway, "exclusiveGateway", definitions)
}

/// A gateway: the others come to the instance that the first has begun.
fn all_of(maker: &mut Maker, definitions: &[&str]) -> String {
    let attributes = r#"instantiate="true" eventGatewayType="Parallel""#;
    let gateway = maker.node_with("eventBasedGateway", attributes, "");
    behind(maker, &gateway, "parallelGateway", definitions)
}

fn behind(maker: &mut Maker, gateway: &str, joins: &str, definitions: &[&str]) -> String {
    let join = maker.node(joins, "");
    for definition in definitions {
        let event = maker.node("intermediateCatchEvent", definition);
        maker.flow(gateway, &event);
        maker.flow(&event, &join);
    }
    join
}

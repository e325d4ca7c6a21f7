//! Compensations and transactions that could never work are refused.

use super::compensation::{end, throw, timer, undo, whole};
use super::harness::{flow, job, model};
use super::refusals::refused;

fn refuse(body: &str, code: &str, part: &str) {
    let start = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";
    refused(
        &model(&[start, &job("a"), &flow("s", "a"), &flow("a", "e"), body].concat()),
        code,
        part,
    );
}

#[test]
fn compensation_boundary_events_that_lead_nowhere_are_refused() {
    let boundary =
        r#"<boundaryEvent id="c-a" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>"#;
    refuse(boundary, "B040", "but found 0");
    let more = r#"<association id="more" sourceRef="c-a" targetRef="undo-a"/>"#;
    refuse(&(undo("a") + more), "B040", "but found 2");
    refuse(&undo("a").replace(" isForCompensation=\"true\"", ""), "B040", "cannot be the handler");
    refuse(&(undo("a") + &job("z") + &flow("c-a", "z")), "B040", "outgoing flow");
    let second = undo("a").replace("c-a", "c2").replace("as-a", "as2");
    let second = second.split_once("<serviceTask").unwrap().0.to_owned();
    refuse(&(undo("a") + &second), "B040", "two compensation boundary events");
    let elsewhere = undo("a")
        .replace("<serviceTask", "<subProcess id=\"q\"><startEvent id=\"qs\"/><serviceTask")
        + "</subProcess>";
    refuse(&elsewhere, "B040", "cannot be the handler");
    // An association to an annotation is none.
    let noted = undo("a")
        + "<textAnnotation id=\"note\"/><association id=\"n\" sourceRef=\"c-a\" targetRef=\"note\"/>";
    let body = [noted.as_str(), "<startEvent id=\"s\"/>", &job("a"), &flow("s", "a")].concat();
    assert!(fermata_bpmn::read(&model(&body)).is_ok());
}

#[test]
fn handlers_that_something_else_could_begin_are_refused() {
    refuse(&(undo("a") + &flow("undo-a", "e")), "B041", "has a flow");
    refuse(&(undo("a") + &flow("s", "undo-a")), "B041", "has a flow");
    let lonely = job("z").replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    refuse(&lonely, "B041", "no compensation boundary event");
    refuse("<endEvent id=\"z\" isForCompensation=\"true\"/>", "B041", "only an activity");
    let bounded = undo("a") + &timer("tm", "undo-a") + &flow("tm", "e");
    refuse(&bounded, "B041", "has a boundary event");
}

#[test]
fn compensations_of_what_cannot_be_compensated_are_refused() {
    let throws = |attribute: &str| throw(attribute) + &flow("a", "t");
    refuse(&throws("activityRef=\"nobody\""), "B042", "\"nobody\"");
    refuse(&throws("activityRef=\"s\""), "B042", "cannot be compensated from here");
    refuse(&throws("activityRef=\"a\""), "B042", "nothing that compensates it");
    refuse(
        &(throws("activityRef=\"undo-a\"") + &undo("a")),
        "B042",
        "cannot be compensated from here",
    );
    refuse(
        &(throws("activityRef=\"i\"") + &sub_plain()),
        "B042",
        "cannot be compensated from here",
    );
    let both =
        throws("").replace("</inter", "<escalationEventDefinition escalationRef=\"x\"/></inter");
    refuse(&both, "B042", "no other definition");
    let both = undo("a").replace(
        "<compensateEventDefinition/>",
        "<compensateEventDefinition/><errorEventDefinition/>",
    );
    refuse(&both, "B042", "no other definition");
    refuse(
        "<intermediateCatchEvent id=\"t\"><compensateEventDefinition/></intermediateCatchEvent>",
        "B004",
        "compensate",
    );
}

fn sub_plain() -> String {
    format!(
        "<subProcess id=\"sub\"><startEvent id=\"is\"/>{}{}{}</subProcess>",
        job("i"),
        undo("i"),
        flow("is", "i")
    )
}

#[test]
fn compensation_event_sub_processes_that_could_never_run_are_refused() {
    let handler = whole(&[job("m"), flow("hs", "m")].concat());
    refuse(&handler, "B043", "can never be compensated");
    let in_sub = |more: &str| sub_plain().replace("</subProcess>", &format!("{more}</subProcess>"));
    let other = whole(&[job("m9"), flow("hs", "m9")].concat())
        .replace("\"h\"", "\"g\"")
        .replace("\"hs\"", "\"gs\"");
    refuse(&in_sub(&(handler.clone() + &other)), "B043", "two compensation event sub-processes");
    let beside = handler.replace("id=\"hs\"", "id=\"hs\" isInterrupting=\"false\"");
    refuse(&in_sub(&beside), "B043", "cannot run beside");
    refuse(&(in_sub(&handler) + &undo("sub")), "B043", "keep one of them");
    let ad_hoc = |more: &str| {
        format!("<adHocSubProcess id=\"sub\">{}{}{more}</adHocSubProcess>", job("i"), undo("i"))
    };
    refuse(&ad_hoc(&(handler.clone() + &other)), "B043", "two compensation event sub-processes");
    refuse(&(ad_hoc(&handler) + &undo("sub")), "B043", "keep one of them");
}

#[test]
fn cancels_outside_of_transactions_and_transactions_without_a_way_out_are_refused() {
    refuse(&(end("z", "cancel") + &flow("a", "z")), "B044", "outside of a transaction");
    let stop = end("stop", "cancel");
    let tx = |attribute: &str, inner: &str| {
        format!("<transaction id=\"tx\" {attribute}><startEvent id=\"is\"/>{inner}</transaction>")
    };
    let inner = stop.clone() + &flow("is", "stop");
    refuse(&tx("", &inner), "B044", "no cancel boundary event");
    let nested = format!(
        "<subProcess id=\"q\"><startEvent id=\"qs\"/>{stop}{}</subProcess>",
        flow("qs", "stop")
    );
    refuse(&tx("", &(nested + &flow("is", "q"))), "B044", "outside of a transaction");
    refuse(&tx("method=\"##Store\"", &inner), "B044", "##Store");
    let on = |host: &str, id: &str, attribute: &str| {
        format!(
            "<boundaryEvent id=\"{id}\" attachedToRef=\"{host}\" {attribute}><cancelEventDefinition/></boundaryEvent>"
        ) + &flow(id, "e")
    };
    refuse(&on("a", "b", ""), "B044", "attached to no transaction");
    let whole = tx("", &inner);
    refuse(
        &(whole.clone() + &on("tx", "b", "cancelActivity=\"false\"")),
        "B044",
        "always interrupts",
    );
    refuse(
        &(whole.clone() + &on("tx", "b", "") + &on("tx", "b2", "")),
        "B044",
        "two cancel boundary",
    );
    refuse(
        "<startEvent id=\"z\"><cancelEventDefinition/></startEvent>",
        "B004",
        "cancelEventDefinition",
    );
}

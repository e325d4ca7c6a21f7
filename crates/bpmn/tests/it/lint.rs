//! What lint finds, and what it must not.
//!
//! In:  a body as transcripts have it (`<<a>>` are jobs, `[[a -> b -(x > 1)-> c]]` flows).
//! Out: codes and elements that are found, in the order of the file.

use fermata_bpmn::{Definitions, lint::lint, read};

use super::transcript::xml;

const SIGNALS: &str = "<signal id=\"sig2\" name=\"quiet\"/>";
const TIMER: &str =
    "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";

pub fn model(body: &str) -> Definitions {
    let xml = whole(body);
    read(&xml).unwrap_or_else(|findings| panic!("{findings:#?}\n{xml}"))
}

fn whole(body: &str) -> String {
    xml(body).replacen("<process ", &format!("{SIGNALS}<process "), 1)
}

/// `B200 a, B201 g`.
fn found(body: &str) -> String {
    let findings = lint(&model(body), &[]);
    let told =
        |it: &base::Finding| format!("{} {}", it.code, it.element_id.as_deref().unwrap_or("?"));
    findings.iter().map(told).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(body: &str, wanted: &str) {
    assert_eq!(found(body), wanted, "{body}\n{:#?}", lint(&model(body), &[]));
}

const START: &str = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";

fn gateways(list: &str) -> String {
    let one = |word: &str| {
        let (kind, id) = word.split_at(1);
        let (id, default) = id.split_once('/').unwrap_or((id, ""));
        let default =
            if default.is_empty() { String::new() } else { format!("default=\"{id}-{default}\"") };
        let kind = match kind {
            "x" => "exclusiveGateway",
            "p" => "parallelGateway",
            "i" => "inclusiveGateway",
            "t" => "task",
            other => panic!("{other}"),
        };
        format!("<{kind} id=\"{id}\" {default}/>")
    };
    list.split_whitespace().map(one).collect()
}

fn flow_model(list: &str, rest: &str) -> String {
    [START, &gateways(list), rest].concat()
}

#[test]
fn what_nothing_leads_to_is_found_once() {
    let reached = "[[s -> a -> e]]";
    check(&[START, "<<a>>", reached].concat(), "");
    check(&[START, "<<a b c>>", reached, "[[b -> c]]"].concat(), "B200 b");
    // A circle, and what is in an unreachable scope.
    check(&[START, "<<a b c d>>", reached, "[[b -> c -> b, c -> d]]"].concat(), "B200 b");
    let sub = "<subProcess id=\"sub\"><startEvent id=\"is\"/><<x y>>[[is -> x]]</subProcess>";
    check(&[START, "<<a>>", sub, reached].concat(), "B200 sub");
    // Reached by a boundary event, a link, an event sub-process, a compensation.
    let error = "<boundaryEvent id=\"b\" attachedToRef=\"a\"><errorEventDefinition/></boundaryEvent><<h>>[[b -> h]]";
    check(&[START, "<<a>>", error, reached].concat(), "");
    let link = "<intermediateThrowEvent id=\"th\"><linkEventDefinition name=\"l\"/></intermediateThrowEvent>\
                <intermediateCatchEvent id=\"ca\"><linkEventDefinition name=\"l\"/></intermediateCatchEvent>";
    check(&[START, link, "[[s -> th, ca -> e]]"].concat(), "");
    let undo = "<boundaryEvent id=\"b\" attachedToRef=\"a\"><compensateEventDefinition/></boundaryEvent>\
                <task id=\"u\" isForCompensation=\"true\"/><association id=\"as\" sourceRef=\"b\" targetRef=\"u\"/>";
    check(&[START, "<<a>>", undo, reached].concat(), "");
    let handler = format!(
        "<subProcess id=\"h\" triggeredByEvent=\"true\"><startEvent id=\"hs\">{TIMER}</startEvent><<x y>>\
         [[hs -> x]]</subProcess>"
    );
    check(&[START, "<<a>>", &handler, reached].concat(), "B200 y");
}

#[test]
fn gateways_without_a_default_are_found() {
    let ends = "<endEvent id=\"f\"/>";
    let with = |gateway: &str, flows: &str| flow_model(gateway, &[ends, flows].concat());
    check(&with("xg", "[[s -> g, g -(n > 1)-> e, g -(n <= 1)-> f]]"), "B201 g");
    check(&with("ig", "[[s -> g, g -(n > 1)-> e, g -(n <= 1)-> f]]"), "B201 g");
    check(&with("xg/f", "[[s -> g, g -(n > 1)-> e, g -> f]]"), "");
    check(&with("xg", "[[s -> g, g -(kind = \"a\")-> e, g -(kind != \"a\")-> f]]"), "");
    check(&with("ig", "[[s -> g, g -(n > 1)-> e, g -> f]]"), "");
    // A gateway that only merges.
    check(&with("xg/f xm", "[[s -> g, g -(n > 1)-> m, g -> f, m -> e]]"), "");
}

#[test]
fn conditions_that_decide_nothing_are_found() {
    let ends = "<endEvent id=\"f\"/><endEvent id=\"h\"/>";
    let with = |gateway: &str, flows: &str| flow_model(gateway, &[ends, flows].concat());
    check(
        &with("xg/f", "[[s -> g, g -(n > 1)-> e, g -(n < 1)-> f]]")
            .replace("<endEvent id=\"h\"/>", ""),
        "B216 g-f",
    );
    let three = |first: &str, second: &str| {
        with("xg/h", &format!("[[s -> g, g {first} e, g {second} f, g -> h]]"))
    };
    check(&three("-(n > 1)->", "-(n>1)->"), "B215 g-f");
    check(&three("-(n > 1)->", "-(n > 2)->"), "");
    check(&three("-(1 = 2)->", "-(n > 2)->"), "B216 g-e");
    check(&three("-(5)->", "-(n > 2)->"), "B216 g-e");
    check(&three("->", "-(n > 2)->"), "B216 g-f");
    check(&three("-(n > 2)->", "->"), "");
}

#[test]
fn joins_that_wait_for_ever_are_found() {
    // Exclusive, then parallel.
    let choice = "[[s -> g, g -(n > 1)-> a -> j, g -> b -> j, j -> e]]";
    check(&flow_model("xg/b pj ta tb", choice), "B202 j");
    check(&flow_model("xg/b xj ta tb", choice), "");
    // A way around one branch of a split, to an end.
    let around =
        "[[s -> p, p -> g, g -(n > 1)-> a -> j, g -> f, p -> b -> j, j -> e]]<endEvent id=\"f\"/>";
    check(&flow_model("pp xg/f pj ta tb", around), "B202 j");
    // The same to a terminate end event, which ends what waits.
    let end = "<endEvent id=\"f\"><terminateEventDefinition/></endEvent>";
    check(&flow_model("pp xg/f pj ta tb", &around.replace("<endEvent id=\"f\"/>", end)), "");
    // An interrupting boundary event leads past the join.
    let timed = format!(
        "<<a b>><boundaryEvent id=\"t\" attachedToRef=\"a\">{TIMER}</boundaryEvent><endEvent id=\"f\"/>\
         [[s -> p, p -> a -> j, p -> b -> j, j -> e, t -> f]]"
    );
    check(&flow_model("pp pj", &timed), "B202 j");
    check(
        &flow_model("pp pj", &timed.replace("id=\"t\"", "id=\"t\" cancelActivity=\"false\"")),
        "",
    );
    // It leads to the join by a merge.
    let merged = timed.replace("a -> j,", "a -> m -> j,").replace("t -> f", "t -> m");
    let merged = merged.replace("<endEvent id=\"f\"/>", "");
    check(&flow_model("pp pj xm", &merged), "");
    // An inclusive split of which one path may be enough.
    let some = "[[s -> g, g -(n > 1)-> a -> j, g -> b -> j, j -> e]]";
    check(&flow_model("ig/b pj ta tb", some), "B202 j");
    check(&flow_model("ig/b ij ta tb", some), "");
    // Two starts of a process are two instances.
    let two = "<startEvent id=\"s2\"><messageEventDefinition messageRef=\"m\"/></startEvent>[[s -> j, s2 -> j, j -> e]]";
    check(&flow_model("pj", two), "B202 j");
}

#[test]
fn blocks_in_each_other_and_loops_are_no_deadlocks() {
    let nested = "[[s -> p1, p1 -> x1, x1 -(n > 1)-> p2, x1 -> a -> m1, p2 -> b -> j2, p2 -> c -> j2, j2 -> m1, \
                  m1 -> j1, p1 -> d -> j1, j1 -> e]]";
    check(&flow_model("pp1 xx1/a pp2 pj2 xm1 pj1 ta tb tc td", nested), "");
    // The whole split and join again, while a condition holds.
    let again = "[[s -> m -> p, p -> a -> j, p -> b -> j, j -> x, x -(n > 1)-> m, x -> e]]";
    check(&flow_model("xm pp pj xx/e ta tb", again), "");
    // A loop in one branch.
    let inner = "[[s -> p, p -> m -> a -> x, x -(n > 1)-> m, x -> j, p -> b -> j, j -> e]]";
    check(&flow_model("xm pp pj xx/j ta tb", inner), "");
    // Branches that cross: what comes to the second join has passed the first one.
    let crossed = "[[s -> p, p -> a -> j1, p -> b -> q, q -> j1, q -> c -> j2, j1 -> j2, j2 -> e]]";
    check(&flow_model("pp pq pj1 pj2 ta tb tc", crossed), "");
}

#[test]
fn what_follows_an_unjoined_split_is_found() {
    let split = "<<pay>>[[s -> p, p -> a -> m, p -> b -> m, m -> pay -> e]]";
    check(&flow_model("pp xm ta tb", split), "B203 m");
    check(&flow_model("pp pm ta tb", split), "");
    check(&flow_model("pp ta tb", "<<m>>[[s -> p, p -> a -> m, p -> b -> m, m -> e]]"), "B203 m");
    // Nothing is done after it.
    check(&flow_model("pp ta tb", "[[s -> p, p -> a -> e, p -> b -> e]]"), "");
    check(&flow_model("pp ta tb xm", "[[s -> p, p -> a -> m, p -> b -> m, m -> e]]"), "");
    // Several flows out of a task are a split too.
    check(
        &flow_model("ta tb tc xm", "<<pay>>[[s -> a, a -> b -> m, a -> c -> m, m -> pay -> e]]"),
        "B203 m",
    );
    // Conditions of an inclusive split may exclude each other.
    check(
        &flow_model(
            "ig/a ta tb xm",
            "<<pay>>[[s -> g, g -> a -> m, g -(n > 1)-> b -> m, m -> pay -> e]]",
        ),
        "",
    );
    // What runs beside an activity is meant to.
    let beside = format!(
        "<<a b>><boundaryEvent id=\"t\" attachedToRef=\"a\" cancelActivity=\"false\">{TIMER}</boundaryEvent>\
         [[s -> a -> b -> e, t -> b]]"
    );
    check(&[START, &beside].concat(), "");
}

#[test]
fn events_that_nothing_triggers_are_found() {
    let catch = |definition: &str| {
        format!(
            "{START}<intermediateCatchEvent id=\"c\">{definition}</intermediateCatchEvent>[[s -> c -> e]]"
        )
    };
    let signal = "<signalEventDefinition signalRef=\"sig\"/>";
    check(&catch(signal), "B204 c");
    let thrown = |reference: &str| {
        format!(
            "<endEvent id=\"f\"><signalEventDefinition signalRef=\"{reference}\"/></endEvent>[[s -> f]]"
        )
    };
    check(&[catch(signal), thrown("sig")].concat(), "");
    check(&[catch(signal), thrown("sig2")].concat(), "B204 c");
    // Another model throws it.
    let (waiting, other) =
        (model(&catch(signal)), model(&[START, "[[s -> e]]", &thrown("sig")].concat()));
    assert_eq!(lint(&waiting, &[&other]), []);
    assert_eq!(lint(&waiting, &[&waiting]).len(), 1);

    let link = "<intermediateCatchEvent id=\"c\"><linkEventDefinition name=\"l\"/></intermediateCatchEvent><<a>>";
    check(&[START, link, "[[s -> e, c -> a]]"].concat(), "B205 c");
}

const INNER: &str = "<startEvent id=\"is\"/>";

fn sub(inside: &str, boundary: &str) -> String {
    format!(
        "{START}<subProcess id=\"sub\">{INNER}{inside}</subProcess>[[s -> sub -> e]]<endEvent id=\"after\"/>\
         <boundaryEvent id=\"b\" attachedToRef=\"sub\">{boundary}</boundaryEvent>[[b -> after]]"
    )
}

#[test]
fn escalations_that_do_not_meet_are_found() {
    let throws = "<endEvent id=\"ie\"><escalationEventDefinition escalationRef=\"x\"/></endEvent>[[is -> ie]]";
    let none = "<endEvent id=\"ie\"/>[[is -> ie]]";
    let late = "<escalationEventDefinition escalationRef=\"x\"/>";
    check(&sub(throws, late), "");
    check(&sub(throws, "<escalationEventDefinition/>"), "");
    check(&sub(none, late), "B206 b");
    check(&sub(throws, TIMER), "B207 ie");
    let call = "<callActivity id=\"c\" calledElement=\"q\"/>[[is -> c]]";
    check(&sub(call, late), "");
}

#[test]
fn errors_that_do_not_meet_are_found() {
    let throws =
        "<endEvent id=\"ie\"><errorEventDefinition errorRef=\"e\"/></endEvent>[[is -> ie]]";
    let none = "<endEvent id=\"ie\"/>[[is -> ie]]";
    let no = "<errorEventDefinition errorRef=\"e\"/>";
    check(&sub(throws, no).replace("id=\"e\" errorCode", "id=\"err\" errorCode"), "");
    check(&sub(none, no), "B208 b");
    check(&sub("<<j>>[[is -> j]]", no), "");
    check(&sub(throws, TIMER), "B209 ie");
    // An event sub-process around it catches it; what is in it does not catch itself.
    let handler = format!(
        "<subProcess id=\"h\" triggeredByEvent=\"true\"><startEvent id=\"hs\">{no}</startEvent><<x>>[[hs -> x]]</subProcess>"
    );
    check(&[sub(throws, TIMER), handler.clone()].concat(), "");
    let itself = handler
        .replace("<<x>>", "<endEvent id=\"x\"><errorEventDefinition errorRef=\"e\"/></endEvent>");
    check(&[sub(throws, TIMER), itself].concat(), "B209 x");
}

#[test]
fn an_error_is_caught_where_the_process_is_called() {
    let thrower =
        [START, "<endEvent id=\"f\"><errorEventDefinition errorRef=\"e\"/></endEvent>[[s -> f]]"]
            .concat();
    let thrower = thrower.replace("<endEvent id=\"e\"/>", "");
    check(&thrower, "B209 f");
    let caller = |id: &str| {
        format!(
            "{START}<callActivity id=\"c\" calledElement=\"{id}\"/>[[s -> c -> e]]<endEvent id=\"g\"/>\
             <boundaryEvent id=\"b\" attachedToRef=\"c\"><errorEventDefinition/></boundaryEvent>[[b -> g]]"
        )
    };
    assert_eq!(lint(&model(&thrower), &[&model(&caller("p"))]), []);
    assert_eq!(lint(&model(&thrower), &[&model(&caller("q"))]).len(), 1);
}

#[test]
fn waits_without_a_time_are_found() {
    let task = |attributes: &str, rest: &str| {
        format!(
            "{START}<userTask id=\"u\" name=\"Check\">{attributes}</userTask>[[s -> u -> e]]{rest}"
        )
    };
    check(&task("", ""), "B210 u");
    let due = "<extensionElements><zeebe:taskSchedule dueDate=\"= due\"/></extensionElements>";
    check(&task(due, ""), "");
    let boundary = format!(
        "<boundaryEvent id=\"b\" attachedToRef=\"u\" cancelActivity=\"false\">{TIMER}</boundaryEvent><<r>>[[b -> r]]"
    );
    check(&task("", &boundary), "");
    let handler = format!(
        "<subProcess id=\"h\" triggeredByEvent=\"true\"><startEvent id=\"hs\">{TIMER}</startEvent><<x>>[[hs -> x]]</subProcess>"
    );
    check(&task("", &handler), "");
    let policy = "<extensionElements><fermata:policy timeout=\"PT1H\"/></extensionElements>";
    check(&task(policy, ""), "");
    let message = "<messageEventDefinition messageRef=\"m\"/>";
    let catch = format!(
        "{START}<intermediateCatchEvent id=\"c\">{message}</intermediateCatchEvent>[[s -> c -> e]]"
    );
    check(&catch, "B211 c");
    check(&[&*catch, &handler].concat(), "");
    let gateway = |other: &str| {
        format!(
            "{START}<eventBasedGateway id=\"g\"/><intermediateCatchEvent id=\"c\">{message}</intermediateCatchEvent>\
             <intermediateCatchEvent id=\"d\">{other}</intermediateCatchEvent>[[s -> g, g -> c -> e, g -> d -> e]]"
        )
    };
    check(&gateway(TIMER), "");
    check(&gateway("<messageEventDefinition messageRef=\"m2\"/>"), "B211 g");
    check(&format!("{START}<userTask id=\"u\">{due}</userTask>[[s -> u -> e]]"), "B217 u");
}

#[test]
fn work_that_stays_done_in_a_saga_is_found() {
    let undo = |of: &str| {
        format!(
            "<boundaryEvent id=\"b-{of}\" attachedToRef=\"{of}\"><compensateEventDefinition/></boundaryEvent>\
             <task id=\"u-{of}\" isForCompensation=\"true\"/><association id=\"as-{of}\" sourceRef=\"b-{of}\" targetRef=\"u-{of}\"/>"
        )
    };
    let throw =
        "<intermediateThrowEvent id=\"t\"><compensateEventDefinition/></intermediateThrowEvent>";
    let saga = |undone: &str| {
        [START, "<<a b c>>", throw, undone, "[[s -> a -> b -> t -> c -> e]]"].concat()
    };
    // Nothing is meant to be undone, and `c` comes after it.
    check(&saga(""), "");
    check(&saga(&undo("a")), "B212 b");
    check(&saga(&(undo("a") + &undo("b"))), "");
    // What failed itself is not undone.
    let failed = format!(
        "{START}<<a b>>{throw}{}<boundaryEvent id=\"err\" attachedToRef=\"b\"><errorEventDefinition/></boundaryEvent>\
         [[s -> a -> b -> e, err -> t]]",
        undo("a")
    );
    check(&failed, "");
}

#[test]
fn names_one_letter_away_are_found() {
    let script = |name: &str| {
        format!(
            "<scriptTask id=\"t\"><extensionElements><zeebe:script expression=\"= 1 + 1\" resultVariable=\"{name}\"/>\
             </extensionElements></scriptTask>"
        )
    };
    let with = |set: &str, read: &str| {
        let flows = format!("<endEvent id=\"f\"/>[[s -> t -> g, g -({read} > 1)-> e, g -> f]]");
        flow_model("xg/f", &[&*script(set), &flows].concat())
    };
    check(&with("discount", "discount"), "");
    check(&with("discount", "discuont"), "B213 g-e");
    check(&with("discount", "disount"), "B213 g-e");
    check(&with("orderId", "orderID"), "B213 g-e");
    for meant in ["discounts", "count", "total", "rediscount"] {
        check(&with("discount", meant), "");
    }
    check(&with("price", "prices"), "");
    check(&with("item", "iten"), "");
    check(&with("step10x", "step11x"), "");
}

#[test]
fn circles_that_never_wait_are_found() {
    check(&flow_model("ta tb", "[[s -> a -> b -> a]]"), "B200 e, B214 a");
    check(&flow_model("xm ta xx/e", "[[s -> m -> a -> x, x -(n > 1)-> m, x -> e]]"), "");
    check(
        &flow_model("xm ta", "<<w>>[[s -> m -> a -> w -> m]]").replace("<endEvent id=\"e\"/>", ""),
        "",
    );
    check(&flow_model("xm pp ta", "[[s -> m -> p, p -> a -> m, p -> e]]"), "B214 m");
}

#[test]
fn silenced_warnings_are_not_told_and_what_silences_nothing_is() {
    let lint_of = |codes: &str| {
        format!(
            "<extensionElements><fermata:lint ignore=\"{codes}\" reason=\"It may lie.\"/></extensionElements>"
        )
    };
    let task = |inside: &str, process: &str| {
        format!("{process}{START}<userTask id=\"u\">{inside}</userTask>[[s -> u -> e]]")
    };
    check(&task("", ""), "B210 u, B217 u");
    check(&task(&lint_of("B210"), ""), "B217 u");
    check(&task(&lint_of("B210, B217"), ""), "");
    check(&task("", &lint_of("B217 B210")), "");
    check(&task(&lint_of("B210 B217 B201"), ""), "B218 u");
    check(&task(&lint_of("B210 B217 B004"), ""), "B218 u");
    // Of a sub-process for what is in it, of a flow for the flow.
    let inner = format!(
        "{START}<subProcess id=\"sub\">{}{INNER}<userTask id=\"u\"/>[[is -> u]]</subProcess>[[s -> sub -> e]]",
        lint_of("B210 B217")
    );
    check(&inner, "");
    let flow = flow_model("xg/f", "<endEvent id=\"f\"/>[[s -> g, g -(1 = 2)-> e, g -> f]]");
    check(&flow, "B216 g-e");
    let silenced =
        whole(&flow).replace("<conditionExpression>", &(lint_of("B216") + "<conditionExpression>"));
    assert_eq!(lint(&read(&silenced).unwrap(), &[]), []);
}

#[test]
fn extensions_of_ours_that_nobody_reads_are_refused() {
    let refused = |extension: &str, part: &str| {
        let body = format!(
            "{START}<task id=\"t\"><extensionElements>{extension}</extensionElements></task>[[s -> t -> e]]"
        );
        let findings = read(&whole(&body)).expect_err(part);
        assert!(
            findings.iter().all(|it| it.code == "B006" && it.message.contains(part)),
            "{part}: {findings:#?}"
        );
    };
    refused("<fermata:lnit/>", "<fermata:lnit> is not supported on <task>");
    refused("<fermata:lint ignore=\"B210\"/>", "gives no reason");
    refused("<fermata:lint reason=\"x\"/>", "names no code");
    refused("<fermata:lint ignore=\"B210\" reason=\"x\" until=\"2030\"/>", "the attribute until");
    let xml = whole(&[START, "[[s -> e]]"].concat());
    let xml = xml
        .replace("<extensionElements><zeebe:sub", "<extensionElements><fermata:lint/><zeebe:sub");
    let findings = read(&xml).expect_err("a lint on a message");
    assert!(
        findings[0].message.contains("<fermata:lint> is not supported on <message>"),
        "{findings:#?}"
    );
}

#[test]
fn a_finding_points_to_its_element_and_names_it() {
    let body =
        format!("{START}\n  <userTask id=\"u\" name=\"Prüfen\"/>\n<<a>>[[s -> u -> a -> e]]");
    let xml = whole(&body);
    let findings = lint(&read(&xml).unwrap(), &[]);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    let line = xml.lines().position(|line| line.contains("<userTask")).unwrap() + 1;
    assert_eq!((finding.line as usize, finding.column), (line, 3));
    assert!(finding.message.contains("\"Prüfen\" (u)"), "{finding}");
    assert!(!finding.help.is_empty());
}

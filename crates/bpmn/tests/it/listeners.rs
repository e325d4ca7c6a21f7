//! Execution listeners: jobs one after the other, before an element's work and after it.

use super::refusals::refused;
use super::transcript::{check, xml};

/// Listeners to `start` and `end` of these types, separated by blanks.
fn listeners(start: &str, end: &str) -> String {
    let of = |event: &str, types: &str| -> String {
        let one = |job_type: &str| {
            format!("<zeebe:executionListener eventType=\"{event}\" type=\"{job_type}\"/>")
        };
        types.split_whitespace().map(one).collect()
    };
    let (start, end) = (of("start", start), of("end", end));
    format!("<zeebe:executionListeners>{start}{end}</zeebe:executionListeners>")
}

fn extensions(content: &str) -> String {
    format!("<extensionElements>{content}</extensionElements>")
}

/// A service task with what stands in its extensions beside its type.
fn task(id: &str, content: &str) -> String {
    let content = extensions(&format!("<zeebe:taskDefinition type=\"{id}\"/>{content}"));
    format!("<serviceTask id=\"{id}\">{content}</serviceTask>")
}

const AROUND: &str = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";

#[test]
fn listeners_run_one_after_the_other_around_the_work() {
    let mapping = "<zeebe:ioMapping><zeebe:input source=\"= 1\" target=\"own\"/>\
                   <zeebe:output source=\"= own + got\" target=\"sum\"/></zeebe:ioMapping>";
    let a = task("a", &(listeners("before also", "after last") + mapping));
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        r#"
        start                             => start listener before at a
        complete a {"own": 10}            => start listener also at a
        complete a {"own": 20}            => job a
        complete a {"got": 5}             => end listener after at a
        complete a {"sum": 100}           => end listener last at a
        complete a {}                     => completed
        variables                         => sum: 100
        "#,
    );
}

#[test]
fn what_a_start_listener_gives_is_seen_by_the_expressions_of_the_work() {
    let gateway = format!(
        "<exclusiveGateway id=\"g\" default=\"g-n\">{}</exclusiveGateway>",
        extensions(&listeners("decide", ""))
    );
    let catch = format!(
        "<intermediateCatchEvent id=\"c\">{}<messageEventDefinition messageRef=\"m\"/>\
         </intermediateCatchEvent>",
        extensions(&listeners("correlate", "caught"))
    );
    check(
        &[AROUND, &gateway, &catch, "<<y n>>[[s -> c -> g -(x > 1)-> y -> e, g -> n]]"].concat(),
        r#"
        start                        => start listener correlate at c
        complete c {"id": 7}         => message paid at c
        message paid {}              => end listener caught at c
        complete c {}                => start listener decide at g
        complete g {"x": 2}          => job y
        variables                    =>
        "#,
    );
}

#[test]
fn boundary_events_do_not_interrupt_listeners_and_what_ends_the_scope_does() {
    let a = task("a", &listeners("before", "after"));
    let boundary = "<boundaryEvent id=\"b\" attachedToRef=\"a\"><timerEventDefinition>\
                    <timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>";
    check(
        &[AROUND, &a, boundary, "<<late>>[[s -> a -> e, b -> late]]"].concat(),
        "
        start                        => start listener before at a
        advance PT2H                 => start listener before at a
        complete a                   => job a, timer b 3600s
        complete a                   => end listener after at a
        advance PT2H                 => end listener after at a
        cancel                       => terminated
        ",
    );
    let guard = "<boundaryEvent id=\"b\" attachedToRef=\"sub\"><timerEventDefinition>\
                 <timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>";
    let sub = |inner: &str| {
        format!("<subProcess id=\"sub\"><startEvent id=\"s2\"/>{inner}[[s2 -> a]]</subProcess>")
    };
    check(
        &[AROUND, &sub(&a), guard, "<<late>>[[s -> sub -> e, b -> late]]"].concat(),
        "
        start                        => start listener before at a, timer b 3600s
        advance PT1H                 => job late
        ",
    );
}

#[test]
fn a_process_and_a_sub_process_have_listeners_of_their_own() {
    let inner = "<startEvent id=\"s2\"/><<a>>[[s2 -> a]]";
    let own = extensions(&listeners("opens", "closes"));
    let sub = format!("<subProcess id=\"sub\">{own}{inner}</subProcess>");
    let body = [&extensions(&listeners("begins", "ends")), AROUND, &sub, "[[s -> sub -> e]]"];
    check(
        &body.concat(),
        r#"
        start {"x": 1}               => start listener begins at p
        complete p {"y": 2}          => start listener opens at sub
        complete sub {"mine": 1}     => job a
        complete a {"mine": 2}       => end listener closes at sub
        complete sub {"z": 3}        => end listener ends at p
        complete p {"w": 4}          => completed
        variables                    => w: 4, x: 1, y: 2, z: 3
        "#,
    );
}

#[test]
fn events_call_their_listeners_and_then_do_what_they_do() {
    let end = |id: &str, definition: &str| {
        let own = extensions(&listeners("", "done"));
        format!("<endEvent id=\"{id}\">{own}{definition}</endEvent>")
    };
    let terminate = end("t", "<terminateEventDefinition/>");
    let fork =
        "<startEvent id=\"s\"/><parallelGateway id=\"f\"/><<a b>>[[s -> f -> a -> t, f -> b]]";
    check(
        &[fork, &terminate].concat(),
        "
        start                        => job a, job b
        complete a                   => end listener done at t, job b
        complete t                   => completed
        ",
    );
    let link = format!(
        "<intermediateThrowEvent id=\"l\">{}<linkEventDefinition name=\"x\"/></intermediateThrowEvent>\
         <intermediateCatchEvent id=\"k\"><linkEventDefinition name=\"x\"/></intermediateCatchEvent>",
        extensions(&listeners("goes", "gone"))
    );
    check(
        &[AROUND, &link, "<<a>>[[s -> l, k -> a -> e]]"].concat(),
        "
        start                        => start listener goes at l
        complete l                   => end listener gone at l
        complete l                   => job a
        ",
    );
    let start = format!("<startEvent id=\"s\">{}</startEvent>", extensions(&listeners("", "on")));
    check(
        &[&start, "<<a>>[[s -> a]]"].concat(),
        "
        start                        => end listener on at s
        complete s                   => job a
        ",
    );
}

#[test]
fn an_event_sub_process_keeps_what_its_trigger_brought_while_its_listeners_run() {
    let own = extensions(&listeners("opens", "closes"));
    let handler = format!(
        "<subProcess id=\"h\" triggeredByEvent=\"true\">{own}\
         <startEvent id=\"hs\" isInterrupting=\"false\"><messageEventDefinition messageRef=\"m\"/>\
         </startEvent><<x>>[[hs -> x]]</subProcess>"
    );
    check(
        &[AROUND, &handler, "<<a>>[[s -> a -> e]]"].concat(),
        r#"
        start {"id": 1}              => job a, message paid at hs
        message paid {"sum": 9}      => job a, message paid at hs, start listener opens at h
        complete h                   => job a, job x, message paid at hs
        complete x                   => end listener closes at h, job a, message paid at hs
        complete h                   => job a, message paid at hs
        complete a                   => completed
        variables                    => id: 1, sum: 9
        "#,
    );
}

#[test]
fn each_turn_of_a_loop_has_its_listeners() {
    let marker = "<multiInstanceLoopCharacteristics isSequential=\"true\"><extensionElements>\
                  <zeebe:loopCharacteristics inputCollection=\"= [1, 2]\" inputElement=\"i\" \
                  outputCollection=\"all\" outputElement=\"= r\"/></extensionElements>\
                  </multiInstanceLoopCharacteristics>";
    let a = task("a", &listeners("before", "after"));
    let a = a.replace("</serviceTask>", &format!("{marker}</serviceTask>"));
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        r#"
        start                        => start listener before at a
        complete a                   => job a
        complete a {"r": 1}          => end listener after at a
        complete a {"r": 10}         => start listener before at a
        complete a                   => job a
        complete a {"r": 2}          => end listener after at a
        complete a                   => completed
        variables                    => all: [10,2]
        "#,
    );
}

#[test]
fn a_listener_without_attempts_is_an_incident_and_goes_on_with_itself() {
    let a = task("a", &listeners("first second", ""));
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start          => start listener first at a
        complete a     => start listener second at a
        exhaust a      => incident EXECUTION_LISTENER_NO_RETRIES at a, start listener second at a
        resolve a      => start listener second at a
        complete a     => job a
        ",
    );
    let own = extensions(&listeners("opens", "closes"));
    let sub = format!(
        "<subProcess id=\"sub\">{own}<startEvent id=\"s2\"/><task id=\"t2\"/>[[s2 -> t2]]</subProcess>"
    );
    check(
        &[AROUND, &sub, "[[s -> sub -> e]]"].concat(),
        "
        start          => start listener opens at sub
        exhaust sub    => incident EXECUTION_LISTENER_NO_RETRIES at sub, start listener opens at sub
        resolve sub    => start listener opens at sub
        complete sub   => end listener closes at sub
        exhaust sub    => end listener closes at sub, incident EXECUTION_LISTENER_NO_RETRIES at sub
        resolve sub    => end listener closes at sub
        complete sub   => completed
        ",
    );
}

#[test]
fn a_type_that_cannot_be_evaluated_calls_all_listeners_again_when_it_is_mended() {
    let a = task("a", &listeners("first", "").replace("</zeebe:executionListeners>", ""));
    let a = a.replace(
        "</extensionElements>",
        "<zeebe:executionListener eventType=\"start\" type=\"= t\"/></zeebe:executionListeners>\
         </extensionElements>",
    );
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        r#"
        start              => start listener first at a
        complete a         => incident EXTRACT_VALUE_ERROR at a
        set {"t": "late"}  => incident EXTRACT_VALUE_ERROR at a
        resolve a          => start listener first at a
        complete a         => start listener late at a
        complete a         => job a
        "#,
    );
}

#[test]
fn work_that_cannot_be_set_up_is_set_up_again_without_its_listeners() {
    let a = task("a", &listeners("first", "")).replace("type=\"a\"", "type=\"= t\"");
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        r#"
        start              => start listener first at a
        complete a         => incident EXTRACT_VALUE_ERROR at a
        set {"t": "a"}     => incident EXTRACT_VALUE_ERROR at a
        resolve a          => job a
        "#,
    );
    let a = task("a", &listeners("", "last"));
    check(
        &[AROUND, &a, "<<b>>[[s -> a -(x)-> b -> e]]"].concat(),
        r#"
        start              => job a
        complete a         => end listener last at a
        complete a         => incident CONDITION_ERROR at a
        set {"x": true}    => incident CONDITION_ERROR at a
        resolve a          => job b
        "#,
    );
}

#[test]
fn listeners_that_are_not_understood_or_never_run_are_refused() {
    let with = |element: &str| xml(&[AROUND, element, "[[s -> e]]"].concat());
    let on_task = |listener: &str| {
        with(&task(
            "a",
            &format!("<zeebe:executionListeners>{listener}</zeebe:executionListeners>"),
        ))
    };
    let listener = |attributes: &str| on_task(&format!("<zeebe:executionListener {attributes}/>"));
    refused(&listener("type=\"t\""), "B120", "`start` or `end`");
    refused(&listener("eventType=\"take\" type=\"t\""), "B120", "\"take\"");
    refused(&listener("eventType=\"start\""), "B120", "no type");
    refused(&listener("eventType=\"start\" type=\"t\" lease=\"1\""), "B120", "\"lease\"");
    refused(
        &on_task("<zeebe:taskListener eventType=\"start\" type=\"t\"/>"),
        "B120",
        "no listener",
    );
    let twice = "<zeebe:executionListener eventType=\"start\" type=\"t\"/>".repeat(2);
    refused(&on_task(&twice), "B122", "same type");
    let event = |tag: &str, start: &str, end: &str, definition: &str| {
        let own = extensions(&listeners(start, end));
        with(&format!("<{tag} id=\"x\">{own}{definition}</{tag}>"))
    };
    refused(&event("startEvent", "t", "", ""), "B121", "on a start event");
    refused(&event("parallelGateway", "", "t", ""), "B121", "on a gateway");
    let error = "<errorEventDefinition errorRef=\"e\"/>";
    refused(&event("endEvent", "", "t", error), "B121", "on an error end event");
    let boundary = |start: &str, end: &str, definition: &str| {
        let own = extensions(&listeners(start, end));
        let event = format!(
            "<boundaryEvent id=\"b\" attachedToRef=\"a\">{own}{definition}</boundaryEvent>"
        );
        with(&["<<a>>", &event, "[[b -> e]]"].concat())
    };
    let timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
    refused(&boundary("t", "", timer), "B121", "on a boundary event");
    let undone = "<compensateEventDefinition/>";
    refused(&boundary("", "t", undone), "B121", "on a compensation boundary event");
    let message = "<messageEventDefinition messageRef=\"m\"/>";
    let own = extensions(&listeners("t", ""));
    let chosen = format!(
        "<eventBasedGateway id=\"g\"/><intermediateCatchEvent id=\"c\">{own}{message}</intermediateCatchEvent><intermediateCatchEvent id=\"d\">{timer}</intermediateCatchEvent>[[s -> g -> c -> e, g -> d -> e]]"
    );
    refused(&xml(&[AROUND, &chosen].concat()), "B121", "never runs here");
}

#[test]
fn a_scope_in_which_somebody_begins_an_element_while_it_is_left_is_not_done() {
    let model = r#"<startEvent id="s"/><subProcess id="sub"><extensionElements><zeebe:executionListeners>
        <zeebe:executionListener eventType="end" type="l"/></zeebe:executionListeners></extensionElements>
        <startEvent id="s2"/><<a>><endEvent id="e2"/>[[s2 -> a -> e2]]</subProcess><<after>>
        <endEvent id="end"/>[[s -> sub -> after -> end]]"#;
    check(
        model,
        "start          => job a
         complete a     => end listener l at sub
         modify +a      => end listener l at sub, job a
         complete sub   => job a
         complete a     => end listener l at sub
         complete sub   => job after",
    );
    // What began may be done first.
    check(
        model,
        "start          => job a
         complete a     => end listener l at sub
         modify +a      => end listener l at sub, job a
         complete a     => end listener l at sub
         complete sub   => job after",
    );
}

//! Migration of what is kept for later: completed activities, gateways before their reset, steps that
//! remain, user tasks whose cancellation is listened to.

use super::compensation::{on_handler, sub, throw, undo, undos, whole};
use super::harness::job;
use super::transcript::check_migration;

/// Jobs `a` and `b`, a compensation, the job `z`.
fn saga(inner: &str, first: &str) -> String {
    format!(
        r#"<startEvent id="s"/>{inner}<<b z>>{}<endEvent id="e"/>[[s -> {first} -> b -> t -> z -> e]]"#,
        throw("")
    )
}

#[test]
fn what_completed_must_have_a_counterpart_that_can_be_compensated() {
    let with = |id: &str| saga(&format!("<<{id}>>{}", undo(id)), id);
    check_migration(
        &with("a"),
        &with("c"),
        "start           => job a
         complete a      => job b
         stay b>b        => map it to an activity of the type SERVICE_TASK with a compensation handler
         stay b>b a>b    => \"b\" has no compensation handler; map it to one that has
         stay b>b a>t    => \"a\" to become a SERVICE_TASK
         migrate b>b a>c => job b
         complete b      => job undo-c
         complete undo-c => job z",
    );
    // What is active, or nobody can undo, asks for nothing.
    check_migration(
        &with("a"),
        &with("c"),
        "start           => job a
         migrate a>b     => job b
         complete b      => job z",
    );
}

#[test]
fn what_completed_in_a_sub_process_goes_with_it() {
    let undoing = whole("<<mend>><endEvent id=\"he\"/>[[hs -> mend -> he]]");
    let (plain, other) = (saga(&sub(&["i", "j"], ""), "sub"), saga(&sub(&["i", "k"], ""), "sub"));
    check_migration(
        &plain,
        &other,
        "start           => job i
         complete i      => job j
         complete j      => job b
         stay =          => expected a mapping for \"j\", which has completed
         stay = j>b      => \"b\" is in \"p\"
         migrate = j>k   => job b
         complete b      => job undo-k
         complete undo-k => job undo-i
         complete undo-i => job z",
    );
    // One event sub-process for the whole, and back to handlers of what is in it.
    let mended = saga(&sub(&["i", "j"], &undoing), "sub");
    let script = |undone: &str| {
        format!(
            "start           => job i
             complete i      => job j
             complete j      => job b
             migrate =       => job b
             complete b      => {undone}"
        )
    };
    check_migration(&plain, &mended, &script("job mend"));
    check_migration(&mended, &plain, &script("job undo-j"));
    // A handler of the whole: what is in it cannot be come to, and need not be there.
    let handler =
        job("undo-sub").replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    let undone = saga(&(sub(&["i"], "") + &on_handler("sub", &handler)), "sub");
    check_migration(&plain, &undone, &script("job undo-sub"));
    let around = |inner: &str, more: &str| {
        let outer = format!(
            r#"<subProcess id="outer"><startEvent id="os"/>{inner}<endEvent id="oe"/></subProcess>{more}"#
        );
        saga(&outer, "outer")
    };
    let deep = around(&format!("{}[[os -> sub -> oe]]", sub(&["i", "j"], "")), "");
    let handler = handler.replace("undo-sub", "undo-outer");
    let flat = around("[[os -> oe]]", &on_handler("outer", &handler));
    check_migration(&deep, &flat, &script("job undo-outer"));
}

#[test]
fn a_compensation_that_is_at_work_goes_on_in_the_other_definition() {
    let with = |first: &str| {
        format!(
            r#"<startEvent id="s"/><<{first} b z>>{}{}<endEvent id="e"/>[[s -> {first} -> b -> t -> z -> e]]"#,
            undos(&[first, "b"]),
            throw("")
        )
    };
    check_migration(
        &with("a"),
        &with("d"),
        "start           => job a
         complete a      => job b
         complete b      => job undo-b
         stay =          => expected a mapping for \"a\", which has completed
         migrate = a>d   => job undo-b
         complete undo-b => job undo-d
         complete undo-d => job z",
    );
}

#[test]
fn what_undoes_the_turns_of_a_loop_goes_on_in_the_other_definition() {
    let with = |id: &str| {
        let twice = "<multiInstanceLoopCharacteristics><loopCardinality>= 2</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>";
        let task = job(id).replace("</serviceTask>", twice);
        format!(
            r#"<startEvent id="s"/>{task}{}{}<<z>><endEvent id="e"/>[[s -> {id} -> t -> z -> e]]"#,
            undos(&[id]),
            throw("")
        )
    };
    check_migration(
        &with("a"),
        &with("d"),
        "start                  => job a x2
         complete a             => job a
         complete a             => job undo-a
         stay = a>d             => expected a mapping for \"undo-a\", which is active
         stay = a>d undo-a>d    => \"undo-a\"
         migrate = a>d undo-a>undo-d => job undo-d
         complete undo-d        => job undo-d
         complete undo-d        => job z",
    );
}

/// `a`, `b` and what else begins at once, joined by a complex gateway `g`; then `after`.
fn joined(names: &[&str], condition: &str) -> String {
    let flows: Vec<String> = names.iter().map(|name| format!("f -> {name} -> g")).collect();
    format!(
        r#"<startEvent id="s"/><parallelGateway id="f"/><<{} after>><complexGateway id="g">
           <activationCondition>= {condition}</activationCondition></complexGateway>
           <endEvent id="end"/>[[s -> f, g -> after -> end, {}]]"#,
        names.join(" "),
        flows.join(", ")
    )
}

#[test]
fn a_gateway_that_waits_for_its_reset_knows_what_it_had() {
    let two = "activationCount &gt;= 2";
    let (three, other) = (joined(&["a", "b", "c"], two), joined(&["a", "x", "c", "d"], two));
    check_migration(
        &three,
        &other,
        "start              => job a, job b, job c
         complete a         => job b, job c, token a-g
         complete b         => job after, job c
         stay c>c after>after => expected a mapping for \"g\", which has gone on and waits for the rest
         stay c>c after>after g>f => to become a COMPLEX_GATEWAY
         stay c>c after>after g>g => expected a mapping for the flow \"b-g\"
         stay c>c after>after g>g b-g>a-g => to stay apart
         migrate c>c after>after g>g b-g>x-g => job after, job c
         complete c         => job after
         complete after     => completed",
    );
    // Fewer flows: what it had has no place.
    check_migration(
        &three,
        &joined(&["a", "c"], two),
        "start              => job a, job b, job c
         complete a         => job b, job c, token a-g
         complete b         => job after, job c
         stay =             => expected \"g\" to have at least the 3 incoming flows",
    );
    // A token that waits for the reset goes with it; where nothing more can come, it begins again.
    let aside = joined(&["a", "b"], "activationCount &gt;= 1")
        .replace("f -> b -> g", "f -> b -> end, x -> g")
        + "<<x>>";
    check_migration(
        &joined(&["a", "b"], "activationCount &gt;= 1"),
        &aside,
        "start              => job a, job b
         complete a         => job after, job b
         migrate = b-g>x-g  => job after, job b
         complete b         => job after
         complete after     => completed",
    );
}

#[test]
fn steps_that_remain_begin_in_the_other_definition() {
    let endless = r#"<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="m"/><scriptTask id="w"><extensionElements>
        <zeebe:script expression="= 1" resultVariable="r"/></extensionElements></scriptTask><<a>><endEvent id="e"/>
        [[s -> f -> m -> w, f -> a -> e]]"#;
    let (present, mended) = (format!("{endless}[[w -> m]]"), format!("{endless}[[w -> e]]"));
    check_migration(
        &present,
        &mended,
        "start        => incident STEP_LIMIT at m
         migrate =    => incident STEP_LIMIT at m
         resolve m    => job a
         complete a   => completed",
    );
    check_migration(
        &present,
        &mended,
        "start          => incident STEP_LIMIT at m
         stay = a>      => expected a mapping for \"a\", at which the instance goes on",
    );
}

#[test]
fn a_user_task_whose_cancellation_is_listened_to_is_mapped() {
    let with = |id: &str, sub: &str| {
        format!(
            r#"<startEvent id="s"/><<late>><endEvent id="e"/><subProcess id="{sub}"><startEvent id="is"/>
            <userTask id="{id}"><extensionElements><zeebe:userTask/><zeebe:taskListeners>
            <zeebe:taskListener eventType="canceling" type="one"/><zeebe:taskListener eventType="canceling" type="two"/>
            </zeebe:taskListeners></extensionElements></userTask><endEvent id="ie"/>[[is -> {id} -> ie]]
            <boundaryEvent id="it" attachedToRef="{id}"><timerEventDefinition><timeDuration>PT2H</timeDuration>
            </timerEventDefinition></boundaryEvent>[[it -> ie]]</subProcess>
            <boundaryEvent id="t" attachedToRef="{sub}"><timerEventDefinition><timeDuration>PT1H</timeDuration>
            </timerEventDefinition></boundaryEvent>[[s -> {sub} -> e, t -> late -> e]]"#
        )
    };
    check_migration(
        &with("u", "sub"),
        &with("v", "other"),
        "start           => task u, timer it 7200s, timer t 3600s
         advance PT1H    => canceling listener one at u
         stay =          => \"u\", whose canceling listeners are being called
         stay = u>late   => \"u\" to become a USER_TASK
         migrate = u>v   => canceling listener one at v
         complete v      => canceling listener two at v
         complete v      => job late
         complete late   => completed",
    );
    check_migration(
        &with("u", "sub"),
        &with("v", "other"),
        "start           => task u, timer it 7200s, timer t 3600s
         cancel          => canceling listener one at u
         stay = u>v      => it was cancelled and ends when its canceling listeners are done
         cancel          => terminated",
    );
}

//! Policies: attempts and their delays, timeouts, due dates, side effects.

use base::Event;

use super::harness::Sim;
use super::refusals::refused;
use super::transcript::{check, xml};

const AROUND: &str = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";

/// A service task with a policy of these attributes.
fn task(id: &str, policy: &str) -> String {
    task_with(id, &format!("<fermata:policy {policy}/>"), "")
}

fn task_with(id: &str, extensions: &str, content: &str) -> String {
    format!(
        "<serviceTask id=\"{id}\"><extensionElements><zeebe:taskDefinition type=\"{id}\"/>\
         {extensions}</extensionElements>{content}</serviceTask>"
    )
}

#[test]
fn the_policy_says_how_many_attempts_are_left_and_when_and_not_the_worker() {
    let a = task("a", "retries=\"3\" initialDelay=\"PT1S\" factor=\"2.5\" maximumDelay=\"PT5S\"");
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start              => job a
        fail a 99 no net   => job a (3 left, in 1000 ms)
        fail a 99 no net   => job a (2 left, in 2500 ms)
        fail a 1 no net    => job a (1 left, in 5000 ms)
        fail a 99 no net   => incident JOB_NO_RETRIES at a, job a
        resolve a          => job a
        fail a 99 no net   => incident JOB_NO_RETRIES at a, job a
        resolve a          => job a
        complete a         => completed
        ",
    );
}

#[test]
fn a_worker_can_end_the_attempts_and_so_can_a_code() {
    let a = task("a", "retries=\"3\" doNotRetry=\"STOLEN, GONE\"");
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start                    => job a
        fail a 0 no net          => incident JOB_NO_RETRIES at a, job a
        ",
    );
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start                    => job a
        fail a 9 GONER: no net   => job a (3 left, in 0 ms)
        fail a 9 GONE: no net    => incident JOB_NO_RETRIES at a, job a
        ",
    );
}

#[test]
fn without_a_policy_all_is_as_the_worker_says() {
    check(
        &[AROUND, "<<a>>[[s -> a -> e]]"].concat(),
        "
        start              => job a
        fail a 7 no net    => job a (7 left, in 0 ms)
        fail a 0 no net    => incident JOB_NO_RETRIES at a, job a
        ",
    );
}

#[test]
fn an_attempt_that_takes_too_long_is_one_that_failed() {
    let a = task("a", "retries=\"1\" initialDelay=\"PT10S\" attemptTimeout=\"PT30S\"");
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start              => job a
        lease a PT1H       => attemptTimeout a 30s, job a
        advance PT29S      => attemptTimeout a 1s, job a
        advance PT1S       => job a (1 left, in 10000 ms)
        advance PT10S      => job a (1 left, in 0 ms)
        lease a PT5S       => attemptTimeout a 5s, job a
        advance PT5S       => incident JOB_NO_RETRIES at a, job a
        ",
    );
}

#[test]
fn an_answer_ends_the_attempt_and_its_timer() {
    let a = task("a", "retries=\"1\" attemptTimeout=\"PT30S\"");
    check(
        &[AROUND, &a, "<<b>>[[s -> a -> b -> e]]"].concat(),
        "
        start              => job a
        lease a PT1H       => attemptTimeout a 30s, job a
        fail a 5 no        => job a (1 left, in 0 ms)
        lease a PT1H       => attemptTimeout a 30s, job a
        complete a         => job b
        ",
    );
}

const CATCHES: &str = "<boundaryEvent id=\"b\" attachedToRef=\"a\">\
                       <errorEventDefinition errorRef=\"t\"/></boundaryEvent>";

#[test]
fn a_step_that_takes_too_long_throws_an_error_that_its_boundary_catches() {
    let a = task("a", "timeout=\"= &quot;PT&quot; + string(h) + &quot;H&quot;\"");
    check(
        &[AROUND, &a, CATCHES, "<<late>>[[s -> a -> e, b -> late]]"].concat(),
        r#"
        start {"h": 2}     => job a, timeout a 7200s
        advance PT2H       => job late
        "#,
    );
    check(
        &[AROUND, &a, CATCHES, "<<late>>[[s -> a -> e, b -> late]]"].concat(),
        r#"
        start {"h": 2}     => job a, timeout a 7200s
        complete a         => completed
        "#,
    );
}

#[test]
fn a_timeout_that_nobody_catches_is_an_incident_and_a_retry_does_the_work_again() {
    let a = task("a", "timeout=\"PT1H\"");
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start              => job a, timeout a 3600s
        advance PT1H       => incident UNHANDLED_ERROR_EVENT at a
        resolve a          => job a, timeout a 3600s
        complete a         => completed
        ",
    );
    let policy = "<extensionElements><fermata:policy timeout=\"PT1H\"/></extensionElements>";
    let handler = "<subProcess id=\"h\" triggeredByEvent=\"true\"><startEvent id=\"hs\">\
                   <errorEventDefinition/></startEvent><<inner>>[[hs -> inner]]</subProcess>";
    let sub = format!(
        "<subProcess id=\"sub\">{policy}<startEvent id=\"s2\"/><<x y>>[[s2 -> x -> y]]{handler}\
         </subProcess>"
    );
    check(
        &[AROUND, &sub, "[[s -> sub -> e]]"].concat(),
        "
        start              => job x, timeout sub 3600s
        complete x         => job y, timeout sub 3600s
        advance PT1H       => incident UNHANDLED_ERROR_EVENT at sub
        resolve sub        => job x, timeout sub 3600s
        ",
    );
}

#[test]
fn a_loop_has_one_timeout_for_all_its_turns_and_begins_anew() {
    let marker = "<multiInstanceLoopCharacteristics isSequential=\"true\"><extensionElements>\
                  <zeebe:loopCharacteristics inputCollection=\"= [1, 2]\"/></extensionElements>\
                  </multiInstanceLoopCharacteristics>";
    let a = task_with("a", "<fermata:policy timeout=\"PT1H\"/>", marker);
    check(
        &[AROUND, &a, "[[s -> a -> e]]"].concat(),
        "
        start              => job a, timeout a 3600s
        advance PT30M      => job a, timeout a 1800s
        complete a         => job a, timeout a 1800s
        advance PT30M      => incident UNHANDLED_ERROR_EVENT at a
        resolve a          => job a, timeout a 3600s
        complete a         => job a, timeout a 3600s
        complete a         => completed
        ",
    );
}

#[test]
fn due_dates_reminders_and_slowness_are_facts_and_end_nothing() {
    let policy = "<fermata:policy dueDate=\"PT2H\" reminder=\"PT1H\" expectedDuration=\"PT90M\"/>";
    let user =
        format!("<userTask id=\"u\"><extensionElements>{policy}</extensionElements></userTask>");
    let body = [AROUND, &user, "[[s -> u -> e]]"].concat();
    check(
        &body,
        "
        start              => dueDate u 7200s, expectedDuration u 5400s, reminder u 3600s, task u
        advance PT1H       => dueDate u 3600s, expectedDuration u 1800s, task u
        advance PT1H       => task u
        task u             => completed
        ",
    );
    let xml = xml(&body);
    let process = fermata_bpmn::read(&xml).expect("a model").processes.remove(0);
    let mut sim = Sim::of(process, "{}");
    let task = sim.state.user_tasks().values().next().expect("a task");
    assert_eq!(task.details.due_ms, Some(7_200_000), "in the task list, too");
    let owner = task.owner;
    sim.advance(3_600_000);
    sim.advance(1_800_000);
    sim.advance(1_800_000);
    let (reminded, slow) = (Event::StepReminded { owner }, Event::StepSlow { owner });
    let overdue = Event::StepOverdue { owner };
    let facts = sim.events().filter(|event| [&reminded, &slow, &overdue].contains(event));
    assert_eq!(facts.collect::<Vec<_>>(), [&reminded, &slow, &overdue]);
}

#[test]
fn a_side_effect_is_waited_for_by_the_end_of_its_scope_alone() {
    let a = task("a", "sideEffect=\"true\"");
    let body = [AROUND, &a, "<<b>>[[s -> a -> b -> e]]"].concat();
    check(
        &body,
        r#"
        start                    => job a, job b
        complete b               => job a
        complete a {"x": 1}      => completed
        variables                =>
        "#,
    );
    check(
        &body,
        "
        start                    => job a, job b
        complete a               => job b
        complete b               => completed
        ",
    );
}

#[test]
fn what_becomes_of_a_side_effect_is_no_incident_and_ends_nothing_else() {
    let a = task("a", "sideEffect=\"true\" retries=\"1\"");
    let sub = format!(
        "<subProcess id=\"sub\"><startEvent id=\"s2\"/>{a}<<b>>[[s2 -> a -> b]]</subProcess>"
    );
    let boundary =
        "<boundaryEvent id=\"c\" attachedToRef=\"sub\"><errorEventDefinition/></boundaryEvent>";
    let body = [AROUND, &sub, boundary, "<<late>>[[s -> sub -> e, c -> late]]"].concat();
    check(
        &body,
        "
        start              => job a, job b
        throw a NO         => job b
        complete b         => completed
        ",
    );
    check(
        &body,
        "
        start              => job a, job b
        fail a 5 no net    => job a (1 left, in 0 ms), job b
        complete b         => job a (1 left, in 0 ms)
        fail a 5 no net    => completed
        ",
    );
    check(
        &body,
        "
        start              => job a, job b
        throw b NO         => job late
        ",
    );
}

#[test]
fn an_inclusive_join_does_not_wait_for_a_side_effect() {
    let a = task("a", "sideEffect=\"true\"");
    let gates = "<inclusiveGateway id=\"f\"/><inclusiveGateway id=\"j\"/>";
    check(
        &[AROUND, gates, &a, "<<b c>>[[s -> f -> a -> j, f -> b -> j -> c -> e]]"].concat(),
        "
        start              => job a, job b, token a-j
        complete b         => job a, job c
        ",
    );
}

#[test]
fn the_idempotency_key_of_the_model_is_kept_with_the_job() {
    let a = task("a", "idempotencyKey=\"= &quot;order-&quot; + id\"");
    let xml = xml(&[AROUND, &a, "[[s -> a -> e]]"].concat());
    let process = || fermata_bpmn::read(&xml).expect("a model").processes.remove(0);
    let sim = Sim::of(process(), r#"{"id": "7"}"#);
    let job = sim.state.jobs().values().next().expect("a job");
    let extra = job.extra.as_ref().expect("a key");
    assert_eq!(extra.idempotency_key.as_deref(), Some("order-7"));
    let sim = Sim::of(process(), "{}");
    assert!(sim.incident().1.contains("the idempotency key"), "{}", sim.incident().1);
}

#[test]
fn policies_that_are_not_understood_are_refused() {
    let with = |element: &str| xml(&[AROUND, element, "[[s -> e]]"].concat());
    let policy = |attributes: &str| with(&task("a", attributes));
    refused(&policy(""), "B125", "says nothing");
    refused(&policy("retrys=\"1\""), "B125", "\"retrys\"");
    let twice = "<fermata:policy retries=\"1\"/>".repeat(2);
    refused(&with(&task_with("a", &twice, "")), "B125", "two policies");
    refused(&with(&task_with("a", "<fermata:plan/>", "")), "B006", "<fermata:plan>");
    for wrong in [
        "retries=\"-1\"",
        "retries=\"1.5\"",
        "retries=\"1001\"",
        "factor=\"0.5\"",
        "factor=\"101\"",
        "factor=\"2.\"",
        "jitter=\"1.1\"",
        "jitter=\"a lot\"",
        "initialDelay=\"5s\"",
        "initialDelay=\"-PT1S\"",
        "initialDelay=\"PT2S\" maximumDelay=\"PT1S\"",
        "maximumDelay=\"P2Y\"",
        "doNotRetry=\" , \"",
        "timeout=\"soon\"",
        "timeout=\"\"",
        "attemptTimeout=\"PT0S\"",
        "attemptTimeout=\"= d\"",
        "dueDate=\"tomorrow\"",
        "reminder=\"PT\"",
        "expectedDuration=\"long\"",
        "sideEffect=\"yes\"",
    ] {
        refused(&policy(wrong), "B126", "");
    }
    refused(&policy("timeout=\"= 1 +\""), "B020", "1 +");
    let on = |element: &str, attributes: &str| {
        with(&format!(
            "<{element} id=\"x\"><extensionElements><fermata:policy {attributes}/>\
             </extensionElements></{element}>"
        ))
    };
    refused(&on("exclusiveGateway", "timeout=\"PT1H\""), "B127", "on a task");
    refused(&on("userTask", "retries=\"1\""), "B127", "\"retries\" is of a job");
    refused(&on("task", "attemptTimeout=\"PT1H\""), "B127", "\"attemptTimeout\" is of a job");
    let of_process = "<extensionElements><fermata:policy timeout=\"PT1H\"/></extensionElements>";
    refused(&xml(&[of_process, AROUND, "[[s -> e]]"].concat()), "B127", "on a task");
    let flow = format!(
        "<sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"e\">{of_process}</sequenceFlow>"
    );
    refused(&xml(&[AROUND, &flow].concat()), "B127", "extensionElements of an activity");
    let effect = "<fermata:policy sideEffect=\"true\"/>";
    let mapped = "<zeebe:ioMapping><zeebe:output source=\"= 1\" target=\"x\"/></zeebe:ioMapping>";
    refused(&with(&task_with("a", &[effect, mapped].concat(), "")), "B128", "output mappings");
    let guarded = [&task_with("a", effect, ""), CATCHES, "[[b -> e]]"].concat();
    refused(&with(&guarded), "B128", "boundary events");
}

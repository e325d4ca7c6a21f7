//! Ad-hoc sub-processes whose elements a worker activates: one job at a time, until it says that it is
//! done.

use base::{ActivateElement, AdHocResult, Event, Variables};

use super::harness::Sim;
use super::transcript::{check, check_migration, xml};

/// An ad-hoc sub-process `sub` with a job, in it the jobs `a`, `b` and, after `b`, `c`; then the job
/// `after`.
fn model(spec: &str, more: &str) -> String {
    format!(
        r#"<startEvent id="s"/><adHocSubProcess id="sub"><extensionElements>
           <zeebe:taskDefinition type="agent" retries="2"/>{spec}</extensionElements>
           <<a b c>>[[b -> c]]{more}</adHocSubProcess><<after>><endEvent id="end"/>
           [[s -> sub -> after -> end]]"#
    )
}

const OUTPUT: &str = r#"<zeebe:adHoc outputCollection="all" outputElement="= result"/>"#;

#[test]
fn the_job_says_what_begins_and_when_it_is_done() {
    check(
        &model("", ""),
        "start                => asks sub, open sub
         answer sub +a +b     => job a, job b, open sub
         complete a           => asks sub, job b, open sub
         answer sub           => job b, open sub
         complete b           => job c, open sub
         complete c           => asks sub, open sub
         answer sub +a        => job a, open sub
         complete a           => asks sub, open sub
         answer sub done      => job after
         complete after       => completed",
    );
    // One that knew nothing of it has done its work for nothing.
    check(
        &model("", ""),
        "start                => asks sub, open sub
         answer sub           => open sub
         activate sub a       => job a, open sub
         complete a           => asks sub, open sub
         answer sub +a +a     => job a x2, open sub
         complete a           => asks sub, job a, open sub
         complete a           => asks sub, open sub
         cancel               => terminated",
    );
}

#[test]
fn the_job_that_is_open_when_something_is_done_is_withdrawn_for_a_new_one() {
    let mut sim = Sim::start(&super::transcript::expanded(&model("", "")), "{}");
    let first = sim.nth_job("sub", 1);
    let owner = sim.nth_live("sub", 1);
    let wanted = vec![ActivateElement { element_id: "a".into(), variables: Variables::new() }];
    sim.input(|run| run.activate_elements(owner, wanted, false).unwrap());
    sim.complete("a", "{}");
    let second = sim.nth_job("sub", 1);
    assert_ne!(first, second);
    assert!(!sim.state.jobs().contains_key(&first));
    assert!(sim.events().any(|event| *event == Event::JobCanceled { job: first }));
}

#[test]
fn what_is_active_when_it_is_done_is_waited_for_or_ended() {
    let start = "start => asks sub, open sub
                 answer sub +a +b => job a, job b, open sub
                 complete a => asks sub, job b, open sub\n";
    check(
        &model("", ""),
        &format!(
            "{start} answer sub done        => job b
                          complete b             => job c
                          complete c             => job after"
        ),
    );
    check(&model("", ""), &format!("{start} answer sub done cancel => job after"));
    check(
        &model("", ""),
        &format!(
            "{start} answer sub cancel +a   => job a, open sub
                          complete a             => asks sub, open sub"
        ),
    );
    check(
        &model("", ""),
        &format!(
            "{start} answer sub cancel     => open sub
                          activate sub a        => job a, open sub"
        ),
    );
}

#[test]
fn variables_of_the_job_are_those_of_the_sub_process_and_of_an_element_those_of_its_activation() {
    check(
        &model(OUTPUT, ""),
        "start {\"x\": 0}                     => asks sub, open sub
         answer sub +a +a {\"x\": 1, \"y\": 2}  => job a x2, open sub
         complete a {\"result\": 1}           => asks sub, job a, open sub
         complete a {\"result\": 2}           => asks sub, open sub
         answer sub done                    => job after
         variables                          => all: [1,2], x: 0",
    );
    let mapping = r#"<zeebe:ioMapping><zeebe:output source="= y" target="z"/></zeebe:ioMapping>"#;
    check(
        &model(mapping, ""),
        "start                         => asks sub, open sub
         answer sub done {\"y\": 2}      => job after
         variables                     => z: 2",
    );
    let mut sim = Sim::start(&super::transcript::expanded(&model("", "")), "{}");
    let job = sim.nth_job("sub", 1);
    let variables = Variables::parse(r#"{"x": 7}"#).unwrap();
    let activate = vec![ActivateElement { element_id: "a".into(), variables: variables.clone() }];
    let result = AdHocResult { activate, ..AdHocResult::default() };
    sim.input(|run| run.ad_hoc_answered(job, Variables::new(), result).unwrap());
    let scope = sim.state.element(sim.nth_live("a", 1)).unwrap().scope;
    assert_eq!(sim.state.element(scope).unwrap().variables, variables);
}

#[test]
fn a_result_that_does_not_fit_changes_nothing() {
    let mut sim = Sim::start(&super::transcript::expanded(&model("", "")), "{}");
    let job = sim.nth_job("sub", 1);
    let before = sim.state.clone();
    let refused = |sim: &mut Sim, ids: &[&str], fulfilled| {
        let wanted =
            |id: &&str| ActivateElement { element_id: (*id).into(), variables: Variables::new() };
        let activate = ids.iter().map(wanted).collect();
        let result = AdHocResult { activate, fulfilled, cancel_remaining: true };
        let mut outcome = Ok(());
        let variables = Variables::parse(r#"{"x": 1}"#).unwrap();
        sim.input(|run| outcome = run.ad_hoc_answered(job, variables, result));
        outcome.unwrap_err()
    };
    assert!(refused(&mut sim, &["a", "c"], false).contains("\"c\""));
    assert!(refused(&mut sim, &["after"], false).contains("\"after\""));
    assert!(refused(&mut sim, &["a"], true).contains("both"));
    assert_eq!(sim.state, before);
}

#[test]
fn a_job_without_attempts_is_an_incident_and_goes_with_the_job() {
    check(
        &model("", ""),
        "start             => asks sub, open sub
         fail sub 1 busy   => asks sub (1 left, in 0 ms), open sub
         fail sub 0 broken => asks sub, incident AD_HOC_SUB_PROCESS_NO_RETRIES at sub, open sub
         resolve sub       => asks sub, open sub
         answer sub +a     => job a, open sub
         complete a        => asks sub, open sub
         answer sub done   => job after",
    );
    // What is done meanwhile asks anew: there is nothing left to mend.
    check(
        &model("", ""),
        "start             => asks sub, open sub
         answer sub +a +a  => job a x2, open sub
         complete a        => asks sub, job a, open sub
         fail sub 0 broken => asks sub, incident AD_HOC_SUB_PROCESS_NO_RETRIES at sub, job a, open sub
         complete a        => asks sub, open sub",
    );
}

#[test]
fn a_type_that_cannot_be_evaluated_is_an_incident_and_mended() {
    let job = r#"<zeebe:taskDefinition type="= kind"/>"#;
    let model = model("", "").replace(r#"<zeebe:taskDefinition type="agent" retries="2"/>"#, job);
    check(
        &model,
        "start                  => incident EXTRACT_VALUE_ERROR at sub
         set {\"kind\": \"agent\"}  => incident EXTRACT_VALUE_ERROR at sub
         resolve sub            => asks sub, open sub
         answer sub +a          => job a, open sub
         set {\"kind\": null}     => job a, open sub
         complete a             => incident EXTRACT_VALUE_ERROR at sub, open sub
         set {\"kind\": \"agent\"}  => incident EXTRACT_VALUE_ERROR at sub, open sub
         resolve sub            => asks sub, open sub",
    );
}

#[test]
fn what_is_done_meanwhile_asks_anew_and_what_ends_it_leaves_no_incident() {
    let job = r#"<zeebe:taskDefinition type="= kind"/>"#;
    let handler = r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">
        <messageEventDefinition messageRef="m"/></startEvent><endEvent id="he"/>[[hs -> he]]</subProcess>"#;
    let model = model("", handler);
    let model = model.replace(r#"<zeebe:taskDefinition type="agent" retries="2"/>"#, job);
    let start = "start {\"kind\": \"agent\", \"id\": 1}  => asks sub, message paid at hs, open sub
         answer sub +a +a +a    => job a x3, message paid at hs, open sub
         set {\"kind\": null}    => job a x3, message paid at hs, open sub
         complete a             => incident EXTRACT_VALUE_ERROR at sub, job a x2, message paid at hs, open sub
         complete a             => incident EXTRACT_VALUE_ERROR at sub, job a, message paid at hs, open sub\n";
    check(
        &model,
        &format!(
            "{start} set {{\"kind\": \"agent\"}} => incident EXTRACT_VALUE_ERROR at sub, job a, message paid at hs, open sub
             complete a             => asks sub, message paid at hs, open sub
             answer sub done        => job after"
        ),
    );
    check(&model, &format!("{start} message paid => job after"));
}

#[test]
fn an_error_of_the_job_is_caught_in_it_then_at_it() {
    let boundary = r#"<boundaryEvent id="t" attachedToRef="sub"><errorEventDefinition errorRef="e"/>
        </boundaryEvent><<late>><endEvent id="e2"/>[[t -> late -> e2]]"#;
    check(
        &(model("", "") + boundary),
        "start             => asks sub, open sub
         answer sub +a     => job a, open sub
         activate sub b    => job a, job b, open sub
         complete a        => asks sub, job b, open sub
         throw sub NO      => job late",
    );
    let handler = r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">
        <errorEventDefinition errorRef="e"/></startEvent><<mend>><endEvent id="he"/>
        [[hs -> mend -> he]]</subProcess>"#;
    check(
        &model("", handler),
        "start             => asks sub, open sub
         throw sub NO      => job mend
         complete mend     => job after",
    );
    check(
        &model("", ""),
        "start             => asks sub, open sub
         throw sub NO      => asks sub, incident UNHANDLED_ERROR_EVENT at sub, open sub
         resolve sub       => asks sub, open sub
         answer sub done   => job after",
    );
}

#[test]
fn an_event_sub_process_that_is_done_asks_again_or_ends_it() {
    let handler = |attributes: &str| {
        format!(
            r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" {attributes}>
               <messageEventDefinition messageRef="m"/></startEvent><<mend>><endEvent id="he"/>
               [[hs -> mend -> he]]</subProcess>"#
        )
    };
    check(
        &model("", &handler("")),
        "start {\"id\": 1}  => asks sub, message paid at hs, open sub
         message paid     => job mend
         complete mend    => job after",
    );
    check(
        &model("", &handler("isInterrupting=\"false\"")),
        "start {\"id\": 1}  => asks sub, message paid at hs, open sub
         answer sub       => message paid at hs, open sub
         message paid     => job mend, message paid at hs, open sub
         complete mend    => asks sub, message paid at hs, open sub
         answer sub done  => job after",
    );
}

#[test]
fn while_suspended_the_answer_is_held() {
    check(
        &model("", ""),
        "start                      => asks sub, open sub
         suspend                    => asks sub, open sub, suspended
         answer sub +a {\"x\": 1}     => asks sub, held, open sub, suspended
         resume                     => job a, open sub
         suspend                    => job a, open sub, suspended
         complete a                 => held, job a, open sub, suspended
         resume                     => asks sub, open sub
         suspend                    => asks sub, open sub, suspended
         complete sub               => asks sub, held, open sub, suspended
         resume                     => open sub",
    );
    // What was held for a job that is gone has no effect.
    check(
        &model("", ""),
        "start                      => asks sub, open sub
         answer sub +a              => job a, open sub
         activate sub b             => job a, job b, open sub
         complete a                 => asks sub, job b, open sub
         suspend                    => asks sub, job b, open sub, suspended
         complete b                 => asks sub, held, job b, open sub, suspended
         resume                     => asks sub, job c, open sub
         suspend                    => asks sub, job c, open sub, suspended
         complete c                 => asks sub, held, job c, open sub, suspended
         answer sub done            => asks sub, held x2, job c, open sub, suspended
         resume                     => asks sub, open sub",
    );
}

#[test]
fn listeners_stand_before_and_behind_its_jobs() {
    let listeners = r#"<zeebe:executionListeners><zeebe:executionListener eventType="start" type="on"/>
        <zeebe:executionListener eventType="end" type="off"/></zeebe:executionListeners>"#;
    check(
        &model(listeners, ""),
        "start            => start listener on at sub
         complete sub     => asks sub, open sub
         answer sub +a    => job a, open sub
         complete a       => asks sub, open sub
         answer sub done  => end listener off at sub
         complete sub     => job after",
    );
}

#[test]
fn a_policy_bounds_its_attempts() {
    let policy = r#"<fermata:policy retries="1" initialDelay="PT1M" attemptTimeout="PT10S"/>"#;
    check(
        &model(policy, ""),
        "start            => asks sub, open sub
         answer sub +a    => job a, open sub
         complete a       => asks sub, open sub
         lease sub PT1H   => asks sub, attemptTimeout sub 10s, open sub
         answer sub +a    => job a, open sub
         complete a       => asks sub, open sub
         lease sub PT1H   => asks sub, attemptTimeout sub 10s, open sub
         activate sub a   => asks sub, attemptTimeout sub 10s, job a, open sub
         complete a       => asks sub, open sub
         lease sub PT1H   => asks sub, attemptTimeout sub 10s, open sub
         advance PT10S    => asks sub (1 left, in 60000 ms), open sub",
    );
}

#[test]
fn a_migration_keeps_the_form() {
    let one = model("", "");
    let other = one.replace(r#"<zeebe:taskDefinition type="agent" retries="2"/>"#, "");
    check_migration(
        &one,
        &other,
        "start            => asks sub, open sub
         stay = sub>sub   => a job",
    );
    check_migration(
        &one,
        &one.replace("agent", "other"),
        "start            => asks sub, open sub
         migrate =        => asks sub, open sub
         answer sub +a    => job a, open sub
         complete a       => asks sub, open sub",
    );
}

#[test]
fn what_the_job_says_is_said_by_nothing_else() {
    let codes = |body: String| match fermata_bpmn::read(&xml(&body)) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|finding| finding.code).collect::<Vec<_>>(),
    };
    assert_eq!(codes(model("", "")), Vec::<&str>::new());
    assert_eq!(codes(model(OUTPUT, "")), Vec::<&str>::new());
    let headers = r#"<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>"#;
    assert_eq!(codes(model(headers, "")), Vec::<&str>::new());
    assert_eq!(codes(model(r#"<zeebe:adHoc activeElementsCollection="= x"/>"#, "")), ["B113"]);
    let condition = "<completionCondition>= true</completionCondition>";
    assert_eq!(codes(model("", condition)), ["B113"]);
    let cancels = r#"id="sub" cancelRemainingInstances="false""#;
    assert_eq!(codes(model("", "").replace(r#"id="sub""#, cancels)), ["B113"]);
    let definition = r#"<zeebe:taskDefinition type="agent" retries="2"/>"#;
    assert_eq!(codes(model("", "").replace(definition, headers)), ["B113"]);
    assert_eq!(codes(model("", "").replace("agent", "")), ["B011"]);
    for wrong in [r#"idempotencyKey="k""#, r#"sideEffect="true""#] {
        assert_eq!(codes(model(&format!("<fermata:policy {wrong}/>"), "")), ["B127"], "{wrong}");
    }
}

#[test]
fn a_job_that_has_failed_and_is_answered_leaves_no_incident_behind() {
    check(
        &model("", ""),
        "start               => asks sub, open sub
         throw sub NO        => asks sub, incident UNHANDLED_ERROR_EVENT at sub, open sub
         answer sub done     => job after",
    );
    check(
        &model("", ""),
        "start               => asks sub, open sub
         answer sub +a       => job a, open sub
         complete a          => asks sub, open sub
         exhaust sub         => asks sub, incident AD_HOC_SUB_PROCESS_NO_RETRIES at sub, open sub
         answer sub +b       => job b, open sub
         complete b          => job c, open sub
         complete c          => asks sub, open sub
         answer sub done     => job after",
    );
}

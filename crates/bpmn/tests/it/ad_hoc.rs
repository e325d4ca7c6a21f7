//! Ad-hoc sub-processes: what begins in them, when they end, and what interrupts them.

use base::{ActivateElement, ElementKey, Severity, Variables};

use super::harness::Sim;
use super::transcript::{check, xml};

/// An ad-hoc sub-process `sub` with the jobs `a`, `b` and, after `b`, `c`; then the job `after`.
fn model(attributes: &str, spec: &str, more: &str) -> String {
    let spec = match spec {
        "" => String::new(),
        spec => format!("<extensionElements><zeebe:adHoc {spec}/></extensionElements>"),
    };
    format!(
        r#"<startEvent id="s"/><adHocSubProcess id="sub" {attributes}>{spec}<<a b c>>[[b -> c]]{more}
           </adHocSubProcess><<after>><endEvent id="end"/>[[s -> sub -> after -> end]]"#
    )
}

fn until(condition: &str) -> String {
    format!("<completionCondition>= {condition}</completionCondition>")
}

const LIST: &str = r#"activeElementsCollection="= wanted""#;
const OUTPUT: &str = r#"outputCollection="all" outputElement="= result""#;

#[test]
fn the_elements_of_the_list_begin_and_their_end_is_the_end_of_the_whole() {
    check(
        &model("", LIST, ""),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         complete b                       => job a, job c, open sub
         complete a                       => job c, open sub
         complete c                       => job after
         complete after                   => completed",
    );
    check(
        &model("", LIST, ""),
        "start {\"wanted\": [\"a\", \"a\"]}  => job a x2, open sub
         complete a                       => job a, open sub
         complete a                       => job after",
    );
}

#[test]
fn with_nothing_to_begin_it_waits_to_be_told() {
    let story = |start: &str| {
        format!(
            "{start}                    => open sub
             activate sub a {{\"x\": 1}}  => job a, open sub
             activate sub b             => job a, job b, open sub
             complete a                 => job b, open sub
             complete b                 => job c, open sub
             complete c                 => job after"
        )
    };
    check(&model("", LIST, ""), &story("start {\"wanted\": []}"));
    check(&model("", "", ""), &story("start"));
    check(&model("", "", ""), "start => open sub\n cancel => terminated");
}

#[test]
fn a_completion_condition_ends_what_is_active_or_waits_for_it() {
    let said = |attributes| {
        model(attributes, &format!("{LIST} {OUTPUT}"), &until("count(all) = 2 or stop"))
    };
    let start = "start {\"wanted\": [\"a\", \"a\", \"b\"], \"stop\": false}";
    check(
        &said(""),
        &format!(
            "{start}                      => job a x2, job b, open sub
             complete a {{\"result\": 1}}    => job a, job b, open sub
             complete a {{\"result\": 2}}    => job after
             variables                    => all: [1,2], stop: false, wanted: [\"a\", \"a\", \"b\"]"
        ),
    );
    check(
        &said("cancelRemainingInstances=\"false\""),
        &format!(
            "{start}                      => job a x2, job b, open sub
             complete a {{\"result\": 1}}    => job a, job b, open sub
             complete a {{\"result\": 2}}    => job b
             complete b                   => job c
             complete c {{\"result\": 3}}    => job after
             variables                    => all: [1,2,3], stop: false, wanted: [\"a\", \"a\", \"b\"]"
        ),
    );
    // As long as it does not hold, more can be activated; it is looked at when something is done.
    check(
        &said(""),
        &format!(
            "{start}                      => job a x2, job b, open sub
             complete b                   => job a x2, job c, open sub
             set {{\"stop\": true}}          => job a x2, job c, open sub
             complete c                   => job after"
        ),
    );
    check(
        &model("", LIST, &until("false")),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         complete a                => open sub
         activate sub a            => job a, open sub
         cancel                    => terminated",
    );
}

#[test]
fn what_is_done_in_it_stays_with_the_activation() {
    check(
        &model("", LIST, ""),
        "start {\"wanted\": [\"b\"], \"x\": 0}  => job b, open sub
         complete b {\"x\": 1, \"y\": 2}        => job c, open sub
         complete c                          => job after
         variables                           => wanted: [\"b\"], x: 0",
    );
}

#[test]
fn activation_can_replace_what_is_active() {
    check(
        &model("", LIST, ""),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         replace sub b                    => job b, open sub
         complete b                       => job c, open sub
         complete c                       => job after",
    );
}

#[test]
fn what_cannot_be_activated_is_an_incident_and_mended() {
    for wrong in ["\"a\"", "[\"a\", 1]", "[\"c\"]", "[\"after\"]", "[\"nothing\"]"] {
        check(
            &model("", LIST, ""),
            &format!(
                "start {{\"wanted\": {wrong}}}  => incident EXTRACT_VALUE_ERROR at sub
                 set {{\"wanted\": [\"a\"]}}    => incident EXTRACT_VALUE_ERROR at sub
                 resolve sub                 => job a, open sub
                 complete a                  => job after"
            ),
        );
    }
}

#[test]
fn a_condition_or_an_output_that_fails_is_an_incident_and_mended() {
    check(
        &model("", LIST, &until("stop")),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         complete a                => incident EXTRACT_VALUE_ERROR at sub, open sub
         set {\"stop\": true}       => incident EXTRACT_VALUE_ERROR at sub, open sub
         resolve sub               => job after",
    );
}

#[test]
fn a_boundary_event_and_the_end_race_in_both_orders() {
    let boundary = r#"<boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition>
        <timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent><<late>>
        <endEvent id="e2"/>[[t -> late -> e2]]"#;
    let model = model("", LIST, "") + boundary;
    check(
        &model,
        "start {\"wanted\": [\"a\"]}  => job a, open sub, timer t 60s
         advance PT1M              => job late",
    );
    check(
        &model,
        "start {\"wanted\": [\"a\"]}  => job a, open sub, timer t 60s
         complete a                => job after",
    );
    // Also one that catches what is thrown inside.
    let boundary = r#"<boundaryEvent id="t" attachedToRef="sub"><errorEventDefinition errorRef="e"/>
        </boundaryEvent><<late>><endEvent id="e2"/>[[t -> late -> e2]]"#;
    let model = self::model("", LIST, "") + boundary;
    check(
        &model,
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         throw a NO                       => job late",
    );
}

#[test]
fn an_event_sub_process_in_it_interrupts_and_ends_it() {
    let handler = |attributes: &str| {
        format!(
            r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" {attributes}>
               <messageEventDefinition messageRef="m"/></startEvent><<mend>><endEvent id="he"/>
               [[hs -> mend -> he]]</subProcess>"#
        )
    };
    check(
        &model("", LIST, &handler("")),
        "start {\"wanted\": [\"a\"], \"id\": 1}  => job a, message paid at hs, open sub
         message paid                         => job mend
         complete mend                        => job after",
    );
    check(
        &model("", LIST, &handler("isInterrupting=\"false\"")),
        "start {\"wanted\": [\"a\"], \"id\": 1}  => job a, message paid at hs, open sub
         message paid                         => job a, job mend, message paid at hs, open sub
         complete a                           => job mend, message paid at hs, open sub
         complete mend                        => job after",
    );
}

#[test]
fn what_is_closed_or_unknown_activates_nothing() {
    let text = xml(&model("cancelRemainingInstances=\"false\"", LIST, &until("true")));
    let mut read = fermata_bpmn::read(&text).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), r#"{"wanted": ["a", "a"]}"#);
    let owner = sim.nth_live("sub", 1);
    let refused = |sim: &mut Sim, owner: ElementKey, id: &str| {
        let wanted = ["a", id]
            .map(|id| ActivateElement { element_id: id.into(), variables: Variables::new() });
        let wanted = wanted.to_vec();
        let mut outcome = Ok(());
        sim.input(|run| outcome = run.activate_elements(owner, wanted, true));
        outcome.unwrap_err()
    };
    let before = sim.state.clone();
    assert!(refused(&mut sim, owner, "c").contains("\"c\""));
    let root = sim.state.key().root();
    assert!(refused(&mut sim, root, "a").contains("expected"));
    assert_eq!(sim.state, before, "nothing has happened");
    let job = sim.nth_job("a", 1);
    sim.input(|run| run.job_completed(job, Variables::new()));
    assert!(refused(&mut sim, owner, "a").contains("completion condition"));
    assert_eq!(sim.state.jobs().len(), 1);
}

#[test]
fn what_can_begin_in_it_is_a_variable_of_its_own() {
    let more = r#"<userTask id="d" name="Ask &quot;Bo&quot;"><documentation> Asks
        a person. </documentation><extensionElements><zeebe:properties><zeebe:property name="k" value="1"/>
        <zeebe:property name="l" value="x"/><zeebe:property name="k" value="2"/></zeebe:properties>
        </extensionElements></userTask><boundaryEvent id="t" attachedToRef="d"><timerEventDefinition>
        <timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent><task id="f"/>[[t -> f]]
        <subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><messageEventDefinition
        messageRef="m"/></startEvent><endEvent id="he"/>[[hs -> he]]</subProcess>"#;
    let text = xml(&model("", LIST, more));
    let mut read = fermata_bpmn::read(&text).unwrap();
    let sim = Sim::of(read.processes.remove(0), r#"{"wanted": [], "id": 1}"#);
    let own = &sim.state.element(sim.nth_live("sub", 1)).unwrap().variables;
    assert_eq!(
        own.to_json(),
        r#"{"adHocSubProcessElements":[{"elementId":"a"},{"elementId":"b"},{"elementId":"d","elementName":"Ask \"Bo\"","documentation":"Asks\n        a person.","properties":{"l":"x","k":"2"}}]}"#
    );
    // The list sees it, and it goes nowhere at the end.
    let all = r#"activeElementsCollection="= adHocSubProcessElements.elementId""#;
    check(
        &model("", all, ""),
        "start       => job a, job b, open sub
         complete a  => job b, open sub
         complete b  => job c, open sub
         complete c  => job after
         variables   => ",
    );
}

#[test]
fn parameters_that_an_agent_makes_are_a_part_of_the_offer() {
    let tool = |input: &str| {
        let more = format!(
            r#"<serviceTask id="d"><extensionElements><zeebe:taskDefinition type="d"/><zeebe:ioMapping>
            <zeebe:input target="x" source="= {input}"/><zeebe:input target="y" source="=1"/>
            </zeebe:ioMapping></extensionElements></serviceTask>"#
        );
        fermata_bpmn::read(&xml(&model("", LIST, &more)))
    };
    let said = |input: &str| {
        let process = tool(input).unwrap().processes.remove(0);
        let sim = Sim::of(process, r#"{"wanted": [], "id": 1}"#);
        let own = sim.state.element(sim.nth_live("sub", 1)).unwrap().variables.to_json();
        own.split_once(r#"{"elementId":"d","#)
            .map(|(_, of_d)| of_d.trim_end_matches("}]}").to_owned())
    };
    assert_eq!(said("{a: 1}.a"), None);
    assert_eq!(
        said("{to: fromAi(toolCall.to, &quot;who&quot;), n: [fromAi(value: count, type: &quot;number&quot;,
            options: {required: false, range: [-1, 2]}, description: null)]}"),
        Some(
            r#""parameters":[{"name":"to","description":"who"},{"name":"count","type":"number","options":{"required":false,"range":[-1,2]}}]"#
                .to_owned()
        )
    );
    let refused = |input: &str| {
        let findings = tool(input).unwrap_err();
        let finding = findings.iter().find(|it| it.severity == Severity::Error).unwrap();
        (finding.code, finding.element_id.as_deref().map(str::to_owned), finding.message.clone())
    };
    for (input, wrong) in [
        ("fromAi(1 + toolCall.n)", "has no name"),
        ("fromAi(toolCall.n, &quot;a&quot; + b)", "read before the process runs"),
        ("fromAi(toolCall.n, null, null, &quot;object&quot;)", "the schema of fromAi"),
    ] {
        let (code, element, message) = refused(input);
        assert_eq!((code, element.as_deref()), ("B020", Some("d")), "{input}");
        assert!(message.contains(wrong), "{message}");
    }
}

#[test]
fn what_an_ad_hoc_sub_process_cannot_have_is_refused() {
    let codes = |body: String| match fermata_bpmn::read(&xml(&body)) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|finding| finding.code).collect::<Vec<_>>(),
    };
    assert_eq!(codes(model("", LIST, "")), Vec::<&str>::new());
    assert_eq!(codes(model("ordering=\"Sequential\"", LIST, "")), Vec::<&str>::new());
    assert_eq!(codes(model("ordering=\"Another\"", LIST, "")), ["B113"]);
    assert_eq!(codes(model("cancelRemainingInstances=\"maybe\"", LIST, "")), ["B113"]);
    assert_eq!(codes(model("", LIST, "<endEvent id=\"ie\"/>[[a -> ie]]")), ["B113"]);
    assert_eq!(codes(model("", "", "").replace("<<a b c>>[[b -> c]]", "")), ["B113"]);
}

#[test]
fn nothing_is_activated_in_one_that_is_being_left() {
    // No flow behind it can be taken: that is an incident of the sub-process, which lives on.
    let model = r#"<startEvent id="s"/><adHocSubProcess id="sub"><<a>></adHocSubProcess><<after>>
        <endEvent id="end"/>[[s -> sub -(go)-> after -> end]]"#;
    let mut read = fermata_bpmn::read(&xml(model)).expect("a model");
    let mut sim = Sim::of(read.processes.remove(0), r#"{"go": false}"#);
    let owner = sim.nth_live("sub", 1);
    let activate = |sim: &mut Sim| {
        let mut outcome = Ok(());
        let (element_id, variables) = ("a".into(), Variables::new());
        let wanted = vec![ActivateElement { element_id, variables }];
        sim.input(|run| outcome = run.activate_elements(owner, wanted, false));
        outcome
    };
    activate(&mut sim).expect("an open one");
    sim.complete("a", "{}");
    let incident = sim.incident().0;
    let refused = activate(&mut sim).expect_err("it is being left");
    assert!(refused.contains("it is done"), "{refused}");
    sim.input(|run| run.resolve(incident));
    assert_eq!(sim.waits(), ["sub"], "it still cannot be left");
    let root = sim.state.key().root();
    sim.input(|run| run.variables_set(root, Variables::parse(r#"{"go": true}"#).unwrap(), false));
    let incident = sim.incident().0;
    sim.input(|run| run.resolve(incident));
    assert_eq!(sim.waits(), ["after"]);
}

#[test]
fn while_suspended_an_activation_is_held() {
    check(
        &model("", "", ""),
        "start                    => open sub
         suspend                  => open sub, suspended
         activate sub a           => held, open sub, suspended
         replace sub b            => held x2, open sub, suspended
         resume                   => job b, open sub
         complete b               => job c, open sub
         complete c               => job after",
    );
    // It is looked at when it comes, and again when its turn comes.
    check(
        &model("", LIST, ""),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         suspend                  => job a, open sub, suspended
         complete a               => held, job a, open sub, suspended
         activate sub a           => held x2, job a, open sub, suspended
         resume                   => job after",
    );
    let mut read = fermata_bpmn::read(&xml(&model("", "", ""))).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    let owner = sim.nth_live("sub", 1);
    sim.input(|run| run.suspend("".into()));
    let before = sim.state.clone();
    let wanted = ActivateElement { element_id: "c".into(), variables: Variables::new() };
    let mut outcome = Ok(());
    sim.input(|run| outcome = run.activate_elements(owner, vec![wanted], false));
    assert!(outcome.unwrap_err().contains("\"c\""));
    assert_eq!(sim.state, before);
}

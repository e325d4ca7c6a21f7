//! Blocks of random models that wait for variables, for somebody to say what begins, or that others
//! listen to: conditional events, complex gateways, ad-hoc sub-processes, listeners, policies.

use std::fmt::Write as _;

use super::random::Random;

pub const WHEN: &str =
    "<conditionalEventDefinition><condition>= n &gt; 1</condition></conditionalEventDefinition>";

/// Extensions of a job or sub-process beside its work.
pub fn beside(random: &mut Random) -> &'static str {
    random.one_of(&[
        "",
        "",
        "",
        r#"<zeebe:executionListeners><zeebe:executionListener eventType="start" type="w"/>
           </zeebe:executionListeners>"#,
        r#"<zeebe:executionListeners><zeebe:executionListener eventType="start" type="w"/>
           <zeebe:executionListener eventType="end" type="w"/>
           <zeebe:executionListener eventType="end" type="v"/></zeebe:executionListeners>"#,
        r#"<fermata:policy timeout="PT1M"/>"#,
        r#"<fermata:policy timeout="PT3M" reminder="PT1M" dueDate="PT2M"/>"#,
    ])
}

/// What a policy says of a job alone.
pub fn attempts(random: &mut Random) -> &'static str {
    random.one_of(&[
        r#"<fermata:policy sideEffect="true"/>"#,
        r#"<fermata:policy sideEffect="true" retries="1" timeout="PT2M"/>"#,
        r#"<fermata:policy retries="2" initialDelay="PT1S" jitter="0.5"/>"#,
        r#"<fermata:policy attemptTimeout="PT30S" timeout="PT1M"/>"#,
    ])
}

/// A task for a person, and who listens to it.
pub fn user_task(random: &mut Random, id: &str) -> String {
    let mut listeners = String::new();
    for event in ["creating", "assigning", "updating", "completing", "canceling"] {
        if random.below(2) == 0 {
            let _ = write!(listeners, r#"<zeebe:taskListener eventType="{event}" type="w"/>"#);
        }
    }
    let assignment = random.one_of(&["", r#"<zeebe:assignmentDefinition assignee="ann"/>"#]);
    format!(
        r#"<userTask id="{id}"><extensionElements><zeebe:userTask/>{assignment}
           <zeebe:taskListeners>{listeners}</zeebe:taskListeners></extensionElements></userTask>"#
    )
}

/// What opens an ad-hoc sub-process in which `first` and `second` can be activated: by a list, by a
/// worker's word, or by a caller; also one after the other, and several times.
pub fn ad_hoc(random: &mut Random, id: &str, first: &str, second: &str) -> String {
    let ordering = random.one_of(&["", "", r#"ordering="Sequential""#]);
    let marker = if random.below(4) == 0 { marker(random).to_owned() } else { String::new() };
    if random.below(3) == 0 {
        let says = random.one_of(&[
            "",
            r#"<zeebe:adHoc outputCollection="did" outputElement="= n"/>"#,
            r#"<fermata:policy timeout="PT3M"/>"#,
        ]);
        return format!(
            r#"<adHocSubProcess id="{id}" {ordering}><extensionElements><zeebe:taskDefinition type="w"/>{says}
               </extensionElements>{marker}"#
        );
    }
    let list = match random.below(3) {
        0 => String::new(),
        1 => format!(r#"activeElementsCollection="= [&quot;{first}&quot;]""#),
        _ => format!(
            r#"activeElementsCollection="= [&quot;{first}&quot;, &quot;{second}&quot;, &quot;{second}&quot;]""#
        ),
    };
    let cancels = random.one_of(&["true", "false"]);
    let condition = random.one_of(&[
        "",
        "<completionCondition>= n &gt; 1</completionCondition>",
        "<completionCondition>= count(did) &gt; 1</completionCondition>",
    ]);
    let output = if condition.contains("did") {
        r#"outputCollection="did" outputElement="= n""#
    } else {
        ""
    };
    format!(
        r#"<adHocSubProcess id="{id}" {ordering} cancelRemainingInstances="{cancels}"><extensionElements>
           <zeebe:adHoc {list} {output}/></extensionElements>{condition}{marker}"#
    )
}

/// What makes an activity repeat.
pub fn marker(random: &mut Random) -> &'static str {
    random.one_of(&[
        r"<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
        r#"<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"#,
        r#"<standardLoopCharacteristics loopMaximum="2"/>"#,
        r#"<standardLoopCharacteristics testBefore="true" loopMaximum="3"><loopCondition>= loopCounter &lt; n</loopCondition></standardLoopCharacteristics>"#,
    ])
}

/// A complex gateway's condition, for so many incoming flows.
pub fn enough(random: &mut Random, flows: usize) -> String {
    let enough = match random.below(4) {
        0 => "activationCount &gt; 0".to_owned(),
        1 => format!("activationCount = {flows}"),
        2 => "n &gt; 1".to_owned(),
        _ => format!("activationCount = {flows} or n &gt; 2"),
    };
    format!("<activationCondition>= {enough}</activationCondition>")
}

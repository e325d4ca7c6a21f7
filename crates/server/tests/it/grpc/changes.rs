//! Changing running instances.

use proto::gateway as wire;
use proto::gateway::activated_job::{JobKind, ListenerEventType};
use proto::gateway::deployment::Metadata;
use proto::gateway::migrate_process_instance_request::{MappingInstruction, MigrationPlan};
use proto::gateway::modify_process_instance_request as modify;
use proto::gateway::process_instance_creation_runtime_instruction::Instruction;
use tonic::Code;

use super::{Gateway, MODEL, against_a_server, deploy, jobs, poll, refused};

fn start_at(id: &str) -> wire::CreateProcessInstanceRequest {
    wire::CreateProcessInstanceRequest {
        bpmn_process_id: "p".into(),
        start_instructions: vec![wire::ProcessInstanceCreationStartInstruction {
            element_id: id.into(),
        }],
        ..Default::default()
    }
}

/// Deploys a process; its key.
async fn deployed(client: &mut Gateway, model: &str) -> i64 {
    let resource = wire::Resource { name: "p.bpmn".into(), content: model.as_bytes().to_vec() };
    let request =
        wire::DeployResourceRequest { resources: vec![resource], tenant_id: String::new() };
    let deployed = client.deploy_resource(request).await.unwrap().into_inner().deployments;
    let Some(Metadata::Process(process)) = &deployed[0].metadata else { panic!("a process") };
    process.process_definition_key
}

async fn job(client: &mut Gateway) -> wire::ActivatedJob {
    jobs(client, poll("work", 1, 10_000)).await.unwrap().remove(0)
}

#[test]
fn an_instance_starts_anywhere_and_is_modified() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let created = client.create_process_instance(start_at("work")).await.unwrap().into_inner();
        let instance = created.process_instance_key;
        let outcome = client.create_process_instance(start_at("s")).await.map(|_| ());
        refused(outcome, Code::InvalidArgument, "a start event");
        let first = job(&mut client).await;
        let request = |element: i64| wire::ModifyProcessInstanceRequest {
            process_instance_key: instance,
            activate_instructions: vec![modify::ActivateInstruction {
                element_id: "work".into(),
                ancestor_element_instance_key: 0,
                variable_instructions: vec![modify::VariableInstruction {
                    variables: r#"{"again": true}"#.into(),
                    scope_id: String::new(),
                }],
            }],
            terminate_instructions: vec![modify::TerminateInstruction {
                element_instance_key: element,
            }],
            operation_reference: None,
        };
        let outcome = client.modify_process_instance(request(instance)).await.map(|_| ());
        refused(outcome, Code::InvalidArgument, "cancel it");
        client.modify_process_instance(request(first.element_instance_key)).await.unwrap();
        let second = job(&mut client).await;
        assert_ne!(second.key, first.key);
        assert_eq!(second.variables, r#"{"again":true}"#);
    });
}

#[test]
fn an_instance_is_migrated_with_the_job_that_a_worker_has() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        client.create_process_instance(start_at("work")).await.unwrap();
        let held = job(&mut client).await;
        let renamed = MODEL.replace("\"work\"", "\"labour\"");
        let newer = deployed(&mut client, &renamed).await;
        let mapping = MappingInstruction {
            source_element_id: "work".into(),
            target_element_id: "labour".into(),
        };
        let migrate = |mapping_instructions| wire::MigrateProcessInstanceRequest {
            process_instance_key: held.process_instance_key,
            migration_plan: Some(MigrationPlan {
                target_process_definition_key: newer,
                mapping_instructions,
            }),
            operation_reference: None,
        };
        let outcome = client.migrate_process_instance(migrate(Vec::new())).await.map(|_| ());
        refused(outcome, Code::FailedPrecondition, "a mapping for \"work\"");
        client.migrate_process_instance(migrate(vec![mapping])).await.unwrap();
        let request =
            wire::CompleteJobRequest { job_key: held.key, variables: "{}".into(), result: None };
        client.complete_job(request).await.unwrap();
        let outcome = client.migrate_process_instance(migrate(Vec::new())).await.map(|_| ());
        refused(outcome, Code::NotFound, "has completed");
    });
}

#[test]
fn nothing_is_started_of_a_definition_that_was_deleted() {
    against_a_server(|mut client, _| async move {
        let first = deployed(&mut client, MODEL).await;
        let request =
            |resource_key| wire::DeleteResourceRequest { resource_key, ..Default::default() };
        let created = client.create_process_instance(start_at("work")).await.unwrap().into_inner();
        client.delete_resource(request(first)).await.unwrap();
        let outcome = client.create_process_instance(start_at("work")).await.map(|_| ());
        refused(outcome, Code::NotFound, "`p`");
        let outcome = client.delete_resource(request(first)).await.map(|_| ());
        refused(outcome, Code::NotFound, "");
        let job = job(&mut client).await;
        assert_eq!(job.process_instance_key, created.process_instance_key, "it goes on");
    });
}

const HEARD: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f" sourceRef="start" targetRef="approve" />
    <bpmn:userTask id="approve">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:priorityDefinition priority="70" />
        <zeebe:taskSchedule dueDate="2030-01-31T12:00:00Z" />
        <zeebe:assignmentDefinition candidateGroups="clerks, heads" />
        <zeebe:executionListeners>
          <zeebe:executionListener eventType="start" type="before" />
        </zeebe:executionListeners>
        <zeebe:taskListeners>
          <zeebe:taskListener eventType="creating" type="check" />
        </zeebe:taskListeners>
      </bpmn:extensionElements>
    </bpmn:userTask>
  </bpmn:process>
</bpmn:definitions>"#;

#[test]
fn a_listeners_job_says_what_it_listens_to() {
    against_a_server(|mut client, _| async move {
        deployed(&mut client, HEARD).await;
        let request = wire::CreateProcessInstanceRequest {
            bpmn_process_id: "p".into(),
            ..Default::default()
        };
        client.create_process_instance(request).await.unwrap();
        let before = jobs(&mut client, poll("before", 1, 10_000)).await.unwrap().remove(0);
        assert_eq!(before.kind(), JobKind::ExecutionListener);
        assert_eq!(before.listener_event_type(), ListenerEventType::Start);
        assert_eq!(before.user_task, None);
        let request =
            wire::CompleteJobRequest { job_key: before.key, variables: "{}".into(), result: None };
        client.complete_job(request).await.unwrap();
        let check = jobs(&mut client, poll("check", 1, 10_000)).await.unwrap().remove(0);
        assert_eq!(check.kind(), JobKind::TaskListener);
        assert_eq!(check.listener_event_type(), ListenerEventType::Creating);
        let task = check.user_task.unwrap();
        assert!(task.user_task_key.is_some_and(|key| key > 0), "{task:?}");
        let expected = wire::UserTaskProperties {
            action: Some(String::new()),
            candidate_groups: vec!["clerks".into(), "heads".into()],
            due_date: Some("2030-01-31T12:00:00.000Z".into()),
            priority: Some(70),
            user_task_key: task.user_task_key,
            ..Default::default()
        };
        assert_eq!(task, expected);
    });
}

#[test]
fn an_instance_ends_after_the_element_that_its_start_names() {
    const TWO: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="one" />
    <bpmn:serviceTask id="one">
      <bpmn:extensionElements><zeebe:taskDefinition type="work" /></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="one" targetRef="two" />
    <bpmn:serviceTask id="two">
      <bpmn:extensionElements><zeebe:taskDefinition type="work" /></bpmn:extensionElements>
    </bpmn:serviceTask>
  </bpmn:process>
</bpmn:definitions>"#;
    let ends = |instruction| wire::CreateProcessInstanceRequest {
        bpmn_process_id: "p".into(),
        runtime_instructions: vec![wire::ProcessInstanceCreationRuntimeInstruction { instruction }],
        ..Default::default()
    };
    let after = |id: &str| {
        let after_element_id = id.to_owned();
        ends(Some(Instruction::Terminate(wire::TerminateProcessInstanceInstruction {
            after_element_id,
        })))
    };
    against_a_server(|mut client, _| async move {
        deployed(&mut client, TWO).await;
        let outcome = client.create_process_instance(ends(None)).await.map(|_| ());
        refused(outcome, Code::InvalidArgument, "it is empty");
        let outcome = client.create_process_instance(after("three")).await.map(|_| ());
        refused(outcome, Code::InvalidArgument, "three");
        let created = client.create_process_instance(after("one")).await.unwrap().into_inner();
        let first = job(&mut client).await;
        assert_eq!(first.element_id, "one");
        let done =
            wire::CompleteJobRequest { job_key: first.key, variables: "{}".into(), result: None };
        client.complete_job(done).await.unwrap();
        let cancel = wire::CancelProcessInstanceRequest {
            process_instance_key: created.process_instance_key,
            operation_reference: None,
        };
        let outcome = client.cancel_process_instance(cancel).await.map(|_| ());
        refused(outcome, Code::NotFound, "was cancelled");
    });
}

//! Changing running instances.

use proto::gateway as wire;
use proto::gateway::deployment::Metadata;
use proto::gateway::migrate_process_instance_request::{MappingInstruction, MigrationPlan};
use proto::gateway::modify_process_instance_request as modify;
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

//! The gRPC gateway from outside: what clients send, and what must be refused.

mod changes;

use std::sync::Arc;
use std::time::Duration;

use fermata_server::host::HostOptions;
use fermata_server::{Server, ServerOptions};
use proto::gateway as wire;
use proto::gateway::deployment::Metadata;
use proto::gateway::gateway_client::GatewayClient;
use proto::health::HealthCheckRequest;
use proto::health::health_client::HealthClient;
use store::{MemoryStore, Store};
use tonic::Code;
use tonic::transport::Channel;

const MODEL: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:t">
<bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"/>
<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="work"/>
<bpmn:serviceTask id="work"><bpmn:extensionElements><zeebe:taskDefinition type="work"/></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:sequenceFlow id="g" sourceRef="work" targetRef="e"/><bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>"#;

type Gateway = GatewayClient<Channel>;

/// Runs a story against a server on free ports, with one shard and with three.
fn against_a_server<F: Future<Output = ()>>(story: impl Fn(Gateway, Channel) -> F) {
    against_a_server_with(HostOptions::default(), story);
}

fn against_a_server_with<F: Future<Output = ()>>(
    host: HostOptions,
    story: impl Fn(Gateway, Channel) -> F,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for shards in [1, 3] {
        runtime.block_on(async {
            let memory: Arc<dyn Store> = Arc::new(MemoryStore::new(shards));
            let any = "127.0.0.1:0".parse().unwrap();
            let options = ServerOptions { main: any, grpc: any, host };
            let server = Server::start(&memory, &options).await.unwrap();
            let url = format!("http://{}", server.grpc_address());
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let running = tokio::spawn(server.run_until(async { drop(stopped.await) }));
            let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
            let client = GatewayClient::new(channel.clone()).max_encoding_message_size(usize::MAX);
            story(client, channel).await;
            drop(stop);
            running.await.unwrap().unwrap();
        });
    }
}

async fn deploy(client: &mut Gateway, name: &str, content: &[u8]) -> Result<(), tonic::Status> {
    let resource = wire::Resource { name: name.into(), content: content.to_vec() };
    let request =
        wire::DeployResourceRequest { resources: vec![resource], tenant_id: String::new() };
    client.deploy_resource(request).await.map(|_| ())
}

async fn create(client: &mut Gateway, variables: &str) -> Result<i64, tonic::Status> {
    let request = wire::CreateProcessInstanceRequest {
        bpmn_process_id: "p".into(),
        version: -1,
        variables: variables.into(),
        ..Default::default()
    };
    client.create_process_instance(request).await.map(|done| done.into_inner().process_instance_key)
}

fn poll(job_type: &str, jobs: i32, wait_ms: i64) -> wire::ActivateJobsRequest {
    wire::ActivateJobsRequest {
        r#type: job_type.into(),
        worker: "w".into(),
        timeout: 60_000,
        max_jobs_to_activate: jobs,
        request_timeout: wait_ms,
        ..Default::default()
    }
}

async fn jobs(
    client: &mut Gateway,
    request: wire::ActivateJobsRequest,
) -> Result<Vec<wire::ActivatedJob>, tonic::Status> {
    let mut stream = client.activate_jobs(request).await?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = stream.message().await? {
        all.extend(answer.jobs);
    }
    Ok(all)
}

fn refused(outcome: Result<(), tonic::Status>, code: Code, words: &str) {
    let status = outcome.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    assert!(status.message().contains(words), "expected `{words}` in: {}", status.message());
}

#[test]
fn a_poll_that_waits_gets_the_job_when_it_comes_up() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let mut other = client.clone();
        let waiting = tokio::spawn(async move { jobs(&mut other, poll("work", 5, 30_000)).await });
        let instance = create(&mut client, r#"{"x": 1}"#).await.unwrap();
        let found = waiting.await.unwrap().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].process_instance_key, instance);
        assert_eq!(found[0].variables, r#"{"x":1}"#);
        assert_eq!(jobs(&mut client, poll("work", 5, -1)).await.unwrap(), []);
    });
}

#[test]
fn a_poll_ends_with_ok_before_the_callers_own_deadline() {
    against_a_server(|mut client, _| async move {
        let mut request = tonic::Request::new(poll("nobody", 1, 600_000));
        request.set_timeout(Duration::from_millis(400));
        let mut stream = client.activate_jobs(request).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap(), None);
    });
}

#[test]
fn a_stream_pushes_jobs_and_a_result_reaches_the_one_who_waits() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let request = wire::StreamActivatedJobsRequest {
            r#type: "work".into(),
            worker: "s".into(),
            timeout: 60_000,
            ..Default::default()
        };
        let mut stream = client.stream_activated_jobs(request).await.unwrap().into_inner();
        let mut worker = client.clone();
        let work = tokio::spawn(async move {
            for _ in 0..50 {
                let job = stream.message().await.unwrap().unwrap();
                let variables = r#"{"done": true}"#.into();
                let request =
                    wire::CompleteJobRequest { job_key: job.key, variables, result: None };
                worker.complete_job(request).await.unwrap();
            }
        });
        for number in 0..50 {
            let request = wire::CreateProcessInstanceWithResultRequest {
                request: Some(wire::CreateProcessInstanceRequest {
                    bpmn_process_id: "p".into(),
                    variables: format!(r#"{{"n": {number}}}"#),
                    ..Default::default()
                }),
                // With a time of its own and without.
                request_timeout: if number % 2 == 0 { 30_000 } else { 0 },
                fetch_variables: Vec::new(),
            };
            let result = client.create_process_instance_with_result(request).await.unwrap();
            assert_eq!(result.into_inner().variables, format!(r#"{{"done":true,"n":{number}}}"#));
        }
        work.await.unwrap();
    });
}

#[test]
fn who_has_given_up_a_result_leaves_the_place_to_others() {
    let few = HostOptions { waiting_max: 10, ..HostOptions::default() };
    against_a_server_with(few, |mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let process = wire::CreateProcessInstanceRequest {
            bpmn_process_id: "p".into(),
            ..Default::default()
        };
        let request = |request_timeout| wire::CreateProcessInstanceWithResultRequest {
            request: Some(process.clone()),
            request_timeout,
            fetch_variables: Vec::new(),
        };
        // More than may wait at once, by each road on which a caller may go away.
        for number in 0..100 {
            let mut caller = client.clone();
            let request = request(if number % 2 == 0 { 0 } else { 3_600_000 });
            let call = caller.create_process_instance_with_result(request);
            let given_up = tokio::time::timeout(Duration::from_millis(1), call).await;
            if let Ok(Err(status)) = given_up {
                panic!("call {number} was refused: {status}");
            }
        }
        let given_up = client.create_process_instance_with_result(request(1)).await;
        refused(given_up.map(drop), Code::DeadlineExceeded, "goes on");
    });
}

#[test]
fn a_time_that_grpc_does_not_know_is_refused() {
    against_a_server(|client, _| async move {
        for (given, words) in [
            ("18446744073709551615S", "at most 8 digits"),
            ("123456789m", "at most 8 digits"),
            ("5", "`5`"),
            ("S", "`S`"),
            ("+5S", "`+5S`"),
            ("5s", "`5s`"),
        ] {
            let mut poll = tonic::Request::new(poll("nobody", 1, 10));
            poll.metadata_mut().insert("grpc-timeout", given.parse().unwrap());
            let refusal = client.clone().activate_jobs(poll).await;
            refused(refusal.map(drop), Code::InvalidArgument, words);
            let request = wire::CreateProcessInstanceWithResultRequest::default();
            let mut call = tonic::Request::new(request);
            call.metadata_mut().insert("grpc-timeout", given.parse().unwrap());
            let refusal = client.clone().create_process_instance_with_result(call).await;
            refused(refusal.map(drop), Code::InvalidArgument, words);
        }
        let mut longest = tonic::Request::new(poll("nobody", 1, 10));
        longest.metadata_mut().insert("grpc-timeout", "99999999H".parse().unwrap());
        client.clone().activate_jobs(longest).await.unwrap();
    });
}

#[test]
fn a_result_is_waited_for_no_longer_than_the_request_says_and_the_instance_goes_on() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let request = wire::CreateProcessInstanceWithResultRequest {
            request: Some(wire::CreateProcessInstanceRequest {
                bpmn_process_id: "p".into(),
                ..Default::default()
            }),
            request_timeout: 10,
            fetch_variables: Vec::new(),
        };
        // The request's own time, and the call's.
        let short = client.create_process_instance_with_result(request.clone());
        let short = tokio::time::timeout(Duration::from_mins(1), short).await;
        refused(short.expect("an answer").map(drop), Code::DeadlineExceeded, "goes on");
        let mut call = tonic::Request::new(wire::CreateProcessInstanceWithResultRequest {
            request_timeout: 0,
            ..request
        });
        // Not `set_timeout`: with it the client itself would give up.
        call.metadata_mut().insert("grpc-timeout", "20m".parse().unwrap());
        let short = client.create_process_instance_with_result(call);
        let short = tokio::time::timeout(Duration::from_mins(1), short).await;
        refused(short.expect("an answer").map(drop), Code::DeadlineExceeded, "goes on");
        assert_eq!(jobs(&mut client, poll("work", 5, -1)).await.unwrap().len(), 2);
    });
}

#[test]
fn models_that_cannot_run_are_refused_with_their_place_and_nothing_is_deployed() {
    against_a_server(|mut client, _| async move {
        let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let dtd = format!(r#"<!DOCTYPE x [<!ENTITY a "b">]>{MODEL}"#);
        let huge = vec![b' '; 100 * 1024 * 1024];
        let dangling = MODEL.replace(r#"targetRef="e""#, r#"targetRef="nowhere""#);
        let twice = MODEL.replace(
            r#"<bpmn:endEvent id="e"/>"#,
            r#"<bpmn:endEvent id="e"/><bpmn:endEvent id="e"/>"#,
        );
        let call = MODEL.replace("serviceTask", "callChoreography");
        let no_start = MODEL.replace("startEvent", "endEvent");
        let feel = MODEL.replace(r#"type="work""#, r#"type="= 1 +""#);
        let cases: [(&str, &[u8], &str); 11] = [
            ("p.bpmn", b"not XML", "p.bpmn:1:"),
            ("p.bpmn", dtd.as_bytes(), "DTD"),
            ("p.bpmn", nested.as_bytes(), "deep"),
            (
                "p.bpmn",
                b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>",
                "process",
            ),
            ("p.bpmn", dangling.as_bytes(), "nowhere"),
            ("p.bpmn", twice.as_bytes(), "\"e\""),
            ("p.bpmn", call.as_bytes(), "callChoreography"),
            ("p.bpmn", no_start.as_bytes(), "start"),
            ("p.bpmn", feel.as_bytes(), "p.bpmn:"),
            ("p.bpmn", &[0xff, 0xfe, 0x00], "UTF-8"),
            ("p.txt", b"hello", "p.txt"),
        ];
        for (name, content, words) in cases {
            refused(deploy(&mut client, name, content).await, Code::InvalidArgument, words);
        }
        let too_large = deploy(&mut client, "p.bpmn", &huge).await.unwrap_err();
        assert!(
            matches!(
                too_large.code(),
                Code::OutOfRange | Code::ResourceExhausted | Code::InvalidArgument
            ),
            "{too_large}"
        );
        refused(create(&mut client, "{}").await.map(|_| ()), Code::NotFound, "none is deployed");
    });
}

#[test]
fn requests_that_can_never_be_right_are_refused() {
    against_a_server(|mut client, _| async move {
        deploy(&mut client, "p.bpmn", MODEL.as_bytes()).await.unwrap();
        let invalid = Code::InvalidArgument;
        for variables in ["[1]", "7", "{\"a\":", "{} {}"] {
            refused(create(&mut client, variables).await.map(|_| ()), invalid, "JSON object");
        }
        let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(5 * 1024 * 1024));
        refused(create(&mut client, &large).await.map(|_| ()), invalid, "over the limit");
        let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
        refused(create(&mut client, &deep).await.map(|_| ()), invalid, "deep");
        let complete =
            |job_key| wire::CompleteJobRequest { job_key, variables: String::new(), result: None };
        for key in [0, -1, 4_711, i64::MAX] {
            let outcome = client.complete_job(complete(key)).await.map(|_| ());
            refused(outcome, Code::NotFound, &key.to_string());
        }
        create(&mut client, "{}").await.unwrap();
        let job = jobs(&mut client, poll("work", 1, 10_000)).await.unwrap().remove(0).key;
        client.complete_job(complete(job)).await.unwrap();
        refused(
            client.complete_job(complete(job)).await.map(|_| ()),
            Code::NotFound,
            "has completed",
        );
        let negative = wire::ActivateJobsRequest { timeout: -5, ..poll("work", 1, -1) };
        refused(jobs(&mut client, negative).await.map(|_| ()), invalid, "-5");
        refused(jobs(&mut client, poll("", 1, -1)).await.map(|_| ()), invalid, "job type");
        refused(jobs(&mut client, poll("work", 0, -1)).await.map(|_| ()), invalid, "at least 1");
        let nameless = wire::PublishMessageRequest::default();
        refused(client.publish_message(nameless).await.map(|_| ()), invalid, "name");
        let tenant =
            wire::ActivateJobsRequest { tenant_ids: vec!["acme".into()], ..poll("work", 1, -1) };
        refused(jobs(&mut client, tenant).await.map(|_| ()), invalid, "one tenant");
        let signal = wire::BroadcastSignalRequest::default();
        refused(client.broadcast_signal(signal).await.map(|_| ()), invalid, "name");
        let signal = wire::BroadcastSignalRequest { signal_name: "s".into(), ..Default::default() };
        assert!(client.broadcast_signal(signal).await.unwrap().into_inner().key > 0);
    });
}

#[test]
fn a_message_published_twice_is_refused_the_second_time() {
    against_a_server(|mut client, _| async move {
        let message = wire::PublishMessageRequest {
            name: "paid".into(),
            correlation_key: "A".into(),
            message_id: "once".into(),
            ..Default::default()
        };
        client.publish_message(message.clone()).await.unwrap();
        refused(client.publish_message(message).await.map(|_| ()), Code::AlreadyExists, "`once`");
    });
}

#[test]
fn health_knows_the_gateway_and_topology_its_shards() {
    against_a_server(|mut client, channel| async move {
        let mut health = HealthClient::new(channel);
        for service in ["", "gateway_protocol.Gateway"] {
            let request = HealthCheckRequest { service: service.into() };
            assert_eq!(health.check(request).await.unwrap().into_inner().status, 1);
        }
        let unknown = HealthCheckRequest { service: "other".into() };
        assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
        let topology = client.topology(wire::TopologyRequest {}).await.unwrap().into_inner();
        assert_eq!(
            i32::try_from(topology.brokers[0].partitions.len()),
            Ok(topology.partitions_count)
        );
    });
}

#[test]
fn a_decision_is_deployed_and_evaluated() {
    const GRAPH: &str = include_str!("../../../../examples/discount/discount.dmn");
    against_a_server(|mut client, _| async move {
        let resource =
            wire::Resource { name: "discount.dmn".into(), content: GRAPH.as_bytes().to_vec() };
        let request =
            wire::DeployResourceRequest { resources: vec![resource], tenant_id: String::new() };
        let deployed = client.deploy_resource(request).await.unwrap().into_inner().deployments;
        let metadata: Vec<_> = deployed.into_iter().map(|one| one.metadata.unwrap()).collect();
        let [
            Metadata::Decision(table),
            Metadata::Decision(price),
            Metadata::DecisionRequirements(graph),
        ] = &metadata[..]
        else {
            panic!("{metadata:?}")
        };
        assert_eq!((&*table.dmn_decision_id, table.version), ("discount", 1));
        assert_eq!(price.decision_requirements_key, graph.decision_requirements_key);

        let order = r#"{"customer": {"kind": "business"}, "total": 1200}"#;
        let ask = |decision_key, decision_id: &str| wire::EvaluateDecisionRequest {
            decision_key,
            decision_id: decision_id.into(),
            variables: order.into(),
            tenant_id: String::new(),
        };
        let answer = client.evaluate_decision(ask(0, "price")).await.unwrap().into_inner();
        assert_eq!((&*answer.decision_output, answer.decision_key), ("1020", price.decision_key));
        assert_eq!(answer.failed_decision_id, "");
        let first = &answer.evaluated_decisions[0];
        assert_eq!((&*first.decision_type, &*first.decision_output), ("DECISION_TABLE", "0.15"));
        assert_eq!(first.evaluated_inputs[1].input_value, "1200");
        assert_eq!(first.matched_rules[0].rule_index, 1);
        assert_eq!(first.matched_rules[0].evaluated_outputs[0].output_value, "0.15");
        let by_key = client.evaluate_decision(ask(table.decision_key, "")).await.unwrap();
        assert_eq!(by_key.into_inner().decision_output, "0.15");

        deploy(&mut client, "discount.dmn", GRAPH.replace("FIRST", "UNIQUE").as_bytes())
            .await
            .unwrap();
        let failed = client.evaluate_decision(ask(0, "price")).await.unwrap().into_inner();
        assert_eq!((&*failed.failed_decision_id, &*failed.decision_output), ("discount", "null"));
        assert!(!failed.failure_message.is_empty());

        for (request, code, words) in [
            (ask(0, "rebate"), Code::NotFound, "deploy it, or check the id"),
            (ask(7, ""), Code::NotFound, "with key 7"),
            (ask(0, ""), Code::InvalidArgument, "neither"),
            (ask(7, "price"), Code::InvalidArgument, "both"),
        ] {
            refused(client.evaluate_decision(request).await.map(drop), code, words);
        }
    });
}

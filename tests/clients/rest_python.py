"""Camunda's own Python client (PyPI `camunda-orchestration-sdk`, 10.x) against a Fermata server.

    python3 rest_python.py http://localhost:8080

Prints what it checked; exits with 1 at the first thing that is not as expected.
"""

import io
import pathlib
import sys
import uuid

import camunda_orchestration_sdk as sdk
from camunda_orchestration_sdk import CamundaClient, errors
from camunda_orchestration_sdk.models.create_deployment_data import CreateDeploymentData
from camunda_orchestration_sdk.types import File

# Every run has its own process, job type and message: a server may be used again.
RUN = uuid.uuid4().hex[:8]

MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:message id="m1" name="paid-{RUN}">
    <bpmn:extensionElements><zeebe:subscription correlationKey="= order" /></bpmn:extensionElements>
  </bpmn:message>
  <bpmn:process id="order-{RUN}" name="Order" isExecutable="true">
    <bpmn:extensionElements><zeebe:versionTag value="stable" /></bpmn:extensionElements>
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-charge" sourceRef="start" targetRef="charge" />
    <bpmn:serviceTask id="charge" name="Charge the card">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="charge-{RUN}" retries="2" />
        <zeebe:taskHeaders><zeebe:header key="region" value="eu" /></zeebe:taskHeaders>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="to-approve" sourceRef="charge" targetRef="approve" />
    <bpmn:userTask id="approve" name="Approve the order">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:assignmentDefinition candidateGroups="sales" />
      </bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="to-paid" sourceRef="approve" targetRef="paid" />
    <bpmn:intermediateCatchEvent id="paid" name="Paid">
      <bpmn:messageEventDefinition messageRef="m1" />
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="to-end" sourceRef="paid" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>"""


def check(what, found, expected):
    if found != expected:
        sys.exit(f"FAILED {what}: expected {expected!r}, but found {found!r}")
    print(f"ok {what}")


def refused(what, error, call):
    try:
        call()
    except error as problem:
        print(f"ok {what} ({type(problem).__name__})")
    else:
        sys.exit(f"FAILED {what}: expected it to be refused")


def eventually(what, ask, fits):
    """What crosses shards takes a moment."""
    for _ in range(500):
        found = ask()
        if fits(found):
            return found
    sys.exit(f"FAILED {what}: {found!r}")


def deploy(client):
    data = CreateDeploymentData(
        resources=[File(payload=io.BytesIO(MODEL.encode()), file_name="order.bpmn")]
    )
    deployed = client.create_deployment(data=data)
    process = deployed.deployments[0].process_definition
    check("deploy", (process.process_definition_id, process.process_definition_version),
          (f"order-{RUN}", 1))
    found = client.get_process_definition(process.process_definition_key)
    check("definition", (found.name, found.version_tag), ("Order", "stable"))
    check("model", client.get_process_definition_xml(process.process_definition_key), MODEL)
    query = sdk.ProcessDefinitionSearchQuery.from_dict(
        {"filter": {"processDefinitionId": f"order-{RUN}", "isLatestVersion": True}})
    found = client.search_process_definitions(data=query)
    check("search definitions", found.page.total_items, 1)
    return process.process_definition_key


def create(client, **more):
    body = {"processDefinitionId": f"order-{RUN}", "variables": {"order": RUN, "total": 12.5}}
    created = client.create_process_instance(
        data=sdk.ProcessCreationById.from_dict({**body, **more}))
    return created


def create_by_all(client, definition):
    created = create(client, tags=["vip"], businessId=f"b-{RUN}")
    check("create by id", (created.tags, created.business_id), (["vip"], f"b-{RUN}"))
    by_key = client.create_process_instance(
        data=sdk.ProcessCreationByKey.from_dict({"processDefinitionKey": definition}))
    by_tag = client.create_process_instance(data=sdk.ProcessCreationByVersionTag.from_dict(
        {"processDefinitionId": f"order-{RUN}", "processDefinitionVersionTag": "stable"}))
    for other in (by_key, by_tag):
        check("create by key or version tag", other.process_definition_key, definition)
        # Without `data` this release of the client fails on its own.
        client.cancel_process_instance(other.process_instance_key, data=None)
        found = client.get_process_instance(other.process_instance_key)
        check("cancel", str(found.state.value), "TERMINATED")
    refused("create what is not deployed", errors.ApiError,
            lambda: client.create_process_instance(
                data=sdk.ProcessCreationById.from_dict({"processDefinitionId": "nothing"})))
    refused("wait for a result that does not come", errors.ApiError,
            lambda: create(client, awaitCompletion=True, requestTimeout=50))
    return created.process_instance_key


def jobs(client, instance):
    ask = sdk.JobActivationRequest.from_dict(
        {"type": f"charge-{RUN}", "worker": "w", "timeout": 60000, "maxJobsToActivate": 5,
         "requestTimeout": 5000})
    leased = client.activate_jobs(data=ask).jobs
    job = next(job for job in leased if job.process_instance_key == instance)
    check("activate", job.variables.to_dict(), {"order": RUN, "total": 12.5})
    check("headers", job.custom_headers.to_dict()["region"], "eu")
    check("tags and business id of a job", (job.tags, job.business_id), (["vip"], f"b-{RUN}"))
    query = sdk.JobSearchQuery.from_dict(
        {"filter": {"type": f"charge-{RUN}", "processInstanceKey": instance}})
    found = client.search_jobs(data=query)
    check("search jobs", found.items[0].job_key, job.job_key)
    client.update_job(job.job_key, data=sdk.JobUpdateRequest.from_dict(
        {"changeset": {"retries": 5, "timeout": 30000}}))
    client.fail_job(job.job_key, data=sdk.JobFailRequest.from_dict(
        {"retries": 0, "errorMessage": "busy"}))
    query = sdk.IncidentSearchQuery.from_dict(
        {"filter": {"processInstanceKey": instance, "state": "ACTIVE"}})
    incident = client.search_incidents(data=query).items[0]
    check("incident", str(incident.error_type.value), "JOB_NO_RETRIES")
    client.update_job(job.job_key, data=sdk.JobUpdateRequest.from_dict(
        {"changeset": {"retries": 1}}))
    client.resolve_incident(incident.incident_key)
    found = client.get_incident(incident.incident_key)
    check("resolve", str(found.state.value), "RESOLVED")
    again = client.activate_jobs(data=ask).jobs
    check("activate again", [job.job_key for job in again], [job.job_key])
    client.complete_job(job.job_key, data=sdk.JobCompletionRequest.from_dict(
        {"variables": {"charged": True}}))
    refused("complete twice", errors.ApiError, lambda: client.complete_job(job.job_key))


def tasks(client, instance):
    query = sdk.UserTaskSearchQuery.from_dict(
        {"filter": {"processInstanceKey": instance, "state": "CREATED"},
         "sort": [{"field": "creationDate", "order": "DESC"}]})
    task = client.search_user_tasks(data=query).items[0]
    check("search tasks", (task.name, task.candidate_groups), ("Approve the order", ["sales"]))
    key = task.user_task_key
    client.assign_user_task(key, data=sdk.UserTaskAssignmentRequest.from_dict(
        {"assignee": "ann"}))
    check("assign", client.get_user_task(key).assignee, "ann")
    refused("assign what is taken", errors.ApiError,
            lambda: client.assign_user_task(key, data=sdk.UserTaskAssignmentRequest.from_dict(
                {"assignee": "bob", "allowOverride": False})))
    client.unassign_user_task(key)
    check("unassign", client.get_user_task(key).assignee, None)
    client.update_user_task(key, data=sdk.UserTaskUpdateRequest.from_dict(
        {"changeset": {"priority": 80, "dueDate": "2030-01-02T03:04:05Z"}}))
    check("update", client.get_user_task(key).priority, 80)
    client.create_element_instance_variables(
        task.element_instance_key,
        data=sdk.SetVariableRequest.from_dict({"variables": {"note": "x"}, "local": True}))
    found = client.search_user_task_variables(key)
    names = sorted(variable.name for variable in found.items)
    check("variables of a task", names, ["charged", "note", "order", "total"])
    found = client.search_user_task_effective_variables(key)
    check("effective variables", found.page.total_items, 4)
    client.complete_user_task(key, data=sdk.UserTaskCompletionRequest.from_dict(
        {"variables": {"approved": True}}))
    check("complete", str(client.get_user_task(key).state.value), "COMPLETED")


def messages(client, instance):
    published = client.publish_message(data=sdk.MessagePublicationRequest.from_dict(
        {"name": f"other-{RUN}", "correlationKey": "k", "timeToLive": 1000, "messageId": RUN}))
    check("publish", bool(published.message_key), True)

    def correlate():
        try:
            return client.correlate_message(data=sdk.MessageCorrelationRequest.from_dict(
                {"name": f"paid-{RUN}", "correlationKey": RUN, "variables": {"paid": 12.5}}))
        except errors.ApiError:
            return None

    correlated = eventually("correlate", correlate, lambda found: found is not None)
    check("correlate", correlated.process_instance_key, instance)
    ended = eventually("end", lambda: client.get_process_instance(instance),
                       lambda found: found.state.value != "ACTIVE")
    check("end", str(ended.state.value), "COMPLETED")


def history(client, instance):
    query = sdk.ProcessInstanceSearchQuery.from_dict(
        {"filter": {"processDefinitionId": {"$like": f"order-{RUN}"}, "state": "COMPLETED"},
         "page": {"limit": 10}})
    found = client.search_process_instances(data=query)
    check("search instances", [item.process_instance_key for item in found.items], [instance])
    query = sdk.ElementInstanceSearchQuery.from_dict({"filter": {"processInstanceKey": instance}})
    found = client.search_element_instances(data=query)
    kinds = [item.type_.value for item in found.items]
    check("search elements", kinds, ["PROCESS", "START_EVENT", "SERVICE_TASK", "USER_TASK",
                                     "INTERMEDIATE_CATCH_EVENT", "END_EVENT"])
    one = client.get_element_instance(found.items[2].element_instance_key)
    check("element", one.element_name, "Charge the card")
    query = sdk.VariableSearchQuery.from_dict(
        {"filter": {"processInstanceKey": instance, "name": "approved"}})
    found = client.search_variables(data=query)
    check("search variables", found.items[0].value, "true")
    one = client.get_variable(found.items[0].variable_key)
    check("variable", one.name, "approved")
    found = client.get_process_instance_statistics(instance)
    check("statistics", sum(item.completed for item in found.items), 5)
    found = client.get_process_instance_sequence_flows(instance)
    check("flows", len(found.items), 4)
    check("incidents of an instance",
          client.search_process_instance_incidents(instance).page.total_items, 1)


def decisions(client):
    example = pathlib.Path(__file__).parents[2] / "examples" / "discount"
    files = [(example / "discount.dmn"), (example / "discount.bpmn")]
    data = CreateDeploymentData(resources=[
        File(payload=io.BytesIO(file.read_bytes()), file_name=file.name) for file in files])
    deployed = client.create_deployment(data=data).deployments
    table = next(one.decision_definition for one in deployed if one.decision_definition)
    graph = next(one.decision_requirements for one in deployed if one.decision_requirements)
    check("deploy decisions", (table.decision_definition_id, graph.decision_requirements_name),
          ("discount", "Discounts"))
    query = sdk.DecisionDefinitionSearchQuery.from_dict(
        {"filter": {"decisionDefinitionId": "price", "isLatestVersion": True}})
    found = client.search_decision_definitions(data=query)
    check("search decisions", [one.name for one in found.items], ["price"])
    query = sdk.DecisionRequirementsSearchQuery.from_dict(
        {"filter": {"decisionRequirementsId": "discounts"}})
    check("search decision requirements",
          client.search_decision_requirements(data=query).items[0].resource_name, "discount.dmn")
    check("model of a decision",
          client.get_decision_definition_xml(table.decision_definition_key), files[0].read_text())
    order = {"customer": {"kind": "business"}, "total": 1200}
    answer = client.evaluate_decision(data=sdk.DecisionEvaluationByID.from_dict(
        {"decisionDefinitionId": "price", "variables": order}))
    check("evaluate a decision", answer.output, "1020")
    first = answer.evaluated_decisions[0]
    check("explanation", (first.matched_rules[0].rule_index, first.evaluated_inputs[1].input_value),
          (1, "1200"))
    refused("evaluate an unknown decision", errors.ApiError,
            lambda: client.evaluate_decision(data=sdk.DecisionEvaluationByID.from_dict(
                {"decisionDefinitionId": "rebate"})))
    created = client.create_process_instance(data=sdk.ProcessCreationById.from_dict(
        {"processDefinitionId": "price-an-order", "variables": order, "awaitCompletion": True}))
    query = sdk.DecisionInstanceSearchQuery.from_dict(
        {"filter": {"processInstanceKey": created.process_instance_key}})
    found = client.search_decision_instances(data=query).items
    check("search decision instances", [one.result for one in found], ["0.15", "1020"])
    one = client.get_decision_instance(found[0].decision_evaluation_instance_key)
    check("a decision instance", (str(one.state.value), one.matched_rules[0].rule_id),
          ("EVALUATED", "large-business"))


AGENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="agent-{RUN}" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-tools" sourceRef="start" targetRef="tools" />
    <bpmn:adHocSubProcess id="tools">
      <bpmn:extensionElements>
        <zeebe:adHoc outputCollection="found" outputElement="= result" />
        <zeebe:taskDefinition type="decide-{RUN}" />
      </bpmn:extensionElements>
      <bpmn:serviceTask id="search">
        <bpmn:extensionElements><zeebe:taskDefinition type="search-{RUN}" /></bpmn:extensionElements>
      </bpmn:serviceTask>
    </bpmn:adHocSubProcess>
  </bpmn:process>
</bpmn:definitions>"""


def ad_hoc(client):
    data = CreateDeploymentData(
        resources=[File(payload=io.BytesIO(AGENT.encode()), file_name="agent.bpmn")])
    client.create_deployment(data=data)
    created = client.create_process_instance(
        data=sdk.ProcessCreationById.from_dict({"processDefinitionId": f"agent-{RUN}"}))
    instance = created.process_instance_key

    def job(name):
        ask = sdk.JobActivationRequest.from_dict(
            {"type": f"{name}-{RUN}", "worker": "w", "timeout": 60000, "maxJobsToActivate": 1,
             "requestTimeout": 5000})
        return client.activate_jobs(data=ask).jobs[0]

    def complete(job, **more):
        client.complete_job(job.job_key, data=sdk.JobCompletionRequest.from_dict(more))

    decide = job("decide")
    check("the job of an ad-hoc sub-process", str(decide.kind.value), "AD_HOC_SUB_PROCESS")
    elements = decide.variables.to_dict()["adHocSubProcessElements"]
    check("its elements", [element["elementId"] for element in elements], ["search"])
    complete(decide, result={
        "type": "adHocSubProcess",
        "activateElements": [{"elementId": "search", "variables": {"query": "a"}}]})
    search = job("search")
    check("variables of an activation", search.variables.to_dict()["query"], "a")
    client.activate_ad_hoc_sub_process_activities(
        decide.element_instance_key,
        data=sdk.AdHocSubProcessActivateActivitiesInstruction.from_dict(
            {"elements": [{"elementId": "search"}]}))
    complete(search, variables={"result": 1})
    complete(job("search"), variables={"result": 2})
    decide = job("decide")
    check("asked again", decide.variables.to_dict()["found"], [1, 2])
    complete(decide, result={"type": "adHocSubProcess", "isCompletionConditionFulfilled": True})
    found = client.get_process_instance(instance)
    check("the ad-hoc sub-process is done", str(found.state.value), "COMPLETED")


def worker(client):
    """The client's own worker, on an instance of its own."""
    import asyncio

    from camunda_orchestration_sdk import CamundaAsyncClient
    from camunda_orchestration_sdk.runtime.job_worker import WorkerConfig

    instance = create(client).process_instance_key

    async def work():
        done = asyncio.Event()

        async def charge(job):
            if job.process_instance_key == instance:
                done.set()
            return {"charged": "by the worker"}

        configuration = {"CAMUNDA_REST_ADDRESS": client.configuration.CAMUNDA_REST_ADDRESS}
        async with CamundaAsyncClient(configuration=configuration) as workers:
            config = WorkerConfig(job_type=f"charge-{RUN}", job_timeout_milliseconds=30000)
            started = workers.create_job_worker(config, charge, execution_strategy="async")
            await asyncio.wait_for(done.wait(), 30)
            for _ in range(100):
                query = sdk.UserTaskSearchQuery.from_dict(
                    {"filter": {"processInstanceKey": instance}})
                if (await workers.search_user_tasks(data=query)).page.total_items:
                    break
                await asyncio.sleep(0.05)
            else:
                sys.exit("FAILED worker: its job was not completed")
            started.stop()

    asyncio.run(work())
    print("ok worker")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with CamundaClient(configuration={"CAMUNDA_REST_ADDRESS": sys.argv[1]}) as client:
        topology = client.get_topology()
        check("topology", topology.partitions_count, len(topology.brokers[0].partitions))
        check("authentication", bool(client.get_authentication().username), True)
        client.get_status()
        check("license", client.get_license().is_commercial, False)
        definition = deploy(client)
        instance = create_by_all(client, definition)
        jobs(client, instance)
        tasks(client, instance)
        messages(client, instance)
        history(client, instance)
        decisions(client)
        ad_hoc(client)
        worker(client)
    print("all is well")


main()

"""Camunda's own Python client (PyPI `camunda-orchestration-sdk`, 10.x): what changes running
instances, listens to them and removes them.

    python3 changes_python.py http://localhost:8080

Prints what it checked; exits with 1 at the first thing that is not as expected.
"""

import io
import sys
import threading
import uuid

import camunda_orchestration_sdk as sdk
from camunda_orchestration_sdk import CamundaClient, errors
from camunda_orchestration_sdk.models.create_deployment_data import CreateDeploymentData
from camunda_orchestration_sdk.types import File

# Every run has its own processes and job types: a server may be used again.
RUN = uuid.uuid4().hex[:8]


def model(process, body):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="{process}-{RUN}" isExecutable="true">{body}</bpmn:process>
</bpmn:definitions>"""


def service(name):
    return f"""<bpmn:serviceTask id="{name}"><bpmn:extensionElements>
        <zeebe:taskDefinition type="{name}-{RUN}" /></bpmn:extensionElements></bpmn:serviceTask>"""


def flow(source, target):
    return f'<bpmn:sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}" />'


def line(*tasks):
    names = ["start", *tasks, "end"]
    return ('<bpmn:startEvent id="start" />' + "".join(service(task) for task in tasks)
            + '<bpmn:endEvent id="end" />'
            + "".join(flow(*pair) for pair in zip(names, names[1:])))


def check(what, found, expected):
    if found != expected:
        sys.exit(f"FAILED {what}: expected {expected!r}, but found {found!r}")
    print(f"ok {what}")


def refused(what, call, says=""):
    try:
        call()
    except errors.ApiError as problem:
        if says not in str(problem):
            sys.exit(f"FAILED {what}: expected {says!r} in {problem}")
        print(f"ok {what} ({type(problem).__name__})")
    else:
        sys.exit(f"FAILED {what}: expected it to be refused")


def deploy(client, process, body):
    file = File(payload=io.BytesIO(model(process, body).encode()), file_name=f"{process}.bpmn")
    deployed = client.create_deployment(data=CreateDeploymentData(resources=[file]))
    return deployed.deployments[0].process_definition.process_definition_key


def create(client, process, **more):
    body = {"processDefinitionId": f"{process}-{RUN}", **more}
    created = client.create_process_instance(data=sdk.ProcessCreationById.from_dict(body))
    return created.process_instance_key


def job(client, name):
    """One job of a type; waits until there is one."""
    ask = sdk.JobActivationRequest.from_dict(
        {"type": f"{name}-{RUN}", "worker": "w", "timeout": 60000, "maxJobsToActivate": 1,
         "requestTimeout": 20000})
    found = client.activate_jobs(data=ask).jobs
    if len(found) != 1:
        sys.exit(f"FAILED: expected a job {name}, but found none")
    return found[0]


def complete(client, one, **body):
    client.complete_job(one.job_key, data=sdk.JobCompletionRequest.from_dict(body))


def state(client, instance):
    return str(client.get_process_instance(instance).state.value)


def changes(client):
    """Start instructions, modification, migration."""
    deploy(client, "line", line("a", "b"))
    instance = create(client, "line", startInstructions=[{"elementId": "b"}])
    first = job(client, "b")
    check("start instruction", (first.element_id, first.process_instance_key), ("b", instance))
    element = first.element_instance_key
    client.modify_process_instance(
        instance,
        data=sdk.ProcessInstanceModificationInstruction.from_dict({
            "activateInstructions": [
                {"elementId": "a", "variableInstructions": [{"variables": {"again": True}}]}],
            "terminateInstructions": [{"elementInstanceKey": element}],
        }))
    again = job(client, "a")
    check("modification", again.variables.to_dict(), {"again": True})
    refused("modification of what is not there",
            lambda: client.modify_process_instance(
                instance, data=sdk.ProcessInstanceModificationInstruction.from_dict(
                    {"activateInstructions": [{"elementId": "nothing"}]})), "nothing")
    newer = deploy(client, "line", line("a", "c"))
    plan = {"targetProcessDefinitionKey": newer, "mappingInstructions": [
        {"sourceElementId": "a", "targetElementId": "a"}]}
    migrated = sdk.ProcessInstanceMigrationInstruction.from_dict(plan)
    client.migrate_process_instance(instance, data=migrated)
    found = client.get_process_instance(instance)
    check("migration", (found.process_definition_key, found.process_definition_version),
          (newer, 2))
    complete(client, again)
    complete(client, job(client, "c"))
    check("an instance that was changed ends", state(client, instance), "COMPLETED")
    return instance, newer


def deletion(client, instance, definition):
    living = create(client, "line")
    refused("deletion of what lives", lambda: client.delete_process_instance(living, data=None))
    client.delete_process_instance(instance, data=None)
    refused("a deleted instance is not found", lambda: client.get_process_instance(instance))
    gone = client.delete_resource(definition, data=None)
    check("deletion of a definition", gone.resource_key, definition)
    older = create(client, "line")
    found = client.get_process_instance(older)
    check("the version before is the latest", found.process_definition_version, 1)
    check("what lives goes on", state(client, living), "ACTIVE")


def conditions(client):
    start = """<bpmn:startEvent id="start"><bpmn:conditionalEventDefinition>
        <bpmn:condition>= degrees &gt; 30</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:startEvent>"""
    body = start + service("cool") + '<bpmn:endEvent id="end" />' + flow("start", "cool") + flow("cool", "end")
    hot = deploy(client, "hot", body)

    def started(degrees):
        asked = {"variables": {"degrees": degrees}, "processDefinitionKey": hot}
        result = client.evaluate_conditionals(
            data=sdk.ConditionalEvaluationInstruction.from_dict(asked))
        return [one.process_instance_key for one in result.process_instances]

    check("a condition that does not hold", started(20), [])
    instances = started(31)
    one = job(client, "cool")
    check("a condition that holds", [one.process_instance_key], instances)
    complete(client, one)


def listeners(client):
    listener = "".join(
        f'<zeebe:taskListener eventType="{event}" type="{event}-{RUN}" />'
        for event in ("creating", "completing", "canceling"))
    task = f"""<bpmn:userTask id="approve"><bpmn:extensionElements><zeebe:userTask />
        <zeebe:taskListeners>{listener}</zeebe:taskListeners></bpmn:extensionElements></bpmn:userTask>"""
    body = ('<bpmn:startEvent id="start" />' + task + '<bpmn:endEvent id="end" />'
            + flow("start", "approve") + flow("approve", "end"))
    deploy(client, "asked", body)
    instance = create(client, "asked")
    one = job(client, "creating")
    check("kind of a listener", (str(one.kind.value), str(one.listener_event_type.value)),
          ("TASK_LISTENER", "CREATING"))
    check("the task of a listener", (one.user_task.priority, one.user_task.assignee), (50, None))
    complete(client, one, result={"type": "userTask", "corrections": {"priority": 80}})
    query = sdk.UserTaskSearchQuery.from_dict({"filter": {"processInstanceKey": instance}})
    found = client.search_user_tasks(data=query).items[0]
    check("a listener's correction", found.priority, 80)

    def answered(result):
        """Completes the task while somebody answers for its listener."""
        outcome = []

        def ask():
            try:
                client.complete_user_task(
                    found.user_task_key, data=sdk.UserTaskCompletionRequest.from_dict({}))
                outcome.append("done")
            except errors.ApiError as problem:
                outcome.append(str(problem))

        asking = threading.Thread(target=ask)
        asking.start()
        complete(client, job(client, "completing"), result=result)
        asking.join()
        return outcome[0]

    denied = answered({"type": "userTask", "denied": True, "deniedReason": "too early"})
    check("a listener denies", "too early" in denied, True)
    check("a listener agrees", answered({"type": "userTask"}), "done")
    check("the instance ends", state(client, instance), "COMPLETED")

    other = create(client, "asked")
    complete(client, job(client, "creating"))
    client.cancel_process_instance(other, data=None)
    check("who listens to the cancellation is waited for", state(client, other), "ACTIVE")
    complete(client, job(client, "canceling"))
    check("and then it ends", state(client, other), "TERMINATED")

    withdrawn = """<bpmn:boundaryEvent id="withdrawn" attachedToRef="approve"><bpmn:conditionalEventDefinition>
        <bpmn:condition>= withdrawn</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:boundaryEvent>"""
    deploy(client, "asked", body + withdrawn + service("late") + flow("withdrawn", "late"))
    third = create(client, "asked")
    complete(client, job(client, "creating"))
    client.create_element_instance_variables(
        third, data=sdk.SetVariableRequest.from_dict({"variables": {"withdrawn": True}}))
    one = job(client, "canceling")
    late = sdk.JobSearchQuery.from_dict({"filter": {"processInstanceKey": third, "type": f"late-{RUN}"}})
    check("what interrupts waits for who listens", client.search_jobs(data=late).items, [])
    complete(client, one)
    complete(client, job(client, "late"))
    check("and then goes on to its end", state(client, third), "COMPLETED")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with CamundaClient(configuration={"CAMUNDA_REST_ADDRESS": sys.argv[1]}) as client:
        instance, definition = changes(client)
        deletion(client, instance, definition)
        conditions(client)
        listeners(client)
    print("all is well")


main()

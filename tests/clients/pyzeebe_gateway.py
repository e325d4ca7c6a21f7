"""Camunda 8's gRPC gateway as pyzeebe users know it, against a running Fermata.

    python pyzeebe_gateway.py 127.0.0.1:26500

Prints what holds; ends with 1 at the first thing that does not.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from pyzeebe import Job, JobController, ZeebeClient, ZeebeWorker, create_insecure_channel
from pyzeebe.errors import (
    BusinessError,
    DecisionNotFoundError,
    MessageAlreadyExistsError,
    ProcessDefinitionNotFoundError,
    ProcessInstanceNotFoundError,
    ProcessInvalidError,
)

MODEL = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:fermata:clients">
<bpmn:process id="pyzeebe" isExecutable="true">
<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="work"/>
<bpmn:serviceTask id="work"><bpmn:extensionElements><zeebe:taskDefinition type="py-work" retries="3"/>
<zeebe:taskHeaders><zeebe:header key="colour" value="blue"/></zeebe:taskHeaders></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:sequenceFlow id="f2" sourceRef="work" targetRef="wait"/>
<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>
<bpmn:sequenceFlow id="f3" sourceRef="wait" targetRef="e"/><bpmn:endEvent id="e"/>
<bpmn:boundaryEvent id="caught" attachedToRef="work"><bpmn:errorEventDefinition errorRef="err"/></bpmn:boundaryEvent>
<bpmn:sequenceFlow id="f4" sourceRef="caught" targetRef="e2"/><bpmn:endEvent id="e2"/>
</bpmn:process>
<bpmn:message id="m" name="py-message"><bpmn:extensionElements>
<zeebe:subscription correlationKey="=id"/></bpmn:extensionElements></bpmn:message>
<bpmn:error id="err" errorCode="PY"/>
</bpmn:definitions>"""


EXAMPLE = Path(__file__).parents[2] / "examples" / "discount"


def holds(what: str, condition: bool) -> None:
    if not condition:
        sys.exit(f"pyzeebe: expected that {what}, but it does not hold")
    print(f"pyzeebe: {what}")


async def refused(what: str, call, error: type[Exception]) -> None:
    try:
        await call
    except error:
        holds(f"{what} raises {error.__name__}", True)
    else:
        sys.exit(f"pyzeebe: expected {what} to raise {error.__name__}, but it was accepted")


async def deploy(client: ZeebeClient, name: str, text: str):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_text(text)
        return await client.deploy_resource(path)


async def refusals(client: ZeebeClient) -> None:
    call = MODEL.replace("intermediateCatchEvent", "callActivity")
    await refused("a model with a call activity", deploy(client, "c.bpmn", call), ProcessInvalidError)
    await refused(
        "an unknown process", client.run_process("nobody"), ProcessDefinitionNotFoundError
    )
    await refused(
        "cancelling nothing", client.cancel_process_instance(4711), ProcessInstanceNotFoundError
    )
    ids = {"name": "py-dup", "correlation_key": "k", "message_id": "once"}
    await client.publish_message(**ids, time_to_live_in_milliseconds=1000)
    await refused("the same message id", client.publish_message(**ids), MessageAlreadyExistsError)


def add_tasks(worker: ZeebeWorker, seen: dict) -> None:
    async def report(error: Exception, job: Job, controller: JobController) -> None:
        if isinstance(error, BusinessError):
            await controller.set_error_status(str(error), error.error_code, {"why": "said no"})
        else:
            await controller.set_failure_status(str(error), retry_back_off_ms=50)

    @worker.task(task_type="py-work", exception_handler=report, timeout_ms=20_000)
    async def work(job: Job, mode: str = "") -> dict:
        seen.setdefault(job.process_instance_key, []).append(job)
        if mode == "fail-once" and job.retries == 3:
            raise ConnectionError("once")
        if mode == "error":
            raise BusinessError("PY", "no")
        return {"worked": True}


async def work(client: ZeebeClient, address: str, stream: bool) -> None:
    how = "streaming" if stream else "polling"
    channel = create_insecure_channel(grpc_address=address)
    worker = ZeebeWorker(channel, name=how, stream_enabled=stream)
    seen: dict = {}
    add_tasks(worker, seen)
    running = asyncio.create_task(worker.work())
    for mode in ("", "fail-once", "error"):
        key = f"{how}-{mode}"
        await client.publish_message(
            "py-message", key, variables={"paid": 7}, time_to_live_in_milliseconds=60_000
        )
        result = await client.run_process_with_result("pyzeebe", {"id": key, "mode": mode})
        expected = {"why": "said no"} if mode == "error" else {"worked": True, "paid": 7}
        found = {name: result.variables.get(name) for name in expected}
        holds(f"a {how} worker ends an instance (mode '{mode}')", found == expected)
        jobs = seen[result.process_instance_key]
        holds(f"it took {len(jobs)} attempt(s)", len(jobs) == (2 if mode == "fail-once" else 1))
        headers = jobs[0].custom_headers
        holds("headers and the idempotency key came along",
              headers == {"colour": "blue", "idempotencyKey": str(jobs[0].key)})
    await worker.stop()
    running.cancel()


async def decisions(client: ZeebeClient) -> None:
    files = [EXAMPLE / "discount.dmn", EXAMPLE / "discount.bpmn"]
    deployed = (await client.deploy_resource(*files)).deployments
    process, table, price, graph = deployed
    holds("decisions are deployed beside their process",
          (process.bpmn_process_id, table.dmn_decision_id, price.dmn_decision_name,
           graph.dmn_decision_requirements_id)
          == ("price-an-order", "discount", "price", "discounts"))
    order = {"customer": {"kind": "business"}, "total": 1200}
    answer = await client.evaluate_decision(None, "price", order)
    holds("a decision is evaluated by its id", answer.decision_output == 1020)
    first = answer.evaluated_decisions[0]
    holds("its explanation comes along",
          (first.decision_type, first.matched_rules[0].rule_id, first.matched_rules[0].rule_index,
           [given.input_value for given in first.evaluated_inputs])
          == ("DECISION_TABLE", "large-business", 1, ["business", 1200]))
    answer = await client.evaluate_decision(table.decision_key, None, {"total": 1})
    holds("a decision is evaluated by its key", answer.decision_output == 0)
    await refused("an unknown decision", client.evaluate_decision(None, "rebate"),
                  DecisionNotFoundError)
    result = await client.run_process_with_result("price-an-order", order)
    holds("a business rule task takes what its decision gives", result.variables["price"] == 1020)


async def main(address: str) -> None:
    client = ZeebeClient(create_insecure_channel(grpc_address=address))
    health = await client.healthcheck()
    topology = await client.topology()
    holds("it is healthy and names its partitions",
          int(health.status) == 1 and topology.partitions_count >= 1)
    deployed = await deploy(client, "pyzeebe.bpmn", MODEL)
    holds("a model is deployed", deployed.deployments[0].bpmn_process_id == "pyzeebe")
    await refusals(client)
    await decisions(client)
    await work(client, address, stream=False)
    await work(client, address, stream=True)
    started = await client.run_process("pyzeebe", {"id": "to cancel"})
    await client.cancel_process_instance(started.process_instance_key)
    holds("an instance is cancelled", True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

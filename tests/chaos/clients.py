"""Real clients, each of which writes down what it sent and what was acknowledged."""

import asyncio
import io
import time
from random import Random

import camunda_orchestration_sdk as sdk
import grpc
import httpx
from camunda_orchestration_sdk import CamundaAsyncClient, errors
from camunda_orchestration_sdk.models.create_deployment_data import CreateDeploymentData
from camunda_orchestration_sdk.types import File
from faults import LEASE_MS
from pyzeebe import Job, ZeebeWorker, create_insecure_channel
from pyzeebe.errors import JobAlreadyDeactivatedError, JobNotFoundError, PyZeebeError
from pyzeebe.grpc_internals.zeebe_adapter import ZeebeAdapter

PROCESS = "chaos"
TTL_MS = 24 * 3_600_000
PAUSE_S = 0.05
TIMER_MS = 300
# After so many handouts of a job its worker is a good one: else some jobs never end.
TRIES_ODD_MAX = 4

JOB = """<bpmn:serviceTask id="{0}"><bpmn:extensionElements>
<zeebe:taskDefinition type="chaos-{0}" retries="1000"/></bpmn:extensionElements></bpmn:serviceTask>"""
MODEL = f"""<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:fermata:chaos">
<bpmn:message id="m" name="chaos-paid"><bpmn:extensionElements>
<zeebe:subscription correlationKey="= order"/></bpmn:extensionElements></bpmn:message>
<bpmn:process id="{PROCESS}" isExecutable="true">
<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="first"/>
{JOB.format("first")}<bpmn:sequenceFlow id="f2" sourceRef="first" targetRef="pause"/>
<bpmn:intermediateCatchEvent id="pause"><bpmn:timerEventDefinition>
<bpmn:timeDuration>PT{TIMER_MS / 1000}S</bpmn:timeDuration></bpmn:timerEventDefinition>
</bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f3" sourceRef="pause" targetRef="approve"/>
<bpmn:userTask id="approve"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements>
</bpmn:userTask><bpmn:sequenceFlow id="f4" sourceRef="approve" targetRef="paid"/>
<bpmn:intermediateCatchEvent id="paid"><bpmn:messageEventDefinition messageRef="m"/>
</bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="f5" sourceRef="paid" targetRef="last"/>
{JOB.format("last")}<bpmn:sequenceFlow id="f6" sourceRef="last" targetRef="e"/>
<bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>"""


class Journal:
    """What was sent and what was answered, in order. `acked`: True, False (refused), None
    (no answer: it may or may not have been done)."""

    def __init__(self, offset_ms=lambda: 0):
        # Of the server's clock, against ours.
        self.offset_ms = offset_ms
        self.entries: list[dict] = []
        self.handouts: list[dict] = []
        self.acknowledged = 0
        self.moved = asyncio.Condition()
        # The server's time does not go back while it runs, so it may be ahead of its clock.
        self.ahead_ms = 0

    def server_ms(self) -> tuple[int, int]:
        """Between which moments the server's time is."""
        clock = int(time.time() * 1000) + self.offset_ms()
        self.ahead_ms = max(self.ahead_ms, clock)
        return clock, self.ahead_ms

    def sent(self, what: str, **more) -> dict:
        entry = {"what": what, "at_ms": int(time.time() * 1000), "acked": None,
                 "server_ms": self.server_ms(), **more}
        self.entries.append(entry)
        return entry

    async def answered(self, entry: dict, acked: bool, **more) -> None:
        entry.update(acked=acked, answered_ms=int(time.time() * 1000),
                     answered_server_ms=self.server_ms(), **more)
        if acked:
            self.acknowledged += 1
            async with self.moved:
                self.moved.notify_all()

    async def refused(self, entry: dict, status: int) -> None:
        """Only 4xx says that nothing was done: a server whose sync failed does not know."""
        await self.answered(entry, False if status < 500 else None, status=status)

    async def reach(self, count: int) -> None:
        async with self.moved:
            await self.moved.wait_for(lambda: self.acknowledged >= count)

    def of(self, what: str):
        return [entry for entry in self.entries if entry["what"] == what]


class Clients:
    def __init__(self, seed: int, orders: int, server, journal: Journal, violation):
        self.seed, self.journal, self.violation = seed, journal, violation
        self.orders = [f"order-{seed}-{number}" for number in range(orders)]
        self.rest = CamundaAsyncClient(
            configuration={"CAMUNDA_REST_ADDRESS": server.rest}, timeout=httpx.Timeout(4.0))
        self.grpc = server.grpc
        self.handouts = journal.handouts
        self.tries: dict[int, int] = {}
        self.tokens = 0

    def token(self, what: str) -> str:
        self.tokens += 1
        return f"{what}-{self.tokens}"

    async def deploy(self) -> None:
        file = File(payload=io.BytesIO(MODEL.encode()), file_name="chaos.bpmn")
        await self.rest.create_deployment(data=CreateDeploymentData(resources=[file]))

    def start(self, group: asyncio.TaskGroup) -> list[asyncio.Task]:
        """Those that end, when all orders were sent; the others work until they are cancelled."""
        self.queue = list(reversed(self.orders))
        self.to_pay: list[str] = []
        done = [group.create_task(self.customer()) for _ in range(3)]
        self.customers = done
        done = done + [group.create_task(self.carrier()) for _ in range(2)]
        self.workers = [group.create_task(self.clerk())]
        for number in range(3):
            self.workers.append(group.create_task(self.poller(f"poller-{number}")))
        self.workers.append(group.create_task(self.streamer("streamer")))
        self.workers.append(group.create_task(self.library_worker()))
        return done

    # REST: Camunda's own SDK.

    async def customer(self) -> None:
        while self.queue:
            order = self.queue.pop()
            while True:
                entry = self.journal.sent("create", order=order)
                try:
                    made = await self.rest.create_process_instance(
                        data=sdk.ProcessCreationById.from_dict({
                            "processDefinitionId": PROCESS, "businessId": order,
                            "variables": {"order": order}}))
                except errors.ApiError as error:
                    # 409: an earlier try, whose answer was lost, was carried out.
                    await self.journal.refused(entry, error.status_code)
                    if error.status_code == 409:
                        break
                    await asyncio.sleep(PAUSE_S)
                except Exception:
                    await asyncio.sleep(PAUSE_S)
                else:
                    key = str(made.process_instance_key)
                    await self.journal.answered(entry, True, instance=key)
                    await self.read_own_write(key)
                    break
            self.to_pay.append(order)

    async def read_own_write(self, key: str) -> None:
        try:
            await self.rest.get_process_instance(key)
        except errors.ApiError as error:
            if error.status_code == 404:
                self.violation(f"instance {key} was acknowledged and then not found")
        except Exception:
            pass

    async def carrier(self) -> None:
        while self.to_pay or any(not task.done() for task in self.customers):
            if not self.to_pay:
                await asyncio.sleep(PAUSE_S)
                continue
            order = self.to_pay.pop(0)
            # Every third is sent again after it was acknowledged: it must be refused.
            more = hash_of(self.seed, order) % 3 == 0
            while not await self.publish(order):
                await asyncio.sleep(PAUSE_S)
            if more and await self.publish(order) == "acked":
                self.violation(f"the message {order} was published twice under one id")

    async def publish(self, order: str) -> str | None:
        token = self.token("paid")
        entry = self.journal.sent("publish", order=order, token=token)
        try:
            await self.rest.publish_message(data=sdk.MessagePublicationRequest.from_dict({
                "name": "chaos-paid", "correlationKey": order, "messageId": order,
                "timeToLive": TTL_MS, "variables": {"paid": token}}))
        except errors.ApiError as error:
            await self.journal.refused(entry, error.status_code)
            return "refused" if error.status_code == 409 else None
        except Exception:
            return None
        await self.journal.answered(entry, True)
        return "acked"

    async def clerk(self) -> None:
        query = {"filter": {"state": "CREATED"}, "page": {"limit": 20}}
        while True:
            try:
                found = await self.rest.search_user_tasks(
                    data=sdk.UserTaskSearchQuery.from_dict(query))
                for task in found.items:
                    key, instance = str(task.user_task_key), str(task.process_instance_key)
                    await self.approve(key, instance)
                    if hash_of(self.seed, key) % 4 == 0:
                        await self.approve(key, instance)
            except Exception:
                pass
            await asyncio.sleep(PAUSE_S)

    async def approve(self, key: str, instance: str) -> None:
        token = self.token("approve")
        entry = self.journal.sent("task", key=key, instance=instance, token=token)
        try:
            await self.rest.complete_user_task(
                key, data=sdk.UserTaskCompletionRequest.from_dict({"variables": {"approve": token}}))
        except errors.ApiError as error:
            await self.journal.refused(entry, error.status_code)
        else:
            await self.journal.answered(entry, True)

    # gRPC: pyzeebe.

    def channel(self):
        options = {"grpc.initial_reconnect_backoff_ms": 50, "grpc.max_reconnect_backoff_ms": 300,
                   "grpc.min_reconnect_backoff_ms": 50, "grpc.use_local_subchannel_pool": 1}
        return create_insecure_channel(grpc_address=self.grpc, channel_options=tuple(options.items()))

    def handed_out(self, job: Job, worker: str) -> None:
        self.handouts.append({"key": job.key, "worker": worker, "deadline": job.deadline,
                              "element": job.element_instance_key, "type": job.type,
                              "idempotency": job.custom_headers.get("idempotencyKey"),
                              "instance": str(job.process_instance_key)})

    async def poller(self, name: str) -> None:
        adapter = ZeebeAdapter(self.channel(), -1)
        while True:
            try:
                async for job in adapter.activate_jobs("chaos-first", name, LEASE_MS, 4, [], 1_000):
                    self.handed_out(job, name)
                    await self.treat(adapter, job, name)
            except (PyZeebeError, grpc.RpcError):
                await asyncio.sleep(PAUSE_S)

    async def streamer(self, name: str) -> None:
        adapter = ZeebeAdapter(self.channel(), -1)
        while True:
            try:
                async for job in adapter.stream_activate_jobs("chaos-last", name, LEASE_MS, [], 30):
                    self.handed_out(job, name)
                    await self.treat(adapter, job, name)
            except (PyZeebeError, grpc.RpcError):
                await asyncio.sleep(PAUSE_S)

    async def library_worker(self) -> None:
        """pyzeebe's own worker, streaming; only its adapter's calls are written down."""
        worker = ZeebeWorker(self.channel(), name="library", stream_enabled=True,
                             max_connection_retries=-1, poll_retry_delay=1)
        complete = worker.zeebe_adapter.complete_job

        async def written_down(job_key: int, variables: dict):
            return await self.complete(complete, job_key, variables["last"], "last")

        worker.zeebe_adapter.complete_job = written_down

        @worker.task(task_type="chaos-last", timeout_ms=LEASE_MS)
        async def last(job: Job) -> dict:
            self.handed_out(job, "library")
            return {"last": self.token("last")}

        await worker.work()

    async def treat(self, adapter: ZeebeAdapter, job: Job, worker: str) -> None:
        """Most jobs are done; some workers are slow, vanish, fail, or answer twice."""
        mood = hash_of(self.seed, job.key, worker) % 16
        self.tries[job.key] = self.tries.get(job.key, 0) + 1
        if self.tries[job.key] > TRIES_ODD_MAX:
            mood = 15
        what = job.type.removeprefix("chaos-")
        if mood == 0:
            return
        if mood == 1:
            entry = self.journal.sent("fail", key=job.key)
            await adapter.fail_job(job.key, job.retries - 1, "as planned", 0, {})
            await self.journal.answered(entry, True)
            return
        if mood == 2:
            await asyncio.sleep(LEASE_MS / 1000 * 1.2)
        for _ in range(2 if mood in (3, 4) else 1):
            try:
                await self.complete(adapter.complete_job, job.key, self.token(what), what)
            except (JobNotFoundError, JobAlreadyDeactivatedError):
                pass

    async def complete(self, call, key: int, token: str, what: str):
        entry = self.journal.sent("job", key=key, token=token, element=what)
        try:
            answer = await call(job_key=key, variables={what: token})
        except (JobNotFoundError, JobAlreadyDeactivatedError):
            await self.journal.answered(entry, False)
            raise
        await self.journal.answered(entry, True)
        return answer


def hash_of(*what) -> int:
    return Random(repr(what)).randrange(1 << 30)

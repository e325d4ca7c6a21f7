"""What the server shows at the end, against the clients' own record."""

import math
from collections import defaultdict

import camunda_orchestration_sdk as sdk
from clients import TIMER_MS

SLACK_MS = 100
STEPS = {"first": "job", "approve": "task", "paid": "publish", "last": "job"}


async def search(call, query_type, query: dict) -> list:
    """All pages."""
    items: list = []
    while True:
        body = {**query, "page": {"from": len(items), "limit": 500}}
        found = await call(data=query_type.from_dict(body))
        items += found.items
        if not found.items or len(items) >= found.page.total_items:
            return items


async def instances(rest) -> dict[str, list]:
    found = await search(rest.search_process_instances, sdk.ProcessInstanceSearchQuery, {})
    by_order = defaultdict(list)
    for instance in found:
        by_order[instance.business_id].append(instance)
    return by_order


async def check(clients, journal, violation) -> None:
    by_order = await instances(clients.rest)
    lost_creates(clients, journal, by_order, violation)
    created = {instance.process_instance_key: order
               for order, found in by_order.items() for instance in found}
    jobs = {str(out["key"]): out["instance"] for out in clients.handouts}
    sent = tokens(journal, jobs, created)
    for order in clients.orders:
        for instance in by_order.get(order, []):
            if str(instance.state.value) != "COMPLETED":
                violation(f"{order} ended as {instance.state.value}")
                continue
            await steps(clients.rest, order, instance, sent[order], violation)
    leases(clients.handouts, journal, violation)
    effects(clients.handouts, journal, violation)


def lost_creates(clients, journal, by_order, violation) -> None:
    for order, found in by_order.items():
        if order not in clients.orders:
            violation(f"{len(found)} instances of no order: {order}")
        if len(found) > 1:
            violation(f"{order} was started {len(found)} times")
    for entry in journal.of("create"):
        keys = [str(instance.process_instance_key) for instance in by_order.get(entry["order"], [])]
        if entry["acked"] and entry["instance"] not in keys:
            violation(f"the start of {entry['order']} as {entry['instance']} was acknowledged and "
                      f"lost; there is {keys}")
        if entry.get("status") == 409 and not keys:
            violation(f"the start of {entry['order']} was called done already and is lost")


def tokens(journal, jobs, created):
    """By order and step: what was sent and how it was answered."""
    sent = defaultdict(lambda: defaultdict(list))
    for entry in journal.entries:
        if entry["what"] == "publish":
            sent[entry["order"]]["paid"].append(entry)
        elif entry["what"] == "task":
            sent[created.get(entry["instance"])]["approve"].append(entry)
        elif entry["what"] == "job":
            sent[created.get(jobs.get(str(entry["key"])))][entry["element"]].append(entry)
    return sent


async def steps(rest, order, instance, sent, violation) -> None:
    key = str(instance.process_instance_key)
    of_it = {"filter": {"processInstanceKey": key}}
    variables = await search(rest.search_variables, sdk.VariableSearchQuery, of_it)
    shown = {variable.name: variable.value.strip('"') for variable in variables}
    elements = await search(rest.search_element_instances, sdk.ElementInstanceSearchQuery, of_it)
    by_id = defaultdict(list)
    for element in elements:
        by_id[element.element_id].append(element)
    for step in (*STEPS, "pause"):
        states = [element.state.value for element in by_id[step]]
        if states != ["COMPLETED"]:
            violation(f"{order}: {step} is {states}, expected once COMPLETED")
    for step in STEPS:
        acked = [entry["token"] for entry in sent[step] if entry["acked"]]
        may_be = acked or [entry["token"] for entry in sent[step] if entry["acked"] is None]
        if len(acked) > 1:
            violation(f"{order}: {step} was acknowledged {len(acked)} times: {acked}")
        if shown.get(step) not in may_be:
            violation(f"{order}: {step} is {shown.get(step)}, clients know of {may_be}")
    for pause in by_id["pause"]:
        if pause.end_date is None:
            continue
        took_ms = (pause.end_date - pause.start_date).total_seconds() * 1000
        if took_ms < TIMER_MS:
            violation(f"{order}: the timer of {TIMER_MS} ms fired after {took_ms:.0f} ms")


def leases(handouts, journal, violation) -> None:
    """In the server's own time: a job is handed out again when its lease is over, or was failed."""
    from faults import LEASE_MS

    failed = defaultdict(list)
    for entry in journal.of("fail"):
        failed[entry["key"]].append(span(entry))
    by_key = defaultdict(list)
    for out in handouts:
        by_key[out["key"]].append(out)
    for key, outs in by_key.items():
        outs.sort(key=lambda out: out["deadline"])
        for before, after in zip(outs, outs[1:]):
            again_at = after["deadline"] - LEASE_MS
            # A worker whose lease is over may still fail its job, for whoever has it now.
            given_back = any(sent <= again_at and answered >= before["deadline"] - LEASE_MS
                             for sent, answered in failed[key])
            if again_at < before["deadline"] and not given_back:
                violation(f"job {key} went to {after['worker']} {before['deadline'] - again_at} ms "
                          f"before the lease of {before['worker']} was over")


def span(entry) -> tuple[float, float]:
    """Between which moments of the server's clock it was carried out, if it was."""
    earliest, answered = entry["server_ms"][0], entry.get("answered_server_ms")
    if answered is None:
        return earliest - SLACK_MS, math.inf
    # Our clock is read at another moment than the server's, which may have leapt meanwhile.
    return min(earliest, answered[0]) - SLACK_MS, answered[1] + SLACK_MS


def effects(handouts, journal, violation) -> None:
    """A side effect under one key is one transition."""
    element_of = {}
    for out in handouts:
        if out["idempotency"] != str(out["key"]):
            violation(f"job {out['key']} has the idempotency key {out['idempotency']}")
        if element_of.setdefault(out["idempotency"], out["element"]) != out["element"]:
            violation(f"the key {out['idempotency']} names two activations")
    keys_of = defaultdict(set)
    for key, element in element_of.items():
        keys_of[element].add(key)
    for element, keys in keys_of.items():
        if len(keys) > 1:
            violation(f"activation {element} had jobs under several keys: {sorted(keys)}")
    acked = defaultdict(int)
    for entry in journal.of("job"):
        acked[entry["key"]] += bool(entry["acked"])
    for key, count in acked.items():
        if count > 1:
            violation(f"job {key} was acknowledged as completed {count} times")

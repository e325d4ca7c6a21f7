"""The checker sees what it is there for: each doctored record has its violation."""

import asyncio
from types import SimpleNamespace

from checker import effects, leases, lost_creates, steps
from clients import Journal
from faults import LEASE_MS, schedule


def out(key=7, deadline=10_000, worker="a", element=70, idempotency=None):
    return {"key": key, "deadline": deadline, "worker": worker, "element": element,
            "type": "chaos-first", "idempotency": idempotency or str(key)}


def found(check, *arguments) -> list[str]:
    violations: list[str] = []
    check(*arguments, violations.append)
    return violations


def journal(*entries) -> Journal:
    made = Journal()
    made.entries = list(entries)
    return made


def main() -> None:
    first, early = out(), out(worker="b", deadline=10_000 + LEASE_MS - 1)
    assert found(leases, [first, early], journal()), "two workers within one lease"
    assert not found(leases, [first, out(deadline=10_000 + LEASE_MS)], journal())
    fail = {"what": "fail", "key": 7, "acked": True, "server_ms": (9_980, 9_980),
            "answered_server_ms": (9_990, 9_990)}
    assert not found(leases, [first, early], journal(fail)), "a failed job goes to the next at once"
    long_ago = {**fail, "server_ms": (7_000, 7_000), "answered_server_ms": (7_010, 7_010)}
    assert found(leases, [first, early], journal(long_ago)), "failed before it was leased"

    assert found(effects, [out(idempotency="8")], journal()), "another key"
    assert found(effects, [out(key=7), out(key=8)], journal()), "two jobs for one activation"
    twice = [{"what": "job", "key": 7, "acked": True}] * 2
    assert found(effects, [first], journal(*twice)), "one job completed twice"

    clients = SimpleNamespace(orders=["o"])
    one = SimpleNamespace(process_instance_key="1")
    acked = journal({"what": "create", "order": "o", "acked": True, "instance": "1"})
    assert found(lost_creates, clients, acked, {}), "a lost start"
    assert found(lost_creates, clients, acked, {"o": [one, one]}), "a start that was done twice"
    assert found(lost_creates, clients, acked, {"o": [one], "x": [one]}), "an instance of nobody"
    assert not found(lost_creates, clients, acked, {"o": [one]})

    assert asyncio.run(completed(shown="first-2")), "another completion than the acknowledged one"
    assert asyncio.run(completed(elements=2)), "an element that ran twice"
    assert asyncio.run(completed(took_ms=299)), "a timer that fired early"
    assert not asyncio.run(completed())

    assert schedule(3, 20, 900) == schedule(3, 20, 900) != schedule(4, 20, 900)
    print("  the checker sees what it is there for")


async def completed(shown="first-1", elements=1, took_ms=300) -> list[str]:
    """An instance as the server may show it, against a record that acknowledged `first-1`."""
    from datetime import datetime, timedelta

    from checker import STEPS

    begin = datetime(2026, 1, 1)
    state = SimpleNamespace(value="COMPLETED")
    made = [SimpleNamespace(element_id=step, state=state, start_date=begin,
                            end_date=begin + timedelta(milliseconds=took_ms))
            for step in (*STEPS, "pause") for _ in range(elements if step == "first" else 1)]
    named = [SimpleNamespace(name=step, value=f'"{shown if step == "first" else step}"')
             for step in STEPS]

    def page(items):
        async def search(data):
            return SimpleNamespace(items=items, page=SimpleNamespace(total_items=len(items)))
        return search

    rest = SimpleNamespace(search_variables=page(named), search_element_instances=page(made))
    sent = {step: [{"token": "first-1" if step == "first" else step, "acked": True}]
            for step in STEPS}
    violations: list[str] = []
    await steps(rest, "o", SimpleNamespace(process_instance_key="1"), sent, violations.append)
    return violations


main()

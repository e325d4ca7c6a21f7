"""The faults, and their schedule: a function of the seed alone, counted in acknowledged commands."""

import asyncio
import errno
import signal
from dataclasses import dataclass
from random import Random

KINDS = [
    "kill", "cut before a sync", "cut within a sync", "cut after a sync", "cut at once",
    "a sync fails", "syncs fail and go on failing", "a sync fails, later the power",
    "writes find no space", "writes fail", "writes are short", "syncs are slow",
    "stop for longer than leases", "the clock leaps forward", "the clock leaps back",
    "the disk is full",
]
LEASE_MS = 2_000
# What the operator must read when the server ends by itself.
SYNC_WORDS = ("disk I/O error", "check the disk")
SPACE_WORDS = ("disk", "full")


@dataclass
class Fault:
    at: int
    kind: str
    seed: int

    def __str__(self):
        return f"after {self.at} commands: {self.kind}"


def schedule(seed: int, count: int, commands: int) -> list[Fault]:
    random = Random(seed)
    kinds: list[str] = []
    while len(kinds) < count:
        deck = KINDS[:]
        random.shuffle(deck)
        kinds += deck
    step = commands / (count + 1)
    return [
        Fault(int(step * (number + 1) + random.uniform(-0.3, 0.3) * step), kind,
              random.randrange(1 << 30))
        for number, kind in enumerate(kinds[:count])
    ]


async def inflict(fault: Fault, run) -> str:
    """Does it, and brings the server back. Returns what was seen."""
    random, disk, server = Random(fault.seed), run.disk, run.server
    survive = random.choice(["none", "some", "all"])
    kind, skip = fault.kind, random.randrange(6)
    if kind == "kill":
        await server.kill()
        seen = "killed"
    elif kind == "cut at once":
        await server.kill()
        seen = disk.cut_power(random, survive)
    elif kind.startswith("cut "):
        where = ["before", "within", "after"].index(kind.split()[1]) + 1
        disk.set(CUT_SKIP=skip, CUT_WHERE=where)
        await server.ended("the power cut")
        seen = f"at sync {skip + 1}: {disk.cut_power(random, survive)}"
    elif kind in ("a sync fails", "syncs fail and go on failing", "a sync fails, later the power"):
        seen = await failing_syncs(run, random, kind, skip, survive)
    elif kind.startswith("writes"):
        seen = await failing_writes(run, kind, skip)
    elif kind == "syncs are slow":
        disk.set(SYNC_SLOW_US=150_000)
        await run.progress(10)
        disk.heal()
        return "ten commands at 150 ms a sync"
    elif kind == "stop for longer than leases":
        server.signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE_MS / 1000 * 1.5)
        server.signal(signal.SIGCONT)
        return f"stood still for {LEASE_MS * 1.5:.0f} ms"
    elif kind.startswith("the clock"):
        # Back only a little: what was leased until then stays so, and everybody waits for it.
        back = kind.endswith("back")
        step_ms = -random.choice([500, 1_500, 5_000]) if back else random.choice([1_500, 60_000])
        run.step_clock(step_ms)
        return f"by {step_ms} ms"
    else:
        seen = await full_disk(run)
    disk.heal()
    await server.start()
    return seen


async def failing_syncs(run, random, kind: str, skip: int, survive: str) -> str:
    disk, server = run.disk, run.server
    lasts = kind == "syncs fail and go on failing"
    disk.set(SYNC_SKIP=skip, SYNC_FAIL=errno.EIO, SYNC_COUNT=-1 if lasts else 1)
    seen = await server.gave_up(kind, SYNC_WORDS)
    if lasts:
        # It must not come up on such a disk, or at least not acknowledge anything there.
        before = run.journal.acknowledged
        if await server.try_start():
            await server.gave_up("a start while syncs fail", SYNC_WORDS)
        if run.journal.acknowledged != before:
            run.violation("something was acknowledged while every sync failed")
    if kind == "a sync fails, later the power":
        # The pages of the failed sync are clean for the system and never reach the disk: what is
        # acknowledged from here on must not rest on them.
        disk.heal()
        await server.start()
        await run.progress(12)
        await server.kill()
        seen += f"; {disk.cut_power(random, survive)}"
    return seen


async def failing_writes(run, kind: str, skip: int) -> str:
    number = errno.EIO if kind == "writes fail" else errno.ENOSPC
    words = SYNC_WORDS if kind == "writes fail" else SPACE_WORDS
    run.disk.set(WRITE_SKIP=skip, WRITE_SHORT=int(kind == "writes are short"), WRITE_FAIL=number,
                 WRITE_COUNT=-1)
    return await run.server.gave_up(kind, words)


async def full_disk(run) -> str:
    if not run.small:
        run.disk.set(WRITE_FAIL=errno.ENOSPC, WRITE_COUNT=-1)
        return "(the shim's ENOSPC) " + await run.server.gave_up("a full disk", SPACE_WORDS)
    if not run.disk.fill():
        run.violation("the small file system did not become full")
    return await run.server.gave_up("a full disk", SPACE_WORDS)

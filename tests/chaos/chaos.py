"""A real server on a failing disk under a leaping clock, with real clients.

    python chaos.py --fermata BINARY --check BINARY --shim SO --seconds 60 --seed 1 [--planted]

The schedule of faults is a function of the seed, counted in acknowledged commands. Ends with 1 when
the clients' record and the server disagree. With `--planted` the disk lies about its syncs and the
run must find acknowledged work lost: it ends with 1 when it does not.
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from checker import check, instances, lost_creates
from clients import Clients, Journal
from disk import Disk, mount_small
from faults import inflict, schedule
from server import Server

SMALL_MIB = 96
# The commands of one order: start, message, task, two jobs.
COMMANDS = 5
STANDSTILL_S = 90


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.violations: list[str] = []
        self.journal = Journal(lambda: self.disk.get("CLOCK_OFFSET_MS"))
        self.work = Path(tempfile.mkdtemp(prefix="fermata-chaos-"))
        data = self.work / "data"
        data.mkdir()
        self.small = mount_small(data, SMALL_MIB)
        self.disk = Disk(self.work, data, Path(arguments.shim).resolve())
        self.server = Server(Path(arguments.fermata).resolve(), self.disk, self.work, self.violation)
        self.largest_offset_ms = 0

    def violation(self, what: str) -> None:
        self.violations.append(what)
        # A planted run finds some dozens, and they are its success.
        if not self.arguments.planted:
            print(f"  VIOLATION: {what}", flush=True)

    async def progress(self, commands: int) -> None:
        """Until so many more commands are acknowledged."""
        await asyncio.wait_for(self.journal.reach(self.journal.acknowledged + commands),
                               STANDSTILL_S)

    def step_clock(self, ms: int) -> None:
        offset = self.disk.get("CLOCK_OFFSET_MS") + ms
        self.largest_offset_ms = max(self.largest_offset_ms, offset)
        self.disk.set(CLOCK_OFFSET_MS=offset)

    async def chaos(self) -> None:
        faults = max(4, self.arguments.seconds * 2 // 5)
        orders = faults * 9
        # The last faults, too, find clients at work: a disk fails only for those who write.
        plan = schedule(self.arguments.seed, faults, orders * COMMANDS * 3 // 5)
        await self.server.start()
        clients = Clients(self.arguments.seed, orders, self.server, self.journal, self.violation)
        await clients.deploy()
        async with asyncio.TaskGroup() as group:
            ending = clients.start(group)
            for fault in plan:
                await asyncio.wait_for(self.journal.reach(fault.at), STANDSTILL_S)
                began = time.monotonic()
                seen = await inflict(fault, self)
                print(f"  {fault}: {seen} ({time.monotonic() - began:.1f} s)", flush=True)
            # Leases and timers of a time that was ahead must come to their end.
            self.disk.set(CLOCK_OFFSET_MS=max(self.largest_offset_ms, 0))
            await asyncio.wait_for(asyncio.gather(*ending), STANDSTILL_S)
            await self.drained(clients)
            for task in clients.workers:
                task.cancel()
        await check(clients, self.journal, self.violation)
        await self.finish(clients, faults)

    async def drained(self, clients) -> None:
        """Until every instance has ended, or nothing moves any more."""
        until, before = time.monotonic() + STANDSTILL_S, -1
        while True:
            found = await instances(clients.rest)
            active = sum(str(one.state.value) == "ACTIVE" for all in found.values() for one in all)
            if active == 0 or time.monotonic() > until:
                return
            if self.journal.acknowledged != before:
                until, before = time.monotonic() + STANDSTILL_S, self.journal.acknowledged
            await asyncio.sleep(0.2)

    async def finish(self, clients, faults: int) -> None:
        await clients.rest.aclose()
        await self.server.stop()
        sound = subprocess.run([self.arguments.check, self.disk.data], capture_output=True, text=True)
        if sound.returncode != 0:
            self.violation(f"the store is not sound: {sound.stdout}{sound.stderr}")
        acked = sum(bool(entry["acked"]) for entry in self.journal.entries)
        unanswered = sum(entry["acked"] is None for entry in self.journal.entries)
        refused = len(self.journal.entries) - acked - unanswered
        print(f"  {len(clients.orders)} orders, {faults} faults, {self.server.starts} starts; "
              f"{acked} commands acknowledged, {refused} refused, {unanswered} without an answer; "
              f"{len(clients.handouts)} jobs handed out")
        words = ["SYNCS", "SYNCS_FAILED", "WRITES", "WRITES_FAILED", "CUTS", "CLOCK_READS"]
        print("  " + ", ".join(f"{word.lower()} {self.disk.get(word)}" for word in words))
        if not self.disk.get("SYNCS") or not self.disk.get("CLOCK_READS"):
            self.violation("the shim saw nothing: is the server linked statically?")

    async def planted(self) -> None:
        """The disk lies, then the power goes: the check must see what was lost."""
        await self.server.start()
        clients = Clients(self.arguments.seed, 60, self.server, self.journal, self.violation)
        await clients.deploy()
        async with asyncio.TaskGroup() as group:
            tasks = clients.start(group)
            await self.journal.reach(20)
            self.disk.set(SYNC_LIE=1, SYNC_COUNT=-1)
            await self.progress(60)
            await self.server.kill()
            for task in tasks + clients.workers:
                task.cancel()
        print(f"  {self.disk.get('SYNCS_LIED')} syncs were lies; "
              f"{self.disk.cut_power(Random(self.arguments.seed), 'none')}")
        self.disk.heal()
        if not await self.server.try_start():
            self.violation(f"the server sees it itself: {self.server.log.read_text().strip()}")
            return
        lost_creates(clients, self.journal, await instances(clients.rest), self.violation)
        await clients.rest.aclose()
        await self.server.stop()

    def close(self, keep: bool) -> None:
        kept = Path(self.arguments.keep)
        if keep:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.work, kept)
            with open(kept / "journal.jsonl", "w") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in self.journal.entries)
            with open(kept / "handouts.jsonl", "w") as file:
                file.writelines(json.dumps(out) + "\n" for out in self.journal.handouts)
            print(f"  kept in {kept}: the data, the durable images, the server's words, journal.jsonl")
        if self.small:
            os.system(f"umount {self.disk.data}")
        shutil.rmtree(self.work, ignore_errors=True)


def main() -> int:
    # The clients report every lost connection; the journal does too.
    logging.disable(logging.CRITICAL)
    # So that the server ends as well, and what was made is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    for name in ("--fermata", "--check", "--shim"):
        parser.add_argument(name, required=True)
    parser.add_argument("--keep", default="target/chaos/failed")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", action="store_true")
    run = Run(parser.parse_args())
    room = f"a file system of {SMALL_MIB} MiB of its own" if run.small else (
        "NO file system of its own (no namespace may be made here): a full disk is only the shim's")
    print(f"  seed {run.arguments.seed}; {room}", flush=True)
    try:
        asyncio.run(run.planted() if run.arguments.planted else run.chaos())
    except BaseException as error:
        if run.server.process and run.server.process.returncode is None:
            run.server.process.kill()
        run.close(keep=True)
        run.violations.append(str(error))
        raise
    failed = not run.violations if run.arguments.planted else bool(run.violations)
    run.close(keep=failed)
    if run.arguments.planted and failed:
        print("  EXPECTED the check to find what a lying disk lost, but it found nothing")
    elif not failed:
        print(f"  found out {len(run.violations)} times; first: {run.violations[0]}"
              if run.arguments.planted else
              "  nothing that was acknowledged was lost or done twice")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

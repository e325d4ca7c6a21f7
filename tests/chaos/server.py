"""The real binary as a child process, under the shim."""

import asyncio
import json
import os
from pathlib import Path

# A server that was told to fail has this long to say so and end.
ENDS_WITHIN_S = 30


class Server:
    def __init__(self, fermata: Path, disk, work: Path, violation):
        self.fermata, self.disk, self.work, self.violation = fermata, disk, work, violation
        self.process = None
        self.ports = ("0", "0")
        self.starts = 0
        self.rest = self.grpc = ""
        self.said: list[str] = []

    async def try_start(self) -> bool:
        """Starts it; false if it ends before it is ready."""
        self.starts += 1
        self.log = self.work / f"server-{self.starts:03}.log"
        with open(self.log, "wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                self.fermata, "--output", "json", "dev", "--data", self.disk.data,
                "--port", self.ports[0], "--grpc-port", self.ports[1], "--shards", "2",
                "--business-id-unique", stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=log,
                env={**os.environ, **self.disk.environment})
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        if not line:
            await self.process.wait()
            return False
        ready = json.loads(line)
        self.rest, self.grpc = ready["rest"], ready["grpc"]
        self.ports = tuple(address.rsplit(":", 1)[1] for address in (self.rest, self.grpc))
        return True

    async def start(self) -> None:
        if not await self.try_start():
            raise RuntimeError(f"the server does not come back: {self.log.read_text().strip()}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def ended(self, why: str) -> int:
        """Until it has ended by itself."""
        try:
            return await asyncio.wait_for(self.process.wait(), ENDS_WITHIN_S)
        except TimeoutError:
            self.violation(f"{why}: the server did not end within {ENDS_WITHIN_S} s")
            await self.kill()
            return 0

    async def gave_up(self, why: str, words) -> str:
        """Until it has ended by itself, with exit code 2 and words that help."""
        code = await self.ended(why)
        text = self.log.read_text(errors="replace").strip()
        last = text.splitlines()[-1] if text else ""
        if code != 2 or not all(word in last for word in words):
            self.violation(f"{why}: expected exit code 2 and {words}, found {code}: {text!r}")
        self.said.append(last.replace(str(self.disk.data), "DATA"))
        return f"it ended: {self.said[-1]}"

    async def stop(self) -> None:
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 30)

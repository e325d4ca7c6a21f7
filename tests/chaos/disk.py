"""The server's disk and clock: what `shim.c` is told, and what a power cut leaves."""

import errno
import mmap
import os
import shutil
import struct
from pathlib import Path

# The order of `enum` in shim.c.
WORDS = [
    "CLOCK_OFFSET_MS", "SYNC_FAIL", "SYNC_LIE", "SYNC_SKIP", "SYNC_COUNT", "SYNC_SLOW_US",
    "WRITE_FAIL", "WRITE_SHORT", "WRITE_SKIP", "WRITE_COUNT", "CUT_SKIP", "CUT_WHERE",
    "SYNCS", "SYNCS_FAILED", "SYNCS_LIED", "WRITES", "WRITES_FAILED", "CLOCK_READS", "CUTS",
]
FAULTS = WORDS[1:WORDS.index("SYNCS")]
PAGE = 4096


class Disk:
    """One data directory under the shim."""

    def __init__(self, work: Path, data: Path, shim: Path):
        self.data, self.shadow = data, work / "durable"
        self.shadow.mkdir()
        self.filler = data / "filler"
        path = work / "control"
        path.write_bytes(bytes(8 * len(WORDS)))
        with open(path, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), 0)
        self.environment = {
            "LD_PRELOAD": str(shim), "CHAOS_DATA": str(data), "CHAOS_SHADOW": str(self.shadow),
            "CHAOS_CONTROL": str(path),
        }

    def get(self, word: str) -> int:
        return struct.unpack_from("<q", self.control, 8 * WORDS.index(word))[0]

    def set(self, **words: int) -> None:
        # Conditions before what makes them count.
        for word in sorted(words, key=lambda word: word.endswith(("_COUNT", "_WHERE"))):
            struct.pack_into("<q", self.control, 8 * WORDS.index(word), words[word])

    def heal(self) -> None:
        """No fault any more; the clock keeps its offset."""
        self.set(**{word: 0 for word in reversed(FAULTS)})
        self.filler.unlink(missing_ok=True)

    def fill(self) -> bool:
        """Fills the file system with a file of our own; false if it does not become full."""
        with open(self.filler, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                for _ in range(256):
                    try:
                        file.write(bytes(size))
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        break
                else:
                    return False
        return True

    def cut_power(self, random, survive: str) -> str:
        """What the disk holds when the machine comes back, for a server that was killed: the
        durable image, and of the pages that were not synced none, all or some."""
        came_through = lost = 0
        for file in list(self.data.iterdir()):
            image = self.shadow / file.name
            if file == self.filler:
                continue
            if not image.exists() or (self.shadow / f"{file.name}.new").exists():
                # Not synced by name, or (-shm) built anew by the next start.
                file.unlink()
                for end in ("", ".dirty", ".new"):
                    (self.shadow / f"{file.name}{end}").unlink(missing_ok=True)
                continue
            dirty = sorted(set(pages(self.shadow / f"{file.name}.dirty")))
            with open(file, "rb") as now, open(image, "r+b") as durable:
                for page in dirty:
                    if survive == "none" or (survive == "some" and random.random() < 0.5):
                        lost += 1
                        continue
                    now.seek(page * PAGE)
                    durable.seek(page * PAGE)
                    durable.write(now.read(PAGE))
                    came_through += 1
            (self.shadow / f"{file.name}.dirty").write_bytes(b"")
            shutil.copyfile(image, file)
        return f"{lost} unsynced pages lost, {came_through} came through"


def pages(path: Path) -> list[int]:
    found = path.read_bytes() if path.exists() else b""
    return [number for (number,) in struct.iter_unpack("<I", found[: len(found) // 4 * 4])]


def mount_small(data: Path, mib: int) -> bool:
    """A file system of its own, if this process may mount one (it runs in its own namespace)."""
    if not os.environ.get("CHAOS_NAMESPACE"):
        return False
    return os.system(f"mount -t tmpfs -o size={mib}m,mode=700 chaos {data} 2>/dev/null") == 0

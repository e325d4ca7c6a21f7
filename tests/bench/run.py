"""Measures the table of docs/performance.md and writes it there.

    python3 tests/bench/run.py FERMATA [--scale full|short] [--only NAME...] [--write]

In:  the release binary; a machine that does nothing else.
Out: figures as JSON lines on standard output; with --write the part of docs/performance.md
     between its two marks.
Absent: what is measured inside one run, see `fermata bench --help`.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
SCALES = {
    # runs of each, instances of a run, waiting instances, finished instances
    "full": (3, 20_000, 1_000_000, 10_000_000),
    "short": (1, 2_000, 20_000, 50_000),
}
WAIT_MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:fermata:bench">
  <bpmn:process id="wait" isExecutable="true">
    <bpmn:startEvent id="start"/>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="task"/>
    <bpmn:serviceTask id="task">
      <bpmn:extensionElements><zeebe:taskDefinition type="nobody"/></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="b" sourceRef="task" targetRef="end"/>
    <bpmn:endEvent id="end"/>
  </bpmn:process>
</bpmn:definitions>
"""


class Bench:
    def __init__(self, binary, scale):
        self.binary = str(pathlib.Path(binary).resolve())
        self.runs, self.instances, self.waiting, self.finished = SCALES[scale]

    def bench(self, *flags):
        command = [self.binary, "--output", "json", "bench", *map(str, flags)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def several(self, *flags):
        """The run in the middle by steps a second, and the range of all."""
        runs = sorted((self.bench(*flags) for _ in range(self.runs)), key=lambda r: r["stepsPerSecond"])
        middle = dict(runs[len(runs) // 2])
        middle["range"] = [runs[0]["stepsPerSecond"], runs[-1]["stepsPerSecond"]]
        middle["latencyRange"] = sorted(run["latencyMs"]["p50"] for run in runs)
        return middle

    def saturation(self):
        return self.several("--instances", self.instances)

    def rest(self):
        return self.several("--api", "rest", "--instances", self.instances // 4)

    def one(self):
        return self.several("--concurrency", 1, "--instances", max(100, self.instances // 20))

    def waiting_instances(self):
        """A store with many waiting instances: its server is killed, the next one is timed."""
        with tempfile.TemporaryDirectory() as directory:
            data = os.path.join(directory, "store")
            server, ready = self.serve(data)
            model = os.path.join(directory, "wait.bpmn")
            pathlib.Path(model).write_text(WAIT_MODEL, encoding="utf-8")
            call = [self.binary, "--server", ready["rest"]]
            subprocess.run([*call, "deploy", model], check=True, stdout=subprocess.DEVNULL)
            begin = time.monotonic()
            start = [*call, "start", "wait", "--count", str(self.waiting)]
            subprocess.run(start, check=True, stdout=subprocess.DEVNULL)
            took = time.monotonic() - begin
            filled_kb = resident_kb(server.pid)
            server.send_signal(signal.SIGKILL)
            server.wait()
            begin = time.monotonic()
            server, ready = self.serve(data)
            ready_ms = (time.monotonic() - begin) * 1e3
            kb = resident_kb(server.pid)
            end(server)
            bytes_all = sum(entry.stat().st_size for entry in os.scandir(data))
            return {"instances": self.waiting, "startSeconds": took, "residentKbFilled": filled_kb,
                    "readyMs": ready_ms, "residentKbReady": kb, "diskBytes": bytes_all}

    def finished_instances(self):
        """The same load on an empty store and on one with many finished instances."""
        with tempfile.TemporaryDirectory() as directory:
            data = os.path.join(directory, "store")
            empty, full = [], []
            filled = self.bench("--no-baseline", "--steps", 0, "--payload", 0,
                                "--instances", self.finished, "--data", data)
            for _ in range(self.runs):  # in turn, for the disk's mood changes
                flags = ["--no-baseline", "--instances", self.instances]
                empty.append(self.bench(*flags)["stepsPerSecond"])
                full.append(self.bench(*flags, "--data", data)["stepsPerSecond"])
            bytes_all = sum(entry.stat().st_size for entry in os.scandir(data))
            return {"instances": self.finished, "fillSeconds": filled["seconds"],
                    "empty": statistics.median(empty), "full": statistics.median(full),
                    "diskBytes": bytes_all}

    def serve(self, data):
        command = [self.binary, "--output", "json", "dev", "--data", data, "--port", "0",
                   "--grpc-port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return server, json.loads(server.stdout.readline())

    def profile(self):
        """Where the server's processor time goes under load, by perf; None without perf."""
        if shutil.which("perf") is None:
            return None
        with tempfile.TemporaryDirectory() as directory:
            server, ready = self.serve(os.path.join(directory, "store"))
            recorded = os.path.join(directory, "perf.data")
            perf = subprocess.Popen(
                ["perf", "record", "-q", "-F", "999", "-p", str(server.pid), "-o", recorded],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.bench("--no-baseline", "--grpc", ready["grpc"], "--instances", self.instances)
            finally:
                perf.send_signal(signal.SIGINT)
                perf.wait()
                end(server)
            text = subprocess.run(
                ["perf", "script", "-i", recorded, "-F", "comm,ip,sym,dso"], check=False,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout
            return summary(text)


def end(server):
    server.terminate()
    server.wait()


def resident_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


# The first that matches is where a sample belongs.
ROOMS = [
    ("SQLite", r"sqlite3|rusqlite|pcache|wal[A-Z]|btree[A-Z]|vdbe|pager|balance_|freeSpace|getPage"
               r"|allocate|cellSize|moveToChild|fermata_store|crc32"),
    ("HTTP/2 and gRPC framing", r"\bh2::|hpack|http::|prost|fermata_server::http2|slab::|indexmap"),
    ("allocator and copies", r"\bmi_|_mi_|mem(move|cpy|set|cmp)"),
    ("decisions (engine, bpmn, instance)", r"fermata_(engine|instance|bpmn|base|host)|minicbor|btree"),
    ("tokio and threads", r"tokio|mio::|std::(sync|thread|sys)|pthread|parking"),
]
KERNEL = [
    ("kernel: network", r"tcp|skb|sock|net_|inet|ip_|ipv4|napi|dev_|loopback|csum|epoll|ep_"),
    ("kernel: files and disk", r"ext4|blk|bio|folio|filemap|vfs|virt|iowrite|fsync|page|xas|generic_"
                               r"|mark_buffer|jbd2|submit|iomap"),
]


def summary(script):
    """Shares by room, from `perf script`'s lines."""
    counts = {}
    for line in script.splitlines():
        kernel = "[kernel" in line
        rooms = KERNEL if kernel else ROOMS
        room = next((name for name, pattern in rooms if re.search(pattern, line)), None)
        room = room or ("kernel: scheduling and the rest" if kernel else "the rest")
        counts[room] = counts.get(room, 0) + 1
    total = sum(counts.values()) or 1
    return {room: round(100 * count / total, 1)
            for room, count in sorted(counts.items(), key=lambda item: -item[1])}


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
    def said(*command):
        return subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    dirty = " with changes" if said("git", "status", "--porcelain", "--", "crates", "Cargo.toml") else ""
    return (f"{os.cpu_count()} cores ({cpu.group(1) if cpu else platform.processor()}), "
            f"{int(memory.group(1)) // 1024 ** 2} GB, Linux {platform.release()}, "
            f"{said('rustc', '--version')}. {datetime.date.today()}, commit "
            f"{said('git', 'rev-parse', '--short', 'HEAD')}{dirty}.")


def holds(value):
    return "holds" if value else "**missed**"


def rows(found):
    """The table: figure, measured, target, verdict."""
    load = found.get("saturation")
    if load:
        echo, cpu = load["baseline"]["echo"], load["serverCpuMicrosPerStep"]
        yield ("server CPU a durable step, 256 at once",
               f"{cpu:.1f} µs = {cpu / echo['cpuMicros']:.2f} calls that do nothing "
               f"({echo['cpuMicros']:.1f} µs each)",
               "at most 2 such calls, under 25 µs",
               f"ratio {holds(cpu <= 2 * echo['cpuMicros'])}, µs {holds(cpu < 25)}")
        low, high = load["range"]
        yield ("steps a second, 256 at once, load generator on the same cores",
               f"{load['stepsPerSecond']:,.0f} ({low:,.0f} to {high:,.0f})", "at least 30,000",
               holds(load["stepsPerSecond"] >= 30_000))
        yield ("load generator's CPU a step", f"{load['loadCpuMicrosPerStep']:.1f} µs", "", "")
        yield ("disk a finished ten-step instance", f"{load['diskBytesPerInstance']:,} bytes",
               "under 1 KB", holds(load["diskBytesPerInstance"] < 1024))
        idle, under = (load["residentKb"][key] / 1024 for key in ("idle", "load"))
        yield ("resident, idle / under load", f"{idle:.0f} MB / {under:.0f} MB", "under 30 MB idle",
               holds(idle < 30))
    one = found.get("one")
    if one:
        sync, p50, p99 = one["baseline"]["syncMicros"], one["latencyMs"]["p50"], one["latencyMs"]["p99"]
        call = one["baseline"]["echo"]["latencyMicros"]
        floor = (11 * sync + 10 * 1.5 * call) / 1e3
        yield ("ten steps one at a time, start to end", f"median {p50:.2f} ms, p99 {p99:.2f} ms",
               "median under 3 ms, p99 under 8 ms",
               f"median {holds(p50 < 3)}, p99 {holds(p99 < 8)}")
        yield ("its floor in the same minute",
               f"{floor:.2f} ms: 11 syncs of {sync:.0f} µs, 10 calls of {call:.0f} µs and as many "
               f"pushes of half of that; measured is {p50 / floor:.2f} times that", "", "")
    wait = found.get("waiting_instances")
    if wait:
        yield (f"resident with {wait['instances']:,} waiting instances, after a start / after starting them",
               f"{wait['residentKbReady'] / 1024:.0f} MB / {wait['residentKbFilled'] / 1024:.0f} MB",
               "under 300 MB", holds(wait["residentKbFilled"] < 300 * 1024))
        yield (f"ready with {wait['instances']:,} waiting instances, after SIGKILL",
               f"{wait['readyMs']:.0f} ms", "under 200 ms", holds(wait["readyMs"] < 200))
    done = found.get("finished_instances")
    if done:
        ratio = done["full"] / done["empty"]
        yield (f"throughput with {done['instances']:,} finished instances against an empty store",
               f"{ratio:.0%} ({done['full']:,.0f} and {done['empty']:,.0f} steps/s; "
               f"{done['diskBytes'] / 1e9:.1f} GB)", "at least 90 %", holds(ratio >= 0.9))
    rest = found.get("rest")
    if rest and load:
        ratio = rest["stepsPerSecond"] / load["stepsPerSecond"]
        yield ("REST against gRPC, steps a second",
               f"{ratio:.0%} ({rest['stepsPerSecond']:,.0f}; server CPU "
               f"{rest['serverCpuMicrosPerStep']:.1f} µs a step)", "at least 70 %", holds(ratio >= 0.7))


def page(found):
    lines = [BEGIN, "", machine(), "", "| figure | measured | target | |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows(found)]
    if found.get("profile"):
        lines += ["", "Where the server's processor time goes at 256 at once (`perf record -F 999`, own time of "
                  "each function, by what it belongs to):", "", "| | share |", "| --- | --- |"]
        lines += [f"| {room} | {share} % |" for room, share in found["profile"].items()]
    return "\n".join([*lines, "", END])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ["saturation", "one", "rest", "waiting_instances", "finished_instances", "profile"]
    parser.add_argument("binary")
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    bench = Bench(args.binary, args.scale)
    found = {}
    for name in args.only:
        found[name] = getattr(bench, name)()
        print(json.dumps({name: found[name]}), flush=True)
    text = page(found)
    if args.write:
        old = PAGE.read_text(encoding="utf-8")
        before, rest = old.split(BEGIN)
        PAGE.write_text(before + text + rest.split(END)[1], encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()

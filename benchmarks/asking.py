"""Asking: one tool, one load, one server; what the tool tells of it beside what the server knows of it."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cores, cpu_s, family, pinned
from benchmarks.serving import Server, Truth

ROOT = Path(__file__).parents[1]
PAYLOAD = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDOFTHEBENCHMARKS", "AWS_SECRET_ACCESS_KEY": "made/up", "AWS_DEFAULT_REGION": "us-east-1"}
_SETTLE_S = 1.0  # from the first request until the processor's time is looked at
_MARGIN_S = 0.7  # from the second look to the end of the load
_PATIENCE_S = 45.0  # beyond the load itself: start, drain, report


@dataclass(frozen=True, slots=True)
class Ask:
    """A load for a tool. rate_per_s: None is as fast as it can. connections: or users, where those are what it has.

    warmup_s: comes first, and is left out of the report by tools that can.
    """

    rate_per_s: float | None
    for_s: float
    connections: int
    warmup_s: float = 0.0
    workers: int = 1
    meanwhile: Callable[[subprocess.Popen[bytes], Server], None] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool says: times in seconds, NaN where it does not say. doubts: why not to believe it, in its own words."""

    requests: int
    failures: int
    rate_per_s: float
    p50_s: float
    p99_s: float
    service_p99_s: float = math.nan
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that measures. signed: whether it signs each request. missing: why it cannot be used here, empty if it can."""

    name: str
    command: Callable[[Ask, Server], list[str]]
    read: Callable[[Ask, Server, str, int], Told]
    signed: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One measurement. cpu_s: of the tool's whole process family, per request answered meanwhile, NaN where too few were."""

    told: Told
    truth: Truth
    cpu_s: float
    server_busy: float
    exit_code: int

    def kept(self, rate_per_s: float) -> bool:
        """Whether the rate was kept: valid by the tool's own word, all of it sent within 1 %, and answered soon."""
        return not self.told.doubts and abs(self.truth.rate_per_s / rate_per_s - 1) <= 0.01 and self.told.p99_s <= 0.010


def ask(tool: Tool, server: Server, what: Ask) -> Asked:
    """Let a tool measure the server as it is set up. Both are pinned, several workers to both cores; the server's rows are new."""
    server.folder.joinpath("payload").write_bytes(PAYLOAD)
    environment = {**os.environ, **KEYS, **_surroundings(what, server)}
    with subprocess.Popen(
        tool.command(what, server),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        preexec_fn=pinned(*cores()[1 if what.workers == 1 else 0 :]),
    ) as process:
        meter = _Meter(process, server, what.warmup_s + what.for_s)
        if what.meanwhile is not None:
            threading.Thread(target=what.meanwhile, args=(process, server), daemon=True).start()
        try:
            said, _ = process.communicate(timeout=what.warmup_s + what.for_s + _PATIENCE_S)
        except BaseException:
            for one in family(process):
                one.kill()
            raise
        meter.join()
    truth = server.truth().after(what.warmup_s)
    server.reset()
    return Asked(
        tool.read(what, server, said.decode(errors="replace"), process.returncode),
        truth,
        meter.cpu_s,
        meter.server_busy,
        process.returncode,
    )


def _surroundings(what: Ask, server: Server) -> dict[str, str]:
    """What clients that are scripts read from their environment."""
    server.folder.joinpath("told").unlink(missing_ok=True)
    rate = what.rate_per_s or 0.0
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "BENCH_TOLD": str(server.folder / "told"),
        "BENCH_RATE_EACH": repr(rate / what.connections),
        "BENCH_CONNECTIONS": str(what.connections),
        "BENCH_FOR_S": repr(what.warmup_s + what.for_s),
        "BENCH_PAYLOAD": str(server.folder / "payload"),
        "BENCH_CA": str(server.ca) if server.tls else "",
        "BENCH_ORIGIN": server.origin,
        "BENCH_PATH": server.url.removeprefix(server.origin),
    }


class _Meter(threading.Thread):
    """Looks at the processor's time and the server's count early in a load and again near its end."""

    def __init__(self, process: subprocess.Popen[bytes], server: Server, for_s: float) -> None:
        super().__init__(daemon=True)
        self.cpu_s = self.server_busy = math.nan
        self._process, self._server, self._for_s = process, server, for_s
        self.start()

    def run(self) -> None:
        """Wait for the first request, let the load settle, look, and look again."""
        while not (count := self._server.count())["first_s"]:
            if self._process.poll() is not None:
                return
            time.sleep(0.02)
        window_s = self._for_s - _SETTLE_S - (count["now_s"] - count["first_s"]) - _MARGIN_S
        if window_s <= 0.3:
            return
        time.sleep(_SETTLE_S)
        before, used_s = self._server.count(), cpu_s(family(self._process))
        time.sleep(window_s)
        after, used_s = self._server.count(), cpu_s(family(self._process)) - used_s
        answered = after["answered"] - before["answered"]
        self.cpu_s = used_s / answered if answered > 0 and used_s > 0 else math.nan
        self.server_busy = (after["cpu_s"] - before["cpu_s"]) / (after["now_s"] - before["now_s"])


def python(*arguments: str) -> list[str]:
    """A command for this very Python."""
    return [sys.executable, *arguments]

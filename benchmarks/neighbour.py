"""Neighbour: something else computes without pause on the client's core. Whose service times stay the server's?"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.accuracy import connections
from benchmarks.asking import Ask, Tool, ask, python
from benchmarks.figures import Settings, Table, main, median_of, quantile
from benchmarks.machine import at_ordinary_priority, cores, pinned
from benchmarks.ours import OURS
from benchmarks.peers import HEY, LOCUST_BOTO3, LOCUST_FAST
from benchmarks.serving import Server

RATE_PER_S = 200.0
COLUMNS = {
    "tool": ("client", "text"),
    "truth_p99_s": ("truth p99 ms", "ms"),
    "p50_error_s": ("p50 error ms", "signed_ms"),
    "p99_error_s": ("p99 error ms", "signed_ms"),
}


@contextmanager
def busy_loop() -> Iterator[None]:
    """A process that computes on the client's core as long as the block lasts, at the client's own priority."""
    with subprocess.Popen(python("-c", "while True: pass"), preexec_fn=pinned(cores()[1])) as busy:
        try:
            yield
        finally:
            busy.kill()


def once(tool: Tool, server: Server, for_s: float) -> Mapping[str, float]:
    """One measurement's figures; of ours the service time, which is all that the others report."""
    with busy_loop():
        asked = ask(tool, server, Ask(RATE_PER_S, for_s, connections(RATE_PER_S), warmup_s=1.0))
    truth_s = asked.truth.service_s.tolist()
    told = asked.told
    told_s = told.p99_s if tool is not OURS else told.service_p99_s
    return {
        "truth_p99_s": quantile(truth_s, 0.99),
        "p50_error_s": told.p50_s - quantile(truth_s, 0.5),
        "p99_error_s": told_s - quantile(truth_s, 0.99),
        "response_p99_error_s": told.p99_s - quantile(truth_s, 0.99),
        "doubted": float(bool(told.doubts)),
    }


def measure(settings: Settings) -> Table:
    """Error of the service time beside a busy loop on the client's core."""
    table = Table("neighbour", "Beside a busy loop on the client's core (server: 5 ms, 200 requests/s)", COLUMNS)
    with Server() as server, at_ordinary_priority():
        for tool in (OURS,) if settings.quick else (OURS, LOCUST_BOTO3, LOCUST_FAST, HEY):
            if tool.missing:
                table.notes.append(f"{tool.name}: {tool.missing}.")
                continue
            table.add({"tool": tool.name}, median_of(settings, lambda: once(tool, server, 1.5 if settings.quick else 4.0)))  # noqa: B023
    table.notes.append("p99 of ours is the service time's, as the others report no other; its p50 is the response time's.")
    return table


if __name__ == "__main__":
    main(measure)

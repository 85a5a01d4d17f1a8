"""CPU: processor time per request, each tool at its own highest sustained rate; ours at 10 000/s (8 000/s over TLS) as well.

A bare loop that sends ready-made bytes and looks at nothing stands beside ours at the same rates: what it costs is the
machine's, wake-ups and loopback included, and no client on this event loop can cost less.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.asking import Ask, Asked, Tool, ask
from benchmarks.figures import Settings, Table, main, median_of
from benchmarks.ours import OURS
from benchmarks.peers import BARE_LOOP, HEY, LOCUST_BOTO3, LOCUST_FAST, LOCUST_HTTP, WRK
from benchmarks.serving import Server

SERVICE_S = 0.001  # so that few users keep a client busy
LADDER = (8000.0, 10_000.0, 12_500.0, 15_000.0, 17_500.0, 20_000.0, 22_500.0, 25_000.0, 27_500.0, 30_000.0, 32_500.0, 35_000.0)
USERS = {LOCUST_BOTO3.name: 16, LOCUST_HTTP.name: 16, LOCUST_FAST.name: 16, HEY.name: 64, WRK.name: 128}
COLUMNS = {
    "scheme": ("", "text"),
    "tool": ("client", "text"),
    "signs": ("signs", "text"),
    "rate_per_s": ("requests/s on one core", "count"),
    "cpu_s": ("CPU µs/request", "us"),
    "ratio": ("× ours at its highest", "times"),
}
_ATTEMPTS = 3


def figures(asked: Asked) -> Mapping[str, float]:
    """What is told of one measurement."""
    return {"rate_per_s": asked.truth.rate_per_s, "cpu_s": asked.cpu_s, "server_busy": asked.server_busy}


def sustained(server: Server, rungs: Sequence[float], for_s: float) -> float:
    """The highest rate of the ladder that ours keeps: valid by its own word, and all of it sent within 1 %.

    Each rung is tried a few times: a neighbour's burst on a shared machine is none of ours.
    """
    kept = rungs[0]
    for rate_per_s in rungs:
        if not any(ask(OURS, server, Ask(rate_per_s, for_s, 128)).kept(rate_per_s) for _ in range(_ATTEMPTS)):
            break
        kept = rate_per_s
    return kept


def measure(settings: Settings) -> Table:
    """Processor time per request, of the tool's whole process family, measured between two looks during the load."""
    table = Table("cpu", "Processor time per request", COLUMNS)
    for tls in (False,) if settings.quick else (False, True):
        with Server(tls=tls) as server:
            server.service(SERVICE_S)
            _measure_on(server, settings, table)
    table.notes.append("Server: 1 ms. Closed-loop tools run unthrottled. Whole process family, start and end left out.")
    return table


def _measure_on(server: Server, settings: Settings, table: Table) -> None:
    for_s, scheme = (2.5 if settings.quick else 4.0), "TLS" if server.tls else "HTTP"
    rungs = (2000.0,) if settings.quick else LADDER if server.tls else LADDER[1:]
    highest = rungs[0] if settings.quick else sustained(server, rungs, 2.5)

    def row(tool: Tool, rate_per_s: float | None, connections: int, ours_s: float | None) -> float:
        repeats = median_of(settings, lambda: figures(ask(tool, server, Ask(rate_per_s, for_s, connections))))
        cost_s = statistics.median(one["cpu_s"] for one in repeats)
        signs = "SigV4" if tool.signed else "no"
        table.add({"scheme": scheme, "tool": tool.name, "signs": signs, "ratio": cost_s / (ours_s or cost_s)}, repeats)
        return cost_s

    ours_s = row(OURS, highest, 128, None)
    for rate_per_s in sorted({rungs[0], highest}):
        if rate_per_s != highest:
            row(OURS, rate_per_s, 128, ours_s)
        row(BARE_LOOP, rate_per_s, 128, ours_s)
    for tool in (LOCUST_FAST,) if settings.quick else (LOCUST_BOTO3, LOCUST_HTTP, LOCUST_FAST, HEY, WRK):
        if tool.missing:
            table.notes.append(f"{tool.name}: {tool.missing}.")
        else:
            row(tool, None, USERS[tool.name], ours_s)


if __name__ == "__main__":
    main(measure)

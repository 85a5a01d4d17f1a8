"""Stall: the server stands still for a second. Callers who come at a constant rate all wait; what does the tool say?"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.accuracy import SERVICE_S, connections
from benchmarks.asking import Ask, Tool, ask
from benchmarks.figures import Settings, Table, main, median_of, quantile
from benchmarks.ours import OURS
from benchmarks.peers import HEY, LOCUST_BOTO3, LOCUST_FAST, LOCUST_HTTP
from benchmarks.serving import Server

RATE_PER_S = 200.0
COLUMNS = {
    "tool": ("client", "text"),
    "truth_p99_s": ("truth p99 ms", "ms"),
    "told_p99_s": ("reported p99 ms", "ms"),
    "error": ("error", "percent"),
}


def once(tool: Tool, server: Server, for_s: float, connected: int) -> Mapping[str, float]:
    """One measurement's figures."""
    server.stall(for_s / 3, 1.0)
    asked = ask(tool, server, Ask(RATE_PER_S, for_s, connected))
    truth_s = quantile(asked.truth.open_loop(RATE_PER_S, for_s, SERVICE_S).tolist(), 0.99)
    return {"truth_p99_s": truth_s, "told_p99_s": asked.told.p99_s, "error": asked.told.p99_s / truth_s - 1}


def measure(settings: Settings) -> Table:
    """Whether a stall of one second shows in the p99."""
    table = Table("stall", "A stall of 1 s, 200 requests/s", COLUMNS)
    with Server() as server:
        for tool in (OURS,) if settings.quick else (OURS, LOCUST_BOTO3, LOCUST_HTTP, LOCUST_FAST, HEY):
            if tool.missing:
                table.notes.append(f"{tool.name}: {tool.missing}.")
                continue
            for_s = 2.0 if settings.quick else 8.0  # long enough for each user to see less than 1 % of it
            table.add({"tool": tool.name}, median_of(settings, lambda: once(tool, server, for_s, connections(RATE_PER_S))))  # noqa: B023
    return table


if __name__ == "__main__":
    main(measure)

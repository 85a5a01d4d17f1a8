"""Rate: how far the rate at which requests reached the server was from the one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.accuracy import connections
from benchmarks.asking import Ask, Tool, ask
from benchmarks.figures import Settings, Table, main, median_of
from benchmarks.ours import OURS
from benchmarks.peers import HEY, LOCUST_BOTO3, LOCUST_FAST, LOCUST_HTTP
from benchmarks.serving import Server

COLUMNS = {"tool": ("client", "text"), "asked_per_s": ("asked for /s", "count"), "error": ("rate error", "percent")}
ASKED = {OURS: (200, 1000, 10_000), LOCUST_BOTO3: (500,), LOCUST_HTTP: (500,), LOCUST_FAST: (200, 2000), HEY: (200, 2000)}


def once(tool: Tool, server: Server, rate_per_s: float, for_s: float) -> Mapping[str, float]:
    """One measurement: the rate is the server's, from the kernel's stamp of the first request to that of the last."""
    asked = ask(tool, server, Ask(rate_per_s, for_s, connections(rate_per_s), warmup_s=1.0))
    return {"error": asked.truth.rate_per_s / rate_per_s - 1}


def measure(settings: Settings) -> Table:
    """Whether the offered rate is kept."""
    table = Table("rate", "Error of the offered rate", COLUMNS)
    with Server() as server:
        for tool, rates in {OURS: (200,)}.items() if settings.quick else ASKED.items():
            if tool.missing:
                table.notes.append(f"{tool.name}: {tool.missing}.")
                continue
            for rate_per_s in rates:
                for_s = 1.5 if settings.quick else 4.0
                repeats = median_of(settings, lambda: once(tool, server, rate_per_s, for_s))  # noqa: B023 - called at once
                table.add({"tool": tool.name, "asked_per_s": rate_per_s}, repeats)
    return table


if __name__ == "__main__":
    main(measure)

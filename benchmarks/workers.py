"""Workers: the highest rate that one process keeps, and that two keep; nothing is lost where their samples meet."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.asking import Ask, ask
from benchmarks.figures import Settings, Table, main, median_of
from benchmarks.ours import OURS
from benchmarks.serving import Server

SERVICE_S = 0.001
LADDER = tuple(range(10_000, 42_500, 2500))
COLUMNS = {
    "workers": ("processes", "count"),
    "kept_per_s": ("highest rate kept /s", "count"),
    "beyond_per_s": ("first rate not kept /s", "count"),
    "lost": ("requests lost on their way", "count"),
    "cpu_s": ("CPU µs/request", "us"),
}


def highest(server: Server, workers: int, for_s: float) -> Mapping[str, float]:
    """Climb until a rate is not kept twice in a row: a neighbour's burst is none of ours."""
    found = {"kept_per_s": 0.0, "beyond_per_s": float("inf"), "lost": 0.0, "cpu_s": float("nan")}
    for rate_per_s in LADDER:
        for _ in range(2):
            asked = ask(OURS, server, Ask(rate_per_s, for_s, 128, warmup_s=0.5, workers=workers))
            found["lost"] += 0 if asked.told.doubts else abs(asked.told.requests - round(rate_per_s * for_s))
            if asked.kept(rate_per_s):
                found |= {"kept_per_s": rate_per_s, "cpu_s": asked.cpu_s}
                break
        else:
            return found | {"beyond_per_s": rate_per_s}
    return found


def measure(settings: Settings) -> Table:
    """What a second process gives. On two cores the server shares one with it, so this tells less than the truth."""
    table = Table("workers", "More than one process", COLUMNS)
    with Server() as server:
        server.service(SERVICE_S)
        for workers in (1, 2):
            repeats = median_of(settings, lambda: highest(server, workers, 2.0 if settings.quick else 3.0))  # noqa: B023 - called at once
            table.add({"workers": workers}, repeats)
    table.notes.append(
        "Signed requests over HTTP, server: 1 ms, on a core of its own where one process asks; two share it with the server."
    )
    return table


if __name__ == "__main__":
    main(measure)

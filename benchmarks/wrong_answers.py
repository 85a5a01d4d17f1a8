"""Wrong answers: four ways in which what a tool reports is not what happened. Does the tool notice?"""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from subprocess import Popen

from benchmarks.accuracy import SERVICE_S
from benchmarks.asking import Ask, Asked, Tool, ask
from benchmarks.figures import Settings, Table, main, quantile
from benchmarks.machine import family
from benchmarks.ours import OURS
from benchmarks.peers import HEY, LOCUST_BOTO3, LOCUST_FAST
from benchmarks.serving import Server

FOR_S = 5.0
COLUMNS = {
    "case": ("what went wrong", "text"),
    "tool": ("client", "text"),
    "truth": ("in truth", "text"),
    "told": ("reported", "text"),
    "noticed": ("noticed", "text"),
    "silent": ("silently wrong", "text"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A case for one tool. rate_per_s: asked of it. truth: what happened. right: whether what was told agrees with that."""

    case: str
    what: Ask
    prepare: Callable[[Server], None]
    truth: Callable[[Asked], str]
    right: Callable[[Asked], bool]


def starved(_: Tool) -> Wrong:
    """Four connections, and a server that stands still for a second: 200 callers a second come all the same."""

    def true_s(asked: Asked) -> float:
        return quantile(asked.truth.open_loop(200, FOR_S, SERVICE_S).tolist(), 0.99)

    return Wrong(
        "4 connections, server stalls 1 s",
        Ask(200.0, FOR_S, 4),
        lambda server: server.stall(1.5, 1.0),
        lambda asked: f"p99 {_ms(true_s(asked))}",
        lambda asked: math.isclose(asked.told.p99_s, true_s(asked), rel_tol=0.1),
    )


def saturated(tool: Tool) -> Wrong:
    """More than this client can send from one core; the server would take it."""
    rate_per_s = {OURS: 40_000.0, LOCUST_BOTO3: 3000.0, LOCUST_FAST: 12_000.0, HEY: 60_000.0}[tool]

    def true_s(asked: Asked) -> float:
        return quantile(asked.truth.service_s.tolist(), 0.99)

    return Wrong(
        f"client asked for {rate_per_s:,.0f}/s".replace(",", "\u202f"),
        Ask(rate_per_s, FOR_S, 400 if tool is HEY else 128),
        lambda _: None,
        lambda asked: f"p99 {_ms(true_s(asked))}, {asked.truth.rate_per_s:.0f}/s arrived",
        lambda asked: asked.told.p99_s - true_s(asked) < 1e-3 and asked.truth.rate_per_s > 0.98 * rate_per_s,
    )


def frozen(_: Tool) -> Wrong:
    """From a second before the end the server answers nothing any more."""
    return Wrong(
        "server freezes 1 s before the end",
        Ask(200.0, FOR_S, 64),
        lambda server: server.freeze(FOR_S - 1.0),
        lambda _: "1 in 5 never answered",
        lambda asked: asked.told.failures > 0.1 * asked.told.requests or math.isinf(asked.told.p99_s),
    )


def bereft(_: Tool) -> Wrong:
    """One of two workers is killed in the midst of the load."""
    return Wrong(
        "one of 2 workers killed",
        Ask(400.0, FOR_S, 40, workers=2, meanwhile=_kill_a_worker),
        lambda _: None,
        lambda asked: f"400/s asked, {len(asked.truth.rows) / FOR_S:.0f}/s arrived",
        lambda asked: asked.told.requests > 0.98 * 400 * FOR_S,
    )


def measure(settings: Settings) -> Table:
    """What is reported, and whether anything in the report says that it is wrong: exit code, failures, or words."""
    table = Table("wrong_answers", "Wrong answers, and who notices", COLUMNS)
    cases: Mapping[Callable[[Tool], Wrong], tuple[Tool, ...]] = {
        starved: (OURS, LOCUST_BOTO3, LOCUST_FAST, HEY),
        saturated: (OURS, LOCUST_BOTO3, LOCUST_FAST, HEY),
        frozen: (OURS, LOCUST_BOTO3, LOCUST_FAST, HEY),
        bereft: (OURS, LOCUST_BOTO3, LOCUST_FAST),
    }
    with Server() as server:
        for make, tools in cases.items():
            for tool in tools[:1] if settings.quick else tools:
                if not tool.missing:
                    _add(table, server, tool, make(tool))
    table.notes.append("Noticed: an exit code other than 0, failures counted, or a sentence in the report.")
    return table


def _add(table: Table, server: Server, tool: Tool, wrong: Wrong) -> None:
    wrong.prepare(server)
    asked = ask(tool, server, wrong.what)
    told = asked.told
    failed = f", {told.failures} failed" if told.failures else ""
    noticed = "; ".join(told.doubts) if told.doubts else (f"{told.failures} failures" if told.failures else "")
    table.add(
        {
            "case": wrong.case,
            "tool": tool.name,
            "truth": wrong.truth(asked),
            "told": f"p99 {_ms(told.p99_s)}, {told.requests} requests{failed}",
            "noticed": textwrap.shorten(noticed, 90, placeholder=" …") or "no",
            "said": noticed,
            "silent": "no" if wrong.right(asked) or noticed else "**yes**",
            "exit_code": asked.exit_code,
        },
        [],
    )


def _kill_a_worker(process: Popen[bytes], server: Server) -> None:
    """Kill the youngest of the processes that send, in the midst of the load."""
    while process.poll() is None and not server.count()["first_s"]:
        time.sleep(0.05)
    time.sleep(FOR_S / 2)
    for one in [one for one in family(process)[1:] if not one.children()][-1:]:
        one.kill()


def _ms(time_s: float) -> str:
    return "∞" if math.isinf(time_s) else f"{time_s * 1e3:.1f} ms"


if __name__ == "__main__":
    main(measure)

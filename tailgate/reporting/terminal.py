"""What stands on the terminal: a line per run while a session goes on, one table at its end."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tailgate.reporting.notes import notes_below, saved_s
from tailgate.reporting.numbers import (
    UNKNOWN,
    change_shown,
    failed_of,
    interval_of,
    outcome_of,
    provisional,
    requests_of,
    value_of,
    without_unit,
)
from tailgate.reporting.pairs import pair_differences
from tailgate.reporting.paths import path_differences
from tailgate.reporting.platform import time_lines
from tailgate.reporting.run_file import Run

COLUMNS = ("p50", "p90", "p99", "p99.9")
_WIDE, _MEDIUM = 160, 116
STYLES = {"PASS": "green", "FAIL": "bold red", "INCONCLUSIVE": "yellow"}


def run_line(run: Run) -> str:
    """One run in one line: `smoke-ml.m5.large  p50 10.2 ms  p99 19.8 ms  1 795 requests  emulated PASS`."""
    times = "  ".join(f"{metric} {value_of(run, metric)}" for metric in ("p50", "p99"))
    return f"{run.case['id']}  {times}  {requests_of(run)} requests  {outcome_of(run)}{_course(run)}"


def _course(run: Run) -> str:
    """How it came about, where that is worth a word: `  (confirmed, stopped after 62 of 600 s)`."""
    words, planned_s, saving_s = [], _load_s(run), saved_s(run)
    if run.provenance.get("confirms") is not None:
        words.append("confirmed" if run.verdict["outcome"] == "FAIL" else "the FAIL before it is not confirmed")
    if saving_s and planned_s:
        words.append(f"stopped after {planned_s - saving_s:.0f} of {planned_s:g} s")
    return "".join(f"  ({text})" for text in (", ".join(words), _against(run)) if text)


def _against(run: Run) -> str:
    """What its baseline says of it: `against main: p50 +1 %, p99 +19 %, slower`; nothing without one."""
    changes = run.verdict.get("changes")
    told = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    if not told:
        return ""
    known = [(one.get("metric"), one.get("change")) for one in told]
    grew = [f"{metric} {_grown(change)}" for metric, change in known if isinstance(change, dict)]
    outcomes = {change.get("outcome") for _, change in known if isinstance(change, dict)}
    word = next((word for outcome, word in (("FAIL", ", slower"), ("INCONCLUSIVE", ", undecided")) if outcome in outcomes), "")
    return f"against {told[0].get('baseline')}: {', '.join(grew)}{word}"


def _grown(change: dict[str, Any]) -> str:
    """By how much the run was slower: of a repeat, itself and not the run that asked for it."""
    relative = change.get("repeat_relative")
    relative = change.get("relative") if relative is None else relative
    return change_shown(relative)


def summary(runs: Sequence[Run], *, width: int, styled: bool) -> str:
    """The table of all runs, and what has to be said beside it, as text of at most `width` columns."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=styled, no_color=not styled, highlight=False, legacy_windows=False)
    console.print(_table(runs, console.width))
    for difference in (*pair_differences(runs), *path_differences(runs)):
        console.print(Text(difference))
    for line in time_lines(runs):
        console.print(Text(line))
    for note in notes_below(runs):
        console.print(Text(note, style="dim"))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _table(runs: Sequence[Run], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), collapse_padding=True)
    shown = COLUMNS if width >= _WIDE else ("p50", "p99") if width >= _MEDIUM else ("p99",)
    table.add_column("case", overflow="fold", min_width=20)
    table.add_column("n", justify="right", no_wrap=True)
    for metric in shown:
        table.add_column(f"{metric} ms [95 %]", justify="right", no_wrap=True)
    if width >= _MEDIUM:
        table.add_column("errors", justify="right", no_wrap=True)
        table.add_column("send lag", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for run in runs:
        outcome = Text(outcome_of(run) + ("*" if provisional(run) else ""), style=STYLES.get(str(run.verdict["outcome"]), ""))
        estimates = [_interval(run, metric) for metric in shown]
        kept = [failed_of(run), value_of(run, "send_lag_p99")] if width >= _MEDIUM else []
        table.add_row(Text(str(run.case["id"])), requests_of(run), *estimates, *kept, outcome)
    return table


def _interval(run: Run, metric: str) -> str:
    """`19.8 [19.1, 20.4]`: the unit is in the column's heading."""
    interval = interval_of(run, metric)
    return UNKNOWN if interval is None else " ".join((without_unit(interval.value), f"[{', '.join(map(without_unit, interval[1:]))}]"))


def _load_s(run: Run) -> float | None:
    """How long its judged part was meant to be."""
    load = run.case.get("load")
    for_s = load.get("for_s") if isinstance(load, dict) else None
    return for_s if isinstance(for_s, int | float) else None

"""Wording of a comparison with a baseline: before, after, bound, by how many runs, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tailgate.analysis import wording
from tailgate.analysis.dependence import LEAST_HISTORY
from tailgate.analysis.outcome import Outcome
from tailgate.units import format_ms

if TYPE_CHECKING:
    from tailgate.analysis.changes.baseline import MetricChange

_COMMIT_DIGITS = 12


def what_came_out(over: Sequence[str], regressed: Sequence[str]) -> str:
    """The heading's first words: `p99 slower than before`, after what is over budget."""
    slower = f"{' and '.join(metric.replace('_', ' ') for metric in regressed)} slower than before"
    return f"{' and '.join(metric.replace('_', ' ') for metric in over)} over budget, {slower}" if over else slower


def change_lines(found: Iterable[MetricChange], target_kind: str) -> Iterator[str]:
    """Each metric in one line, and a second one where there is more to say."""
    for one in found:
        yield f"{one.metric} against {one.baseline}: {_told(one, target_kind)}"
        if one.change.already:
            runs = "run was" if one.change.already == 1 else f"{one.change.already} runs were"
            yield f"  its last {runs} beyond that already: look for the cause from {_when(one)} on"
        if one.left_out:
            runs = "run is" if one.left_out == 1 else "runs are"
            yield f"  {one.left_out} earlier {runs} left out: failures reached into {one.metric}"


def _told(one: MetricChange, target_kind: str) -> str:
    change, newest = one.change, format_ms(one.newest_s)
    if change.expected_s is None:
        return f"{newest}, and no earlier run to hold it against"
    if change.bound_s is None:
        runs = "1 earlier run" if change.runs == 1 else f"{change.runs} earlier runs"
        usual = f"{newest} after {format_ms(change.expected_s)} ({_percent(change.relative)}) by {runs}"
        return f"{usual}: undecided, it takes {LEAST_HISTORY} runs to know how much they vary"
    outcome = wording.outcome_text(change.outcome, target_kind)
    usual = f"usually {format_ms(change.expected_s)}, at most {format_ms(change.bound_s)} by {_runs(one)}"
    if change.repeat:
        return f"{newest}, {usual}: {outcome} ({_percent(change.relative)}); a second run decides"
    if one.repeat_s is None or (change.outcome is Outcome.PASS and one.newest_s <= change.bound_s):
        return f"{newest}, {usual}: {outcome} ({_percent(change.relative)})"
    again = f"{newest}, again {format_ms(one.repeat_s)}"
    confirmed = "" if change.outcome is Outcome.FAIL else ", not confirmed"
    return f"{again}, {usual}: {outcome} ({_percent(change.relative)}, again {_percent(change.repeat_relative)}{confirmed})"


def _runs(one: MetricChange) -> str:
    """How many runs, and since when where that is when their level began."""
    return f"{one.change.runs} runs" if one.change.already else f"{one.change.runs} runs since {_when(one)}"


def _when(one: MetricChange) -> str:
    day = str(one.since)[:10]
    return f"{day}, commit {one.commit[:_COMMIT_DIGITS]}" if one.commit else day


def _percent(relative: float | None) -> str:
    if relative is None:
        return "–"
    return f"{relative * 100:+.0f} %" if relative < float("inf") else "+∞"

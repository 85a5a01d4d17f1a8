"""A recorded run as text again: its verdict's explanation, its estimates, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tailgate.plan.vocabulary import unit_of
from tailgate.reporting.benchmark_json import runs_in
from tailgate.reporting.plain import Plain
from tailgate.reporting.platform import cost_line, notes_of, phases_line, time_line
from tailgate.reporting.run_file import Run, read_json


def runs_of(path: Path) -> list[Run]:
    """The run of a run file, or all those of a benchmark JSON. Raises RecordError."""
    raw = read_json(path)
    return runs_in(path) if isinstance(raw, dict) and "benchmarks" in raw else [Run.from_fields(raw, str(path), path)]


def described(run: Run) -> str:
    """Several lines: the explanation as it was given, then one line per estimate with its interval; of an arm, the comparison."""
    compared = [str(run.pair["explanation"])] if "explanation" in run.pair else []
    time = [f"  where the time goes: {line}" for line in time_line(run)] + [f"    {line}" for line in phases_line(run)]
    notes = [f"  {note}" for note in notes_of(run)]
    return "\n".join(
        [
            str(run.verdict.get("explanation")),
            *(f"  {line}" for line in _lines(run)),
            *time,
            *(f"  {line}" for line in cost_line(run)),
            *notes,
            *compared,
        ]
    )


def _lines(run: Run) -> Iterator[str]:
    estimates = [one for one in run.estimates if isinstance(one, dict)]
    width = max((len(str(one.get("metric"))) for one in estimates), default=0)
    for one in estimates:
        metric = str(one.get("metric"))
        low, high = one.get("low"), one.get("high")
        interval = "" if low is None and high is None else f"   [{_bound(metric, low)}, {_bound(metric, high)}]"
        yield f"{metric:<{width}}   {_value(metric, one.get('value')):>12}{interval}"
    provenance = run.provenance
    yield f"{run.case.get('id')}, {provenance.get('target')}, {provenance.get('started_at')}"


def _bound(metric: str, bound: Plain) -> str:
    """One end of an interval; a dash where the samples do not bound it."""
    return "–" if bound is None else _value(metric, bound)


def _value(metric: str, value: Plain) -> str:
    """A value in its metric's unit; no value stands for a time that no request kept, ∞."""
    if not isinstance(value, int | float):
        return "∞"
    return unit_of(metric).show(value)

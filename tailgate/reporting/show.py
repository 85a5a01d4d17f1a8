"""A recorded run as text again: its verdict's explanation, its estimates, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tailgate.reporting.benchmark_json import runs_in
from tailgate.reporting.numbers import interval_in
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
        value, low, high = told = interval_in(metric, one)
        yield f"{metric:<{width}}   {value:>12}{f'   [{low}, {high}]' if told.known else ''}"
    provenance = run.provenance
    yield f"{run.case.get('id')}, {provenance.get('target')}, {provenance.get('started_at')}"

"""Collection: the runs that a session's folders hold, and those that dead sessions left, ready for a benchmark JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tailgate.errors import RecordError, SamplesError
from tailgate.reporting.benchmark_json import Benchmark, benchmarks_of, recovered, response_times
from tailgate.reporting.run_file import Run, read_run
from tailgate.reporting.session_folder import run_files, unsaved
from tailgate.samples import Samples, read_samples


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found.

    runs: the session's own, in the order of their beginning. recovered: those of dead sessions, in the same order.
    benchmarks: one per run, the session's own first. complaints: of files that cannot be read, a sentence each.
    """

    runs: list[Run]
    recovered: list[Run]
    benchmarks: list[Benchmark]
    complaints: list[str]


def collect(own: Iterable[Path], dead: Iterable[Path]) -> Collection:
    """Read the runs in a session's own folders, and the unsaved ones in those of dead sessions."""
    complaints: list[str] = []
    ours = _read((path for folder in own for path in run_files(folder)), complaints)
    left = _read((path for folder in dead for path in unsaved(folder)), complaints)
    left = [(recovered(run, run.path.parent.name) if run.path else run, times_s) for run, times_s in left]
    return Collection([run for run, _ in ours], [run for run, _ in left], benchmarks_of([*ours, *left]), complaints)


def _read(paths: Iterable[Path], complaints: list[str]) -> list[tuple[Run, list[float]]]:
    """Runs with their response times, by when they began; what cannot be read becomes a complaint."""
    found = []
    for path in paths:
        try:
            run = read_run(path)
            found.append((run, response_times(run, _samples_of(run))))
        except RecordError as error:
            complaints.append(str(error))
    return sorted(found, key=lambda pair: str(pair[0].provenance.get("started_at")))


def _samples_of(run: Run) -> Samples | None:
    try:
        return run.own(read_samples(run.samples_path)) if run.samples_path else None
    except SamplesError:  # the run's histogram stands in
        return None

"""History: what earlier sessions' benchmark JSON knows of a case, as counts that a PASS has to reckon with."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path

from tailgate.analysis.counts import Counts
from tailgate.analysis.counts import History as Earlier
from tailgate.errors import AnalysisError, RecordError
from tailgate.plan.case import Case
from tailgate.reporting.benchmark_json import runs_in
from tailgate.reporting.per_second import counts_in
from tailgate.reporting.run_file import Run
from tailgate.reporting.session_folder import BENCHMARKS

NEWEST_FILES = 50
"""Of all that were ever written: reading more costs seconds, and what is older says little of today."""

NEWEST_RUNS = 20


class History:
    """Earlier runs below a reports folder, read once, when they are first asked for.

    Only runs that were trusted count, and at most the newest 20 of a case; files that cannot be read are passed over.
    vantage: where the load comes from; runs from elsewhere went over other networks.
    """

    def __init__(self, reports: Path, vantage: str = "local") -> None:
        self._folder, self._vantage = reports / BENCHMARKS, vantage

    def of(self, case: Case, target_kind: str) -> dict[str, Earlier]:
        """By a limit's source, requests and exceedances per second of earlier runs of the case at such a target, newest first."""
        runs = self._runs[case.key, target_kind, self._vantage][:NEWEST_RUNS]
        return {limit.source: _counts(runs, limit.source) for limit in case.budget.limits}

    @cached_property
    def _runs(self) -> dict[tuple[str, str, str], list[Run]]:
        """Trusted runs by what makes them comparable, newest first."""
        found: defaultdict[tuple[str, str, str], list[Run]] = defaultdict(list)
        for path in _newest(self._folder):
            for run in _readable(path):
                if not run.verdict.get("reasons"):
                    found[str(run.case.get("key")), str(run.provenance.get("target")), str(run.provenance.get("vantage"))].append(run)
        for runs in found.values():
            runs.sort(key=lambda run: str(run.provenance.get("started_at")), reverse=True)
        return found


def _newest(folder: Path) -> list[Path]:
    """Its newest files by their time of change; those that vanish meanwhile are passed over."""
    timed = []
    for path in folder.rglob("*.json"):
        try:
            timed.append((path.stat().st_mtime_ns, path))
        except OSError:
            continue
    return [path for _, path in sorted(timed, reverse=True)[:NEWEST_FILES]]


def _readable(path: Path) -> list[Run]:
    try:
        return runs_in(path)
    except RecordError:
        return []


def _counts(runs: list[Run], source: str) -> Earlier:
    """The counts of those runs that had the very same limit; damaged ones are passed over."""
    counted = []
    for run in runs:
        try:
            counts = counts_in(run.per_second, source)
            if counts is not None:
                Counts.of(*counts)
                counted.append(counts)
        except (RecordError, AnalysisError):
            continue
    return counted

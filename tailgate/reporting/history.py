"""History: what earlier sessions' benchmark JSON knows of a case, as counts that a PASS has to reckon with."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path

from tailgate.analysis.counts import Counts
from tailgate.analysis.counts import History as Earlier
from tailgate.analysis.metrics import metric_of
from tailgate.errors import AnalysisError, RecordError
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.plan.vocabulary import is_metric
from tailgate.reporting.per_second import counts_in
from tailgate.reporting.recorded import benchmarks_folder, kept, newest_runs, trusted
from tailgate.reporting.recorded_run import limits_of
from tailgate.reporting.run_file import Run

NEWEST_FILES = 50
"""Of all that were ever written: reading more costs seconds, and what is older says little of today."""

NEWEST_RUNS = 20


class History:
    """Earlier runs below a reports folder, or another folder of benchmark JSON, read once, when they are first asked for.

    Only runs that were trusted count, and at most the newest 20 of a case; files that cannot be read are passed over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, case: Case, target_kind: str, vantage: str = "local") -> dict[str, Earlier]:
        """By a limit's source, requests and exceedances per second of earlier runs of the case at such a target, newest first.

        vantage: where the load comes from; runs from elsewhere went over other networks.
        """
        runs = self._runs[case.key, target_kind, vantage][:NEWEST_RUNS]
        return {limit.source: _counts(runs, limit) for limit in case.budget.limits}

    @cached_property
    def _runs(self) -> dict[tuple[str, str, str], list[Run]]:
        """Trusted runs by what makes them comparable, newest first."""
        found: defaultdict[tuple[str, str, str], list[Run]] = defaultdict(list)
        for run in trusted(newest_runs(benchmarks_folder(self._folder), NEWEST_FILES)):
            found[kept(run)].append(run)
        return found


def _counts(runs: list[Run], limit: Limit) -> Earlier:
    """The counts of those runs that counted the same requests; damaged ones are passed over."""
    counted = []
    for run in runs:
        try:
            counts = counts_in(run.per_second, _source_in(run, limit))
            if counts is not None:
                Counts.of(*counts)
                counted.append(counts)
        except (RecordError, AnalysisError):
            continue
    return counted


def _source_in(run: Run, limit: Limit) -> str:
    """The run's limit that the same requests exceed, as it was written there; else this one, as it is written.

    Spaces and units are no difference, nor is the bound of a share, nor which percentile has the bound.
    """
    of = metric_of(limit.metric).counted
    for one in limits_of(run):
        match one:
            case {"metric": str(name), "bound": int() | float() as bound, "source": str(source)} if of is not None and is_metric(name):
                theirs = metric_of(name).counted
                if theirs is not None and theirs(float(bound)) == of(limit.bound):
                    return source
    return limit.source

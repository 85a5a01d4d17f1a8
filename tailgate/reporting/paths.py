"""Paths: what the network path does, where two runs of a session differ in nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations

from tailgate.analysis.compare import compare
from tailgate.errors import AnalysisError, SamplesError
from tailgate.plan.case import NETWORK_PATHS
from tailgate.reporting.run_file import Run
from tailgate.samples import Samples, read_samples

_BETWEEN_RUNS = " between runs"


def path_differences(runs: Sequence[Run]) -> list[str]:
    """A line for each pair of runs that differ in the network path only, with 95 % intervals, second path minus first.

    The runs came one after the other, so what else changed meanwhile is in the difference too. A run whose samples
    are gone or empty is passed over.
    """
    return list(_lines(runs))


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    known = [run for run in runs if run.case.get("network_path") in NETWORK_PATHS]
    ordered = sorted(known, key=lambda run: NETWORK_PATHS.index(str(run.case["network_path"])))
    for first, second in combinations(ordered, 2):
        if _but_for_the_path(first) == _but_for_the_path(second) and first.case["network_path"] != second.case["network_path"]:
            try:
                differences = compare(_samples(first), _samples(second))
            except (AnalysisError, SamplesError):
                continue
            shown = ", ".join(difference.format().removesuffix(_BETWEEN_RUNS) for difference in differences)
            what = f"{second.case['network_path']} minus {first.case['network_path']} on {second.case['instance_type']}"
            yield f"{what}{_BETWEEN_RUNS}: {shown}"


def _but_for_the_path(run: Run) -> str:
    asked = {name: value for name, value in run.case.items() if name not in {"id", "key", "network_path", "budget"}}
    return json.dumps([run.provenance.get("target"), asked], sort_keys=True)


def _samples(run: Run) -> Samples:
    if run.samples_path is None:
        raise SamplesError(f"run {run.case['id']} was never on disk")
    return run.own(read_samples(run.samples_path)).after_warmup()

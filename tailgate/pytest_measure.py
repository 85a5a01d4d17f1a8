"""The fixture `measure` as a test sees it: called with a case, or `paired` with two. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import CapacityError
from tailgate.plan.case import Case
from tailgate.plan.pair import Pair
from tailgate.plan.profile import check_seed

if TYPE_CHECKING:
    from tailgate.analysis.arms.contrast import NoWorse
    from tailgate.measure import Measurement
    from tailgate.paired_run import PairedRun
    from tailgate.pytest_gate import Gate

OUTCOME = "tailgate.outcome"
"""The JUnit property that says what came of a test."""

LINES: pytest.StashKey[list[str]] = pytest.StashKey()
"""Of a test: a line per run."""


class Measure:
    """Measures cases for one test."""

    def __init__(self, measure_case: Callable[[Case], Measurement], request: pytest.FixtureRequest, gate: Gate) -> None:
        self._measure_case, self._request, self._gate = measure_case, request, gate

    def __call__(self, case: Case) -> Measurement:
        """Measure a case: `run = measure(case)`, then `assert run.verdict, run.verdict.explain()`."""
        __tracebackhide__ = True
        return self._measure_case(case)

    def paired(self, first: Case, second: Case, *, seed: int = 1) -> PairedRun:
        """Measure two cases in one run: a fair coin sends each request of the load to one of them.

        `change = measure.paired(a, b)`, then `assert change.no_worse_than("2ms", at="p99"), change.explain()`. Load, payload and
        what is expected are the same in both. seed: of the coin. Both runs are on disk before this returns. Raises PlanError
        where the two cannot be compared; a platform without capacity skips the test, and so does an undecided answer where
        one of the cases or --latency-inconclusive says so.
        """
        __tracebackhide__ = True
        from tailgate.reporting.junit import comparison_properties

        pair, node, gate = Pair(first, second), self._request.node, self._gate
        check_seed(seed)
        try:
            for run in gate.paired(pair, seed, node.nodeid):
                node.stash.setdefault(LINES, []).extend(gate.lines_of(run))
        except CapacityError as error:
            pytest.skip(str(error))
        properties = node.user_properties
        properties += [("tailgate.case", pair.id), ("tailgate.target", run.contrast.target_kind), (OUTCOME, _worst_of(run))]
        place = len(properties) - 1
        for arm, name in zip(run.arms, ("tailgate.first", "tailgate.second"), strict=True):
            properties.extend(gate.properties_of(arm, name))
        differences = run.contrast.differences.items()
        properties.extend(one for metric, comparison in differences for one in comparison_properties(metric, comparison))
        run = replace(run, on_answer=partial(_answered, properties, place, run))
        undecided = (first.inconclusive, second.inconclusive, self._request.config.option.latency_inconclusive)
        return replace(run, on_undecided=pytest.skip) if "skip" in undecided else run


def _answered(properties: list[tuple[str, object]], place: int, run: PairedRun, answer: NoWorse) -> None:
    """Say what came of a margin, `tailgate.paired.p99.no_worse_than.2ms`, and of the pair, which is the worst of all so far.

    place: where that stands among the test's properties.
    """
    properties.append((f"tailgate.paired.{answer.metric}.no_worse_than.{answer.margin_s * 1e3:g}ms", answer.outcome.name))
    properties[place] = (OUTCOME, _worst_of(run))


def _worst_of(run: PairedRun) -> str:
    """Of both arms' verdicts and of the margins that were asked about."""
    outcomes = {*(arm.verdict.outcome.name for arm in run.arms), *(answer.outcome.name for answer in run.contrast.asked)}
    return next(name for name in ("FAIL", "INCONCLUSIVE", "PASS") if name in outcomes)

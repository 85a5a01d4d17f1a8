"""History: the band is the gate's own, new levels begin where they began, and what was not trusted teaches nothing."""

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.changes.baseline import Baseline, Earlier, changes
from tailgate.analysis.quantiles import Estimate
from tailgate.reporting.figures import history
from tailgate.reporting.figures.level import MOST_RUNS, MetricHistory
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()
PLAIN = run_from(CASE, samples_of(CASE))


def run_of(number: int, p99_s: float | None, **provenance: str) -> Run:
    """The number-th run of a day, with a p99 that is known to 2 %."""
    low, high = (None, None) if p99_s is None else (p99_s * 0.98, p99_s * 1.02)
    own: dict[str, Any] = {"metric": "p99", "value": p99_s, "low": low, "high": high}
    estimates: list[Any] = [own if isinstance(one, dict) and one["metric"] == "p99" else one for one in PLAIN.estimates]
    started_at = f"2026-11-22T{number // 60:02}:{number % 60:02}:00+00:00"
    bare = {**PLAIN.verdict, "checks": []}
    return replace(PLAIN, verdict=bare, estimates=estimates, provenance={**PLAIN.provenance, "started_at": started_at, **provenance})


def p99_of(runs: list[Run]) -> MetricHistory:
    (case,) = history(runs)
    return next(metric for metric in case.metrics if metric.metric == "p99")


def noisy(seed: int, number: int, level_s: float = 0.04) -> list[float]:
    random = np.random.default_rng(seed)
    return [float(value) for value in level_s * np.exp(0.02 * random.standard_normal(number))]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30), st.randoms(use_true_random=False))
def test_each_points_band_is_what_a_baseline_of_the_runs_before_it_says(seed: int, number: int, random: Any) -> None:
    """In whatever order the runs come: expected value, bound and relative change are the gate's own for that history."""
    values = noisy(seed, number)
    runs = [run_of(place, value) for place, value in enumerate(values)]
    mixed = random.sample(runs, len(runs))
    points = p99_of(mixed).points
    assert [point.value.value for point in points] == values
    assert all(mixed[point.run] is runs[place] for place, point in enumerate(points))
    last = Estimate("p99", values[-1], values[-1] * 0.98, values[-1] * 1.02)
    before = [Earlier({"p99": Estimate("p99", value, value * 0.98, value * 1.02)}, "") for value in values[:-1]][-20:]
    (told,) = changes(Baseline("", tuple(before)), ["p99"], {"p99": last})
    newest = points[-1]
    assert (newest.expected_s, newest.bound_s, newest.relative) == (told.change.expected_s, told.change.bound_s, told.change.relative)
    assert (newest.bound_s is None) == (number <= 5)


def test_a_new_level_begins_where_it_began() -> None:
    """A fifth more from the eleventh run on, and back from the 25th: two changes, and the first slow run is beyond its bound."""
    values = [*noisy(1, 10), *noisy(2, 14, 0.05), *noisy(3, 12)]
    told = p99_of([run_of(place, value) for place, value in enumerate(values)])
    assert told.changes == (10, 24)
    assert told.points[10].beyond
    assert told.points[10].relative == pytest.approx(0.25, abs=0.08)
    assert not told.points[20].beyond


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_noise_alone_seldom_moves_the_level(seed: int) -> None:
    """Thirty runs of the same have two changes at most, and no level is shorter than three runs."""
    told = p99_of([run_of(place, value) for place, value in enumerate(noisy(seed, 30))])
    edges = [0, *told.changes, 30]
    assert all(end - start >= 3 for start, end in itertools.pairwise(edges))
    assert len(told.changes) <= 2


def test_what_was_not_trusted_or_never_answered_is_shown_and_teaches_nothing() -> None:
    """Both are points; neither is in the history of a later one, nor makes a change."""
    runs = [run_of(place, value) for place, value in enumerate(noisy(4, 8))]
    wrong = replace(run_of(8, 4.0), verdict={**PLAIN.verdict, "checks": [], "reasons": ["send lag"]})
    lost, after = run_of(9, None), run_of(10, 0.04)
    told = p99_of([*runs, wrong, lost, after])
    assert [point.trusted for point in told.points][8:] == [False, True, True]
    assert told.points[9].value.value == math.inf
    assert told.points[10].bound_s == pytest.approx(p99_of([*runs, after]).points[-1].bound_s)
    assert told.changes == ()


def test_of_a_run_and_its_repeat_only_the_repeat_counts_afterwards() -> None:
    """Both are shown; what comes later is held against the repeat, as the gate does."""
    runs = [run_of(place, value, session=str(place), test="t") for place, value in enumerate(noisy(5, 7))]
    first = run_of(7, 0.08, session="7", test="t", repeat="0")
    repeat = run_of(8, 0.041, session="7", test="t", repeat="1")
    after = run_of(9, 0.04, session="9", test="t")
    told = p99_of([*runs, first, repeat, after])
    assert len(told.points) == 10
    assert told.points[7].beyond
    assert told.points[8].expected_s == told.points[7].expected_s
    assert told.points[9].bound_s == p99_of([*runs, repeat, after]).points[-1].bound_s


def test_cases_targets_and_vantages_have_histories_of_their_own_and_one_run_has_none() -> None:
    """What is not comparable is in no series together."""
    runs = [run_of(0, 0.04), run_of(1, 0.04), run_of(2, 0.04, target="sagemaker"), run_of(3, 0.04, vantage="elsewhere")]
    (only,) = history(runs)
    assert (only.case, only.target) == ("ranker-ml.m5.large-public", "emulated")
    assert [point.run for point in only.metrics[0].points] == [0, 1]


def test_the_newest_fifty_runs_are_shown() -> None:
    """The oldest of them knows its history all the same."""
    told = p99_of([run_of(place, value) for place, value in enumerate(noisy(6, MOST_RUNS + 10))])
    assert [point.run for point in told.points] == list(range(10, MOST_RUNS + 10))
    assert told.points[0].bound_s is not None

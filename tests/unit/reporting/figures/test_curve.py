"""The percentile curve: the recorded estimates where there are some, the histogram between them, an end where failures begin."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.quantiles import estimate_quantile
from tailgate.plan.vocabulary import quantile_of
from tailgate.reporting.figures import complementary, percentile_curve
from tailgate.reporting.figures.curve import QuantilePoint
from tailgate.reporting.run_file import Run
from tailgate.samples import Samples
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of("ranker", 100, 40, 2, "p50 <= 60ms", "p99.5 <= 120ms", "max <= 1s", "ttfb_p99 <= 1s", "mean <= 1s")


def bursty(seed: int) -> Samples:
    """Every eighth second is three times as slow, so that the design effect is far from 1."""
    samples = samples_of(CASE, seed)
    slow = (samples.records["due_s"].astype(np.int64) % 8) == 0
    for column in ("first_byte_after_s", "done_after_s"):
        samples.records[column][slow] *= 3
    return samples


def points_of(run: Run) -> tuple[QuantilePoint, ...]:
    curve = percentile_curve(run)
    assert curve is not None
    return curve.points


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 300), st.booleans())
def test_at_the_estimates_quantiles_the_curve_is_the_estimates(seed: int, failed: int, burst: bool) -> None:
    """Value and both ends of the interval are those of the record, to the last bit, also of a limit's own percentile."""
    samples = bursty(seed) if burst else samples_of(CASE, seed, failed=range(failed))
    run = run_from(CASE, samples)
    recorded = {str(one["metric"]): one for one in run.estimates if isinstance(one, dict)}
    drawn = {point.metric: point for point in points_of(run) if point.metric}
    finite = {metric for metric, one in recorded.items() if quantile_of(metric) and "ttfb" not in metric and one["value"] is not None}
    assert set(drawn) - {"p99.5"} == finite
    for metric in finite:
        one = recorded[metric]
        assert (drawn[metric].value_s, drawn[metric].low_s, drawn[metric].high_s) == (one["value"], one["low"], one["high"])
    assert ("p99.5" in drawn) == (failed <= 20 or burst)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4000))
def test_the_curve_rises_within_its_interval_and_ends_where_failures_begin(seed: int, failed: int) -> None:
    """Ascending in q and time; low ≤ value ≤ high; of 4 000 requests none of the last `failed` is drawn, and that is said."""
    run = run_from(CASE, samples_of(CASE, seed, failed=range(failed)))
    curve = percentile_curve(run)
    assert curve is not None
    assert (curve.requests, curve.failed) == (4000, failed)
    assert curve.ends_at_q == (None if not failed else pytest.approx(1 - failed / 4000))
    assert bool(curve.points) == (failed < 4000)
    for one, other in itertools.pairwise(curve.points):
        assert one.q < other.q
        assert one.value_s <= other.value_s
    for point in curve.points:
        assert point.nines == pytest.approx(1 / (1 - point.q))
        assert (point.low_s or 0) <= point.value_s <= (math.inf if point.high_s is None else point.high_s)
        assert math.ceil(4000 * point.q - 1e-9) <= 4000 - failed


def test_between_the_estimates_the_interval_is_what_the_samples_would_give() -> None:
    """At other quantiles of a bursty run, value within .1 % and the interval's width within a fifth of those made of the samples."""
    samples = bursty(5)
    judged = samples.after_warmup()
    others = [point for point in points_of(run_from(CASE, samples)) if point.metric is None and 0.5 < point.q < 0.99]
    assert len(others) > 20
    widths = []
    for point in others:
        exact = estimate_quantile(judged.response_s, point.q, per_second=judged.per_second)
        assert point.value_s == pytest.approx(exact.value, rel=1e-3)
        if None not in (exact.low, exact.high, point.low_s, point.high_s):
            widths.append((point.high_s - point.low_s) / (exact.high - exact.low))
    assert len(widths) > 20
    assert 0.8 < np.median(widths) < 1.25


def test_of_independent_requests_the_interval_is_the_binomial_one() -> None:
    """Without any burst the curve's interval between estimates is as narrow as order statistics of the samples allow."""
    samples = samples_of(CASE, 3)
    judged = samples.after_warmup()
    for point in points_of(run_from(CASE, samples)):
        if point.metric is None and 0.3 < point.q < 0.98:
            exact = estimate_quantile(judged.response_s, point.q)
            assert point.low_s is not None
            assert point.high_s is not None
            assert exact.low is not None
            assert point.low_s == pytest.approx(exact.low, rel=0.02)
            assert point.high_s == pytest.approx(exact.high, rel=0.02)


def test_the_budget_is_drawn_for_what_the_axis_holds() -> None:
    """Percentiles of the response time and the maximum, with their outcomes; no first bytes and no mean."""
    curve = percentile_curve(run_from(CASE, samples_of(CASE)))
    assert curve is not None
    assert [(line.source, line.q, line.bound_s) for line in curve.budget] == [
        ("p50 <= 60ms", 0.5, 0.06),
        ("p99.5 <= 120ms", 0.995, 0.12),
        ("max <= 1s", None, 1.0),
    ]
    assert {line.outcome for line in curve.budget} == {"PASS"}


def test_an_estimate_that_its_own_histogram_contradicts_is_not_drawn(run: Run) -> None:
    """A damaged number makes no spike: the histogram's is shown in its place."""
    damaged = replace(run, estimates=[{**one, "value": 9.0} if one["metric"] == "p90" else one for one in run.estimates])
    assert max(point.value_s for point in points_of(damaged)) < 1
    assert "p90" not in {point.metric for point in points_of(damaged)}


def test_older_runs_are_widened_by_their_limits_design_effect(run: Run) -> None:
    """Where no estimate has an interval, the largest recorded design effect widens the curve's own."""
    bare = replace(run, estimates=[])
    decision = {"outcome": "PASS", "fraction": 0.0, "low": 0.0, "high": 0.1}
    checks = [{"limit": {"metric": "p99", "bound": 1.0, "source": "p99 <= 1s"}, "decision": {**decision, "design_effect": 9.0}}]
    narrow = {point.q: point for point in points_of(replace(bare, verdict={**run.verdict, "checks": []}))}
    wide = {point.q: point for point in points_of(replace(bare, verdict={**run.verdict, "checks": checks}))}
    for q in (q for q in narrow if 0.4 < q < 0.9):
        one, other = narrow[q], wide[q]
        assert (other.high_s or 0) - (other.low_s or 0) > 2 * ((one.high_s or 0) - (one.low_s or 0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3999))
def test_the_complementary_curve_counts_what_the_samples_hold(seed: int, failed: int) -> None:
    """Its shares are exact at its times, but for the rounding of a nanosecond; they fall from 1 and never below the failed share."""
    samples = samples_of(CASE, seed, failed=range(failed))
    tail, response_s = complementary(run_from(CASE, samples)), samples.after_warmup().response_s
    assert tail is not None
    assert tail.failed_share == failed / 4000
    assert tail.points[0].share == 1.0
    shares = [point.share for point in tail.points]
    assert shares == sorted(shares, reverse=True)
    assert all(share >= max(tail.failed_share, 1 / 4000) for share in shares)
    for point in tail.points[1:]:
        assert point.share == pytest.approx(float((response_s > point.time_s + 6e-10).mean()))
    assert shares[-1] == pytest.approx(max(tail.failed_share, 1 / 4000), abs=2 / 4000)

"""Counts from a record: never farther from the samples than the record's classes leave open."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.exceedances import FAILED, FIRST_BYTE, RESPONSE, THROTTLED, Counted
from tailgate.reporting import recorded_counts
from tailgate.reporting.histogram import above, encode
from tailgate.reporting.recorded_counts import RecordedCounts, _divided
from tailgate.reporting.run_file import Run
from tailgate.samples import Error, Samples
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of("ranker", 100, 35, 2, "p50 <= 20ms", "p99 <= 40ms", "error_rate <= 5%", "ttfb_p90 <= 30ms")
SAMPLES = samples_of(CASE, failed=[3, 4, 5, 2000, 3000, 3001])
SAMPLES.records["error"][np.flatnonzero(SAMPLES.failed)[:2]] = Error.THROTTLED
JUDGED = SAMPLES.after_warmup()
RUN = run_from(CASE, SAMPLES)


def true(counted: Counted, samples: Samples = JUDGED) -> np.ndarray:
    return samples.per_second(counted.of(samples.records))[1]


def older(run: Run) -> Run:
    """As tailgate wrote it before it kept kinds."""
    per_second = {key: value for key, value in run.per_second.items() if key != "kinds"}
    return replace(run, per_second=per_second)


@pytest.mark.parametrize(
    "counted", [Counted(RESPONSE, 0.02), Counted(RESPONSE, 0.04), Counted(FIRST_BYTE, 0.03), Counted(FAILED), Counted(THROTTLED)]
)
def test_what_was_counted_comes_back_to_the_second(counted: Counted) -> None:
    """Recorded bounds, failures and throttles are known exactly."""
    between = RecordedCounts(RUN).exceeding(counted)
    assert between.exact
    assert between.most.tolist() == true(counted).tolist()


@given(bound_s=st.floats(0.005, 0.12), what=st.sampled_from([RESPONSE, FIRST_BYTE]))
@settings(max_examples=60)
def test_the_truth_lies_between_the_ends_for_any_bound(bound_s: float, what: str) -> None:
    """In all, and in each ten seconds as nearly as two digits tell; none has more than its requests or less than its failures."""
    counts = RecordedCounts(RUN)
    between, exceed = counts.exceeding(Counted(what, bound_s)), true(Counted(what, bound_s))
    assert between.least.sum() <= exceed.sum() <= between.most.sum()
    for side in between:
        assert (side <= counts.requests).all()
        assert (side >= counts.failed).all()
    assert (between.least <= between.most).all() or what == RESPONSE
    if what == RESPONSE:
        of_blocks = [np.add.reduceat(one, np.arange(0, 35, 10)) for one in (between.least, exceed, between.most)]
        slack = 2 + 0.02 * np.add.reduceat(counts.requests, np.arange(0, 35, 10))
        assert (of_blocks[0] - slack <= of_blocks[1]).all()
        assert (of_blocks[1] <= of_blocks[2] + slack).all()


def test_a_kind_that_no_record_keeps_is_known_where_a_limit_counted_it_and_open_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric that is added counts what it likes: from none to all of the requests, until a limit of it is recorded."""
    counts = RecordedCounts(RUN)
    monkeypatch.setattr(recorded_counts, "_KINDS", {})
    kept, open_ = counts.exceeding(Counted(RESPONSE, 0.04)), counts.exceeding(Counted(RESPONSE, 0.041))
    assert kept.most.tolist() == kept.least.tolist() == true(Counted(RESPONSE, 0.04)).tolist()
    assert open_.least.sum() == 0
    assert open_.most.tolist() == counts.requests.tolist()


@given(bound_s=st.floats(0.005, 0.12))
@settings(max_examples=30)
def test_a_higher_bound_is_never_exceeded_more_often(bound_s: float) -> None:
    """The counts of two bounds keep their order, second by second where recorded bounds enclose them, and in all."""
    counts = RecordedCounts(RUN)
    low, high = (counts.exceeding(Counted(RESPONSE, one)) for one in (bound_s, bound_s * 1.1))
    assert high.least.sum() <= low.least.sum()
    assert high.most.sum() <= low.most.sum()
    known = true(Counted(RESPONSE, 0.04))
    assert (low.most <= known).all() if bound_s >= 0.04 else (low.most >= known).all()


def test_a_burst_between_two_bounds_stays_in_its_seconds() -> None:
    """Ten seconds of a block are not alike: what a looser recorded bound saw in one of them is where a tighter one's are."""
    samples = samples_of(CASE)
    burst = (samples.due_s >= 14) & (samples.due_s < 15)
    samples.records["done_after_s"][burst] += 0.05
    counts = RecordedCounts(run_from(CASE, samples)).exceeding(Counted(RESPONSE, 0.045))
    assert counts.least[12] >= 90
    assert counts.most[10:12].sum() + counts.most[13:20].sum() < 30


def test_a_record_without_kinds_tells_failures_by_its_limits_or_its_blocks() -> None:
    """By an error rate's counts to the second; without one to the block, where no recorded bound was kept by more than failed."""
    exact = RecordedCounts(older(RUN))
    assert exact.failed.tolist() == true(Counted(FAILED)).tolist()
    assert exact.exceeding(Counted(THROTTLED)).most.sum() == 2
    case = replace(CASE, budget=replace(CASE.budget, limits=CASE.budget.limits[:2]))
    divided = RecordedCounts(older(run_from(case, SAMPLES)))
    blocks = np.arange(0, 35, 10)
    assert np.add.reduceat(divided.failed, blocks).tolist() == np.add.reduceat(true(Counted(FAILED)), blocks).tolist()
    assert (divided.failed <= true(Counted(RESPONSE, 0.04))).all()


@given(
    parts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), min_size=1, max_size=12),
    share=st.floats(0, 1),
)
def test_a_total_is_divided_to_the_last_one_within_what_each_part_may_hold(parts: list[list[int]], share: float) -> None:
    """The sum is the total; each part lies within its own ends."""
    least, most = (np.array(ends, dtype=np.int64) for ends in zip(*parts, strict=True))
    total = round(least.sum() + share * (most.sum() - least.sum()))
    divided = _divided(int(total), least, most)
    assert divided.sum() == total
    assert (least <= divided).all()
    assert (divided <= most).all()


@given(st.lists(st.floats(1e-5, 10.0), min_size=1, max_size=200), st.floats(1e-5, 10.0), st.sampled_from([2, 3]))
def test_a_histogram_counts_what_is_above_a_bound_both_ways(times_s: list[float], bound_s: float, digits: int) -> None:
    """At least and at most; they are apart by what lies within a class of the bound."""
    least, most = above(encode(np.array(times_s), digits), bound_s)
    assert least <= sum(time_s > bound_s for time_s in times_s) <= most
    assert most - least <= sum(abs(time_s / bound_s - 1) < 0.011 for time_s in times_s)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda raw: raw["per_second"].pop("requests"), "per-second counts are damaged"),
        (lambda raw: raw["per_second"].update(requests="100 x"), "per-second counts are damaged"),
        (lambda raw: raw["per_second"].update(requests="100 100"), "do not fit"),
        (lambda raw: raw["per_second"]["kinds"].update(failed="1 2"), "different numbers of seconds"),
        (lambda raw: raw["per_second"]["exceedances"].update({"p99 <= 40ms": "1 2"}), "different numbers of seconds"),
        (lambda raw: raw["blocks"].update(encoded=["x"] * 4), "a histogram is damaged"),
        (lambda raw: raw["blocks"].update(encoded=[1, 2, 3, 4]), "no list of histograms"),
        (lambda raw: raw["blocks"].pop("seconds"), "the length of its blocks is missing"),
        (lambda raw: raw["requests"].update(judged=7), "do not fit"),
    ],
)
def test_damaged_counts_are_an_error_of_ours(damage, said: str) -> None:
    """Not a number is judged that is not there."""
    raw = copy.deepcopy(RUN.fields())
    damage(raw)
    with pytest.raises(RecordError, match=said):
        RecordedCounts(Run.from_fields(raw, "x")).exceeding(Counted(RESPONSE, 0.03))

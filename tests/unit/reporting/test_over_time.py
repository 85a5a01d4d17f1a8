"""Over time: what a record keeps of each column of due time, and what is made of it when it is read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.estimates import own_lags
from tailgate.errors import RecordError
from tailgate.reporting.over_time import MOST_COLUMNS, OverTime, column_width_s, over_time_fields, over_time_in
from tailgate.reporting.plain import Plain
from tailgate.samples import Samples
from tests.unit.reporting.synthetic import case_of, samples_of


def judged_of(seed: int, *failed: int) -> Samples:
    return samples_of(case_of(), seed, failed=failed).after_warmup()


def read(judged: Samples) -> OverTime:
    told = over_time_in(over_time_fields(judged))
    assert told is not None
    return told


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 1999), max_size=100))
def test_every_answered_request_is_in_its_column_and_class(seed: int, failed: set[int]) -> None:
    """The counts are a histogram by due time and response time, in columns of a second and the classes that the edges tell."""
    judged = judged_of(seed, *failed)
    told = read(judged)
    answered = np.isfinite(judged.response_s)
    seconds = np.arange(len(told.counts) + 1) * told.width_s
    edges_s = told.edges_s * (1 + 1e-9)  # a time just on an edge may be on either side of it
    edges_s[0] = told.edges_s[0] * (1 - 1e-9)
    expected, _, _ = np.histogram2d(judged.due_s[answered] - judged.header.warmup_s, judged.response_s[answered], bins=(seconds, edges_s))
    assert told.counts.sum() == 2000 - len(failed)
    assert told.counts.tolist() == expected.astype(int).tolist()


def test_a_columns_points_are_the_samples_own() -> None:
    """Percentiles of response times and of the generator's own send lags, to four digits; infinite where failures reach."""
    judged = judged_of(1, *range(300, 400), 700)
    judged.records["sent_after_s"] += np.linspace(0, 1e-3, len(judged)).astype(np.float32)
    told = read(judged)
    second = np.floor(judged.due_s - judged.header.warmup_s)
    for number in range(len(told.counts)):
        lag_s = own_lags(replace(judged, records=judged.records[second == number]))[1]
        assert told.send_lag["max"][number] == pytest.approx(lag_s.max(), rel=1e-3)
    assert told.response["p50"][3] == np.inf
    assert told.response["p99"][7] is not None
    fifth = np.sort(judged.response_s[second == 5])
    assert told.response["p99"][5] == pytest.approx(fifth[98], rel=1e-3)


def test_a_column_without_requests_says_nothing() -> None:
    """A gap in the load is no latency of 0, and requests that were never sent have no lag."""
    judged = judged_of(2)
    second = np.floor(judged.due_s - judged.header.warmup_s)
    judged = replace(judged, records=judged.records[second != 4])
    judged.records["sent_after_s"][:100] = np.nan
    told = read(judged)
    assert told.response["p50"][4] is None
    assert told.counts[4].sum() == 0
    assert told.send_lag["p99"][0] is None


@given(st.floats(0, 90_000))
def test_there_are_never_too_many_columns(last_s: float) -> None:
    """From a second to a day: columns of whole seconds, at most MOST_COLUMNS of them."""
    assert last_s // column_width_s(last_s) < MOST_COLUMNS


def test_a_long_run_stays_small_in_its_record() -> None:
    """Ten minutes with outliers of a second take less than 15 kB."""
    samples = samples_of(case_of(for_s=600))
    samples.records["done_after_s"][::777] = 1.02
    assert len(str(over_time_fields(samples.after_warmup()))) < 15_000


def test_a_run_of_failures_alone_has_columns_and_no_classes() -> None:
    """Nothing was answered: each column has an infinite median and no count."""
    told = read(judged_of(3, *range(2000)))
    assert told.counts.shape == (20, 0)
    assert set(told.response["p50"]) == {np.inf}


def test_a_record_without_requests_or_of_an_older_version_tells_nothing() -> None:
    """{} and absent are None, not an error."""
    samples = samples_of(case_of())
    none = replace(samples, records=samples.records[:0])
    assert over_time_fields(none) == {}
    assert over_time_in({}) is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**30) | st.floats() | st.sampled_from(["", "-", "1 2", "x", "0.1 -"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["p50", "p99", "max", "?"]), inner, max_size=3),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.sampled_from(["seconds", "per_decade", "first", "counts", "response", "send_lag"]), plain)
def test_whatever_is_damaged_is_a_record_error(key: str, junk: Plain) -> None:
    """With anything in the place of one of its parts the record reads as it is or not at all: columns never differ in number."""
    try:
        told = over_time_in(over_time_fields(judged_of(4)) | {key: junk})
    except RecordError:
        return
    assert told is not None
    lengths = {len(row) for row in (*told.response.values(), *told.send_lag.values())}
    assert lengths == {len(told.counts)}
    assert len(told.edges_s) == told.counts.shape[1] + 1
    assert np.isfinite(told.edges_s).all()

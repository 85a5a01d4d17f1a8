"""Distributions as text: small, quick, and never off by more than a thousandth."""

import time

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.histogram import LARGEST_NS, classes, decode, encode, spaced, thinned

times = st.lists(st.floats(min_value=1e-6, max_value=90.0), min_size=1, max_size=300)


@given(times)
def test_every_time_comes_back_within_a_thousandth(seconds: list[float]) -> None:
    """In ascending order each value read back is within .1 % of the one recorded, from a microsecond to 90 s."""
    values_s, counts = decode(encode(np.array(seconds)))
    assert np.repeat(values_s, counts) == pytest.approx(np.sort(seconds), rel=1e-3)


@given(times)
def test_two_digits_are_within_a_hundredth(seconds: list[float]) -> None:
    """The blocks of ten seconds are kept at two digits."""
    values_s, counts = decode(encode(np.array(seconds), digits=2))
    assert np.repeat(values_s, counts) == pytest.approx(np.sort(seconds), rel=1e-2)


@given(times)
@settings(max_examples=40)
def test_the_vectorised_fill_is_what_the_librarys_own_would_be(seconds: list[float]) -> None:
    """Value by value through record_value, the library comes to the same classes and counts."""
    own = HdrHistogram(1, LARGEST_NS, 3)
    for second in seconds:
        own.record_value(round(second * 1e9))
    theirs, ours = decode(own.encode().decode()), decode(encode(np.array(seconds)))
    assert theirs[0].tolist() == ours[0].tolist()
    assert theirs[1].tolist() == ours[1].tolist()


@given(times, st.integers(1, 4))
@settings(max_examples=60)
def test_the_classes_are_the_librarys_own(seconds: list[float], digits: int) -> None:
    """Lowest and highest value of each occupied class, as the library tells them one by one, also of another writer's histogram."""
    theirs = HdrHistogram(1, LARGEST_NS, digits)
    for second in seconds:
        theirs.record_value(round(second * 1e9))
    lowest_s, highest_s, counts = classes(theirs.encode().decode())
    lowest = sorted({theirs.get_lowest_equivalent_value(round(second * 1e9)) for second in seconds})
    assert lowest_s.tolist() == [low / 1e9 for low in lowest]
    assert highest_s.tolist() == [theirs.get_highest_equivalent_value(low) / 1e9 for low in lowest]
    assert counts.sum() == len(seconds)


def test_quantiles_of_a_million_times_are_kept_in_ten_kilobytes_without_a_million_calls() -> None:
    """10⁶ log-normal times: at most 12 kB, every quantile within .1 %, and twenty times as fast as a loop would be."""
    seconds = np.exp(np.random.default_rng(3).normal(-4.0, 0.6, 1_000_000))
    started = time.perf_counter()
    text = encode(seconds)
    ours_s = time.perf_counter() - started
    loop = HdrHistogram(1, LARGEST_NS, 3)
    started = time.perf_counter()
    for value in (seconds[:20_000] * 1e9).astype(int).tolist():
        loop.record_value(value)
    loop_s = 50 * (time.perf_counter() - started)
    assert len(text) <= 12_000
    values_s, counts = decode(text)
    assert counts.sum() == len(seconds)
    levels = np.array([0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999])
    ranks = np.ceil(levels * len(seconds)).astype(int) - 1
    assert np.repeat(values_s, counts)[ranks] == pytest.approx(np.sort(seconds)[ranks], rel=1e-3)
    assert ours_s < loop_s / 5


def test_requests_without_a_time_are_left_out() -> None:
    """Failed requests are infinite; they are counted elsewhere. No time at all is an empty distribution."""
    values_s, counts = decode(encode(np.array([0.01, np.inf, np.nan, 0.01])))
    assert counts.tolist() == [2]
    assert values_s == pytest.approx([0.01], rel=1e-3)
    assert decode(encode(np.array([np.inf])))[1].tolist() == []


@pytest.mark.parametrize("seconds", [-1e-6, 2e5])
def test_a_time_that_cannot_be_recorded_is_refused_and_never_dropped(seconds: float) -> None:
    """The library would return False and leave it out; a negative or endless time is an error instead."""
    with pytest.raises(ValueError, match="a histogram holds 0 to"):
        encode(np.array([0.01, seconds]))


TEXT = encode(np.array([0.01, 0.02, 0.5]))


@pytest.mark.parametrize("text", ["", "AAAA", "?" * 40, TEXT[:-8], TEXT[:40], TEXT[:24] + "AAAA" + TEXT[28:], "ä"])
def test_a_damaged_histogram_says_so(text: str) -> None:
    """Cut off, overwritten or foreign text is a RecordError that says where the samples are, not zlib's or struct's."""
    with pytest.raises(RecordError, match=r"histogram is damaged .* samples file"):
        decode(text)


@given(st.lists(st.floats(min_value=1e-5, max_value=10), max_size=60), st.integers(2, 40))
def test_thinning_keeps_the_ends_the_order_and_at_most_the_number(seconds: list[float], number: int) -> None:
    """Evenly spaced ranks, the smallest and largest value among them; everything where it is not more."""
    ordered = np.sort(seconds)
    kept = thinned(ordered, number)
    assert len(kept) == min(number, len(seconds))
    assert np.all(np.diff(kept) >= 0)
    assert set(kept.tolist()) <= set(seconds)
    if len(seconds) > 1:
        assert (kept[0], kept[-1]) == (ordered[0], ordered[-1])


def test_spaced_values_of_a_histogram_have_its_quantiles() -> None:
    """10 000 values out of 200 000 have the same percentiles within .2 %."""
    seconds = np.exp(np.random.default_rng(5).normal(-4.0, 0.5, 200_000))
    some = spaced(encode(seconds), 10_000)
    assert len(some) == 10_000
    levels = [0.1, 0.5, 0.9, 0.99]
    assert np.quantile(some, levels) == pytest.approx(np.quantile(seconds, levels), rel=2e-3)

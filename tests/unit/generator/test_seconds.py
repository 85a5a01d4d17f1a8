"""Seconds are told once, in order, and as the samples have them in the end."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.exceedances import FAILED, RESPONSE, Counted
from tailgate.generator.seconds import Seconds, Union
from tailgate.samples import RECORD, Error, Header, Samples, counts_per_second

WARMUP_S, FOR_S, TIMEOUT_S = 1.0, 6.0, 9.0
SLOW, BROKEN = Counted(RESPONSE, 0.25), Counted(FAILED)


def rows(due_s: np.ndarray, took_s: np.ndarray, failed: np.ndarray) -> np.ndarray:
    """Records of requests that all have their outcome; one that failed has no time."""
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"], records["done_after_s"] = due_s, np.where(failed, np.nan, took_s)
    records["error"] = np.where(failed, Error.TIMEOUT, Error.NONE)
    return records


def appended(told: list, more: list) -> list:
    """What was told so far, with what was told now."""
    return [(a + c, b + d) for (a, b), (c, d) in zip(told, more, strict=True)]


_REQUESTS = st.lists(
    st.tuples(
        st.floats(0, WARMUP_S + FOR_S, exclude_max=True),
        st.one_of(st.floats(0.001, 0.6), st.floats(0.6, 4.0), st.just(TIMEOUT_S)),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(requests=_REQUESTS, phase_s=st.floats(0, 1), every_s=st.floats(0.3, 1.5))
def test_what_is_told_is_what_the_samples_hold_in_the_end(requests: list[tuple[float, float]], phase_s: float, every_s: float) -> None:
    """Whenever it is asked, and however long answers take: each second once, none too early, none left out."""
    due_s, took_s = np.array(sorted(requests)).T
    took_s = took_s.astype("f4").astype("f8")  # as records keep it
    records = rows(due_s, took_s, took_s >= TIMEOUT_S)
    done_s, added = due_s + took_s, np.zeros(len(due_s), dtype=bool)
    seconds, told = Seconds(WARMUP_S, FOR_S, (SLOW, BROKEN)), [([], []), ([], [])]
    for now_s in np.arange(phase_s, WARMUP_S + FOR_S + TIMEOUT_S + 2 * every_s, every_s):
        back = (done_s <= now_s) & ~added
        seconds.add(records[back])
        added |= back
        told = appended(told, seconds.settled(now_s, due_s[(due_s <= now_s) & ~added]))
        slow_told, broken_told = (len(requests) for requests, _ in told)
        assert broken_told <= slow_told, "who waits for outcomes is not ahead of who does not have to"
        assert slow_told >= min(FOR_S, math.floor(now_s - 2 * every_s - SLOW.bound_s - WARMUP_S)), "a server that hangs holds nothing up"
    header = Header(len(due_s), WARMUP_S, FOR_S, 0.0, 0.0, "by hand", "")
    judged = Samples(header, records).after_warmup()
    for exceeds, (requested, exceeded) in zip((judged.response_s > SLOW.bound_s, judged.failed), told, strict=True):
        expected = [np.pad(column, (0, int(FOR_S) - len(column))) for column in judged.per_second(exceeds)]
        assert [requested, exceeded] == [column.tolist() for column in expected]


def test_a_second_with_a_request_in_flight_is_not_told_until_that_exceeds_for_certain() -> None:
    """Its slowest request would be missing. When it is late for good, a second's share of failures still waits for it."""
    seconds = Seconds(0.0, 10.0, (SLOW, BROKEN))
    seconds.add(rows(np.array([0.2, 1.1]), np.array([0.01, 0.01]), np.array([False, False])))
    hanging = np.array([0.9])
    assert seconds.settled(1.1, hanging) == [([], []), ([], [])]
    assert seconds.settled(1.3, hanging) == [([], []), ([], [])], "its answer may have come since it was looked for last"
    assert seconds.settled(2.0, hanging) == [([2, 1], [1, 0]), ([], [])]
    seconds.add(rows(np.array([0.9]), np.array([1.3]), np.array([True])))
    assert seconds.settled(2.3, np.array([])) == [([], []), ([2, 1], [1, 0])]


def test_only_whole_seconds_of_the_judged_part_are_told() -> None:
    """The warm-up counts for nothing, and neither does what is due in the last half second."""
    seconds = Seconds(1.0, 1.5, (SLOW,))
    seconds.add(rows(np.array([0.5, 1.5, 2.2]), np.full(3, 0.3), np.full(3, fill_value=False)))
    assert seconds.settled(9.0, np.array([])) == [([1], [1])]


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=2, max_size=4))
def test_a_second_of_several_workers_is_told_when_all_have_told_it(columns: list[list[int]]) -> None:
    """The sums over all, in order, whoever is ahead, and each once."""
    union, told = Union(counts=1, workers=len(columns)), [([], [])]
    for step in range(6):
        for worker, column in enumerate(columns):
            union.add(worker, [(column[step : step + 1], [0] * len(column[step : step + 1]))])
        told = appended(told, union.settled())
    common = min(map(len, columns))
    assert told == [([sum(column[second] for column in columns) for second in range(common)], [0] * common)]


@given(st.lists(st.floats(0, 3, width=32), max_size=40), st.floats(0.001, 3))
def test_what_exceeds_while_it_runs_is_what_exceeds_afterwards(took_s: list[float], bound_s: float) -> None:
    """To the last bit of a bound: the same definition as the samples' response times and failures."""
    records = rows(np.arange(len(took_s)) / 10, np.array(took_s, dtype="f4"), np.arange(len(took_s)) % 7 == 3)
    samples = Samples(Header(None, 0.0, 4.0, 0.0, 0.0, "by hand", ""), records)
    assert (Counted(RESPONSE, bound_s).of(records) == (samples.response_s > bound_s)).all()
    assert (BROKEN.of(records) == samples.failed).all()
    assert counts_per_second(samples.due_s, 0.0, samples.failed)[1].sum() == BROKEN.of(records).sum()

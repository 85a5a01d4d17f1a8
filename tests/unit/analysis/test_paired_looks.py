"""Two arms that are compared while they still run: looks, and what may be said at each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Interim, compare, sequential
from tailgate.errors import AnalysisError

N = 20_000


def a_run(seed: int = 1, n: int = N, shift_s: float = 0.0, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arms, lognormal response times and due times at 50/s; arm 1 is shifted and scaled."""
    random = np.random.default_rng(seed)
    arm = random.integers(0, 2, n)
    times = 0.03 * np.exp(0.5 * random.standard_normal(n))
    return arm, np.where(arm == 1, times * scale + shift_s, times), np.arange(n) / 50


def test_a_clear_difference_is_seen_at_an_early_look_and_stays_whatever_follows() -> None:
    """Arm 1 is slower by far: FAIL with the second tenth at the latest, and the same answer from the whole run."""
    arm, response_s, due_s = a_run(scale=2.0)
    early = sequential(arm, response_s, margin_s=0.0, most_requests=N, due_s=due_s)
    assert early.outcome is Outcome.FAIL
    assert early.after_requests <= N / 5
    until = early.after_requests
    assert sequential(arm[:until], response_s[:until], margin_s=0.0, most_requests=N, due_s=due_s[:until]) == early
    before = sequential(arm[: until - 1], response_s[: until - 1], margin_s=0.0, most_requests=N, due_s=due_s[: until - 1])
    assert before.outcome is Outcome.INCONCLUSIVE


@given(st.integers(2, 600), st.booleans())
def test_between_looks_nothing_is_decided_and_an_end_is_a_look(n: int, ended: bool) -> None:
    """A look follows each tenth of the requests; where the load has ended the last of them is one, and beyond the most nothing counts."""
    arm, response_s = np.arange(n) % 2, np.random.default_rng(1).permutation(n) * 1.0
    interim = sequential(arm, response_s, margin_s=1e9, most_requests=500, quantile=0.5, ended=ended)
    if ended and interim.outcome is Outcome.INCONCLUSIVE:
        assert interim.after_requests == min(n, 500)
    assert interim.after_requests <= min(n, 500)
    assert interim.after_requests % 50 == 0 or ended
    assert (interim.comparison is None) == (interim.after_requests == 0)
    assert (interim.outcome is Outcome.PASS) == ((ended or n >= 500) and interim.comparison.high_s < 1e9)


def test_an_arm_that_is_fine_passes_at_the_end_and_not_before() -> None:
    """A beginning without bad spells proves nothing of those that follow: PASS waits for all requests, or for an end."""
    arm, response_s, due_s = a_run()
    early = sequential(arm[:-1], response_s[:-1], margin_s=1.0, most_requests=N, due_s=due_s[:-1])
    assert (early.outcome, early.after_requests) == (Outcome.INCONCLUSIVE, N * 9 // 10)
    assert early.comparison.high_s < 1.0
    assert sequential(arm[:-1], response_s[:-1], margin_s=1.0, most_requests=N, ended=True).outcome is Outcome.PASS
    whole = sequential(arm, response_s, margin_s=1.0, most_requests=N, due_s=due_s)
    assert (whole.outcome, whole.after_requests) == (Outcome.PASS, N)
    assert whole.comparison == compare(arm, response_s, due_s=due_s)


def test_a_look_at_one_arm_only_is_left_out() -> None:
    """The coin may give one arm the first requests: a look that finds no other arm decides nothing."""
    arm = np.array([0, 0, 0, 0, 1, 0, 1, 1, 0, 1])
    interim = sequential(arm, np.arange(10.0), margin_s=1.0, most_requests=20, quantile=0.5)
    assert (interim.outcome, interim.after_requests) == (Outcome.INCONCLUSIVE, 10)
    assert sequential(arm[:5], np.arange(5.0), margin_s=1.0, most_requests=40, quantile=0.5).after_requests == 0


def test_looks_ask_for_more_than_one_look_at_the_end_does() -> None:
    """A difference that is just proved at the end, looked at once, is not at the first of ten looks: its level is a thirtieth."""
    arm, response_s, _ = a_run()
    first = sequential(arm[: N // 10], response_s[: N // 10], margin_s=0.0, most_requests=N).comparison
    alone = compare(arm[: N // 10], response_s[: N // 10])
    assert first.confidence == pytest.approx(1 - 0.05 * 0.1**1.5)
    assert first.low_s < alone.low_s < alone.high_s < first.high_s


@pytest.mark.parametrize(
    ("changed", "text"),
    [({"most_requests": 0}, "most_requests is 0"), ({"margin_s": math.nan}, "margin_s is nan"), ({"confidence": 2}, "confidence is 2")],
)
def test_bad_input_of_a_running_comparison_is_refused_by_its_name(changed: dict, text: str) -> None:
    """The same errors as those of a comparison at the end, and a whole number of requests."""
    with pytest.raises(AnalysisError, match=text):
        sequential([0, 1], [1.0, 2.0], **{"margin_s": 0.1, "most_requests": 10, **changed})


@pytest.mark.parametrize("requests", [0, 1, 4])
def test_before_the_coin_has_shown_both_sides_nothing_is_known_yet(requests: int) -> None:
    """The first requests of a run may all be of one arm: no error, and no answer; at its end it is one."""
    arm, times = np.ones(requests, dtype=int), np.full(requests, 0.01)
    assert sequential(arm, times, margin_s=0.0, most_requests=500) == Interim(Outcome.INCONCLUSIVE, 0, None)
    with pytest.raises(AnalysisError, match="arm"):
        sequential(arm, times, margin_s=0.0, most_requests=500, ended=True)

"""Looks at a run that still goes on: when they come, what they may say, and that asking more often changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.gate import decide, sequential
from tailgate.analysis.looks.rhythm import look_seconds
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError

CALM_HISTORY = [(np.full(300, 50), np.arange(300) % 12 == 0)] * 6


@st.composite
def runs(draw: st.DrawFn, max_seconds: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Counts of a load that is steady or grows, good or bad, calm or in bursts."""
    seconds, per_s = draw(st.integers(0, max_seconds)), draw(st.integers(0, 60))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    fraction, burst = draw(st.sampled_from([0, 0.002, 0.01, 0.03, 0.3])), draw(st.integers(1, 15))
    exceedances = random.binomial(per_s, np.repeat(fraction * random.exponential(1, seconds // burst + 1), burst)[:seconds].clip(0, 1))
    requests = np.full(seconds, per_s)
    if draw(st.booleans()):  # a ramp, with an outage
        requests = requests * np.arange(seconds) // max(1, seconds)
        requests[seconds // 3 : seconds // 2] = 0
    return requests, np.minimum(requests, exceedances)


def test_a_run_is_looked_at_each_half_minute_from_one_minute_on_and_at_its_end() -> None:
    """A short run at its end only; a part of a second at the end counts as one; a long run a hundred times at most."""
    assert look_seconds(20) == (20,)
    assert look_seconds(60) == (60,)
    assert look_seconds(60.2) == (60, 61)
    assert look_seconds(150) == (60, 90, 120, 150)
    assert len(look_seconds(600)) == 19
    assert len(look_seconds(24 * 3600)) <= 100
    assert look_seconds(24 * 3600)[-1] == 24 * 3600


@settings(max_examples=25)
@given(runs(), st.sampled_from([90, 150, 200]), st.booleans())
def test_asking_each_second_gives_the_outcome_of_asking_once(run: tuple[np.ndarray, np.ndarray], longest_s: int, history: bool) -> None:
    """The first outcome that a caller meets who asks each second is the one that is told afterwards, from all counts."""
    requests, exceedances = run
    asked = {"allowed": 0.01, "longest_s": longest_s, "history": CALM_HISTORY if history else None}
    answers = (sequential(requests[:second], exceedances[:second], **asked) for second in range(50, len(requests) + 1))
    met = next((answer for answer in answers if answer.outcome is not Outcome.INCONCLUSIVE), None)
    told = sequential(requests, exceedances, **asked)
    if met is None:
        assert told.outcome is Outcome.INCONCLUSIVE
    else:
        assert met == told


@settings(max_examples=40)
@given(runs(), st.integers(0, 29))
def test_seconds_between_two_looks_cost_nothing(run: tuple[np.ndarray, np.ndarray], more: int) -> None:
    """Whatever 90 to 119 s hold after the look at 90 s, the answer is that look's."""
    requests, exceedances = run
    if len(requests) >= 90:
        at_look = sequential(requests[:90], exceedances[:90], allowed=0.01, longest_s=600)
        assert sequential(requests[: 90 + more], exceedances[: 90 + more], allowed=0.01, longest_s=600) == at_look
        assert at_look.after_s in (60, 90)


@given(runs(max_seconds=59), st.integers(60, 900))
def test_nothing_is_decided_before_the_first_look(run: tuple[np.ndarray, np.ndarray], longest_s: int) -> None:
    """However bad or good it looks, the first minute of a longer run is INCONCLUSIVE, with bounds that say nothing."""
    decision = sequential(*run, allowed=0.01, longest_s=longest_s, history=CALM_HISTORY)
    assert (decision.outcome, decision.low, decision.high, decision.after_s) == (Outcome.INCONCLUSIVE, 0, 1, 0)


@given(runs(max_seconds=60))
def test_a_run_with_a_single_look_is_decided_as_if_nobody_had_looked(run: tuple[np.ndarray, np.ndarray]) -> None:
    """A run of up to a minute is judged at its end, at the full level: as `decide` does."""
    requests, exceedances = run
    if len(requests):
        at_end = sequential(requests, exceedances, allowed=0.01, longest_s=len(requests))
        alone = decide(requests, exceedances, allowed=0.01)
        assert (at_end.outcome, at_end.low, at_end.high) == (alone.outcome, pytest.approx(alone.low), pytest.approx(alone.high))
        assert (at_end.provisional, at_end.after_s) == (alone.provisional, len(requests))


@given(st.integers(0, 700), st.sampled_from([None, CALM_HISTORY]), st.booleans(), st.sampled_from(["longest_s", "most_requests"]))
def test_without_requests_it_never_passes(seconds: int, history: object, ended: bool, horizon: str) -> None:
    """No request, no verdict: at no look and at no end."""
    nothing = np.zeros(seconds, int)
    assert sequential(nothing, nothing, allowed=0.01, history=history, ended=ended, **{horizon: 600}).outcome is Outcome.INCONCLUSIVE


@settings(max_examples=60)
@given(runs(), st.sampled_from([0.01, 0.02]), st.booleans(), st.booleans())
def test_the_outcome_follows_from_the_bounds(run: tuple[np.ndarray, np.ndarray], allowed: float, history: bool, ended: bool) -> None:
    """PASS has its upper bound within what is allowed, FAIL its lower bound beyond it, and both enclose the fraction."""
    decision = sequential(*run, allowed=allowed, longest_s=200, history=CALM_HISTORY if history else None, ended=ended)
    assert decision.low <= decision.fraction <= decision.high
    assert (decision.outcome is Outcome.FAIL) == (decision.low > allowed)
    if decision.outcome is Outcome.PASS:
        assert decision.high <= allowed
        assert decision.provisional is not history


def test_a_clear_fail_stops_at_the_first_look_and_a_clear_pass_only_with_history() -> None:
    """Five times the allowed fraction fails after a minute; a fifth of it passes then only where earlier runs are known."""
    random, requests = np.random.default_rng(1), np.full(600, 50)
    bad, good = random.binomial(50, 0.05, 600), random.binomial(50, 0.002, 600)
    failed = sequential(requests[:60], bad[:60], allowed=0.01, longest_s=600)
    assert (failed.outcome, failed.after_s) == (Outcome.FAIL, 60)
    alone = sequential(requests[:599], good[:599], allowed=0.01, longest_s=600)
    assert (alone.outcome, alone.more_requests) == (Outcome.INCONCLUSIVE, None)
    at_end = sequential(requests, good, allowed=0.01, longest_s=600)
    assert (at_end.outcome, at_end.provisional, at_end.after_s) == (Outcome.PASS, True, 600)
    earlier = [(requests, random.binomial(50, 0.002, 600)) for _ in range(5)]
    taught = sequential(requests[:60], good[:60], allowed=0.01, longest_s=600, history=earlier)
    assert (taught.outcome, taught.provisional, taught.after_s) == (Outcome.PASS, False, 60)


def test_a_history_of_short_runs_stops_no_long_run_by_pass() -> None:
    """Five minutes of earlier runs have not met what comes once in five minutes: a run of ten goes on, and its PASS is provisional."""
    requests, calm = np.full(600, 50), np.arange(600) % 12 == 0
    earlier = [(requests[:60], calm[:60])] * 5
    assert sequential(requests[:599], calm[:599], allowed=0.01, longest_s=600, history=earlier).outcome is Outcome.INCONCLUSIVE
    at_end = sequential(requests, calm, allowed=0.01, longest_s=600, history=earlier)
    assert (at_end.outcome, at_end.provisional) == (Outcome.PASS, True)
    assert decide(requests, calm, allowed=0.01, history=earlier).provisional
    assert sequential(requests[:60], calm[:60], allowed=0.01, longest_s=150, history=earlier).outcome is Outcome.PASS


def test_the_end_is_where_the_run_ended() -> None:
    """A run whose last seconds held no request, or that was cut short, is judged at its end when told that it has ended."""
    requests, exceedances = np.full(57, 50), np.zeros(57, int)
    assert sequential(requests, exceedances, allowed=0.01, longest_s=60).outcome is Outcome.INCONCLUSIVE
    ended = sequential(requests, exceedances, allowed=0.01, longest_s=60, ended=True)
    assert (ended.outcome, ended.after_s) == (Outcome.PASS, 57)
    longer = sequential(np.full(602, 50), np.zeros(602, int), allowed=0.01, longest_s=600)
    assert (longer.outcome, longer.after_s) == (Outcome.PASS, 600)


@settings(max_examples=60)
@given(runs(max_seconds=100), st.integers(100, 5000), st.booleans())
def test_independent_requests_are_answered_alike_however_often_one_asks(
    run: tuple[np.ndarray, np.ndarray], most_requests: int, ended: bool
) -> None:
    """The exact test, too, gives the first decision met; and its bounds say what its outcome says.

    Met at the very end, it is drawn from all that is left to spend, where it is known to be the end: then its interval may be narrower.
    """
    requests, exceedances = run
    asked = {"allowed": 0.02, "most_requests": most_requests}
    answers = (sequential(requests[:second], exceedances[:second], **asked) for second in range(len(requests) + 1))
    met = next((answer for answer in answers if answer.outcome is not Outcome.INCONCLUSIVE), None)
    told = sequential(requests, exceedances, **asked, ended=ended)
    if met is not None and ended and met.after_s == len(requests):
        assert (told.outcome, told.after_s, told.fraction) == (met.outcome, met.after_s, met.fraction)
        assert met.low <= told.low
        assert told.high <= met.high
    elif met is not None:
        assert told == met
    elif not ended:
        assert told.outcome is Outcome.INCONCLUSIVE
    assert not told.provisional
    assert (told.outcome is Outcome.PASS) == (told.high <= 0.02)
    assert (told.outcome is Outcome.FAIL) == (told.low > 0.02)


@settings(max_examples=60)
@given(runs(max_seconds=100), st.data())
def test_further_exceedances_of_independent_requests_never_turn_a_fail_into_a_pass(
    run: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    """Worse in any second is never better: FAIL stays FAIL, and a PASS that is left was one before."""
    requests, exceedances = run
    worse = exceedances + np.array([data.draw(st.integers(0, 2)) for _ in requests], int)
    worse = np.minimum(worse, requests)
    order = [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS]
    before, after = (sequential(requests, counts, allowed=0.02, most_requests=3000, ended=True) for counts in (exceedances, worse))
    assert order.index(after.outcome) <= order.index(before.outcome) or after.after_s != before.after_s
    if before.outcome is Outcome.FAIL:
        assert after.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("horizon", "named"),
    [
        ({}, "name longest_s"),
        ({"longest_s": 60, "most_requests": 100}, "name longest_s"),
        ({"longest_s": 0}, "^longest_s is 0"),
        ({"longest_s": math.nan}, "^longest_s is nan"),
        ({"longest_s": math.inf}, "^longest_s is inf"),
        ({"longest_s": "600s"}, "^longest_s is '600s'"),
        ({"most_requests": 0}, "^most_requests is 0"),
        ({"most_requests": 12.5}, "^most_requests is 12.5"),
        ({"longest_s": 60, "allowed": 1}, "^allowed is 1"),
        ({"longest_s": 60, "confidence": math.nan}, "^confidence is nan"),
        ({"longest_s": 60, "history": [([5], [7])]}, r"^history\[0\]: exceedances\[0\] is 7"),
        ({"longest_s": 60, "history": 5}, "^history is not a sequence"),
        ({"longest_s": 60, "rhythm": (60, 30)}, r"^rhythm is \(60, 30\)"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(horizon: dict[str, object], named: str) -> None:
    """The error is tailgate's, and names the argument and its value."""
    with pytest.raises(AnalysisError, match=named):
        sequential([10], [0], **{"allowed": 0.01, **horizon})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("requests", "exceedances", "named"), [([1, 2], [0], "exceedances has 1"), ([5], [6], "exceedances"), ([-1], [0], "requests")]
)
def test_counts_that_cannot_be_are_refused_by_name(requests: list[int], exceedances: list[int], named: str) -> None:
    """As `decide` refuses them."""
    with pytest.raises(AnalysisError, match=named):
        sequential(requests, exceedances, allowed=0.01, longest_s=600)

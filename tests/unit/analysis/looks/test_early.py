"""A run that is looked at while it goes on ends when its verdict is clear, and what is judged afterwards agrees with that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.looks.early import Early, counted_in
from tailgate.analysis.looks.looked import Looked, decide_seen
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError
from tailgate.exceedances import FAILED, RESPONSE, Counted
from tailgate.plan.budget import Budget

P99, ERRORS = "p99 <= 120ms", "error_rate <= 1%"
LONGEST_S = 600
CALM = [(np.full(300, 50), np.arange(300) % 12 == 0)] * 6
HISTORY = {P99: CALM, ERRORS: CALM}


def ended_after(budget: Budget, *columns: list[int], history=HISTORY, rhythm: Rhythm | None = USUAL, each: int = 1) -> float | None:
    """After how many seconds a run of 50/s ends that shows these exceedances, second by second, one column for each limit."""
    early = Early(budget, LONGEST_S, rhythm, history)
    for start in range(0, len(columns[0]), each):
        parts = [column[start : start + each] for column in columns]
        enough_s = early.enough([([50] * len(part), part) for part in parts])
        if enough_s is not None:
            assert enough_s <= start + each
            return enough_s
    return None


def test_a_clear_fail_ends_the_run_at_its_first_look_and_not_before() -> None:
    """One limit that fails is enough, with or without a history."""
    calm, bad = [0] * 100, [5] * 100
    assert ended_after(Budget.of(P99), bad) == ended_after(Budget.of(P99), bad, history={}) == 60
    assert ended_after(Budget.of(P99, ERRORS), calm, bad, history={}) == 60
    assert ended_after(Budget.of(P99), bad[:59]) is None
    assert ended_after(Budget.of(P99), bad, rhythm=Rhythm(first_s=7, every_s=6)) == 7


def test_a_clear_pass_ends_the_run_where_its_history_is_known_and_counts_decide_all_limits() -> None:
    """Bursts rarer than the run would go unseen; a mean is judged at the end."""
    calm = [0] * 599
    assert ended_after(Budget.of(P99), calm) == 60
    assert ended_after(Budget.of(P99), calm, history={}) is None
    assert ended_after(Budget.of(P99, ERRORS), calm, calm) == 60
    assert ended_after(Budget.of(P99, ERRORS), calm, calm, history={P99: CALM}) is None
    assert ended_after(Budget.of(P99, "mean <= 1s"), calm) is None


def test_without_looks_or_without_limits_that_counts_decide_a_run_goes_to_its_end() -> None:
    """Whatever it shows."""
    assert ended_after(Budget.of(P99), [50] * 599, rhythm=None) is None
    assert Early(Budget.of("mean <= 1s"), LONGEST_S, USUAL, {}).enough([]) is None


def test_a_limit_that_takes_longer_holds_the_others_up_and_they_have_to_go_on_passing() -> None:
    """The second limit is settled late; the first one grew bad meanwhile, so the run has not passed."""
    slow_to_settle = [1, 0, 0] * 20 + [0] * 300
    late = ended_after(Budget.of(P99, ERRORS), [0] * 360, slow_to_settle)
    assert late is not None
    assert late > 60
    grows_bad = [0] * 90 + [10] * 510
    seen = decide_seen([50] * 600, grows_bad, Looked(LONGEST_S, ended=True), allowed=0.01, history=CALM)
    assert seen.outcome is Outcome.FAIL
    assert decide_seen([50] * 60, grows_bad[:60], Looked(LONGEST_S), allowed=0.01, history=CALM).outcome is Outcome.PASS


def test_seconds_of_limits_may_come_at_different_times() -> None:
    """Failures are settled when their outcomes are in, slow responses before: each limit has its own look."""
    early = Early(Budget.of(P99, ERRORS), LONGEST_S, USUAL, HISTORY)
    assert early.enough([([50] * 60, [0] * 60), ([], [])]) is None
    assert early.enough([([50] * 9, [0] * 9), ([50] * 59, [0] * 59)]) is None
    assert early.enough([([], []), ([50], [0])]) == 60


_RUN = st.builds(
    lambda seed, fraction, seconds: np.random.default_rng(seed).binomial(50, fraction, seconds).tolist(),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.002, 0.01, 0.015, 0.03, 0.3]),
    st.integers(1, 200),
)


@settings(max_examples=60)
@given(p99=_RUN, errors=_RUN, each=st.integers(1, 40), history=st.booleans())
def test_what_ended_a_run_is_what_its_seconds_are_judged_to_be(p99: list[int], errors: list[int], each: int, history: bool) -> None:
    """However many seconds come at once: FAIL of one limit, or PASS of all, from the very seconds that were enough."""
    seconds, known = min(len(p99), len(errors)), HISTORY if history else {}
    enough_s = ended_after(Budget.of(P99, ERRORS), p99[:seconds], errors[:seconds], history=known, rhythm=Rhythm(20, 10), each=each)
    if enough_s is None:
        return
    looked, end = Looked(LONGEST_S, Rhythm(20, 10)), int(enough_s)
    outcomes = {
        decide_seen([50] * end, column[:end], looked, allowed=0.01, history=known.get(limit)).outcome
        for limit, column in ((P99, p99), (ERRORS, errors))
    }
    assert Outcome.FAIL in outcomes or outcomes == {Outcome.PASS}


def test_what_is_counted_is_what_each_limit_that_counts_decide_is_about() -> None:
    """In the budget's order; a maximum, a mean and a rate have no share of requests that may exceed."""
    budget = Budget.of("mean <= 1s", "max <= 2s", P99, "achieved_rate >= 5/s", ERRORS)
    assert counted_in(budget) == (Counted(RESPONSE, 0.12), Counted(FAILED))


@pytest.mark.parametrize(("first_s", "every_s", "said"), [(0, 30, "first_s is 0"), (60, 2.5, "every_s is 2.5"), (True, 1, "True")])
def test_a_rhythm_that_cannot_be_meant_is_refused(first_s: object, every_s: object, said: str) -> None:
    """Naming the argument."""
    with pytest.raises(AnalysisError, match=said):
        Rhythm(first_s, every_s)

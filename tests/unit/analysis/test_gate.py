from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from tailgate.analysis.gate import decide, design_effect
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError, TailgateError

LEAST = [(0.5, 0, 5), (0.1, 0, 29), (0.05, 0, 59), (0.01, 0, 299), (0.001, 0, 2995), (0.0001, 0, 29956)]
LEAST_P99 = [(0.01, k, n) for k, n in {1: 473, 2: 628, 3: 773, 5: 1049, 10: 1693, 20: 2902, 100: 11799}.items()]


def spread_out(requests: int, exceedances: int, seconds: int) -> tuple[list[int], list[int]]:
    """Both counts shared out as evenly as whole numbers allow, so that nothing looks like a burst."""
    return tuple([(s + 1) * total // seconds - s * total // seconds for s in range(seconds)] for total in (requests, exceedances))  # type: ignore[return-value]


@st.composite
def runs(draw: st.DrawFn, max_seconds: int = 60) -> tuple[list[int], list[int]]:
    requests = draw(st.lists(st.integers(0, 200), min_size=1, max_size=max_seconds))
    return requests, [draw(st.integers(0, count)) for count in requests]


@pytest.mark.parametrize(("allowed", "exceedances", "least"), LEAST + LEAST_P99)
@pytest.mark.parametrize("seconds", [1, 30])
def test_the_least_number_of_requests_that_passes_is_clopper_and_pearsons(
    allowed: float, exceedances: int, least: int, seconds: int
) -> None:
    """Without a sign of dependence the gate is exact: n requests with k exceedances pass, n − 1 do not."""
    enough = decide(*spread_out(least, exceedances, seconds), allowed=allowed)
    short = decide(*spread_out(least - 1, exceedances, seconds), allowed=allowed)
    assert enough.design_effect == 1
    assert (enough.outcome, short.outcome) == (Outcome.PASS, Outcome.INCONCLUSIVE)


@given(st.integers(1, 100_000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_the_bounds_of_independent_requests_are_those_of_the_beta_distribution(requests: int, share: float, confidence: float) -> None:
    """With design effect 1, low and high are the exact one-sided bounds that scipy's beta distribution gives."""
    k = round(requests * share)
    decision = decide([requests], [k], allowed=0.01, confidence=confidence)
    low = beta.ppf(1 - confidence, k, requests - k + 1) if k else 0.0
    high = beta.ppf(confidence, k + 1, requests - k) if k < requests else 1.0
    assert decision.low == pytest.approx(low, rel=1e-6, abs=1e-9)
    assert decision.high == pytest.approx(high, rel=1e-6, abs=1e-9)


@given(runs(), st.floats(0.0001, 0.5), st.floats(0.01, 0.999))
def test_the_bounds_enclose_the_fraction_and_the_outcome_follows_from_them(
    run: tuple[list[int], list[int]], allowed: float, confidence: float
) -> None:
    """PASS is an upper bound within what is allowed, FAIL a lower bound beyond it, and nothing is both."""
    decision = decide(*run, allowed=allowed, confidence=confidence)
    assert 0 <= decision.low <= decision.fraction <= decision.high <= 1
    assert (decision.outcome is Outcome.PASS) == (decision.high <= allowed)
    assert (decision.outcome is Outcome.FAIL) == (decision.low > allowed)
    assert decision.design_effect >= 1
    assert (decision.more_requests == 0) == (decision.outcome is not Outcome.INCONCLUSIVE)


@given(runs(), st.floats(0.001, 0.3), st.data())
def test_further_exceedances_never_turn_a_fail_into_a_pass(run: tuple[list[int], list[int]], allowed: float, data: st.DataObject) -> None:
    """Whatever further requests exceed, wherever, a run that FAILs does not come to PASS."""
    requests, exceedances = run
    worse = [data.draw(st.integers(k, n)) for n, k in zip(requests, exceedances, strict=True)]
    if decide(requests, exceedances, allowed=allowed).outcome is Outcome.FAIL:
        assert decide(requests, worse, allowed=allowed).outcome is not Outcome.PASS
    if decide(requests, worse, allowed=allowed).outcome is Outcome.PASS:
        assert decide(requests, exceedances, allowed=allowed).outcome is not Outcome.FAIL


@given(runs(max_seconds=19), st.randoms(use_true_random=False))
def test_the_order_of_the_seconds_does_not_matter_in_a_short_run(run: tuple[list[int], list[int]], random: object) -> None:
    """Below 20 s blocks are single seconds, so any order of them gives the same decision."""
    pairs = list(zip(*run, strict=True))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    before, after = decide(*run, allowed=0.01), decide(*map(list, zip(*pairs, strict=True)), allowed=0.01)
    assert (before.outcome, before.fraction) == (after.outcome, after.fraction)
    assert before.high == pytest.approx(after.high)
    assert before.design_effect == pytest.approx(after.design_effect)


@given(runs(), st.integers(0, 5))
def test_silent_seconds_at_the_end_of_a_short_run_change_nothing(run: tuple[list[int], list[int]], silent: int) -> None:
    """Seconds without requests are no evidence: in runs whose blocks are single seconds they leave the bounds alone."""
    requests, exceedances = run[0][:14], run[1][:14]
    if len(requests) >= 10:
        padded = decide(requests + [0] * silent, exceedances + [0] * silent, allowed=0.01)
        assert padded.high == pytest.approx(decide(requests, exceedances, allowed=0.01).high)


def test_without_samples_it_is_inconclusive() -> None:
    """Nothing at all is never a PASS: the bounds are 0 and 1, and it says how many requests could settle it."""
    for nothing in ([], [0, 0, 0]):
        decision = decide(nothing, nothing, allowed=0.01)
        assert decision.outcome is Outcome.INCONCLUSIVE
        assert (decision.low, decision.high, decision.more_requests) == (0, 1, 299)


@pytest.mark.parametrize("exceedances", range(5))
def test_a_handful_of_exceedances_in_a_short_run_passes_even_when_two_meet_in_one_second(exceedances: int) -> None:
    """Up to 4 of 1 800 requests in 15 s at p99: scattered, or two (or two times two) of them in one second, it is a PASS."""
    meetings = {0: [()], 1: [(1,)], 2: [(1, 1), (2,)], 3: [(1, 1, 1), (2, 1)], 4: [(1, 1, 1, 1), (2, 1, 1), (2, 2)]}
    for counts in meetings[exceedances]:
        column = np.zeros(15, dtype=int)
        column[: len(counts)] = counts
        assert decide([120] * 15, np.random.default_rng(1).permutation(column), allowed=0.01).outcome is Outcome.PASS, counts


def test_exceedances_that_come_in_company_prove_less() -> None:
    """Ten exceedances of 3 000 pass when scattered, and prove nothing when they are one burst."""
    scattered, burst = np.zeros(30, int), np.zeros(30, int)
    scattered[::3], burst[12] = 1, 10
    assert decide([100] * 30, scattered, allowed=0.01).outcome is Outcome.PASS
    together = decide([100] * 30, burst, allowed=0.01)
    assert together.outcome is Outcome.INCONCLUSIVE
    assert together.design_effect == pytest.approx(10, rel=0.02)


def test_a_slow_stretch_shows_in_blocks_longer_than_a_second() -> None:
    """One slow ten seconds in two hundred, evenly filled, weigh as a burst of ten seconds, not as ten of one."""
    slow = np.zeros(200, int)
    slow[60:70] = 5
    shuffled = np.zeros(200, int)
    shuffled[::20] = 5
    assert design_effect([50] * 200, slow) > 5 * design_effect([50] * 200, shuffled)


def test_one_exceedance_is_never_taken_for_a_burst() -> None:
    """A single exceedance has no company; its design effect is 1 in runs of any length."""
    for seconds in (10, 15, 20, 57, 600):
        one = np.zeros(seconds, int)
        one[seconds // 3] = 1
        assert design_effect([40] * seconds, one) == 1


@pytest.mark.parametrize(("requests", "exceedances"), [(500, 2), (1000, 5), (800, 10), (2000, 25)])
def test_the_advised_number_of_further_requests_settles_it_and_fewer_do_not(requests: int, exceedances: int) -> None:
    """Whole copies of a run settle it exactly from the advised number on, to PASS below the allowed share and to FAIL above."""
    more = decide([requests], [exceedances], allowed=0.01).more_requests
    assert more
    copies = math.ceil((requests + more) / requests)
    settled = decide([copies * requests], [copies * exceedances], allowed=0.01).outcome
    assert settled is (Outcome.PASS if exceedances / requests < 0.01 else Outcome.FAIL)
    copies = (requests + more - 1) // requests
    assert decide([copies * requests], [copies * exceedances], allowed=0.01).outcome is Outcome.INCONCLUSIVE


def test_no_number_of_requests_is_advised_where_none_can_tell() -> None:
    """A fraction equal to the allowed one stays undecided for ever, and so does one a hair beside it."""
    assert decide([1000], [10], allowed=0.01).more_requests is None
    assert decide([10**6], [10**4 + 1], allowed=0.01).more_requests is None
    assert decide([100], [0], allowed=0.01).more_requests == 199


def test_a_pass_is_provisional_without_five_earlier_runs() -> None:
    """Four runs teach nothing, and neither do runs without requests; five do."""
    quiet = ([100] * 20, [0] * 20)
    earlier = [([100] * 20, [1] + [0] * 19)]
    assert decide(*quiet, allowed=0.01).provisional
    assert decide(*quiet, allowed=0.01, history=earlier * 4 + [([0], [0])] * 9).provisional
    learnt = decide(*quiet, allowed=0.01, history=earlier * 5)
    assert (learnt.outcome, learnt.provisional) == (Outcome.PASS, False)
    assert not decide([100] * 20, [9] * 20, allowed=0.01).provisional


def test_a_history_of_bad_spells_withholds_a_pass_and_excuses_no_fail() -> None:
    """Where one earlier run in five was bad throughout, a quiet run proves little; a FAIL needs no less, and no more."""
    calm, bad = ([100] * 20, [0] * 20), ([100] * 20, [4] * 20)
    earlier = [calm, calm, bad, calm, calm]
    alone, taught = decide(*calm, allowed=0.01), decide(*calm, allowed=0.01, history=earlier)
    assert (alone.outcome, taught.outcome) == (Outcome.PASS, Outcome.INCONCLUSIVE)
    assert taught.design_effect > 10
    assert taught.more_requests
    failed, still = decide(*bad, allowed=0.01), decide(*bad, allowed=0.01, history=earlier)
    assert failed.outcome is still.outcome is Outcome.FAIL
    assert failed.low == still.low


def test_a_history_of_calm_runs_changes_no_decision() -> None:
    """Runs that show neither bursts nor bad spells leave the exact bounds as they are."""
    run = spread_out(773, 3, 15)
    earlier = [spread_out(1800, 3, 15)] * 8
    assert decide(*run, allowed=0.01, history=earlier).high == decide(*run, allowed=0.01).high


@pytest.mark.parametrize(
    ("requests", "exceedances", "named"),
    [
        ([1, 2], [0], "exceedances has 1"),
        ([5, -1], [0, 0], r"requests\[1\] is -1"),
        ([5, 5], [0, 6], r"exceedances\[1\] is 6, more than"),
        ([5, math.nan], [0, 0], r"requests\[1\] is nan"),
        ([5, math.inf], [0, 0], r"requests\[1\] is inf"),
        ([5, 5], [0, 0.5], r"exceedances\[1\] is 0.5"),
        (5, 1, "requests has 0 dimensions"),
        ([[5]], [[1]], "requests has 2 dimensions"),
        (["many"], [0], "requests is not a sequence"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(requests: object, exceedances: object, named: str) -> None:
    """The error is tailgate's and a ValueError, and names the argument, the place and the value."""
    with pytest.raises(AnalysisError, match=named) as caught:
        decide(requests, exceedances, allowed=0.01)  # type: ignore[arg-type]
    assert isinstance(caught.value, TailgateError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["allowed", "confidence"])
@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, math.nan, "1%", None])
def test_shares_outside_their_range_are_refused_by_name(name: str, value: object) -> None:
    """`allowed` and `confidence` lie between 0 and 1, both excluded."""
    with pytest.raises(AnalysisError, match=f"^{name} is"):
        decide([10], [0], **{"allowed": 0.01, name: value})  # type: ignore[arg-type]


def test_a_wrong_run_in_the_history_is_refused_with_its_number() -> None:
    """The message says which of the earlier runs is wrong."""
    with pytest.raises(AnalysisError, match=r"history\[1\]: exceedances\[0\] is 7"):
        decide([10], [0], allowed=0.01, history=[([5], [0]), ([5], [7])])
    with pytest.raises(AnalysisError, match=r"history\[0\] is not a pair"):
        decide([10], [0], allowed=0.01, history=[[5]])  # type: ignore[list-item]


def test_a_history_in_one_array_is_read_as_one_of_pairs() -> None:
    """Runs of one length come as an array of shape (runs, 2, seconds): the same decision, and none of numpy's truth."""
    requests, exceedances = np.full(100, 50), np.arange(100) % 20 == 0
    runs = [(requests, exceedances)] * 6
    assert decide(requests, exceedances, allowed=0.01, history=np.array(runs)) == decide(requests, exceedances, allowed=0.01, history=runs)  # type: ignore[arg-type]
    assert decide(requests, exceedances, allowed=0.01, history=np.array([])) == decide(requests, exceedances, allowed=0.01)  # type: ignore[arg-type]


@settings(max_examples=50)
@given(st.lists(runs(max_seconds=30), max_size=8), runs())
def test_any_history_only_raises_the_upper_bound(history: list[tuple[list[int], list[int]]], run: tuple[list[int], list[int]]) -> None:
    """Whatever earlier runs were like, they widen the side that passes and leave the other alone."""
    alone, taught = decide(*run, allowed=0.01), decide(*run, allowed=0.01, history=history)
    assert taught.high >= alone.high
    assert taught.low == alone.low

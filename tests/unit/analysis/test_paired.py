from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Comparison, compare
from tailgate.errors import AnalysisError

N = 20_000


def a_run(seed: int = 1, n: int = N, shift_s: float = 0.0, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arms, lognormal response times and due times at 50/s; arm 1 is shifted and scaled."""
    random = np.random.default_rng(seed)
    arm = random.integers(0, 2, n)
    times = 0.03 * np.exp(0.5 * random.standard_normal(n))
    return arm, np.where(arm == 1, times * scale + shift_s, times), np.arange(n) / 50


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99, None])
def test_a_known_shift_lies_in_the_interval_and_away_from_none(quantile: float | None) -> None:
    """Arm 1 is 20 ms slower throughout: each interval holds 20 ms and not 0, and the test says so."""
    arm, response_s, due_s = a_run(shift_s=0.02)
    found = compare(arm, response_s, quantile=quantile, due_s=due_s)
    assert 0 < found.low_s < 0.02 < found.high_s
    assert found.low_s <= found.difference_s <= found.high_s
    assert found.difference_s == pytest.approx(found.second_s - found.first_s, rel=0.05)
    assert found.p_value < 0.001


@pytest.mark.parametrize("quantile", [0.5, 0.99, None])
def test_arms_that_are_alike_differ_by_nothing(quantile: float | None) -> None:
    """The interval holds 0, the test finds nothing, and yet a margin narrower than the interval is not passed."""
    arm, response_s, due_s = a_run()
    found = compare(arm, response_s, quantile=quantile, due_s=due_s)
    assert found.low_s < 0 < found.high_s
    assert found.p_value > 0.05
    assert found.no_worse_than(found.high_s / 2) is Outcome.INCONCLUSIVE


def test_a_margin_passes_above_the_interval_fails_below_it_and_is_open_within() -> None:
    """PASS only if the upper end is below the margin, FAIL only if the lower end is above it."""
    arm, response_s, _ = a_run(shift_s=0.02)
    found = compare(arm, response_s)
    for margin_s, outcome in (
        (found.high_s + 1e-9, Outcome.PASS),
        (found.high_s, Outcome.INCONCLUSIVE),
        (found.low_s, Outcome.INCONCLUSIVE),
        (found.low_s - 1e-9, Outcome.FAIL),
    ):
        assert found.no_worse_than(margin_s) is outcome


def test_too_few_requests_for_a_quantile_are_inconclusive_and_say_how_many_it_takes() -> None:
    """With 300 requests nothing bounds a difference of p99 on any side; 600 is the least that can."""
    arm, response_s, due_s = a_run(n=300, scale=2.0)
    found = compare(arm, response_s, due_s=due_s)
    assert (found.low_s, found.high_s) == (-math.inf, math.inf)
    assert found.no_worse_than(10.0) is Outcome.INCONCLUSIVE
    assert found.least_requests == 600
    assert found.requests_to_settle(0.01) == 600
    assert compare(arm, response_s, quantile=0.5).low_s > 0


@pytest.mark.parametrize(("quantile", "confidence", "least"), [(0.99, 0.95, 600), (0.5, 0.95, 12), (0.999, 0.9, 5000), (0.1, 0.95, 60)])
def test_the_least_number_bounds_a_difference_and_one_exceedance_less_does_not(quantile: float, confidence: float, least: int) -> None:
    """An even alternation of arms: bounded at the least number, unbounded where the lesser side holds one fewer."""
    for n, bounded in ((2 * least, True), (least - math.ceil(1 / min(quantile, 1 - quantile)), False)):
        response_s = np.random.default_rng(2).permutation(n) * 1e-3 + 1
        found = compare(np.arange(n) % 2, response_s, quantile=quantile, confidence=confidence)
        assert found.least_requests == least
        assert (math.isfinite(found.low_s) and math.isfinite(found.high_s)) is bounded


def test_the_number_that_would_settle_a_margin_settles_it() -> None:
    """Half the interval away from the estimate: four times as many requests, and these do pass."""
    arm, response_s, _ = a_run()
    found = compare(arm, response_s)
    margin_s = found.difference_s + (found.high_s - found.difference_s) / 2
    assert found.requests_to_settle(margin_s) == pytest.approx(4 * N, rel=0.01)
    assert compare(*a_run(n=6 * N)[:2]).no_worse_than(margin_s) is Outcome.PASS
    assert found.requests_to_settle(found.high_s * 1.01) == 0
    assert found.requests_to_settle(found.difference_s) is None


def test_an_arm_that_fails_more_is_worse_by_any_margin() -> None:
    """A failure is infinite: 3 % of them are arm 1's p99; FAIL even at a margin of an hour, and never PASS by the mean."""
    arm, response_s, _ = a_run()
    response_s[(arm == 1) & (np.arange(N) % 33 == 0)] = math.inf
    found = compare(arm, response_s)
    assert (found.second_s, found.difference_s, found.low_s) == (math.inf, math.inf, math.inf)
    assert found.no_worse_than(3600) is Outcome.FAIL
    assert found.p_value < 1e-6
    mean = compare(arm, response_s, quantile=None)
    assert math.isfinite(mean.difference_s)
    assert mean.no_worse_than(3600) is Outcome.INCONCLUSIVE
    turned = compare(1 - arm, response_s)
    assert (turned.high_s, turned.no_worse_than(0.0)) == (-math.inf, Outcome.PASS)


@pytest.mark.parametrize("failing", [0.05, 0.5, 1.0])
def test_the_more_an_arm_fails_the_surer_it_is_worse(failing: float) -> None:
    """More failures than the tail holds requests tie for it: FAIL by p99 up to an arm that answers nothing at all, and the test agrees."""
    arm, response_s, due_s = a_run()
    response_s[(arm == 1) & (np.random.default_rng(2).random(N) < failing)] = math.inf
    for due in (None, due_s):
        found = compare(arm, response_s, due_s=due)
        assert (found.low_s, found.no_worse_than(3600)) == (math.inf, Outcome.FAIL)
        assert found.p_value < 1e-6


def test_due_times_in_another_unit_are_blocks_all_the_same() -> None:
    """Nanoseconds since 1970 span more seconds than a machine can hold blocks; those without requests are none."""
    arm, response_s, due_s = a_run()
    assert math.isfinite(compare(arm, response_s, due_s=1.7e18 + due_s * 1e9).low_s)


def test_failures_in_both_arms_leave_the_tail_open_and_the_median_known() -> None:
    """5 % failures on each side: of p99 there is no difference and no bound, of p50 there is."""
    arm, response_s, _ = a_run()
    response_s[::20] = math.inf
    tail = compare(arm, response_s)
    assert math.isnan(tail.difference_s)
    assert (tail.low_s, tail.high_s) == (-math.inf, math.inf)
    assert tail.requests_to_settle(0.01) is None
    assert tail.p_value > 0.001
    median = compare(arm, response_s, quantile=0.5)
    assert -0.005 < median.low_s < median.high_s < 0.005
    assert compare(arm, np.full(N, math.inf), quantile=None).no_worse_than(1.0) is Outcome.INCONCLUSIVE


def test_a_few_failures_do_not_carry_the_tail_away() -> None:
    """Three failures among 20 000 lie beyond p99: its estimate stays finite, and near what it is without them."""
    arm, response_s, _ = a_run()
    without = compare(arm, response_s)
    response_s[[5, 500, 5000]] = math.inf
    found = compare(arm, response_s)
    assert found.difference_s == pytest.approx(without.difference_s, abs=0.002)
    assert math.isfinite(found.low_s)
    assert math.isfinite(found.high_s)


def test_times_that_are_all_the_same_differ_by_nothing() -> None:
    """Ties: no exceedances or all of them, p-value 1, a difference of 0 without width."""
    arm = a_run()[0]
    found = compare(arm, np.full(N, 0.1))
    assert (found.difference_s, found.low_s, found.high_s, found.p_value) == (pytest.approx(0, abs=1e-15), 0, 0, 1)


def test_coarse_times_are_judged_by_the_ties_nearest_to_the_quantile() -> None:
    """Whole milliseconds, of which many tie with p99: arm 1's extra step is found, and alike arms stay alike."""
    arm, response_s, _ = a_run()
    coarse = np.ceil(response_s * 100) / 100
    assert compare(arm, coarse).p_value > 0.05
    assert compare(arm, coarse + 0.01 * arm).p_value < 1e-4


def test_greater_looks_at_a_slower_arm_only() -> None:
    """One-sided: a slower arm 1 has half the two-sided p-value, a faster one is no finding."""
    arm, response_s, _ = a_run(scale=1.1)
    both, greater = compare(arm, response_s), compare(arm, response_s, alternative="greater")
    assert greater.p_value == pytest.approx(both.p_value / 2)
    assert compare(1 - arm, response_s, alternative="greater").p_value > 0.9
    assert (greater.low_s, greater.high_s) == (both.low_s, both.high_s)


def test_arms_that_no_coin_mixed_are_compared_as_a_whole_and_not_taken_for_certain() -> None:
    """Arm 0 first and then arm 1: no stretch holds both, and the interval is as wide as that of all requests shuffled."""
    arm, response_s, _ = a_run()
    shuffled = compare(arm, response_s)
    after_each_other = compare(np.sort(arm), response_s[np.argsort(arm, kind="stable")])
    widths = [found.high_s - found.low_s for found in (after_each_other, shuffled)]
    assert widths[0] == pytest.approx(widths[1], rel=0.3)
    assert after_each_other.low_s < 0 < after_each_other.high_s
    assert after_each_other.p_value == pytest.approx(shuffled.p_value, abs=0.2)


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.integers(40, 99), st.sampled_from([0.25, 0.5, 0.9, 0.95]), st.floats(0.5, 0.99), st.floats(0, 1))
def test_an_interval_away_from_nothing_means_that_the_test_rejects(
    seed: int, n: int, quantile: float, confidence: float, shift: float
) -> None:
    """Test and interval are one thing: within one stratum the interval excludes 0 only where p is at most 1 − confidence."""
    random = np.random.default_rng(seed)
    arm = np.r_[0, 1, random.integers(0, 2, n - 2)]
    response_s = random.permutation(n) + arm * shift * n
    found = compare(arm, response_s, quantile=quantile, confidence=confidence)
    assert found.low_s <= found.high_s
    if found.low_s > 0 or found.high_s < 0:
        assert found.p_value <= 1 - confidence + 1e-9


@settings(max_examples=100)
@given(
    arrays(np.float64, st.integers(20, 120), elements=st.one_of(st.floats(0, 10), st.just(math.inf))),
    st.integers(0, 1000),
    st.sampled_from([0.1, 0.5, 0.9, 0.99, None]),
)
def test_the_arms_in_the_other_order_give_the_opposite(response_s: np.ndarray, seed: int, quantile: float | None) -> None:
    """Turned round, difference and interval change their signs and the two-sided p-value stays; ties and failures included."""
    arm = np.r_[0, 1, np.random.default_rng(seed).integers(0, 2, len(response_s) - 2)]
    there, back = compare(arm, response_s, quantile=quantile), compare(1 - arm, response_s, quantile=quantile)
    assert (there.low_s, there.high_s) == pytest.approx((-back.high_s, -back.low_s), nan_ok=True)
    assert there.difference_s == pytest.approx(-back.difference_s, nan_ok=True)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 <= there.p_value <= 1


@settings(max_examples=50)
@given(st.floats(0, 100), st.floats(0.01, 100), st.integers(0, 100))
def test_later_slower_or_in_other_units_the_comparison_is_the_same(shift_s: float, scale: float, seed: int) -> None:
    """A shift of both arms changes nothing but the values; a change of units scales the difference and keeps the p-value."""
    arm, response_s, due_s = a_run(seed=seed, n=2000)
    one, other = compare(arm, response_s, due_s=due_s), compare(arm, response_s * scale + shift_s, due_s=due_s + shift_s)
    assert other.p_value == one.p_value
    assert other.difference_s == pytest.approx(one.difference_s * scale, rel=1e-6, abs=1e-9)
    assert (other.low_s, other.high_s) == pytest.approx((one.low_s * scale, one.high_s * scale), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"arm": [0, 1, 0]}, "response_s has 4 values, arm 3"),
        ({"arm": [0, 1, 2, 1]}, r"arm\[2\] is 2; each request is of arm 0 or of arm 1"),
        ({"arm": [0, math.nan, 0, 1]}, r"arm\[1\] is nan"),
        ({"arm": [0, 0, 0, 0]}, "arm holds no 1"),
        ({"arm": [1, 1, 1, 1]}, "arm holds no 0"),
        ({"arm": [], "response_s": []}, "arm is empty"),
        ({"arm": [[0, 1], [0, 1]]}, "arm has 2 dimensions"),
        ({"arm": ["a", "b", "a", "b"]}, "arm is not a sequence of numbers"),
        ({"response_s": [0.1, math.nan, 0.2, 0.3]}, r"response_s\[1\] is nan"),
        ({"response_s": [0.1, 0.1, 0.2, -math.inf]}, r"response_s\[3\] is -inf"),
        ({"response_s": "slow"}, "response_s is not a sequence of numbers"),
        ({"due_s": [0, 1, 2]}, "due_s has 3 values"),
        ({"due_s": [0, 1, math.inf, 2]}, r"due_s\[2\] is inf"),
        ({"quantile": 0}, "quantile is 0"),
        ({"quantile": 1.0}, "quantile is 1.0"),
        ({"quantile": math.nan}, "quantile is nan"),
        ({"quantile": "p99"}, "quantile is 'p99'"),
        ({"confidence": 95}, "confidence is 95"),
        ({"alternative": "less"}, "alternative is 'less'; allowed: greater, two-sided"),
        ({"alternative": "two_sided"}, "did you mean 'two-sided'"),
    ],
)
def test_bad_input_is_refused_by_its_name(changed: dict, text: str) -> None:
    """An AnalysisError names the argument and what is wrong with it."""
    given_ = {"arm": [0, 1, 0, 1], "response_s": [0.1, 0.2, 0.3, 0.4], **changed}
    with pytest.raises(AnalysisError, match=text):
        compare(given_.pop("arm"), given_.pop("response_s"), **given_)


@pytest.mark.parametrize("margin_s", [math.nan, math.inf, "2ms", None])
def test_a_margin_is_a_number_of_seconds(margin_s: object) -> None:
    """Anything else is refused: an infinite margin would pass every arm."""
    with pytest.raises(AnalysisError, match="margin_s is"):
        compare(*a_run(n=100)[:2]).no_worse_than(margin_s)


def test_a_tiny_run_is_compared_without_bounds() -> None:
    """Two requests, one in each arm: values and their difference, nothing bounded, no finding."""
    for quantile in (0.5, 0.99, None):
        found = compare([0, 1], [1.0, 3.0], quantile=quantile, due_s=[0, 0])
        assert isinstance(found, Comparison)
        assert (found.difference_s, found.low_s, found.high_s, found.p_value) == (2, -math.inf, math.inf, 1)


def test_a_negative_time_is_refused() -> None:
    """Clocks that ran backwards are no measurement."""
    with pytest.raises(AnalysisError, match=r"response_s\[1\] is -0.01"):
        compare([0, 1, 0, 1], [0.01, -0.01, 0.01, 0.01], quantile=0.5)

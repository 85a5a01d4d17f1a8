"""Before and after: what intervals prove, and what they do not, from estimates of known runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.changes.before_after import MOST_RUNS, BeforeAfter, Margins, before_after
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.errors import AnalysisError


def runs(metric: str, *values: float, within: float = 0.01) -> list[Estimate]:
    """Estimates with an interval of such a share to either side."""
    return [Estimate(metric, value, value * (1 - within), value * (1 + within)) for value in values]


def around(value: float, number: int, spread: float = 0.005) -> list[float]:
    """So many values, spread as a normal law would at its quantiles."""
    return [value * math.exp(spread * step) for step in np.linspace(-1.5, 1.5, number)]


STEADY = around(0.1, 20)


def test_what_was_proved_worse_better_or_no_worse_says_so() -> None:
    """Twenty steady runs a side settle a tenth in both directions, and that nothing changed."""
    for factor, outcome, better in ((1.1, Outcome.FAIL, False), (0.9, Outcome.PASS, True), (1.0, Outcome.PASS, False)):
        found = before_after("p99", runs("p99", *STEADY), runs("p99", *(value * factor for value in STEADY)))
        assert (found.outcome, found.better) == (outcome, better)
        assert found.relative == pytest.approx(factor - 1, abs=1e-9)
        assert found.difference == pytest.approx(found.after - found.before)
        assert found.relative_low < factor - 1 < found.relative_high
        assert found.low == pytest.approx(found.before * found.relative_low)


def test_one_run_a_side_does_not_show_a_tenth() -> None:
    """Runs of the same thing differ by 3 %, which one run a side does not show; so ten per cent are no proof, thirty are."""
    assert before_after("p99", runs("p99", 0.1), runs("p99", 0.11)).outcome is Outcome.INCONCLUSIVE
    assert before_after("p99", runs("p99", 0.1), runs("p99", 0.13)).outcome is Outcome.FAIL
    within = before_after("p99", runs("p99", 0.1), runs("p99", 0.11), Margins(typical_spread=0.0))
    assert within.outcome is Outcome.FAIL, "who takes it that runs do not vary may say so"


def test_what_is_undecided_says_how_many_runs_would_settle_it_and_they_do() -> None:
    """The advice, followed with runs as they were, is a decision; one run fewer is none."""
    found = before_after("p50", runs("p50", 0.1, 0.1), runs("p50", 0.106, 0.106))
    assert found.outcome is Outcome.INCONCLUSIVE
    enough = found.runs_to_settle
    assert enough is not None
    more = [before_after("p50", runs("p50", *[0.1] * count), runs("p50", *[0.106] * count)) for count in (enough, enough - 1)]
    assert more[0].outcome is Outcome.FAIL
    near = before_after("p50", runs("p50", 0.1), runs("p50", 0.103))
    assert (near.outcome, near.runs_to_settle) == (Outcome.INCONCLUSIVE, None), "at the margin no number of use settles it"


def test_runs_that_vary_much_prove_nothing() -> None:
    """The spread between runs is in the interval, however well each is known."""
    wild = [0.08, 0.1, 0.12, 0.09, 0.11]
    assert before_after("p99", runs("p99", *wild), runs("p99", *(1.1 * one for one in wild))).outcome is Outcome.INCONCLUSIVE


def test_a_tail_that_each_run_has_or_has_not_is_no_change_where_chance_dealt_it_out_unequally() -> None:
    """Two of five runs with a spell before, three of five after: medians would jump from the one tail to the other."""
    short, long = 0.07, 0.14
    before, after = [short, short, short, long, long], [short, short, long, long, long]
    assert before_after("p99", runs("p99", *before), runs("p99", *after)).outcome is Outcome.INCONCLUSIVE


def test_five_runs_a_side_that_do_not_bound_a_tail_show_its_spread_all_the_same() -> None:
    """How far the ten differ is known; of three a side it is not known well enough."""
    told = [Estimate("p99.9", value, None, None) for value in around(0.1, 5)]
    slower = [Estimate("p99.9", 1.5 * one.value, None, None) for one in told]
    assert before_after("p99.9", told, slower).outcome is Outcome.FAIL
    assert before_after("p99.9", told[:3], slower[:3]).outcome is Outcome.INCONCLUSIVE


def test_an_end_that_no_run_bounds_proves_nothing_on_its_side() -> None:
    """Too few requests for an upper end: never no worse, but worse where the lower end shows it."""
    open_above = [Estimate("p99", 0.1, 0.099, None)]
    found = before_after("p99", runs("p99", 0.1), open_above)
    assert (found.high, found.outcome) == (None, Outcome.INCONCLUSIVE)
    assert found.why is not None
    assert "too few requests" in found.why
    assert found.low is not None
    assert before_after("p99", runs("p99", 0.1), [Estimate("p99", 0.2, 0.19, None)]).outcome is Outcome.FAIL


def test_failures_that_reach_into_a_percentile_decide_where_they_are_on_one_side_only() -> None:
    """All runs after: worse. All before: better. Some, or both sides: undecided, and it says where."""
    lost, fine = [Estimate("p99", math.inf, 0.2, None)] * 2, runs("p99", 0.1, 0.1)
    assert before_after("p99", fine, lost).outcome is Outcome.FAIL
    found = before_after("p99", lost, fine)
    assert (found.outcome, found.better) == (Outcome.PASS, True)
    assert before_after("p99", lost, lost).outcome is Outcome.INCONCLUSIVE
    some = before_after("p99", fine, [fine[0], lost[0]])
    assert some.outcome is Outcome.INCONCLUSIVE
    assert some.why == "failures reach into it in 1 of 2 after"


def test_a_metric_that_one_side_does_not_tell_is_undecided() -> None:
    """Nobody takes a missing number for a good one."""
    found = before_after("p99", [], runs("p99", 0.1))
    assert (found.before, found.after, found.outcome) == (None, pytest.approx(0.1), Outcome.INCONCLUSIVE)
    assert before_after("p99", runs("p99", 0.1), []).why == "the runs after do not tell it"


def test_a_lower_rate_is_worse() -> None:
    """What has a least bound is worse when it falls."""
    steady = [Margins(typical_spread=0.0)]
    assert before_after("achieved_rate", runs("achieved_rate", 100.0), runs("achieved_rate", 80.0), *steady).outcome is Outcome.FAIL
    higher = before_after("achieved_rate", runs("achieved_rate", 100.0), runs("achieved_rate", 120.0), *steady)
    assert (higher.outcome, higher.better) == (Outcome.PASS, True)


def share(value: float, low: float, high: float) -> Estimate:
    """An error rate with its interval."""
    return Estimate("error_rate", value, low, high)


def test_shares_are_compared_in_points() -> None:
    """Half a point matters, whatever it is a share of; no failures on either side is no worse."""
    none = share(0.0, 0.0, 0.002)
    same = before_after("error_rate", [none], [none])
    assert (same.outcome, same.relative) == (Outcome.PASS, None)
    assert (same.low, same.high) == (-0.002, 0.002)
    assert before_after("error_rate", [none], [share(0.02, 0.015, 0.03)]).outcome is Outcome.FAIL
    assert before_after("error_rate", [none], [share(0.004, 0.001, 0.01)]).outcome is Outcome.INCONCLUSIVE
    assert before_after("error_rate", [none], [share(0.02, 0.015, 0.03)], Margins(least_share=0.05)).outcome is Outcome.PASS


def test_a_share_that_varies_between_runs_is_known_less_well_than_each_says() -> None:
    """Three runs of 0, 0 and 6 % say little of what the next will be."""
    calm, erratic = [share(0.0, 0.0, 0.001)] * 3, [share(0.0, 0.0, 0.001)] * 2 + [share(0.06, 0.055, 0.065)]
    assert before_after("error_rate", calm, erratic).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, True, "3 %"])
def test_margins_that_mean_nothing_are_refused(wrong: object) -> None:
    """Naming the field."""
    with pytest.raises(AnalysisError, match="least_effect is"):
        Margins(least_effect=wrong)  # type: ignore[arg-type]  # what a caller may give all the same


times = st.floats(1e-4, 10)
sides = st.lists(st.tuples(times, st.floats(0, 0.5), st.floats(0, 0.5)), min_size=1, max_size=6)


def estimates(side: list[tuple[float, float, float]]) -> list[Estimate]:
    return [Estimate("p99", value, value * (1 - down), value * (1 + up)) for value, down, up in side]


@given(sides, sides)
def test_any_interval_holds_its_difference_and_turns_round_with_the_sides(
    first: list[tuple[float, float, float]], second: list[tuple[float, float, float]]
) -> None:
    """Before and after exchanged, the ratio is its inverse; never worse both ways; the order of runs is nothing."""
    one, other = before_after("p99", estimates(first), estimates(second)), before_after("p99", estimates(second), estimates(first))
    assert_sound(one)
    assert (1 + (one.relative or 0)) * (1 + (other.relative or 0)) == pytest.approx(1)
    assert (one.outcome, other.outcome) != (Outcome.FAIL, Outcome.FAIL)
    turned = before_after("p99", estimates(first[::-1]), estimates(second[::-1]))
    assert turned.outcome is one.outcome
    assert turned.relative == pytest.approx(one.relative)


@given(sides, times, st.integers(1, 6))
def test_more_that_matters_never_turns_a_pass_into_a_fail(side: list[tuple[float, float, float]], effect: float, after: int) -> None:
    """A larger effect that matters makes worse undecided and undecided no worse, never the other way."""
    order = [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS]
    new = estimates(side)[:after]
    found = [before_after("p99", estimates(side), new, Margins(least_effect=least)).outcome for least in (0.0, effect, 2 * effect)]
    assert [order.index(one) for one in found] == sorted(order.index(one) for one in found)


def assert_sound(found: BeforeAfter) -> None:
    """The interval holds the difference, in its unit as in shares, and advice is of use."""
    assert found.relative is not None
    assert found.relative_low is None or found.relative_low <= found.relative + 1e-12
    assert found.relative_high is None or found.relative_high >= found.relative - 1e-12
    assert found.runs_to_settle is None or 1 < found.runs_to_settle <= MOST_RUNS
    assert found.outcome is Outcome.PASS or not found.better

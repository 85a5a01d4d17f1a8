from __future__ import annotations

import math

import numpy as np
import pytest

from tailgate.analysis.compare import _grid, compare
from tailgate.errors import AnalysisError
from tailgate.samples import Error, Samples


@pytest.fixture
def run_of(new_case, new_samples, lognormal):
    """Runs of 20 s at 100/s: a floor of 5 ms and a lognormal body, shifted and scaled."""
    case = new_case("p99 <= 60ms", per_s=100, for_s=20)

    def build(seed: int, shift_s: float = 0.0, scale: float = 1.0) -> Samples:
        return new_samples(case, (0.005 + lognormal(2000, 0.01, 0.5, seed)) * scale + shift_s)

    return build


def test_a_known_shift_lies_in_the_intervals_and_no_difference_does_not(run_of) -> None:
    """Two runs 2 ms apart: every interval is around 2 ms and away from 0, and says that it is one between runs."""
    for difference in compare(run_of(1), run_of(2, shift_s=0.002)):
        if difference.metric != "p99":
            assert difference.low_s > 0, difference
        assert difference.low_s < 0.002 < difference.high_s, difference
        assert difference.low_s <= difference.difference_s <= difference.high_s
        assert difference.difference_s == difference.second_s - difference.first_s
        assert difference.format().endswith("between runs")


def test_the_intervals_cover_the_true_difference_in_nineteen_of_twenty_pairs(run_of) -> None:
    """Independent requests, second run a tenth slower: coverage of 120 pairs is between 90 and 100 % for each metric."""
    truth = {"min": 0.0, "mean": 0.1 * (0.005 + 0.01 * math.exp(0.125)), "p50": 0.0015, "p99": 0.0005 + 0.001 * math.exp(0.5 * 2.326348)}
    pairs = [compare(run_of(2 * i), run_of(2 * i + 1, scale=1.1), seed=i, replicates=400) for i in range(120)]
    truth["min"] = float(np.mean([pair[0].difference_s for pair in pairs]))
    for place, name in enumerate(truth):
        hits = np.mean([pair[place].low_s <= truth[name] <= pair[place].high_s for pair in pairs])
        assert 0.9 <= hits <= 1, (name, hits)


def test_the_same_seed_gives_the_same_intervals_and_another_gives_others(run_of) -> None:
    """A comparison can be repeated to the last digit."""
    first, second = run_of(1), run_of(2)
    assert compare(first, second, seed=3) == compare(first, second, seed=3)
    assert compare(first, second, seed=3) != compare(first, second, seed=4)


def test_the_runs_in_the_other_order_give_the_opposite_difference(run_of) -> None:
    """Second minus first: turned round, the differences change their signs, and the minimum's interval mirrors."""
    there, back = compare(run_of(1), run_of(2)), compare(run_of(2), run_of(1))
    for one, other in zip(there, back, strict=True):
        assert one.difference_s == -other.difference_s
    assert (there[0].low_s, there[0].high_s) == (-back[0].high_s, -back[0].low_s)


def test_a_bad_stretch_makes_the_interval_of_the_mean_wider(new_case, new_samples, lognormal) -> None:
    """The same times in another order: slow ones in one stretch say less about the mean than scattered ones."""
    case = new_case("p99 <= 60ms", per_s=100, for_s=20)
    times = lognormal(2000, 0.01, 0.5)
    calm = new_samples(case, times)
    spell = new_samples(case, np.sort(times))
    widths = [mean.high_s - mean.low_s for mean in (compare(calm, calm)[1], compare(calm, spell)[1])]
    assert widths[1] > 2 * widths[0]


def test_bad_stretches_of_some_seconds_widen_the_interval_in_longer_runs(new_case, new_samples) -> None:
    """Blocks of 5 s in a run of 100 s: slow stretches of 5 s count as such, while slow single seconds even out in a block."""
    case = new_case("p99 <= 60ms", per_s=100, for_s=100)
    second = np.arange(10_000) // 100
    stretches, seconds = (new_samples(case, 0.01 + 0.01 * (second // length_s % 2)) for length_s in (5, 1))
    wide, narrow = (compare(run, run)[1] for run in (stretches, seconds))
    assert wide.high_s - wide.low_s > 3 * (narrow.high_s - narrow.low_s)


def test_the_grid_of_a_million_values_is_finer_than_chance_around_the_tail() -> None:
    """Around p99 neighbouring ranks are less than a standard error of the share above it apart, √(.99·.01/n); so in small runs."""
    ranks = _grid(10**6)
    around = np.searchsorted(ranks, 0.99 * 10**6)
    assert np.diff(ranks[around - 2 : around + 2]).max() < (0.99 * 0.01 * 10**6) ** 0.5
    assert (ranks[0], ranks[-1]) == (0, 10**6 - 1)
    assert _grid(3000).tolist() == list(range(3000))


def test_large_runs_are_compared_on_a_grid_that_keeps_the_tail(new_case, new_samples, lognormal) -> None:
    """Beyond the grid's size the p99 of replicates still centres on the run's own."""
    case = new_case("p99 <= 60ms", per_s=1000, for_s=60)
    first, second = (new_samples(case, lognormal(60_000, 0.01, 0.5, seed)) for seed in (1, 2))
    p99 = compare(first, second, replicates=500)[3]
    assert p99.low_s < p99.difference_s < p99.high_s
    assert p99.high_s - p99.low_s < 0.1 * p99.first_s


def test_failures_leave_bounds_open_instead_of_inventing_them(run_of) -> None:
    """A run with 2 % failures has no p99: against a sound one there is no bound, against another no difference."""
    sound, broken = run_of(1), run_of(2)
    broken.records["error"][::50] = Error.TIMEOUT
    p99 = compare(sound, broken)[3]
    assert (p99.second_s, p99.high_s) == (math.inf, None)
    both = compare(broken, broken)[3]
    assert (both.difference_s, both.low_s, both.high_s) == (None, None, None)
    assert "not comparable" in both.format()
    mean = compare(sound, broken)[1]
    assert mean.low_s < mean.difference_s < mean.high_s


def test_a_run_without_samples_is_refused(run_of) -> None:
    """There is nothing to compare, and the error says which run is empty."""
    empty = Samples(run_of(1).header, run_of(1).records[:0])
    with pytest.raises(AnalysisError, match="the second run has no samples"):
        compare(run_of(1), empty)


def test_one_second_of_load_has_no_interval(new_case, new_samples, lognormal) -> None:
    """A single block cannot show how blocks differ: the differences stand without bounds."""
    case = new_case("p50 <= 60ms", per_s=100, for_s=1)
    run = new_samples(case, lognormal(100, 0.01, 0.5))
    assert all((d.low_s, d.high_s) == (None, None) for d in compare(run, run))

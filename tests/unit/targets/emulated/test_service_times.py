"""What the shipped profiles come to: the findings they are made to show, and the draws they are made of."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tailgate.targets.emulated.profiles import Outlier, Profiles, Spread, load_profiles
from tailgate.targets.emulated.service_times import endless, foretell

PROFILES = load_profiles()


def quantiles_ms(response_s: np.ndarray, *at: float) -> list[float]:
    return [float(value) * 1e3 for value in np.quantile(response_s, at)]


@pytest.mark.parametrize("per_s", [10, 50, 100])
def test_m5_large_is_near_the_published_reference(per_s: float) -> None:
    """perfsizesagemaker, public path: p50 10 to 11, p90 13 to 14 (rounded to ms), p99 20 to 26."""
    p50, p90, p99 = quantiles_ms(foretell(PROFILES, "ml.m5.large", "public", per_s=per_s), 0.5, 0.9, 0.99)
    assert 9.5 < p50 < 11.5
    assert 12.5 < p90 < 14.5
    assert 20 <= p99 <= 26


def test_privatelink_has_the_blogs_minimum_the_lower_mean_and_the_same_p99() -> None:
    """ml.t2.xlarge × 2 at 120/s: a minimum of about 5 ms, .5 to 1.2 ms less of mean, p99s within .5 ms."""
    public, private = (
        foretell(PROFILES, "ml.t2.xlarge", path, instances=2, per_s=120, requests=400_000) for path in ("public", "privatelink")
    )
    assert 4.8e-3 < np.min(private) < 5.5e-3
    assert 0.5e-3 < np.mean(public) - np.mean(private) < 1.2e-3
    assert abs(quantiles_ms(public, 0.99)[0] - quantiles_ms(private, 0.99)[0]) < 0.5


def test_the_regional_name_lies_between_the_zonal_ones() -> None:
    """Made up so: a round trip to the client's own zone is the shortest, to another the longest."""
    same, regional, other = (
        np.mean(foretell(PROFILES, "ml.t2.xlarge", path)) for path in ("privatelink-same-zone", "privatelink", "privatelink-other-zone")
    )
    assert same < regional < other


def test_latency_does_not_fall_with_size_within_either_family() -> None:
    """The blog's second finding: in neither family do the typical bodies, sorted by size, come out slowest first."""
    for family, sizes in (("t2", ["medium", "large", "xlarge", "2xlarge"]), ("m5", ["large", "xlarge", "2xlarge", "4xlarge", "12xlarge"])):
        bodies = [PROFILES.of(f"ml.{family}.{size}").body for size in sizes]
        typical = [body.minimum_s + body.typical_extra_s for body in bodies]
        assert typical != sorted(typical, reverse=True)


@pytest.mark.parametrize("instance_type", [*PROFILES.instances, "ml.c7i.large"])
@pytest.mark.parametrize("network_path", PROFILES.floors)
def test_a_p99_budget_of_60_ms_holds_clearly_at_120_per_second(instance_type: str, network_path: str) -> None:
    """One instance of any type, either path: p99 is 12 to 25 ms, far from 60, so that a shipped case does not flicker."""
    (p99,) = quantiles_ms(foretell(PROFILES, instance_type, network_path, per_s=120, requests=60_000), 0.99)
    assert 12 < p99 < 25


def test_latency_grows_with_the_offered_rate() -> None:
    """A simulated endpoint slows with its load: at 300/s the p99 of ml.m5.large is far above that at 10/s."""
    quiet, busy = (quantiles_ms(foretell(PROFILES, "ml.m5.large", "public", per_s=rate, requests=60_000), 0.99)[0] for rate in (10, 300))
    assert busy > 1.5 * quiet


def test_the_endless_draws_are_those_of_the_foretelling() -> None:
    """What the server draws one by one has the distribution that is foretold, and the same seed draws the same."""
    first, again = (
        [sum(cost) for cost in itertools.islice(endless(PROFILES, "ml.m5.large", "public", np.random.default_rng(9)), 50_000)]
        for _ in range(2)
    )
    assert first == again
    foretold = foretell(PROFILES, "ml.m5.large", "public", seed=4)
    assert quantiles_ms(np.asarray(first), 0.5, 0.9, 0.99) == pytest.approx(quantiles_ms(foretold, 0.5, 0.9, 0.99), rel=0.03)


def test_a_spread_has_the_median_and_the_minimum_it_states() -> None:
    """minimum + typical extra is the median, and nothing lies below the minimum."""
    drawn = Spread(minimum_s=1.0, typical_extra_s=2.0, sigma=0.8).draw(np.random.default_rng(1), 100_000)
    assert np.median(drawn) == pytest.approx(3.0, rel=0.02)
    assert drawn.min() > 1.0


def test_outliers_strike_as_often_as_stated_and_only_then() -> None:
    """A share of the requests gets between minimum and minimum + span more, all others nothing."""
    extras = Outlier(probability=0.01, minimum_s=1.0, span_s=0.5).draw(np.random.default_rng(1), 200_000)
    struck = extras[extras > 0]
    assert len(struck) / len(extras) == pytest.approx(0.01, rel=0.1)
    assert 1.0 <= struck.min() < 1.01
    assert 1.49 < struck.max() <= 1.5


def test_an_outlier_does_not_hold_a_worker() -> None:
    """With every request an outlier of a second and bodies of 1 ms, 100/s on two workers still does not queue."""
    swift = Spread(0.001, 0.0, 0.0)
    profiles = Profiles({"public": Spread(0.0, 0.0, 0.0)}, Outlier(1.0, 1.0, 0.0), {}, swift)
    response_s = foretell(profiles, "ml.any.large", "public", per_s=100, requests=5_000)
    assert response_s.min() >= 1.0
    assert response_s.max() < 1.01

"""Endpoints as they serve: variants, weights, and draws that depend on nothing but their own names and the seed."""

from __future__ import annotations

import collections

import pytest

from tailgate.targets.emulated.deployment import Deployment, VariantPlan, deploy
from tailgate.targets.emulated.profiles import load_profiles

PROFILES = load_profiles()


def deployed(*weights: float, name: str = "ranker", seed: int = 1) -> Deployment:
    plans = [VariantPlan(f"v{number}", "ml.m5.large", 1, "RANDOM", weight) for number, weight in enumerate(weights)]
    return deploy(name, "InService", ("config",), plans, PROFILES, seed)


def departures_s(deployment: Deployment, network_path: str = "public", count: int = 20) -> list[float]:
    variant = deployment.variant("v0")
    assert variant is not None
    return [variant.departure_s(network_path, float(second))[0] - second for second in range(count)]


def test_a_targeted_variant_is_the_one() -> None:
    """By name, whatever the weights; an unknown name is nobody."""
    deployment = deployed(1.0, 0.0)
    named = deployment.variant("v1")
    assert named is not None
    assert named.name == "v1"
    assert deployment.variant("v2") is None


def test_untargeted_requests_are_shared_by_weight() -> None:
    """A quarter for a weight of one in four, nothing for a weight of zero."""
    deployment = deployed(1.0, 3.0, 0.0)
    counts = collections.Counter(variant.name for _ in range(4_000) if (variant := deployment.variant(None)))
    assert counts["v0"] / 4_000 == pytest.approx(0.25, abs=0.03)
    assert counts["v2"] == 0


def test_where_all_weights_are_zero_only_a_target_is_served() -> None:
    """There is nobody to share the untargeted ones."""
    assert deployed(0.0, 0.0).variant(None) is None


def test_equal_seeds_and_names_draw_equal_times_and_others_do_not() -> None:
    """A run can be repeated; two endpoints, two seeds or two paths are independent of each other."""
    reference = departures_s(deployed(1.0))
    assert departures_s(deployed(1.0)) == reference
    assert departures_s(deployed(1.0, 1.0)) == reference
    for other in (
        departures_s(deployed(1.0, seed=2)),
        departures_s(deployed(1.0, name="other")),
        departures_s(deployed(1.0), "privatelink"),
    ):
        assert not set(other) & set(reference)


def test_the_model_is_done_before_the_answer_leaves() -> None:
    """The floor, at least 4.9 ms on the public path, comes on top of queue and body."""
    variant = deployed(1.0).variant("v0")
    assert variant is not None
    leaves_s, done_s = variant.departure_s("public", 100.0)
    assert 100.0 < done_s <= leaves_s - 0.0049

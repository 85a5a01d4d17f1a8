"""Deployment: an endpoint as the data plane serves it, built from what the control plane says of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tailgate.targets.emulated.profiles import Profiles
from tailgate.targets.emulated.queueing import Fleet, Instance
from tailgate.targets.emulated.service_times import endless

SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
"""The statuses in which an endpoint answers: an update goes on behind the instances that serve."""


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """A production variant as its endpoint config states it. weight: its share of the untargeted requests."""

    name: str
    instance_type: str
    instance_count: int
    routing: str
    weight: float


class Variant:
    """A production variant that serves: its instances, and the draws of what requests cost, per network path.

    The draws depend on seed, endpoint and variant alone, not on what else is deployed.
    """

    def __init__(self, plan: VariantPlan, endpoint: str, profiles: Profiles, seed: int) -> None:
        self.name = plan.name
        profile = profiles.of(plan.instance_type)

        def random(purpose: str) -> np.random.Generator:
            return np.random.default_rng([seed, zlib.crc32(f"{endpoint}/{plan.name}/{purpose}".encode())])

        self._fleet = Fleet([Instance(profile.vcpus) for _ in range(plan.instance_count)], plan.routing, random("routing"))
        self._costs = {path: endless(profiles, plan.instance_type, path, random(path)) for path in profiles.floors}

    def departure_s(self, network_path: str, arrival_s: float) -> tuple[float, float]:
        """Take a request in; returns when its answer is to leave, and when the model was done, on the arrival's clock."""
        cost = next(self._costs[network_path])
        done_s = self._fleet.admit(arrival_s, cost.body_s)
        return done_s + cost.floor_s + cost.outlier_s, done_s


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint at one moment. version: equal as long as its instances are the same. random: chooses among variants."""

    name: str
    status: str
    version: tuple[str, ...]
    variants: Mapping[str, Variant]
    weights: Mapping[str, float]
    random: np.random.Generator = field(repr=False)

    @property
    def serves(self) -> bool:
        """Whether it answers invocations."""
        return self.status in SERVING

    def variant(self, target: str | None) -> Variant | None:
        """The variant asked for; without a target, one by weight. None where there is none of that name."""
        if target is not None:
            return self.variants.get(target)
        if len(self.variants) == 1:
            return next(iter(self.variants.values()))
        names, weights = list(self.weights), np.array(list(self.weights.values()))
        if weights.sum() == 0:
            return None
        return self.variants[str(self.random.choice(names, p=weights / weights.sum()))]


def deploy(name: str, status: str, version: tuple[str, ...], plans: list[VariantPlan], profiles: Profiles, seed: int) -> Deployment:
    """A deployment with fresh, idle instances."""
    return Deployment(
        name,
        status,
        version,
        {plan.name: Variant(plan, name, profiles, seed) for plan in plans},
        {plan.name: plan.weight for plan in plans},
        np.random.default_rng([seed, zlib.crc32(name.encode())]),
    )

"""Service times: what one request costs, drawn from the profiles, and what that comes to without a server.

The data plane and `foretell` draw from the same function, so what a run measures can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailgate.targets.emulated.profiles import Profiles
from tailgate.targets.emulated.queueing import Fleet, Instance

_BLOCK = 256


class Cost(NamedTuple):
    """What a request costs, in seconds. Only the body holds a worker."""

    floor_s: float
    body_s: float
    outlier_s: float


class Costs(NamedTuple):
    """Many requests' costs: arrays of one length, in seconds."""

    floor_s: npt.NDArray[np.float64]
    body_s: npt.NDArray[np.float64]
    outlier_s: npt.NDArray[np.float64]


def draw(profiles: Profiles, instance_type: str, network_path: str, random: np.random.Generator, count: int) -> Costs:
    """The costs of `count` requests, independent of each other. Raises PlanError for an unknown network path."""
    return Costs(
        profiles.floor(network_path).draw(random, count),
        profiles.of(instance_type).body.draw(random, count),
        profiles.outlier.draw(random, count),
    )


def endless(profiles: Profiles, instance_type: str, network_path: str, random: np.random.Generator) -> Iterator[Cost]:
    """One request's cost after another, without end, drawn in blocks: a single draw costs as much as hundreds."""
    while True:
        columns = draw(profiles, instance_type, network_path, random, _BLOCK)
        yield from map(Cost, *(column.tolist() for column in columns))


def foretell(
    profiles: Profiles,
    instance_type: str,
    network_path: str,
    *,
    instances: int = 1,
    routing: str = "RANDOM",
    per_s: float | None = None,
    requests: int = 200_000,
    seed: int = 0,
) -> npt.NDArray[np.float64]:
    """The response times, in seconds and in order of arrival, that these profiles come to: the truth a run looks for.

    per_s: Poisson arrivals at that rate into the instances' queues; None leaves queueing out. The array has
    `requests` entries, whose quantiles and mean are those of the model but for Monte Carlo error.
    Raises PlanError for an unknown network path.
    """
    random = np.random.default_rng(seed)
    costs = draw(profiles, instance_type, network_path, random, requests)
    if per_s is None:
        return costs.floor_s + costs.body_s + costs.outlier_s
    arrivals_s = np.cumsum(random.exponential(1 / per_s, requests))
    workers = profiles.of(instance_type).vcpus
    fleet = Fleet([Instance(workers) for _ in range(instances)], routing, random)
    finishes_s = [fleet.admit(arrival_s, body_s) for arrival_s, body_s in zip(arrivals_s.tolist(), costs.body_s.tolist(), strict=True)]
    return np.asarray(finishes_s) - arrivals_s + costs.floor_s + costs.outlier_s

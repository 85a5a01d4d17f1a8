"""Queueing: instances that serve first come, first served, and the router before them. Pure: time is an argument.

Service times are known on arrival and nobody overtakes, so a request's whole future is settled when it arrives: it
starts when the first worker is free, and no event needs to be simulated in between.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

LEAST_OUTSTANDING = "LEAST_OUTSTANDING_REQUESTS"


class Instance:
    """One host with as many workers as vCPUs and one queue before them. Times in seconds, on any one clock."""

    def __init__(self, workers: int) -> None:
        self._free_at_s = [float("-inf")] * workers
        self._finishing_s: list[float] = []

    def admit(self, arrival_s: float, body_s: float) -> float:
        """Take a request that will hold a worker for `body_s`; returns when that worker is done with it.

        Requests are to be admitted in the order of their arrival.
        """
        self.outstanding(arrival_s)  # forgets the finished ones, which would otherwise pile up
        finish_s = max(arrival_s, self._free_at_s[0]) + body_s
        heapq.heapreplace(self._free_at_s, finish_s)
        heapq.heappush(self._finishing_s, finish_s)
        return finish_s

    def outstanding(self, now_s: float) -> int:
        """How many admitted requests are waiting or being worked on."""
        while self._finishing_s and self._finishing_s[0] <= now_s:
            heapq.heappop(self._finishing_s)
        return len(self._finishing_s)


class Fleet:
    """The instances of a variant behind SageMaker's routing: RANDOM, or LEAST_OUTSTANDING_REQUESTS (ties at random)."""

    def __init__(self, instances: Sequence[Instance], routing: str, random: np.random.Generator) -> None:
        self._instances = instances
        self._least_outstanding = routing == LEAST_OUTSTANDING
        self._random = random

    def admit(self, arrival_s: float, body_s: float) -> float:
        """Route a request to an instance; returns when its worker is done with it, as `Instance.admit`."""
        return self._choose(arrival_s).admit(arrival_s, body_s)

    def _choose(self, now_s: float) -> Instance:
        candidates = self._instances
        if self._least_outstanding:
            counts = [instance.outstanding(now_s) for instance in self._instances]
            least = min(counts)
            candidates = [instance for instance, count in zip(self._instances, counts, strict=True) if count == least]
        return candidates[int(self._random.integers(len(candidates)))] if len(candidates) > 1 else candidates[0]

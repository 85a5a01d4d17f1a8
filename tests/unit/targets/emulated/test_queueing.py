"""Queueing against what theory says of it, and against a simulation that is too plain to be wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.queueing import LEAST_OUTSTANDING, Fleet, Instance

TIMES = st.floats(0, 10, allow_nan=False).map(lambda value: round(value, 3))
REQUESTS = st.lists(st.tuples(TIMES, TIMES), max_size=60).map(lambda pairs: sorted(pairs, key=lambda pair: pair[0]))


def test_a_request_waits_for_the_first_worker_that_is_free() -> None:
    """Two workers, scripted times: the third waits for the one that ends first, the fourth for the other."""
    instance = Instance(workers=2)
    assert [instance.admit(*request) for request in [(0.0, 5.0), (1.0, 2.0), (2.0, 4.0), (2.5, 1.0)]] == [5.0, 3.0, 7.0, 6.0]


def test_an_idle_instance_does_not_delay() -> None:
    """Arrivals further apart than their bodies leave as if alone."""
    instance = Instance(workers=1)
    assert [instance.admit(at_s, 0.5) for at_s in (0.0, 1.0, 2.0)] == [0.5, 1.5, 2.5]


def test_outstanding_counts_the_waiting_and_the_worked_on() -> None:
    """A request counts from its arrival to the moment its worker is done with it, and not beyond."""
    instance = Instance(workers=1)
    instance.admit(0.0, 1.0)
    instance.admit(0.0, 1.0)
    assert [instance.outstanding(at_s) for at_s in (0.0, 0.999, 1.0, 1.999, 2.0)] == [2, 2, 1, 1, 0]


@given(requests=REQUESTS, workers=st.integers(1, 5))
def test_departures_are_those_of_a_plain_simulation(requests: list[tuple[float, float]], workers: int) -> None:
    """Holds against a simulation that hands each request, in order, to the worker that is free first."""
    free_at_s = [0.0] * workers
    expected = []
    for arrival_s, body_s in requests:
        worker = free_at_s.index(min(free_at_s))
        free_at_s[worker] = max(arrival_s, free_at_s[worker]) + body_s
        expected.append(free_at_s[worker])
    instance = Instance(workers)
    assert [instance.admit(*request) for request in requests] == expected


@given(requests=REQUESTS, workers=st.integers(1, 5))
def test_no_more_requests_are_worked_on_than_there_are_workers(requests: list[tuple[float, float]], workers: int) -> None:
    """At no start does another worker appear from nowhere."""
    instance = Instance(workers)
    spans = []
    for arrival_s, body_s in requests:
        finish_s = instance.admit(arrival_s, body_s)
        spans.append((finish_s - body_s, finish_s))
    for start_s, _ in spans:
        assert sum(begin_s <= start_s + 1e-9 and start_s + 1e-9 < end_s for begin_s, end_s in spans) <= workers


def mean_wait_s(workers: int, per_s: float, bodies_s: np.ndarray) -> float:
    """The mean wait of Poisson arrivals at one instance."""
    arrivals_s = np.cumsum(np.random.default_rng(3).exponential(1 / per_s, len(bodies_s)))
    instance = Instance(workers)
    finishes_s = [instance.admit(*request) for request in zip(arrivals_s.tolist(), bodies_s.tolist(), strict=True)]
    return float(np.mean(np.asarray(finishes_s) - arrivals_s - bodies_s))


@pytest.mark.parametrize("utilisation", [0.3, 0.7])
def test_equal_bodies_and_one_worker_wait_as_pollaczek_and_khinchine_say(utilisation: float) -> None:
    """M/D/1: the mean wait is ρ/(2(1-ρ)) bodies."""
    body_s = 0.01
    theory_s = body_s * utilisation / (2 * (1 - utilisation))
    assert mean_wait_s(1, utilisation / body_s, np.full(200_000, body_s)) == pytest.approx(theory_s, rel=0.03)


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_exponential_bodies_wait_as_erlang_says(workers: int) -> None:
    """M/M/c at 80 % load: the mean wait follows from Erlang's C formula."""
    body_s, utilisation = 0.01, 0.8
    load = workers * utilisation
    waiting = load**workers / math.factorial(workers) / (1 - utilisation)
    chance_to_wait = waiting / (sum(load**k / math.factorial(k) for k in range(workers)) + waiting)
    theory_s = chance_to_wait * body_s / (workers * (1 - utilisation))
    bodies_s = np.random.default_rng(5).exponential(body_s, 400_000)
    assert mean_wait_s(workers, load / body_s, bodies_s) == pytest.approx(theory_s, rel=0.06)


def fleet_of(instances: int, routing: str) -> Fleet:
    return Fleet([Instance(1) for _ in range(instances)], routing, np.random.default_rng(1))


def test_the_least_outstanding_instance_is_chosen() -> None:
    """Three requests at once on three instances: nobody waits, whatever the order of the dice."""
    fleet = fleet_of(3, LEAST_OUTSTANDING)
    assert [fleet.admit(0.0, 1.0) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_random_routing_lets_requests_wait_while_others_idle() -> None:
    """Of many pairs that arrive together, about half meet on one of the two instances: that is SageMaker's default."""
    fleet = fleet_of(2, "RANDOM")
    waited = sum(max(fleet.admit(at_s, 1.0), fleet.admit(at_s, 1.0)) > at_s + 1.0 for at_s in range(0, 8_000, 4))
    assert waited / 2_000 == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("routing", ["RANDOM", LEAST_OUTSTANDING])
def test_idle_instances_share_the_requests_evenly(routing: str) -> None:
    """With nothing to choose between them each of four instances gets about a quarter."""
    counts = [0] * 4

    class Counted(Instance):
        def __init__(self, number: int) -> None:
            super().__init__(1)
            self.number = number

        def admit(self, arrival_s: float, body_s: float) -> float:
            counts[self.number] += 1
            return super().admit(arrival_s, body_s)

    fleet = Fleet([Counted(number) for number in range(4)], routing, np.random.default_rng(2))
    for second in range(4_000):
        fleet.admit(float(second), 0.1)
    assert min(counts) > 850
    assert max(counts) < 1_150


def test_an_instance_forgets_requests_that_are_done() -> None:
    """A long run does not fill the memory: after a million seconds only what is under way is remembered."""
    instance = Instance(workers=2)
    for second in range(10_000):
        instance.admit(float(second), 0.5)
    assert len(instance._finishing_s) == 1

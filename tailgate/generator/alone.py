"""Alone: a load that one process carries out by itself, as nearly all are."""

from __future__ import annotations

import os

from tailgate.generator.engine import Engine
from tailgate.generator.events import Events
from tailgate.generator.order import Order
from tailgate.generator.swarm import Swarm


class Alone:
    """One engine in one Locust runner. Raises GeneratorError from `prepare` when the load cannot begin."""

    def __init__(self, order: Order, events: Events) -> None:
        self._order = order
        self._swarm = Swarm(order.address.url)
        self._engine = Engine(order, events, os.environ, self._swarm.count)

    @property
    def clock(self) -> str:
        """Which instruments stamp the times."""
        return self._engine.clock

    def prepare(self) -> None:
        """Find credentials and host, open and warm the connections."""
        self._engine.prepare()

    def run(self) -> dict[str, object]:
        """The whole load; what it came to, as the event `done` tells it."""
        self._swarm.run(self._engine)
        return totals(self._engine, self._swarm)

    def stop(self) -> None:
        """End the load before its time, with its record."""
        self._swarm.stop()

    def close(self) -> None:
        """Nothing is left when the load is over."""

    def break_off(self, error: BaseException) -> None:
        """Something failed that never should; the run ends, and says so."""
        self._engine.break_off(error)

    def abandon(self) -> None:
        """Nobody waits for this run any more: keep the rows there are, and be gone at once."""
        self._engine.abandon()


def totals(engine: Engine, swarm: Swarm) -> dict[str, object]:
    """What a run of one process came to. Locust counted along, and has to agree."""
    rows, failed = engine.recorder.rows, engine.recorder.failed
    faults = engine.all_faults
    if (swarm.requests, swarm.failures) != (rows, failed):
        faults.append(f"Locust counted {swarm.requests} requests and {swarm.failures} failures, the samples hold {rows} and {failed}")
    return {
        "sent": engine.arms.sent,
        "rows": rows,
        "failed": failed,
        "locust_requests": swarm.requests,
        "locust_failures": swarm.failures,
        "cpu_s": engine.cpu_s,
        "clock": engine.clock,
        "stopped_s": engine.stopped_s,
        "host": engine.host.told,
        "faults": faults,
    }

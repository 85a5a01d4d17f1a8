"""Swarm: Locust's part. Its runner starts and stops the one user that hosts the engine, and its statistics count along."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gevent
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from tailgate.generator.engine import Engine
from tailgate.samples import RECORD, RECORD_STRUCT, Error

_SLICE = 40  # rows counted at a stretch: about .2 ms, then the hub has its turn
_DONE_S, _BYTES, _ERROR = (list(RECORD.names or ()).index(name) for name in ("done_after_s", "bytes", "error"))
_GRACE_S = 5.0  # for the engine to drain and write after Locust asked the user to stop


class RequestFailedError(Exception):
    """What Locust is told of a request that failed: the kind of error."""


_FAILURES = {int(error): None if error is Error.NONE else RequestFailedError(error.label) for error in Error}


class OpenLoop(User):
    """The one user: it hosts the engine of its process, which `engine` is set to before Locust spawns it."""

    engine: Engine

    @task
    def drive(self) -> None:
        """The whole load."""
        self.engine.run()
        raise StopUser


class Swarm:
    """A Locust environment with a runner, a local one unless another is asked for.

    requests, failures: Locust's own totals, which must equal the samples.
    """

    def __init__(self, host: str, runner: Callable[[Environment], Any] = Environment.create_local_runner) -> None:
        self.host = host
        self._environment = Environment(user_classes=[OpenLoop], host=host, stop_timeout=_GRACE_S)
        self.events: Any = self._environment.events
        self.runner = runner(self._environment)

    def take(self, engine: Engine) -> None:
        """Give the user its engine."""
        OpenLoop.engine = engine
        self.events.test_stopping.add_listener(lambda **_: engine.stop())

    def run(self, engine: Engine) -> None:
        """Let Locust start the user that hosts the engine, wait until it is through, and let Locust stop."""
        self.take(engine)
        self.runner.start(1, spawn_rate=1)
        engine.finished.wait()
        self.runner.quit()

    def stop(self) -> None:
        """Let Locust stop the load before its time."""
        gevent.spawn(self.runner.quit)

    def count(self, rows: bytes) -> None:
        """Report rows to Locust as requests, in slices that leave the hub its time."""
        fire, name = self.events.request.fire, self.host
        for start in range(0, len(rows), _SLICE * RECORD_STRUCT.size):
            for row in RECORD_STRUCT.iter_unpack(rows[start : start + _SLICE * RECORD_STRUCT.size]):
                done_s, length, error = row[_DONE_S], row[_BYTES], row[_ERROR]
                response_ms = None if math.isnan(done_s) else done_s * 1e3
                fire(
                    request_type="POST",
                    name=name,
                    response_time=response_ms,
                    response_length=length,
                    exception=_FAILURES[error],
                    context={},
                )
            gevent.sleep(0.001)

    @property
    def requests(self) -> int:
        """Requests as Locust counted them."""
        return int(self._environment.stats.total.num_requests)

    @property
    def failures(self) -> int:
        """Failures as Locust counted them."""
        return int(self._environment.stats.total.num_failures)

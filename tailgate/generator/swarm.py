"""Swarm: Locust's part. Its runner starts and stops the one user that hosts the engine, and its statistics count along."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
import numpy as np
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser
from locust.stats import StatsEntry, StatsError
from numpy.typing import NDArray

from tailgate.generator.engine import Engine
from tailgate.samples import RECORD, Error

_GRACE_S = 5.0  # for the engine to drain and write after Locust asked the user to stop


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
        """Add rows to Locust's statistics, a batch at a time, as its master adds what its workers report.

        One event for each request would hold up the hub for milliseconds, and whatever is due meanwhile.
        """
        stats, records, second = self._environment.stats, np.frombuffer(rows, dtype=RECORD), int(time.time())
        batch = StatsEntry(stats, self.host, "POST", use_response_times_cache=False)
        times_ms = records["done_after_s"][~np.isnan(records["done_after_s"])].astype(np.float64) * 1e3
        batch.num_requests, batch.num_none_requests = len(records), len(records) - len(times_ms)
        batch.num_failures = int(np.count_nonzero(records["error"]))
        batch.total_content_length = int(records["bytes"].sum(dtype=np.int64))
        if len(times_ms):
            batch.total_response_time = round(times_ms.sum())
            batch.min_response_time, batch.max_response_time = round(times_ms.min()), round(times_ms.max())
            rounded, counts = np.unique(np.round(times_ms), return_counts=True)
            batch.response_times.update(zip(rounded.astype(int).tolist(), counts.tolist(), strict=True))
        batch.last_request_timestamp = time.time()
        batch.num_reqs_per_sec[second], batch.num_fail_per_sec[second] = batch.num_requests, batch.num_failures
        for entry in (stats.get(self.host, "POST"), stats.total):
            entry.extend(batch)
        self._count_errors(records["error"])

    def _count_errors(self, errors: NDArray[np.uint8]) -> None:
        known = self._environment.stats.errors
        for kind, count in zip(*np.unique(errors[errors > 0], return_counts=True), strict=True):
            error = Error(kind).label
            entry = known.setdefault(StatsError.create_key("POST", self.host, error), StatsError("POST", self.host, error))
            entry.occurrences += int(count)

    @property
    def requests(self) -> int:
        """Requests as Locust counted them."""
        return int(self._environment.stats.total.num_requests)

    @property
    def failures(self) -> int:
        """Failures as Locust counted them."""
        return int(self._environment.stats.total.num_failures)

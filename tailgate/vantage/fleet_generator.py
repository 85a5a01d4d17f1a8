"""Fleet generator: one load that several hosts share, as one generator. The first host's master tells of it, and has its samples.

A worker that is lost is the master's to name, within seconds; a host that is lost shows here too. Whichever comes first ends the load.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from tailgate.generator.followed import Generator
from tailgate.vantage.remote_workers import RemoteWorkers

JOIN_WITHIN_S = 60.0
"""From when the master listens until all workers have found it: imports on a busy host, and no more."""

_MASTER_TELLS_S = 6.0  # of a worker that died: by its silence, with all samples until then, and by letter


class FleetGenerator:
    """master: on the first host. workers: of each other host. entrance: where they join, `10.0.0.5:5557`. now: a clock."""

    def __init__(
        self, master: Generator, workers: Sequence[RemoteWorkers], entrance: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.patience = master.patience
        self._master, self._workers, self._entrance, self._now = master, workers, entrance, now
        self._awaited_s: float | None = None
        self._failed_s: float | None = None
        self._lost: str | None = None

    def __enter__(self) -> FleetGenerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self._master.__exit__(kind, error, traceback)
        finally:
            self._end_workers()

    @property
    def name(self) -> str:
        """How people know it: by its master."""
        return self._master.name

    @property
    def running(self) -> bool:
        """Whether the master lives, and no host is lost."""
        return self._lost is None and self._master.running

    @property
    def obituary(self) -> str:
        """How it ended, in a sentence that names the host."""
        return self._lost if self._lost is not None else self._master.obituary

    def events(self, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        """What the master told since the last call, for which at most this long is waited."""
        events = [self._told(event) for event in self._master.events(timeout_s)]
        if self._lost is None and self._master.running:
            self._lost = self._loss(self._now())
        return events

    def rest(self) -> Sequence[Mapping[str, Any]]:
        """What has come since."""
        return [self._told(event) for event in self._master.rest()]

    def terminate(self) -> None:
        """Ask the master to end the load early, at the same moment on all hosts, and to keep the record."""
        self._master.terminate()

    def kill(self) -> None:
        """Have all of it ended at once, where it lives."""
        self._master.kill()
        self._end_workers()

    def _told(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take note of who has joined; what workers died of is known to their own hosts alone."""
        if event["event"] == "waiting":
            absent = event["joined"] < event["expected"]
            self._awaited_s = (self._awaited_s or self._now()) if absent else None
        elif event["event"] in ("ready", "tick"):
            self._awaited_s = None
        elif event["event"] == "done":
            return {**event, "faults": [*event["faults"], *self._failures()]}
        return event

    def _loss(self, now: float) -> str | None:
        lost = [why for workers in self._workers if (why := workers.lost) is not None]
        if lost:
            return "; ".join(lost)
        failures = self._failures()
        if failures and self._failed_s is None:
            self._failed_s = now
        if self._failed_s is not None and now > self._failed_s + _MASTER_TELLS_S:
            return "; ".join(failures)
        if self._awaited_s is not None and now > self._awaited_s + JOIN_WITHIN_S:
            others = ", ".join(workers.host for workers in self._workers)
            who = f"not all workers of {others} reached the master on {self._master.name} at {self._entrance} within {JOIN_WITHIN_S:.0f} s"
            return f"{who}; the hosts' security group has to let them reach each other at that port (tcp)"
        return None

    def _failures(self) -> list[str]:
        return [workers.failed for workers in self._workers if workers.failed is not None]

    def _end_workers(self) -> None:
        for workers in self._workers:
            workers.end()

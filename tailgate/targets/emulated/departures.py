"""Departures: answers leave when their time has come, never before, and as little after as the kernel allows."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

from tailgate import clock


class Departures:
    """Calls callables at absolute times on the monotonic clock, through one timer watched by the running event loop.

    Where the kernel has no such timer, the event loop's own serves, whose errors are of milliseconds.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._alarm = clock.Alarm() if clock.AVAILABLE else None
        if self._alarm is not None:
            self._loop.add_reader(self._alarm.fd, self._on_alarm)

    def at(self, at_s: float, depart: Callable[[], None]) -> None:
        """Call `depart` at that time; those of one time in the order in which they were given."""
        entry = (at_s, next(self._order), depart)
        heapq.heappush(self._due, entry)
        if self._due[0] is entry:
            self._set(at_s)

    def close(self) -> None:
        """Give the timer back; what has not departed never will."""
        self._due.clear()
        if self._alarm is not None:
            self._loop.remove_reader(self._alarm.fd)
            self._alarm.close()

    def _set(self, at_s: float) -> None:
        if self._alarm is not None:
            self._alarm.set(at_s)
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.0, at_s - time.monotonic()), self._depart_due)

    def _on_alarm(self) -> None:
        assert self._alarm is not None  # noqa: S101  # it has just fired
        self._alarm.acknowledge()
        self._depart_due()

    def _depart_due(self) -> None:
        """Let go whoever is due; each time that is read is a moment later, so nobody leaves early."""
        due = self._due
        while due and due[0][0] <= time.monotonic():
            heapq.heappop(due)[2]()
        if due:
            self._set(due[0][0])

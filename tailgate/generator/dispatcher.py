"""Dispatcher: sends each request when it is due, whatever became of those before it, and writes down what happened."""

from __future__ import annotations

import math
import time
from array import array
from bisect import bisect_right, insort
from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tailgate.generator.connection import Connection
from tailgate.generator.pool import Pool
from tailgate.generator.rendering import Renderer
from tailgate.generator.response import classify
from tailgate.generator.schedule import Callers
from tailgate.plan.expect import Expect
from tailgate.samples import Error

_BURST = 64
"""Requests sent in one go before the hub may read answers again."""

_OWN_SHARE = 0.1
"""Up to this share of a send lag may be the dispatcher's own lateness where the rest is called a wait for a connection."""


class Alarm(Protocol):
    """Calls the dispatcher back at a monotonic time."""

    def set(self, at_s: float) -> None: ...  # noqa: D102 - said by the name
    def clear(self) -> None: ...  # noqa: D102 - said by the name


class Book(Protocol):
    """Keeps a row of each connection that opened, and of each request (recorder.py)."""

    def opened(self, connection: Connection, /) -> None: ...  # noqa: D102 - as the recorder's
    def outcome(self, due_s: float, connection: Connection, done_s: float | None, error: Error, payload: int, /) -> None: ...  # noqa: D102
    def unsent(self, due_s: float, waited: bool, error: Error, payload: int, /) -> None: ...  # noqa: D102


class Dispatcher:
    """An open loop over a schedule of due times: arrivals do not wait for responses. With callers, a closed loop.

    A request that finds no free connection waits on the clock: its due time stands, the pool grows meanwhile, and
    whichever connection is free first takes it. It is the owner of all connections.
    """

    def __init__(self, pool: Pool, renderer: Renderer, recorder: Book, alarm: Alarm, expect: Expect | None) -> None:
        self.pool = pool
        self.sent = 0
        self.waiting: deque[tuple[int, float]] = deque()
        self._renderer, self._recorder, self._alarm, self._expect = renderer, recorder, alarm, expect
        self._due = array("d")
        self._payloads = bytearray()
        self._callers: Callers | None = None
        self._next = self._end = 0
        self._draining = False

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no outcome yet."""
        return sum(1 for _ in self.pool.busy())

    def open_due_s(self, now_s: float) -> NDArray[np.float64]:
        """Monotonic due times of the requests that are due by now and have no outcome, shape (n,)."""
        due, unseen = self._due, bisect_right(self._due, now_s, lo=self._next, hi=self._end)
        begun = [*(connection.request for connection in self.pool.busy()), *(request for request, _ in self.waiting)]
        return np.array([*(due[request] for request in begun), *due[self._next : unseen]])

    @property
    def next_due_s(self) -> float:
        """When the next request is due, on the monotonic clock; infinite where none is left."""
        return self._due[self._next] if self._next < self._end else math.inf

    @property
    def over(self) -> bool:
        """Whether each request of the schedule was sent and has its outcome."""
        return self._next >= self._end and not self.waiting and not self.in_flight

    def begin(self, due: array[float], payloads: bytes, callers: Callers | None = None) -> None:
        """Start the load: `due` are monotonic times, ascending, and `payloads` tells which each request carries.

        callers: of a closed loop, who add requests whenever one has its outcome.
        """
        self._due, self._end = due, len(due)
        self._payloads, self._callers = bytearray(payloads), callers
        self._arm()

    def dispatch(self) -> None:
        """Send what is due: those that wait first, then those whose time has come."""
        if self.waiting:
            self._send_waiting()
        due, idle, now = self._due, self.pool.idle, time.monotonic()
        last = min(self._end, self._next + _BURST)
        while self._next < last and due[self._next] <= now:
            request = self._next
            self._next += 1
            if not idle or not self._send(request, math.inf):
                self.waiting.append((request, now))
            now = time.monotonic()
        if self.waiting:
            self.pool.grow(self, len(self.waiting))
        self._arm()

    def drain(self) -> None:
        """The schedule is over: from now on, answers that do not come in time are censored."""
        self._draining = True

    def end_at(self, at_s: float) -> None:
        """Drop from the schedule what is due later than this monotonic time, as far as it was not sent yet."""
        self._end = bisect_right(self._due, at_s, lo=self._next, hi=self._end)
        if self._callers is not None:
            self._callers.until_s = at_s

    def stop(self, now_s: float) -> None:
        """End the load early: what is not due by now is dropped from the schedule, what was not sent stays unsent."""
        self._cut(now_s)
        while self.waiting:
            self._leave_unsent(Error.UNSENT)

    def conclude(self) -> None:
        """The run is over: give each request that has none its row, and close all connections.

        A request for which no connection could be had until the very end failed for that, and so by the server.
        """
        self._cut(time.monotonic())
        while self.waiting:
            self._leave_unsent(Error.CONNECT_FAILED if self._waited(*self.waiting[0], time.monotonic()) else Error.UNSENT)
        self.expire(math.inf, math.inf)
        self.pool.close()

    def _cut(self, now_s: float) -> None:
        """Nothing is sent any more: what is due by now and was never looked at is among those that wait."""
        self._callers = None
        self.drain()
        while self._next < self._end and self._due[self._next] <= now_s:
            self.waiting.append((self._next, now_s))
            self._next += 1
        self._end = self._next
        self._alarm.clear()

    def expire(self, sent_before_s: float, begun_before_s: float) -> None:
        """Give up requests sent, and connections begun, before these monotonic times."""
        for connection in self.pool.busy():
            if connection.sent_s < sent_before_s:
                connection.close()
                self.lost(connection, Error.CENSORED if self._draining else Error.TIMEOUT)
        for connection in self.pool.late_openings(begun_before_s):
            connection.give_up("the connection was not open in time")

    def opened(self, connection: Connection) -> None:
        """A new connection is free."""
        self._recorder.opened(connection)
        self.pool.opened(connection)
        self._serve_waiting()

    def refused(self, connection: Connection, error: OSError) -> None:
        """A connection could not be opened: the request that has waited longest failed with it."""
        self.pool.refused(connection, error)
        if self.waiting:
            self._leave_unsent(Error.CONNECT_FAILED)
            if self._callers is not None:
                self._caller_free(self._callers, time.monotonic())
        self._serve_waiting()

    def answered(self, connection: Connection, at_s: float) -> None:
        """A response is complete."""
        error = classify(connection.response, self._expect)
        request, connection.request = connection.request, -1
        self._recorder.outcome(self._due[request], connection, at_s, error, self._payloads[request])
        self.pool.release(connection)
        self._serve_waiting()
        if self._callers is not None:
            self._caller_free(self._callers, at_s)

    def lost(self, connection: Connection, error: Error) -> None:
        """A connection ended, and with it the request that was in flight on it, if there was one."""
        request, connection.request = connection.request, -1
        if request >= 0:
            self._recorder.outcome(self._due[request], connection, None, error, self._payloads[request])
        self.pool.forget(connection)
        self._serve_waiting()
        if request >= 0 and self._callers is not None:
            self._caller_free(self._callers, time.monotonic())

    def _serve_waiting(self) -> None:
        """Give free connections to those that wait, and open more for the rest."""
        if self.waiting:
            self._send_waiting()
            self.pool.grow(self, len(self.waiting))

    def _send_waiting(self) -> None:
        waiting, idle = self.waiting, self.pool.idle
        for _ in range(min(len(waiting), _BURST)):
            if not idle or not self._send(*waiting[0]):
                return
            waiting.popleft()

    def _leave_unsent(self, error: Error) -> None:
        request, looked_s = self.waiting.popleft()
        waited = self._waited(request, looked_s, time.monotonic())
        self._recorder.unsent(self._due[request], waited, error, self._payloads[request])

    def _waited(self, request: int, looked_s: float, until_s: float) -> bool:
        """Whether it was for want of a connection that a request was late, and not because it was looked at late."""
        due_s = self._due[request]
        return looked_s - due_s <= _OWN_SHARE * (until_s - due_s)

    def _send(self, request: int, looked_s: float) -> bool:
        """Send on an idle connection; false when all of them turn out to be dead.

        looked_s: when the request was looked at first, and no connection was free; infinite where one was.
        """
        wire, idle = self._renderer.render(self._payloads[request]), self.pool.idle
        while idle:
            connection = idle.pop()
            try:
                connection.send(request, wire)
            except OSError:
                connection.close()
                self.pool.forget(connection)
                continue
            connection.waited = looked_s < math.inf and self._waited(request, looked_s, connection.sent_s)
            self.sent += 1
            return True
        return False

    def _caller_free(self, callers: Callers, at_s: float) -> None:
        """In a closed loop, the caller whose request has its outcome asks again when it has thought."""
        due_s = callers.next_due_s(at_s)
        if due_s is None:
            return
        insort(self._due, due_s, lo=self._next, hi=self._end)
        self._end += 1
        if self._end > len(self._payloads):
            self._payloads += callers.payloads()
        self.dispatch()

    def _arm(self) -> None:
        if self._next < self._end:
            self._alarm.set(self._due[self._next])
        else:
            self._alarm.clear()

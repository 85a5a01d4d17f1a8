"""Schedule: what of a load falls to this process, request by request: when it is due, and what it carries."""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray

from tailgate.generator.order import Order
from tailgate.generator.workers.share import Share
from tailgate.plan.arms import ARMS, coin
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.payload import PayloadChoice

_AHEAD = 1024
"""Payloads chosen at a time for callers: some 20 µs of work, every 1024 requests."""


class Callers:
    """The callers of a closed loop: when one that is free asks again, and which payload it sends then.

    origin_s: the run's start on the monotonic clock. until_s: when the load ends before its time, on the same clock.
    """

    def __init__(self, load: ClosedLoop, origin_s: float, choice: PayloadChoice) -> None:
        self._load, self._origin_s, self._choice = load, origin_s, choice
        self.until_s = math.inf

    def next_due_s(self, free_s: float) -> float | None:
        """Monotonic due time of the next request of a caller whose last one ended at free_s; None: the load is over."""
        due_s = self._load.next_due_s(free_s - self._origin_s)
        return None if due_s is None or due_s + self._origin_s > self.until_s else due_s + self._origin_s

    def payloads(self) -> bytes:
        """The payloads' indices of further requests."""
        return self._choice.draw(_AHEAD)


class Schedule:
    """A share of an order's load. Of a closed loop, a share of its callers, and each one's first request.

    The choice of payloads, and of the arm where there are two, belongs to the whole schedule, so that each request is the same however
    many share it; shares of a closed loop, whose order nobody knows ahead, choose independently.
    """

    def __init__(self, order: Order, share: Share) -> None:
        self._load, due_s = order.load, order.load.due_times()
        self._choice = order.payload_choice(0 if order.load.open_loop else share.index)
        self._due_s, self.payloads = due_s[share.requests], self._choice.draw(len(due_s))[share.requests]
        self._arms = coin(len(due_s), order.arm_seed)[share.requests] if order.second is not None else None

    @property
    def requests(self) -> int | None:
        """How many are due in all; None in a closed loop, where answers decide."""
        return len(self._due_s) if self._load.open_loop else None

    def due(self, origin_s: float) -> array[float]:
        """Monotonic due times, ascending, for a run that starts at origin_s."""
        return _times(self._due_s + origin_s)

    def parts(self, origin_s: float) -> list[tuple[array[float], bytes]]:
        """The same and the payloads for each arm by itself; only one where there is one address."""
        if self._arms is None:
            return [(self.due(origin_s), self.payloads)]
        payloads = np.frombuffer(self.payloads, dtype=np.uint8)
        mine = [self._arms == arm for arm in ARMS]
        return [(_times(self._due_s[one] + origin_s), payloads[one].tobytes()) for one in mine]

    def callers(self, origin_s: float) -> Callers | None:
        """Who adds requests while the load runs: the callers of a closed loop, None in an open one."""
        return Callers(self._load, origin_s, self._choice) if isinstance(self._load, ClosedLoop) else None


def _times(times_s: NDArray[np.float64]) -> array[float]:
    times = array("d")
    times.frombytes(times_s.tobytes())
    return times

"""Arms: the addresses of a run, each with connections of its own and its part of the schedule. Most runs have one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import gevent
import numpy as np
from gevent.hub import get_hub
from numpy.typing import NDArray

from tailgate.errors import GeneratorError
from tailgate.generator.alarms import KernelAlarm, LoopAlarm
from tailgate.generator.connection import Connection, Owner
from tailgate.generator.credentials import Credentials
from tailgate.generator.dispatcher import Dispatcher
from tailgate.generator.instruments import Instruments
from tailgate.generator.order import Order
from tailgate.generator.pool import Pool
from tailgate.generator.recorder import Recorder
from tailgate.generator.rendering import Renderer
from tailgate.generator.route import SocketAddress, route_of
from tailgate.generator.schedule import Schedule
from tailgate.generator.tls import trusting
from tailgate.generator.wiring import Wiring
from tailgate.generator.workers.share import Share
from tailgate.samples import Error
from tailgate.targets import Address

_ADDRESSES_TRIED = 3


class Arms:
    """All arms of an order, or of a share of it, as the engine leads them. Raises GeneratorError when one cannot begin.

    A connection c of an arm has the number c × arms + arm in the run's table, so that each number means one connection.
    """

    def __init__(self, order: Order, recorder: Recorder, credentials: Credentials | None, instruments: Instruments, share: Share) -> None:
        several = len(order.addresses) > 1
        self._arms: list[Arm] = []
        for number, address in enumerate(order.addresses):
            book = ArmsBook(recorder, number) if several else recorder
            ring = self._ring if several else None
            self._arms.append(Arm(address, number, order, book, credentials, instruments, share, ring))

    def warm(self) -> None:
        """Open each arm's connections, one arm after the other. Raises GeneratorError where an address does not answer."""
        for arm in self._arms:
            arm.warm()

    def begin(self, schedule: Schedule, origin_s: float) -> None:
        """Start the load: its first request may be due at origin_s, on the monotonic clock."""
        callers = schedule.callers(origin_s)
        for arm, (due, payloads) in zip(self._arms, schedule.parts(origin_s), strict=True):
            arm.dispatcher.begin(due, payloads, callers)

    @property
    def sent(self) -> int:
        """Requests sent so far."""
        return sum(arm.dispatcher.sent for arm in self._arms)

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no outcome yet."""
        return sum(arm.dispatcher.in_flight for arm in self._arms)

    @property
    def waiting(self) -> int:
        """Requests that are due and have no connection."""
        return sum(len(arm.dispatcher.waiting) for arm in self._arms)

    def open_due_s(self, now_s: float) -> NDArray[np.float64]:
        """Monotonic due times of the requests that are due by now and have no outcome, shape (n,)."""
        return np.concatenate([arm.dispatcher.open_due_s(now_s) for arm in self._arms])

    @property
    def over(self) -> bool:
        """Whether each request was sent and has its outcome."""
        return all(arm.dispatcher.over for arm in self._arms)

    @property
    def faults(self) -> list[str]:
        """Why connections could not be had, as sentences."""
        return [fault for arm in self._arms for fault in arm.pool.faults]

    @property
    def resolving(self) -> list[Callable[[], None]]:
        """What to do every now and then to know the hosts' addresses; nothing for hosts that are dialled."""
        return [arm.resolve for arm in self._arms if arm.address.dial is None]

    def drain(self) -> None:
        """The schedule is over: from now on, answers that do not come in time are censored."""
        for arm in self._arms:
            arm.dispatcher.drain()

    def expire(self, now_s: float) -> None:
        """Give up requests and openings that have taken too long."""
        for arm in self._arms:
            arm.dispatcher.expire(now_s - arm.address.timeout_s, now_s - arm.address.connect_timeout_s)

    def end_at(self, at_s: float) -> None:
        """Drop from the schedule what is due later than this monotonic time."""
        for arm in self._arms:
            arm.dispatcher.end_at(at_s)

    def stop(self, now_s: float) -> None:
        """End the load early."""
        for arm in self._arms:
            arm.dispatcher.stop(now_s)

    def conclude(self) -> None:
        """The run is over: give each request that has none its row, and close all connections."""
        for arm in self._arms:
            arm.dispatcher.conclude()

    def _ring(self) -> None:
        """A request of some arm is due. Whichever arm has waited longest is served first, or being late would favour one."""
        for arm in sorted(self._arms, key=lambda arm: arm.dispatcher.next_due_s):
            arm.dispatcher.dispatch()


class Arm:
    """One address of a run. ring: called when a request is due, instead of its dispatcher's own `dispatch`."""

    def __init__(
        self,
        address: Address,
        number: int,
        order: Order,
        book: Recorder | ArmsBook,
        credentials: Credentials | None,
        instruments: Instruments,
        share: Share,
        ring: Callable[[], None] | None,
    ) -> None:
        self.address = address
        self._route = route = route_of(address)
        self._renderer = Renderer(address, route, order.payloads, credentials)
        arms, loop = len(order.addresses), get_hub().loop
        tls = (trusting(address.ca_pem), route.host) if route.tls else None
        wiring = Wiring(loop, instruments.clock, tls, order.expect is not None)

        def connect(opened: int, to: SocketAddress, owner: Owner) -> Connection:
            return Connection(opened * arms + number, to, wiring, owner)

        addresses, dns_s = route.timed_resolve()
        self.pool = Pool(max(1, share.count(order.connections)), connect, addresses, order.load.connections.requests_each)
        self.pool.dns_s = dns_s
        alarm = (KernelAlarm if instruments.precise else LoopAlarm)(loop, ring or self._ring)
        self.dispatcher = Dispatcher(self.pool, self._renderer, book, alarm, order.expect)

    def warm(self) -> None:
        """Open one connection, at whichever of the host's addresses answers, then the others at its kind."""
        pool, found = self.pool, self.pool.addresses
        for address in found[:_ADDRESSES_TRIED]:
            pool.addresses = [address]
            pool.grow(self.dispatcher, 1)
            self._await_openings()
            if pool.idle:
                break
        else:
            raise GeneratorError(self._route.explain(pool.refusal or OSError("no socket")))
        self._family = address[0]
        pool.addresses = [one for one in found if one[0] == self._family]
        pool.warm(self.dispatcher)
        self._await_openings()
        self._renderer.render(0)

    def resolve(self) -> None:
        """Ask for the host's addresses again; where that fails, those known so far serve on."""
        try:
            found, self.pool.dns_s = self._route.timed_resolve()
        except GeneratorError:
            return
        self.pool.addresses = [one for one in found if one[0] == self._family] or self.pool.addresses

    def _ring(self) -> None:
        self.dispatcher.dispatch()

    def _await_openings(self) -> None:
        while self.pool.opening:
            gevent.sleep(0.002)
            self.dispatcher.expire(-math.inf, time.monotonic() - self.address.connect_timeout_s)


class ArmsBook:
    """The recorder as one of several arms sees it: its rows say which arm they are of."""

    def __init__(self, recorder: Recorder, arm: int) -> None:
        self._recorder, self._arm = recorder, arm

    def opened(self, connection: Connection) -> None:
        """The row of a connection."""
        self._recorder.opened(connection)

    def outcome(self, due_s: float, connection: Connection, done_s: float | None, error: Error, payload: int) -> None:
        """The row of a request that was sent."""
        self._recorder.outcome(due_s, connection, done_s, error, payload, self._arm)

    def unsent(self, due_s: float, waited: bool, error: Error, payload: int) -> None:
        """The row of a request that never was sent."""
        self._recorder.unsent(due_s, waited, error, payload, self._arm)

"""Engine: one order from preparation to the last row, on gevent's hub."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from tailgate.errors import GeneratorError
from tailgate.generator.alarms import KernelAlarm, LoopAlarm
from tailgate.generator.connection import Connection, Owner
from tailgate.generator.credentials import Credentials
from tailgate.generator.dispatcher import Dispatcher
from tailgate.generator.events import Listener, ParentGoneError
from tailgate.generator.host import Host
from tailgate.generator.instruments import Instruments
from tailgate.generator.order import Order
from tailgate.generator.pool import Pool
from tailgate.generator.progress import Progress
from tailgate.generator.recorder import Recorder
from tailgate.generator.rendering import Renderer
from tailgate.generator.route import SocketAddress, route_of
from tailgate.generator.schedule import Schedule
from tailgate.generator.tls import trusting
from tailgate.generator.wiring import Wiring
from tailgate.generator.workers.share import WHOLE, Share
from tailgate.samples import Header

_LEAD_S = 0.2  # from the decision to start to the first due time
_STEP_S = 0.25  # between two looks at time-outs and new rows
_TICK_S = 1.0
_EARLY_DRAIN_S = 1.0
_RESOLVE_S = 5.0  # how old an answer of DNS may be for a new connection
_RENEW_S = 10.0
_ADDRESSES_TRIED = 3


class Engine:
    """Carries out an order, or a share of it. `count` is given each new batch of rows, for others who count along.

    `prepare` raises GeneratorError when the load cannot begin. `run` returns when every request has its row.
    begin_s: when the first request may be due, on the monotonic clock, where several workers agreed on it.
    """

    def __init__(
        self, order: Order, events: Listener, environment: Mapping[str, str], count: Callable[[bytes], None], share: Share = WHOLE
    ) -> None:
        self.finished = Event()
        self.faults: list[str] = []
        self.stopped_s: float | None = None
        self.cpu_s = 0.0
        self.begin_s: float | None = None
        self._order, self._events, self._count = order, events, count
        self._share = share
        self._instruments = Instruments.of(environment)
        self.host = Host()
        self._origin_s = self._deadline_s = math.inf
        self._beside: list[Any] = []

    def prepare(self) -> None:
        """Find credentials and host, open and warm the connections."""
        order, address = self._order, self._order.address
        self._route = route = route_of(address)
        self._schedule = Schedule(order, self._share)
        self._credentials = Credentials() if address.sign is not None else None
        renderer = Renderer(address, route, order.payloads, self._credentials)
        tls = (trusting(address.ca_pem), route.host) if route.tls else None
        self.recorder = Recorder(order.samples)
        self._progress = Progress(order.load.warmup_s, order.bounds_s)
        loop = get_hub().loop
        wiring = Wiring(loop, self._instruments.clock, tls, order.expect is not None)

        def connect(number: int, to: SocketAddress, owner: Owner) -> Connection:
            return Connection(number, to, wiring, owner)

        addresses, dns_s = route.timed_resolve()
        self._pool = Pool(max(1, self._share.count(order.connections)), connect, addresses, order.load.connections.requests_each)
        self._pool.dns_s = dns_s
        alarm = (KernelAlarm if self._instruments.precise else LoopAlarm)(loop, self._ring)
        self.dispatcher = Dispatcher(self._pool, renderer, self.recorder, alarm, order.expect)
        self._warm()
        renderer.render(0)

    def run(self) -> None:
        """The load: from the first due time to the last row. Called in the greenlet of Locust's user."""
        try:
            self._start()
            cpu_s = time.process_time()
            self._watch()
            self.cpu_s = time.process_time() - cpu_s
        except GeneratorError as error:
            self.faults.append(str(error))
        except ParentGoneError:
            self.abandon()
        except Exception as error:  # an error of ours must not become samples that look complete
            self.break_off(error)
        finally:
            self._conclude()

    def stop(self) -> None:
        """End the load early: nothing further is sent, and what is in flight gets a moment to come back."""
        now = time.monotonic()
        if not self.finished.is_set() and self._origin_s < now:
            self.stopped_s = now - self._origin_s if self.stopped_s is None else self.stopped_s
            self.dispatcher.stop(now)
        self._deadline_s = min(self._deadline_s, now + _EARLY_DRAIN_S)

    def stop_at(self, at_s: float) -> None:
        """The same at a time on the run's clock, which all workers are told: what is due by then is sent by all of them."""
        if not math.isinf(self._origin_s):
            self.stopped_s = at_s
            self.dispatcher.end_at(self._origin_s + at_s)
            gevent.sleep(max(0.0, self._origin_s + at_s - time.monotonic()))
        self.stop()

    def abandon(self) -> None:
        """Nobody waits for this run any more: keep the rows there are, and be gone at once."""
        try:
            self.recorder.flush()
        finally:
            os._exit(1)

    @property
    def all_faults(self) -> list[str]:
        """Why the run cannot be trusted, as sentences."""
        sources = (self._instruments.faults, self._instruments.clock.faults, self._pool.faults)
        credentials = self._credentials.faults if self._credentials is not None else []
        return [*self.faults, *(fault for source in sources for fault in source), *credentials]

    @property
    def clock(self) -> str:
        """Which instruments stamp the times."""
        return self._instruments.label

    def break_off(self, error: BaseException) -> None:
        """Something failed that never should; the run ends, and says so."""
        self.faults.append(f"the generator broke ({type(error).__name__}: {error}); this is an error in tailgate, please report it")
        self.stop()

    def _ring(self) -> None:
        self.dispatcher.dispatch()

    def _warm(self) -> None:
        """Open one connection, at whichever of the host's addresses answers, then the others at its kind."""
        found = self._pool.addresses
        for address in found[:_ADDRESSES_TRIED]:
            self._pool.addresses = [address]
            self._pool.grow(self.dispatcher, 1)
            self._await_openings()
            if self._pool.idle:
                break
        else:
            raise GeneratorError(self._route.explain(self._pool.refusal or OSError("no socket")))
        self._family = address[0]
        self._pool.addresses = [one for one in found if one[0] == self._family]
        self._pool.warm(self.dispatcher)
        self._await_openings()

    def _await_openings(self) -> None:
        while self._pool.opening:
            gevent.sleep(0.002)
            self.dispatcher.expire(-math.inf, time.monotonic() - self._order.address.connect_timeout_s)

    def _start(self) -> None:
        if not math.isinf(self._deadline_s):
            raise GeneratorError("the load was stopped before it began")
        load = self._order.load
        self._instruments.clock.resynchronise()
        gc.collect()
        gc.freeze()
        gc.disable()
        self._origin_s = origin_s = time.monotonic() + _LEAD_S if self.begin_s is None else self.begin_s
        unix_s = time.time() + origin_s - time.monotonic()
        scheduled, url = self._schedule.requests, self._order.address.url
        self.recorder.begin(Header(scheduled, load.warmup_s, load.for_s, origin_s, unix_s, self.clock, url))
        self._deadline_s = origin_s + load.warmup_s + load.for_s + self._order.address.timeout_s
        self._beside = [gevent.spawn(self._repeat, _RESOLVE_S, self._resolve)] if self._order.address.dial is None else []
        if self._credentials is not None and self._credentials.expire:
            self._beside.append(gevent.spawn(self._repeat, _RENEW_S, self._credentials.renew))
        self.host.begin()
        schedule = self._schedule
        self.dispatcher.begin(schedule.due(origin_s), schedule.payloads, schedule.callers(origin_s))

    def _watch(self) -> None:
        address, load = self._order.address, self._order.load
        ended_s = self._origin_s + load.warmup_s + load.for_s
        ticked_s, sent = self._origin_s, 0
        while (now := time.monotonic()) < self._deadline_s and not self.dispatcher.over:
            if now >= ended_s:
                self.dispatcher.drain()
            self.dispatcher.expire(now - address.timeout_s, now - address.connect_timeout_s)
            self._flush()
            if now >= ticked_s + _TICK_S:
                self._instruments.clock.resynchronise()
                self.host.look()
                self._tick(now, (self.dispatcher.sent - sent) / (now - ticked_s))
                ticked_s, sent = now, self.dispatcher.sent
            gevent.sleep(_STEP_S)

    def _flush(self) -> None:
        rows = self.recorder.flush()
        if rows:
            self._progress.add(rows)
            self._count(rows)

    def _tick(self, now: float, rate_per_s: float) -> None:
        self._events.tell(
            "tick",
            t_s=round(now - self._origin_s, 3),
            sent=self.dispatcher.sent,
            done=self.recorder.rows,
            failed=self.recorder.failed,
            in_flight=self.dispatcher.in_flight,
            waiting=len(self.dispatcher.waiting),
            rate_per_s=round(rate_per_s, 3),
            **self._progress.told(),
        )

    def _conclude(self) -> None:
        gevent.killall(self._beside)
        self.host.end()
        try:
            self.dispatcher.conclude()
            self._instruments.clock.resynchronise()
            self._flush()
            self.recorder.close()
        except GeneratorError as error:
            self.faults.append(str(error))
        self.finished.set()

    def _resolve(self) -> None:
        try:
            found, self._pool.dns_s = self._route.timed_resolve()
        except GeneratorError:
            return  # the addresses known so far serve on
        self._pool.addresses = [one for one in found if one[0] == self._family] or self._pool.addresses

    @staticmethod
    def _repeat(every_s: float, step: Callable[[], None]) -> None:
        while True:
            gevent.sleep(every_s)
            step()

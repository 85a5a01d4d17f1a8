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

from tailgate.errors import GeneratorError
from tailgate.generator.arms import Arms
from tailgate.generator.credentials import Credentials
from tailgate.generator.events import Listener, ParentGoneError
from tailgate.generator.host import Host
from tailgate.generator.instruments import Instruments
from tailgate.generator.order import Order
from tailgate.generator.progress import Progress
from tailgate.generator.recorder import Recorder
from tailgate.generator.schedule import Schedule
from tailgate.generator.workers.share import WHOLE, Share
from tailgate.samples import Header

_LEAD_S = 0.2  # from the decision to start to the first due time
_STEP_S = 0.25  # between two looks at time-outs and new rows
_TICK_S = 1.0
_EARLY_DRAIN_S = 1.0
_RESOLVE_S = 5.0  # how old an answer of DNS may be for a new connection
_RENEW_S = 1.0  # a look at the clock: credentials themselves say when to ask for others
_REFUSED_S = 5.0


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
        """Find credentials and hosts, open and warm the connections."""
        order = self._order
        self._schedule = Schedule(order, self._share)
        self._credentials = Credentials() if any(address.sign is not None for address in order.addresses) else None
        if self._credentials is not None:
            self._credentials.check_outlast(order.load.warmup_s + order.load.for_s)
        self.recorder = Recorder(order.samples)
        self._progress = Progress(order.load, order.counted)
        self.arms = Arms(order, self.recorder, self._credentials, self._instruments, self._share)
        self.arms.warm()

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
            self.arms.stop(now)
        self._deadline_s = min(self._deadline_s, now + _EARLY_DRAIN_S)

    def stop_at(self, at_s: float) -> None:
        """The same at a time on the run's clock, which all workers are told: what is due by then is sent by all of them."""
        if not math.isinf(self._origin_s):
            self.stopped_s = at_s
            self.arms.end_at(self._origin_s + at_s)
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
        sources = (self._instruments.faults, self._instruments.clock.faults, self.arms.faults)
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
        scheduled, urls = self._schedule.requests, [address.url for address in self._order.addresses]
        self.recorder.begin(Header(scheduled, load.warmup_s, load.for_s, origin_s, unix_s, self.clock, *urls))
        self._deadline_s = origin_s + load.warmup_s + load.for_s + self._order.timeout_s
        self._beside = [gevent.spawn(self._repeat, _RESOLVE_S, resolve) for resolve in self.arms.resolving]
        if self._credentials is not None and self._credentials.expire:
            self._beside.append(gevent.spawn(self._repeat, _RENEW_S, self._credentials.renew))
        self.host.begin()
        self.arms.begin(self._schedule, origin_s)

    def _watch(self) -> None:
        load = self._order.load
        ended_s = self._origin_s + load.warmup_s + load.for_s
        ticked_s, sent = self._origin_s, 0
        while (now := time.monotonic()) < self._deadline_s and not self.arms.over:
            if now >= ended_s:
                self.arms.drain()
            self.arms.expire(now)
            self._flush()
            self._end_if_refused(now)
            if now >= ticked_s + _TICK_S:
                self._instruments.clock.resynchronise()
                self.host.look()
                self._tick(now, (self.arms.sent - sent) / (now - ticked_s))
                ticked_s, sent = now, self.arms.sent
            gevent.sleep(_STEP_S)

    def _end_if_refused(self, now: float) -> None:
        """Nothing is learned of an endpoint that the caller is not let through to; and where it costs money, that costs some."""
        since_s = self.recorder.refused_since_s
        if since_s is not None and now - since_s > _REFUSED_S and self.stopped_s is None:
            ahead_s, kind = self.recorder.clock_ahead_s, self.recorder.refused_as.label
            skew = "" if ahead_s is None else f", this host's clock being {ahead_s:+.0f} s from the server's"
            self.faults.append(f"the load was ended: for {_REFUSED_S:.0f} s nothing came back but refusals of the caller ({kind}{skew})")
            self.stop()

    def _flush(self) -> None:
        rows = self.recorder.flush()
        if rows:
            self._progress.add(rows)
            self._count(rows)

    def _tick(self, now: float, rate_per_s: float) -> None:
        self._events.tell(
            "tick",
            t_s=round(now - self._origin_s, 3),
            sent=self.arms.sent,
            done=self.recorder.rows,
            failed=self.recorder.failed,
            in_flight=self.arms.in_flight,
            waiting=self.arms.waiting,
            rate_per_s=round(rate_per_s, 3),
            settled=self._progress.settled(now - self._origin_s, self.arms.open_due_s(now) - self._origin_s),
            **self._progress.told(),
        )

    def _conclude(self) -> None:
        gevent.killall(self._beside)
        self.host.clock_ahead_s = self.recorder.clock_ahead_s
        self.host.end()
        try:
            self.arms.conclude()
            self._instruments.clock.resynchronise()
            self._flush()
            self.recorder.close()
        except GeneratorError as error:
            self.faults.append(str(error))
        self.finished.set()

    @staticmethod
    def _repeat(every_s: float, step: Callable[[], None]) -> None:
        while True:
            gevent.sleep(every_s)
            step()

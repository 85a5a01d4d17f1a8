"""Drive: the parent's side of the generator. It starts the child, watches it and what it depends on, and reads its samples."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from tailgate.errors import GeneratorError, SamplesError
from tailgate.generator.child import Child
from tailgate.generator.followed import Generator, Start
from tailgate.generator.order import Order
from tailgate.generator.seconds import Settled
from tailgate.generator.watch import Watch
from tailgate.samples import Samples, read_samples

_LOOK_S = 0.2

StopEarly = Callable[[Settled], float | None]
Abort = Callable[["Tick"], str | None]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Tick:
    """The load so far, about once a second.

    t_s: since the first due time. sent, done, failed: requests, warm-up included; done counts every outcome. pushed_back: of
    those that failed, how many the endpoint throttled, failed with a 5xx or a 424, or did not answer.
    in_flight: sent and not back. waiting: due, and without a free connection. rate_per_s: sent, over the last second.
    judged: outcomes of requests due after the warm-up; p50_s, p99_s: their response times so far, to 1 %, infinite where
    failures reach into them, None before the first. settled: for each of the order's `counted`, requests and exceedances
    in those judged seconds that are settled since the last tick (generator/seconds.py); they follow on without a gap.
    """

    t_s: float
    sent: int
    done: int
    failed: int
    in_flight: int
    waiting: int
    rate_per_s: float
    p50_s: float | None
    p99_s: float | None
    judged: int
    pushed_back: int
    settled: Settled

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Tick:
        """From the generator's event."""
        known = {field.name: event[field.name] for field in fields(cls)}
        return cls(**{**known, "settled": [(requests, exceedances) for requests, exceedances in event["settled"]]})


def local_child(order: Order, environment: Mapping[str, str]) -> Generator:
    """A generator on this host, in a Locust process of its own. Raises GeneratorError where none can be started."""
    return Child(order.to_json(), environment)


def drive(
    order: Order,
    *,
    start: Start = local_child,
    environment: Mapping[str, str] = _NOTHING,
    processes: Mapping[str, int] = _NOTHING,
    on_tick: Callable[[Tick], None] | None = None,
    stop_early: StopEarly | None = None,
    abort: Abort | None = None,
) -> Samples:
    """Carry out an order in a Locust process of its own, and return what happened to each request.

    start: what starts that process, on this host unless said otherwise. environment: set for it beside its host's own, such as
    credentials; an empty value removes the variable. processes: by name, ids of processes on this host that must live; when one
    dies the load ends at once. on_tick: called about once a second while the load runs. stop_early: called after it with the
    seconds that are newly settled; where it returns how many judged seconds were enough, the load ends, and these are what is judged.
    abort: called with each tick; where it returns why, the load ends, and that stands in the samples' faults.
    Whatever makes the samples untrustworthy stands in their faults. Raises GeneratorError when there are none: the load
    could not begin. The process is gone when this returns or raises, also for KeyboardInterrupt.
    """
    if order.samples.is_file():
        order.samples.unlink()  # or a generator that dies early would leave another run's samples to be read
    watch = Watch(processes)
    with start(order, environment) as generator:
        course = _Course(order, watch, generator, on_tick, stop_early, abort)
        course.follow()
    return course.samples()


class _Course:
    """What one run's events come to."""

    def __init__(
        self,
        order: Order,
        watch: Watch,
        generator: Generator,
        on_tick: Callable[[Tick], None] | None,
        stop_early: StopEarly | None,
        abort: Abort | None,
    ) -> None:
        self._order, self._watch, self._generator = order, watch, generator
        self._on_tick, self._stop_early, self._abort = on_tick, stop_early, abort
        self._enough_s: float | None = None
        self._faults: list[str] = []
        self._done: Mapping[str, Any] | None = None
        self._refused: str | None = None
        self._stopped_s: float | None = None
        self._began = False
        self._heard_s = time.monotonic()

    def follow(self) -> None:
        """Take events until the child is through; end it when something makes it pointless to go on."""
        deadline_s = math.inf
        while self._generator.running and time.monotonic() < deadline_s:
            for event in self._generator.events(_LOOK_S):
                self._take(event)
            if math.isinf(deadline_s) and (self._doomed() or self._enough_s is not None):
                if self._done is None:
                    self._generator.terminate()
                deadline_s = time.monotonic() + self._generator.patience.stop_s
        self._generator.kill()
        for event in self._generator.rest():
            self._take(event)
        self._faults += self._watch.deaths()

    def samples(self) -> Samples:
        """The samples on disk with all that speaks against them. Raises GeneratorError when the load did not begin."""
        faults = self._all_faults()
        try:
            samples = read_samples(self._order.samples, tuple(faults), self._stopped_s)
        except SamplesError as error:
            raise GeneratorError("; ".join(faults) or str(error)) from None
        done = self._done
        if done is not None and (len(samples), int(samples.failed.sum())) != (done["rows"], done["failed"]):
            faults.append(
                f"the generator told of {done['rows']} requests and {done['failed']} failures, "
                f"the samples hold {len(samples)} and {int(samples.failed.sum())}"
            )
        host = done["host"] if done is not None else {}
        enough_s = self._enough_s if self._stopped_s is not None else None  # it may have come to its end meanwhile
        return replace(samples, faults=tuple(faults), host=host, enough_s=enough_s)

    def _take(self, event: Mapping[str, Any]) -> None:
        self._heard_s = time.monotonic()
        kind = event["event"]
        if kind == "failed":
            self._refused = event["message"]
        elif kind == "done":
            self._done, self._stopped_s = event, event["stopped_s"]
        elif kind == "ready":
            self._began = True
        elif kind == "tick":
            self._stopped_s = event["t_s"]
            self._tick(Tick.of(event))

    def _tick(self, tick: Tick) -> None:
        if self._on_tick is not None:
            self._on_tick(tick)
        if self._stop_early is not None and self._enough_s is None:
            self._enough_s = self._stop_early(tick.settled)
        if self._abort is not None and not self._faults and (why := self._abort(tick)) is not None:
            self._faults.append(why)

    def _doomed(self) -> bool:
        """Whether there is nothing more to wait for: a process died, the child is silent, or it has done its work."""
        self._faults += self._watch.deaths()
        patience = self._generator.patience
        patience_s = patience.silence_s if self._began else patience.start_s + self._order.connect_timeout_s
        silent_s = time.monotonic() - self._heard_s
        if silent_s > patience_s and self._done is None:
            self._faults.append(
                f"{self._generator.name} said nothing for {silent_s:.0f} s and was ended; it hung, or its host was overloaded"
            )
            self._generator.kill()
        return bool(self._faults) or self._done is not None

    def _all_faults(self) -> list[str]:
        faults = list(self._faults)
        if self._refused is not None:
            faults.append(self._refused)
        elif self._done is None and not faults:
            faults.append(self._generator.obituary)
        return faults + list(self._done["faults"] if self._done is not None else [])

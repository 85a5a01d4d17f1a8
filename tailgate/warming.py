"""Warming: a fresh endpoint is asked gently, before its first measured load, until it answers evenly. Never pooled with what is judged.

What that came to is recorded with each run at the endpoint: the cold tail, apart. Bounded in time; an endpoint that is not even
by then is measured all the same, and its verdicts say so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.platform import Asked, asked_in
from tailgate.analysis.stationary import Window, is_stationary, windows_of
from tailgate.driving import driven
from tailgate.errors import GeneratorError, SamplesError
from tailgate.generator.drive import Tick
from tailgate.generator.order import Order
from tailgate.minutes import Stream
from tailgate.plan.load import ConstantRate
from tailgate.samples import read_samples
from tailgate.targets import Endpoint, Target
from tailgate.units import format_ms
from tailgate.vantage import Post
from tailgate.vantage.local import HERE

PER_INSTANCE_PER_S = 10.0
"""A gentle rate: each of an endpoint's instances is asked ten times a second, and never faster than the load that follows."""

LEAST_PER_S, IN_A_WINDOW = 1.0, 20
SHORTEST_S, LONGEST_S = 2.0, 15.0
"""Of a window: as long as twenty requests take at the gentle rate, between these."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What warming an endpoint up came to. windows: all of them, in their order. why: what went wrong, where it could not be done.

    asked: all that was asked, the last moments that no window holds among it; None where nothing was.
    """

    endpoint: str
    per_s: float
    lasted_s: float
    even: bool
    windows: tuple[Window, ...]
    why: str | None = None
    asked: Asked | None = field(default=None, hash=False)

    def fields(self) -> dict[str, object]:
        """The plain form, for the record: how long, how many, and the first window beside the last; no account, no secret."""
        ends = {"first": self.windows[0].fields(), "last": self.windows[-1].fields()} if self.windows else {}
        counts = {"requests": sum(window.n for window in self.windows), "failed": sum(window.failed for window in self.windows)}
        known = {"endpoint": self.endpoint, "per_s": self.per_s, "lasted_s": round(self.lasted_s, 1), "stationary": self.even, **counts}
        known |= self.asked.fields() if self.asked is not None else {}
        return known | ends | ({"why": self.why} if self.why is not None else {})

    @property
    def notes(self) -> tuple[str, ...]:
        """What verdicts have to say of it: nothing where the endpoint came to answer evenly."""
        if self.even:
            return ()
        if self.why is not None:
            return (f"{self.endpoint} could not be warmed up: {self.why}",)
        ends = (*self.windows[:1], *self.windows[-1:])
        slow = [format_ms(window.p90_s) for window in ends if window.p90_s is not None]
        seen = f": p90 {' → '.join(slow)} at {self.per_s:g}/s" if slow else ""
        return (f"{self.endpoint} did not answer evenly after {self.lasted_s:.0f} s of warming up{seen}; its times may still fall",)


class Warmings:
    """The warm-ups of one session, each endpoint's done once."""

    def __init__(self, on_tick: Callable[[Endpoint, Tick], None] | None = None) -> None:
        self._known: dict[tuple[str, str | None], WarmUp] = {}
        self._on_tick = on_tick

    def of(self, order: Order, target: Target, endpoints: Sequence[Endpoint], post: Post = HERE) -> tuple[WarmUp, ...]:
        """The warm-ups of an order's endpoints, in its addresses' order; of those that want none, none. Raises nothing of theirs."""
        found = []
        for address, endpoint in zip(order.addresses, endpoints, strict=True):
            if endpoint.warms_within_s is None:
                continue
            which = endpoint.name, endpoint.provenance.get("last_modified")  # deployed anew it has the same name, and is cold
            if which not in self._known:
                self._known[which] = self._warmed(replace(order, address=address), target, endpoint, post)
            found.append(self._known[which])
        return tuple(dict.fromkeys(found))

    def _warmed(self, order: Order, target: Target, endpoint: Endpoint, post: Post) -> WarmUp:
        per_s, within_s = gentle_per_s(order, endpoint), endpoint.warms_within_s or 0.0
        window_s = min(LONGEST_S, max(SHORTEST_S, IN_A_WINDOW / per_s))
        load = ConstantRate(per_s, within_s, connections=order.load.connections)
        with tempfile.TemporaryDirectory(prefix="tailgate-warming-") as folder:
            asked = replace(
                order,
                load=load,
                samples=Path(folder, "warming.samples"),
                counted=(),
                workers=1,
                joining=0,
                master_bind=None,
                second=None,
            )
            enough = _Enough(asked.samples, load.due_times(), window_s)
            try:
                samples = driven(asked, target, [endpoint], post=post, on_tick=self._shown(endpoint), stop_early=enough)
            except GeneratorError as error:
                return WarmUp(endpoint.name, per_s, 0.0, even=False, windows=(), why=str(error))
            lasted_s = samples.enough_s or samples.stopped_s or within_s
            windows = windows_of(samples, load.due_times(), window_s)
        why = "; ".join(samples.faults) or None
        sent = asked_in(samples, Stream(endpoint.name, order.address.variant))
        return WarmUp(endpoint.name, per_s, lasted_s, is_stationary(windows) and why is None, tuple(windows), why, sent)

    def _shown(self, endpoint: Endpoint) -> Callable[[Tick], None]:
        def show(tick: Tick) -> None:
            if self._on_tick is not None:
                self._on_tick(endpoint, tick)

        return show


@dataclass(frozen=True, slots=True)
class _Enough:
    """Looks at a warm-up's samples while it runs, after each tick: how many of its seconds were enough; None while they are not."""

    path: Path
    due_s: NDArray[np.float64]
    window_s: float

    def __call__(self, _settled: object) -> float | None:
        try:
            windows = windows_of(read_samples(self.path), self.due_s, self.window_s)
        except SamplesError:
            return None  # nothing is written yet
        return len(windows) * self.window_s if is_stationary(windows) else None


def gentle_per_s(order: Order, endpoint: Endpoint) -> float:
    """How fast an endpoint is asked that may not be warm: its load's own peak at most."""
    instances = int(endpoint.provenance.get("instance_count", "1"))
    return max(LEAST_PER_S, min(PER_INSTANCE_PER_S * instances, order.load.peak_per_s or PER_INSTANCE_PER_S))

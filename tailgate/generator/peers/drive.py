"""Drive a peer: the parent's side of a peer's process. The peer lives in a process of its own, and is gone when this is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tailgate.errors import GeneratorError
from tailgate.generator.child import Child
from tailgate.generator.peers.order import PeerOrder

_LOOK_S = 0.2
_SILENCE_S = 90.0  # users get a minute to be ready; a peer at its limit may tick late

OnPeerTick = Callable[[float, float, int], None]
"""Called about once a second with the time since the judged part began, the rate over the last second, and all failures."""


@dataclass(frozen=True, slots=True)
class PeerReading:
    """What a peer reports of one load, by its own clock and with its own rounding.

    requests: those it knows of; what was still in flight at the end is not among them. response_time_s: by name `p50` …
    `max`, seconds, counted from when it sent; failures are among them with the time they took. cpu_s_per_request: its
    processor time, None without requests.
    """

    peer: str
    users: int
    offered_per_s: float
    achieved_per_s: float
    requests: int
    errors: int
    errors_by_kind: Mapping[str, int]
    response_time_s: Mapping[str, float | None]
    cpu_s_per_request: float | None


def drive_peer(order: PeerOrder, *, environment: Mapping[str, str], on_tick: OnPeerTick) -> PeerReading:
    """Let a peer carry out its order. Raises GeneratorError when it has nothing to report."""
    with Child(order.to_json(), environment, "tailgate.generator.peers") as child:
        heard_s, done = time.monotonic(), None
        while done is None:
            running = child.running
            told = child.events(_LOOK_S) if running else child.rest()
            for event in told:
                heard_s = time.monotonic()
                done = _heard(event, on_tick) or done
            if done is None and not running:
                raise GeneratorError(child.obituary)
            if time.monotonic() - heard_s > _SILENCE_S + order.warmup_s:
                raise GeneratorError(f"{order.peer}: {child.name} said nothing for {_SILENCE_S:.0f} s; it hung, or this host is overloaded")
    return PeerReading(order.peer, order.users, order.per_s, **{name: value for name, value in done.items() if name != "event"})


def _heard(event: Mapping[str, Any], on_tick: OnPeerTick) -> Mapping[str, Any] | None:
    """The last event, if this is it."""
    if event["event"] == "failed":
        raise GeneratorError(event["message"])
    if event["event"] == "tick":
        on_tick(event["t_s"], event["rate_per_s"], event["failed"])
    return event if event["event"] == "done" else None

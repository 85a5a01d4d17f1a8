"""Guarding: an endpoint that others depend on is asked no faster than was said, and is left alone once it pushes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from tailgate.errors import PlanError
from tailgate.plan.case import Case
from tailgate.targets import Endpoint, Guard
from tailgate.units import format_percent, format_rate

if TYPE_CHECKING:
    from tailgate.generator.drive import Tick

WINDOW_S = 10.0
"""Over which time the share is taken: short enough to let go soon, long enough that one bad second is not the whole of it."""

LEAST_PUSHED_BACK = 5
"""Fewer requests in a window end nothing, whatever share they are: an unlucky few at a low rate are no sign of harm."""

_LET_GO = "; the load was ended to spare the endpoint's other callers: lower its rate, or see what the endpoint lacks"


def check_rate(case: Case, most_per_s: float | None) -> None:
    """Refuse a load that may be faster than was said, or of which nobody said how fast it may be. Raises PlanError."""
    peak_per_s = case.load.peak_per_s
    if peak_per_s is None:
        why = "asks as fast as it is answered, so no rate bounds it"
        raise PlanError(f"{case.id}: a load {case.load.wording} {why}; an endpoint in use is asked by an open loop, such as Poisson")
    if most_per_s is None:
        raise PlanError(
            f"{case.id}: an endpoint in use is asked no faster than you say, and nothing is said; "
            f"this load comes to {format_rate(peak_per_s)}: if it bears that beside its callers, --latency-max-rate {peak_per_s:g}"
        )
    if peak_per_s > most_per_s:
        raise PlanError(
            f"{case.id}: the load comes to {format_rate(peak_per_s)}, --latency-max-rate allows {format_rate(most_per_s)}; "
            "give the case a slower load, or raise the ceiling if the endpoint bears it beside its callers"
        )


def brake_for(endpoints: Iterable[Endpoint]) -> Callable[[Tick], str | None] | None:
    """What ends a load at these endpoints before its time, by the strictest of their guards; None where nothing has to."""
    guards = [endpoint.guard for endpoint in endpoints if endpoint.guard is not None]
    return Brake(min(guards, key=lambda guard: guard.abort_share)).reason if guards else None


class _Seen(NamedTuple):
    """How far a load had come. t_s: since its first due time."""

    t_s: float
    sent: int
    done: int
    pushed_back: int


class Brake:
    """Looks at a load's ticks, those of the warm-up as well, for signs that the endpoint does not bear it."""

    def __init__(self, guard: Guard) -> None:
        self._share = guard.abort_share
        self._seen = deque([_Seen(0.0, 0, 0, 0)])

    def reason(self, tick: Tick) -> str | None:
        """Why the load has to end now; None while it may go on. To be called with each tick.

        Either more than the guard's share of the latest requests, and LEAST_PUSHED_BACK or more, were pushed back, or none came
        back for WINDOW_S while others were sent.
        """
        now = _Seen(tick.t_s, tick.sent, tick.done, tick.pushed_back)
        self._seen.append(now)
        while len(self._seen) > 2 and now.t_s - self._seen[1].t_s >= WINDOW_S:
            self._seen.popleft()
        then = self._seen[0]
        lasted_s, done, pushed_back = now.t_s - then.t_s, now.done - then.done, now.pushed_back - then.pushed_back
        if pushed_back >= LEAST_PUSHED_BACK and pushed_back > self._share * done:
            seen = f"{pushed_back} of the last {done} requests were throttled, failed by model or platform, or not answered"
            return f"{seen} ({format_percent(pushed_back / done)}, at most {format_percent(self._share)} may be){_LET_GO}"
        if lasted_s >= WINDOW_S and not done and now.sent > then.sent:
            return f"nothing came back for {lasted_s:.0f} s{_LET_GO}"
        return None

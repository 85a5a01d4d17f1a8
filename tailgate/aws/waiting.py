"""Waiting: how often to ask and how long to go on, interruptible, for whatever is on its way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

from tailgate.errors import TargetError

Progress = Callable[[str, float], None]
"""Called with a status, as the service spells it, and the seconds since waiting began."""


class StoppedError(TargetError):
    """Waiting was given up because somebody asked for it, not because anything failed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask, and how long to go on asking, in seconds.

    share: with it, the pause is this share of what was waited already, between half a second and the interval: what is
    soon there is soon seen, and asking an hour long costs few calls. silence_s: for how long questions may go unanswered, because
    AWS is busy or the network is gone, before the wait is given up; 0 where an error is one at once.
    """

    interval_s: float
    timeout_s: float
    share: float | None = None
    silence_s: float = 0.0

    def rounds(self, stop: Event | None = None) -> Iterator[float]:
        """Seconds waited so far, once per round, until the time is up; sleeps in between.

        The last round begins when the time is up, never before. Raises StoppedError as soon as `stop` is set.
        """
        stop = stop or Event()
        began_s = time.monotonic()
        pause_s = 0.0
        while not stop.wait(pause_s):
            waited_s = time.monotonic() - began_s
            yield waited_s
            if waited_s >= self.timeout_s:
                return
            pause_s = min(self._pause_s(waited_s), self.timeout_s - waited_s)
        raise StoppedError(f"stopped after {time.monotonic() - began_s:.0f} s of waiting, as asked")

    def _pause_s(self, waited_s: float) -> float:
        return self.interval_s if self.share is None else min(self.interval_s, max(0.5, waited_s * self.share))

"""Overdue: when a session's planned time is over, what still bills is deleted, whatever it is that holds the session up.

A test that hangs, a debugger, a measurement on the same host that never ends: the cost that was shown is kept all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from tailgate.errors import TailgateError
from tailgate.plan.purse import Purse

LOOK_EVERY_S = 1.0
"""The deadline moves when a test asks for more, and the wall clock when the host has slept: so it is looked at, not waited for."""


class Overdue:
    """A thread that looks at the purse's deadline. delete: deletes everything, and may be called again by others."""

    def __init__(self, purse: Purse, delete: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self._purse, self._delete, self._clock = purse, delete, clock
        self._stopped = Event()
        Thread(target=self._watch, name="tailgate overdue", daemon=True).start()

    def stop(self) -> None:
        """Watch no more: the session deletes everything itself."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            deadline_s = self._purse.deadline_s
            if deadline_s is not None and self._clock() >= deadline_s:
                with suppress(TailgateError):  # the session's own end tries again, and tells
                    self._delete()
                return

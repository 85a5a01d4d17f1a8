"""Alarms on gevent's hub: precise ones from the kernel's timerfd, and portable ones from the loop's own timers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tailgate.clock import Alarm

_READABLE = 1


class KernelAlarm:
    """Calls back at a monotonic time, late by about a tenth of a millisecond. Linux only."""

    label = "timerfd"

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._alarm = Alarm()
        self._watcher = loop.io(self._alarm.fd, _READABLE)
        self._watcher.start(callback)

    def set(self, at_s: float) -> None:
        """Call back at this time, at once if it is past; that it rang before is thereby acknowledged."""
        self._alarm.set(at_s)

    def clear(self) -> None:
        """It rang, and there is no next time."""
        self._alarm.acknowledge()


class LoopAlarm:
    """Calls back at a monotonic time, late by up to a millisecond or so: what event loops have everywhere."""

    label = "portable timer"

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._timer: Any = None

    def set(self, at_s: float) -> None:
        """Call back at this time, at once if it is past."""
        self.clear()
        self._timer = self._loop.timer(max(0.0, at_s - time.monotonic()))
        self._timer.start(self._callback, update=True)

    def clear(self) -> None:
        """It rang, and there is no next time."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

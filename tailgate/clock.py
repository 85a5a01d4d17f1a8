"""Alarm: waking up at an absolute monotonic time, through a file descriptor that any event loop can watch.

A timerfd fires .05-.2 ms after its time where `asyncio.call_at` and `gevent.sleep` take .5-1 ms, because it does not
count from a loop's stale idea of now and is not rounded to milliseconds by epoll. Linux only; `AVAILABLE` says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

AVAILABLE = sys.platform == "linux"

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK, _TFD_CLOEXEC, _TFD_TIMER_ABSTIME = 0o4000, 0o2000000, 1
_PR_SET_TIMERSLACK = 29


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """A one-shot timer on `time.monotonic()`; its file descriptor is readable once the time has come.

    Python has timerfd from 3.13 on only, hence ctypes. Raises OSError where the kernel refuses.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = _Itimerspec()
        self._value = self._spec.value
        self._arguments = (ctypes.c_int(self.fd), ctypes.c_int(_TFD_TIMER_ABSTIME), ctypes.byref(self._spec), None)
        self._settime = self._libc.timerfd_settime

    def set(self, at_s: float) -> None:
        """Fire at `at_s` on the monotonic clock; at once if that is past. Replaces an earlier time."""
        whole = int(at_s)
        value = self._value
        value.seconds, value.nanoseconds = whole, int((at_s - whole) * 1e9) or 1
        if self._settime(*self._arguments):
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def acknowledge(self) -> None:
        """Take note that it fired, so that the descriptor is no longer readable."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


def sharpen_timers() -> None:
    """Ask the kernel not to round this process's wake-ups (50 µs by default) so as to batch them."""
    if AVAILABLE:
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)

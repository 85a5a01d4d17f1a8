"""Process: what every process of the generator does to itself: it takes what it needs, and never outlives its parent."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import sys
from typing import Protocol

from gevent.hub import get_hub

from tailgate import clock

_PR_SET_PDEATHSIG = 1
_STDIN, _READABLE = 0, 1


class Course(Protocol):
    """What a process is there for."""

    def break_off(self, error: BaseException) -> None:
        """Something failed that never should; end, and say so."""
        ...

    def abandon(self) -> None:
        """Nobody waits for this any more: be gone at once."""
        ...


def settle() -> str | None:
    """Set this process up, and read the line it is started with; None when its parent is gone already.

    Ctrl-C is the parent's business. botocore's warnings quote what credential providers print, so they are not shown.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _claim_resources()
    logging.getLogger("botocore").setLevel(logging.CRITICAL + 1)
    return _read_line(_STDIN)


def watch(course: Course) -> None:
    """Watch for the parent's end, and for errors in callbacks."""
    hub = get_hub()
    report = hub.handle_error

    def broken(context: object, kind: type[BaseException], error: BaseException, traceback: object) -> None:
        report(context, kind, error, traceback)
        if not issubclass(kind, hub.NOT_ERROR):
            course.break_off(error)

    hub.handle_error = broken
    end_of_input = hub.loop.io(_STDIN, _READABLE)
    end_of_input.start(lambda: None if os.read(_STDIN, 4096) else course.abandon())


def _claim_resources() -> None:
    """As many connections as this host allows, and wake-ups that are not rounded."""
    clock.sharpen_timers()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _read_line(file_descriptor: int) -> str | None:
    """The first line, None if the input ends before it does."""
    pieces: list[bytes] = []
    while not pieces or b"\n" not in pieces[-1]:
        piece = os.read(file_descriptor, 1 << 16)
        if not piece:
            return None
        pieces.append(piece)
    return b"".join(pieces).decode()

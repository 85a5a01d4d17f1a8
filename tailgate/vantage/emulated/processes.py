"""Processes: whose children are whose, from /proc."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """From now on, whose parents are gone below this process are its own children."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill(pids: Iterable[int]) -> None:
    """End them at once; those that are gone already are."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children(pid: int, thread: int | None = None) -> list[int]:
    """Of a process, or of one of its threads; where it is gone, none."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir() if thread is None else [Path(f"/proc/{pid}/task/{thread}")]:
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """Children, and theirs, to the last."""
    own = children(pid)
    return own + [each for child in own for each in descendants(child)]

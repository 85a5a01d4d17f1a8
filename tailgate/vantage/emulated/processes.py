"""Processes: whose children are whose, from /proc."""

from __future__ import annotations

import contextlib
from pathlib import Path


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

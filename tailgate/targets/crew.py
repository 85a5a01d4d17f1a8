"""Crew: jobs done side by side in daemon threads, which nothing waits for at the interpreter's end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock, Thread


class Crew:
    """Does jobs that never raise, in order, at most so many at once, in daemon threads that end when there is nothing to do.

    Not concurrent.futures: the interpreter waits for its threads at exit, and a second Ctrl-C would be in vain.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._busy = 0

    def add(self, job: Callable[[], None], *, first: bool = False) -> None:
        """Have a job done after those that wait already, or before them."""
        with self._lock:
            if first:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            if self._busy < self._at_once:
                self._busy += 1
                Thread(target=self._work, name="tailgate deployment", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._busy -= 1
                    return
                job = self._jobs.popleft()
            job()

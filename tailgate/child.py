"""Child: a server or watcher of ours in a process of its own, which cannot outlive us and whose death can be told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from tailgate.errors import TargetError

_PACKAGE_HOME = Path(__file__).resolve().parents[1]
_LAST_LINES, _LONGEST_LINE = 3, 200
_LOOK_EVERY_S = 0.05


class Child:
    """`python -m MODULE`, told its settings as one line on stdin; says `{"ready": true, …}` on one line of stdout.

    It lives until its stdin ends, which the kernel sees to when we die, however. It has a session of its own, so that
    Ctrl-C in the terminal is ours alone to handle. What it writes is kept in memory: the last words go into its obituary.
    part_of: what it belongs to, in sentences about it. last_lines: how many of them are kept. environment: instead of ours without
    anything that speaks of an AWS account.
    """

    def __init__(
        self,
        title: str,
        module: str,
        part_of: str = " of the emulation",
        last_lines: int = _LAST_LINES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.title = title
        self._part_of = part_of
        self._ready: Queue[dict[str, Any]] = Queue()
        self._answered = False
        self._last_words: deque[str] = deque(maxlen=last_lines)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=findable(_environment() if environment is None else environment),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, name=f"{title} output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, settings: Mapping[str, Any]) -> None:
        """Write the settings, on which it begins to work. Raises TargetError when it has died."""
        assert self._process.stdin is not None  # noqa: S101  # Popen was given a pipe
        try:
            self._process.stdin.write(json.dumps(settings) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise TargetError(self._wait_for_obituary()) from None

    def ready(self, timeout_s: float, keep_on: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """What it answers once it is ready. Raises TargetError when it dies instead, or takes longer than that.

        keep_on: called every 0.05 s meanwhile; what it raises ends the waiting.
        """
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            keep_on()
            with contextlib.suppress(Empty):
                return self._ready.get(timeout=_LOOK_EVERY_S)
            if self._process.poll() is not None and self._ready.empty():
                raise TargetError(self._wait_for_obituary())
        cause = "likely this host is overloaded"
        raise TargetError(f"the {self.title} (pid {self.pid}) was not ready within {timeout_s:.0f} s; {cause}{self._words()}")

    @property
    def last_words(self) -> tuple[str, ...]:
        """The last lines it wrote; of one that has ended, all that were still on the way."""
        if self._process.poll() is not None:
            self._reader.join(1.0)
        return tuple(self._last_words)

    def how_it_ended(self) -> str | None:
        """`was killed by SIGKILL`, `exited with code 1`; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"was killed by {_signal_name(-code)}" if code < 0 else f"exited with code {code}"

    def obituary(self) -> str | None:
        """How it died, in a sentence with its title and pid; None while it lives."""
        how = self.how_it_ended()
        return None if how is None else f"the {self.title} (pid {self.pid}){self._part_of} {how}{self._words()}"

    def _wait_for_obituary(self) -> str:
        """The obituary of one that is dying: its output may still be on the way."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._reader.join(1.0)
        return self.obituary() or f"the {self.title} (pid {self.pid}){self._part_of} does not listen any more"

    def _words(self) -> str:
        words = " | ".join(self._last_words)
        return f"; its last words: {words}" if words else ""

    def _read(self) -> None:
        """Drain its output for as long as it lives; the first line that is the answer is not among the last words."""
        assert self._process.stdout is not None  # noqa: S101  # Popen was given a pipe
        for line in self._process.stdout:
            if not self._answered and line.startswith('{"ready": true'):
                self._ready.put(json.loads(line))
                self._answered = True
            elif line.strip():
                self._last_words.append(line.strip()[:_LONGEST_LINE])

    def hang_up(self) -> None:
        """End its stdin, on which it ends by itself; one that is still loading does not listen yet and gets SIGTERM too."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if not self._answered:
            self._process.terminate()

    def leave(self) -> None:
        """End its stdin and leave it to itself: it goes on, and may outlive us."""
        assert self._process.stdin is not None  # noqa: S101  # Popen was given a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.poll()
        if self._process.returncode is None:
            self._process.returncode = 0  # nobody will wait for it, and Popen would complain of that

    def end(self, grace_s: float) -> None:
        """See to it that it is gone: wait, then SIGTERM, then SIGKILL, each after the grace. Reaps it."""
        self.hang_up()
        for insist in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(grace_s)
                break
            except subprocess.TimeoutExpired:
                insist()
        self._process.wait()
        self._reader.join(grace_s)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()


def end_all(children: Iterable[Child], grace_s: float = 2.0) -> None:
    """End several at once, so that their graces run side by side."""
    children = list(children)
    for child in children:
        child.hang_up()
    for child in children:
        child.end(grace_s)


def _environment() -> dict[str, str]:
    """Ours without anything that speaks of somebody's AWS account or bends moto."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "BOTO", "MOTO_"))}


def findable(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with this package to be found in it by a Python that runs elsewhere."""
    kept = dict(environment)
    if _PACKAGE_HOME.name != "site-packages":
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_PACKAGE_HOME), kept.get("PYTHONPATH"))))
    return kept


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

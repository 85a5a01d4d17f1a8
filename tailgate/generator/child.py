"""Child: the generator's process as its parent holds it. It never outlives the parent, and is always reaped."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import tailgate
from tailgate.errors import GeneratorError
from tailgate.generator.followed import Patience

_EVENT = b'{"event": '  # anything else was printed before the generator could put its output aside
_CHUNK_BYTES = 1 << 16
_KEPT_BYTES = 4096  # of what it wrote on standard error
_END_S = 3.0  # for one that was asked to end: a second of draining, and writing


class Child:
    """A generator with an order. As a context manager it ends with its block, whatever ends that.

    It has a session of its own, so that a terminal's Ctrl-C reaches the parent only. Raises GeneratorError when no
    process can be started. module: what it runs.
    """

    patience = Patience(start_s=60.0, silence_s=6.0, stop_s=4.0)
    """For imports on a slow or busy host; a second of draining, and writing."""

    def __init__(self, order: str, environment: Mapping[str, str], module: str = "tailgate.generator") -> None:
        self._process = _start(environment, module)
        self._order = memoryview(order.encode() + b"\n")
        self._line = self._errors = b""
        self._selector = selectors.DefaultSelector()
        self._stdin = self._follow(self._process.stdin, selectors.EVENT_WRITE)
        self._stdout = self._follow(self._process.stdout, selectors.EVENT_READ)
        self._stderr = self._follow(self._process.stderr, selectors.EVENT_READ)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self.end()
        finally:
            self.kill()
            self._selector.close()
            for pipe in (self._stdin, self._stdout, self._stderr):
                pipe.close()

    @property
    def name(self) -> str:
        """How people know it: `generator (pid 123)`."""
        return f"generator (pid {self._process.pid})"

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Of one that has ended; negative where a signal killed it."""
        return self._process.poll()

    @property
    def obituary(self) -> str:
        """How it ended, with the last it wrote on standard error."""
        code = self._process.poll()
        how = f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with exit code {code}"
        last = self._errors.decode(errors="replace").strip()
        return f"{self.name} {how} before its work was done" + (f"; its last words:\n{last}" if last else "; the system's log may say why")

    def events(self, timeout_s: float) -> list[dict[str, Any]]:
        """Feed it and read from it for at most this long: the events that have arrived."""
        if not self._selector.get_map():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)
            return []
        arrived: list[dict[str, Any]] = []
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._stdin:
                self._feed()
            elif key.fileobj is self._stderr:
                self._errors = (self._errors + self._read(self._stderr))[-_KEPT_BYTES:]
            else:
                *lines, self._line = (self._line + self._read(self._stdout)).split(b"\n")
                arrived += [json.loads(line) for line in lines if line.startswith(_EVENT)]
        return arrived

    def rest(self) -> list[dict[str, Any]]:
        """The events it left behind: to be called once it is gone."""
        left: list[dict[str, Any]] = []
        while (more := self.events(0.0)) or self._unread():
            left += more
        return left

    def terminate(self) -> None:
        """Ask it to end the load early and to keep the record."""
        self._process.terminate()

    def end(self) -> None:
        """Ask it to end, and see to it that it does."""
        if self.running:
            self.terminate()
            deadline_s = time.monotonic() + _END_S
            while self.running and time.monotonic() < deadline_s:
                self.events(0.1)
        self.kill()

    def kill(self) -> None:
        """End it at once, if it lives, and reap it."""
        self._process.kill()
        self._process.wait()

    def _follow(self, pipe: IO[bytes] | None, events: int) -> IO[bytes]:
        if pipe is None:
            raise ValueError("every stream of the child is a pipe")
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, events)
        return pipe

    def _feed(self) -> None:
        """Hand over more of the order. The pipe stays open after it: its end would mean that the parent is gone."""
        try:
            self._order = self._order[os.write(self._stdin.fileno(), self._order[:_CHUNK_BYTES]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._order = self._order[:0]
        if not self._order:
            self._selector.unregister(self._stdin)

    def _read(self, pipe: IO[bytes]) -> bytes:
        try:
            chunk = os.read(pipe.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return b""
        if not chunk:
            self._selector.unregister(pipe)
        return chunk

    def _unread(self) -> bool:
        readable = [key for key, _ in self._selector.select(0) if key.fileobj is not self._stdin]
        return bool(readable)


def _start(environment: Mapping[str, str], module: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-m", module]
    surroundings = _surroundings(environment)
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=surroundings, start_new_session=True, bufsize=0)
    except OSError as error:
        raise GeneratorError(f"the generator could not be started ({error}); this host may be out of processes or memory") from None


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with changes, an empty value removing a variable; the child finds this very package."""
    surroundings = {**os.environ, **environment}
    surroundings = {name: value for name, value in surroundings.items() if value or name not in environment}
    package = str(Path(tailgate.__file__).resolve().parents[1])
    surroundings["PYTHONPATH"] = os.pathsep.join(filter(None, (package, surroundings.get("PYTHONPATH"))))
    return surroundings

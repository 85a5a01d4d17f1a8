"""Crew: the worker processes that a master starts on its own host. They end with it, whatever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import IO

import gevent

from tailgate.errors import GeneratorError
from tailgate.generator.workers.admission import TOKEN, Entrance

_KEPT_BYTES = 4096  # of what a worker wrote on standard error
_END_S = 1.5
_LAST_WORDS_S = 0.5


class Crew:
    """Workers by place. Each is told its entrance on standard input, whose end would mean that the master is gone.

    The token is never on a command line, nor in an environment. Raises GeneratorError when one cannot be started.
    """

    def __init__(self, entrance: Entrance, places: int, environment: Mapping[str, str]) -> None:
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._last_words: dict[int, bytes] = {}
        surroundings = {name: value for name, value in environment.items() if name != TOKEN}
        try:
            for place in range(places):
                self._workers[place] = _start(replace(entrance, place=place), surroundings)
        except OSError as error:
            self.end()
            raise GeneratorError(f"worker {place + 1} could not be started ({error}); this host may be out of memory") from None
        self._readers = [gevent.spawn(self._follow, place, worker.stderr) for place, worker in self._workers.items()]

    def obituaries(self) -> dict[int, str]:
        """A sentence for each worker that is no more, by place."""
        return {place: self._obituary(place, worker) for place, worker in self._workers.items() if worker.poll() is not None}

    def kill(self, place: int) -> None:
        """End one that does not answer."""
        if place in self._workers:
            self._workers[place].kill()

    def end(self) -> None:
        """Let all of them end, and see to it that they do."""
        deadline_s = time.monotonic() + _END_S
        for worker in self._workers.values():
            with contextlib.suppress(OSError):
                worker.stdin.close()  # type: ignore[union-attr]  # it was asked to be a pipe
        for worker in self._workers.values():
            while worker.poll() is None and time.monotonic() < deadline_s:
                gevent.sleep(0.02)
            worker.kill()
            worker.wait()

    def _follow(self, place: int, errors: IO[bytes]) -> None:
        while piece := errors.read(_KEPT_BYTES):  # unbuffered: what there is
            self._last_words[place] = (self._last_words.get(place, b"") + piece)[-_KEPT_BYTES:]

    def _obituary(self, place: int, worker: subprocess.Popen[bytes]) -> str:
        self._readers[place].join(_LAST_WORDS_S)  # what it wrote last may not have been read yet
        code = worker.returncode
        how = f"died: killed by {signal.Signals(-code).name}" if code < 0 else f"died with exit code {code}"
        last = self._last_words.get(place, b"").decode(errors="replace").strip()
        said = f"its last words:\n{last}" if last else "the system's log may say why"
        return f"worker {place + 1} (pid {worker.pid}) {how} before its work was done; {said}"


def _start(entrance: Entrance, surroundings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "tailgate.generator.workers.worker"]
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(surroundings), bufsize=0
    )
    os.write(worker.stdin.fileno(), json.dumps(asdict(entrance)).encode() + b"\n")  # type: ignore[union-attr]  # a pipe, and it holds a page
    return worker

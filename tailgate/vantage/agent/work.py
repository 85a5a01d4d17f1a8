"""Work: one order on this host. The generator is the same child as anywhere; what it tells and writes is sent on as letters."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tailgate.connection_table import connections_path
from tailgate.errors import GeneratorError
from tailgate.generator.child import Child
from tailgate.vantage.agent.mail import Mail
from tailgate.vantage.letters import MOST_PART_BYTES

SAMPLES, CONNECTIONS = "samples", "connections"
_SEND_EVERY_S = 1.0
_LAST_S = 6.0  # from `done` until the process is gone
_MOST_UNWRITTEN = 4
_AT_ONCE = frozenset({"ready", "failed"})


class Work:
    """An order under way. number: the session's, of the order. over: whether the last letter of it is sent."""

    def __init__(self, number: int, order: str, environment: Mapping[str, str], scratch: Path, mail: Mail) -> None:
        self.over = False
        self._number, self._mail = number, mail
        self._samples = scratch / f"{number}.samples"
        self._read = {SAMPLES: 0, CONNECTIONS: 0}
        self._events: list[Mapping[str, Any]] = []
        self._last: Mapping[str, Any] | None = None
        self._sent_s = self._done_s = time.monotonic()
        self._child: Child | None = None
        try:
            self._child = Child(json.dumps(json.loads(order) | {"samples": str(self._samples)}), environment)
        except GeneratorError as error:
            self._events.append({"event": "failed", "message": str(error)})
            self._conclude(str(error))

    def step(self, timeout_s: float) -> None:
        """Listen to the generator for so long, and send on what is to be sent."""
        child = self._child
        if child is None:
            return
        for event in child.events(timeout_s):
            self._take(event)
        if self._last is not None and time.monotonic() > self._done_s + _LAST_S:
            child.kill()
        if not child.running:
            for event in child.rest():
                self._take(event)
            self._conclude(child.obituary)
        elif time.monotonic() > self._sent_s + _SEND_EVERY_S and self._mail.unwritten < _MOST_UNWRITTEN:
            self._send()

    def stop(self) -> None:
        """Ask the generator to end the load early and to keep the record."""
        if self._child is not None:
            self._child.terminate()

    def end(self) -> None:
        """End it at once; nobody waits for anything of it."""
        if self._child is not None:
            self._child.kill()
            self._close(self._child)
        self.over = True

    def _take(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "done":  # told when all that it wrote is told
            self._last, self._done_s = event, time.monotonic()
            return
        self._events.append(event)
        if event["event"] in _AT_ONCE:
            self._sent_s = 0.0

    def _conclude(self, obituary: str) -> None:
        """Send the rest, and what the rest came to."""
        while any(self._unsent(name) > MOST_PART_BYTES // 2 for name in self._read):
            self._send()
        self._events += [self._last] if self._last is not None else []
        self._send(ended=obituary)
        if self._child is not None:
            self._close(self._child)
        self.over = True

    def _send(self, **fields: Any) -> None:
        """Rows of requests are read before those of connections, which are written first: none refers to one that is not there."""
        parts = {name: part for name in (SAMPLES, CONNECTIONS) if (part := self._piece(name))}
        events, self._events, self._sent_s = self._events, [], time.monotonic()
        if events or parts or fields:
            self._mail.send("course", parts, order=self._number, events=events, **fields)

    def _piece(self, name: str) -> bytes:
        try:
            with self._path(name).open("rb") as file:
                file.seek(self._read[name])
                piece = file.read(MOST_PART_BYTES // 2)
        except FileNotFoundError:
            return b""
        self._read[name] += len(piece)
        return piece

    def _unsent(self, name: str) -> int:
        path = self._path(name)
        return path.stat().st_size - self._read[name] if path.exists() else 0

    def _path(self, name: str) -> Path:
        return self._samples if name == SAMPLES else connections_path(self._samples)

    def _close(self, child: Child) -> None:
        self._child = None
        child.__exit__(None, None, None)
        for name in self._read:
            self._path(name).unlink(missing_ok=True)

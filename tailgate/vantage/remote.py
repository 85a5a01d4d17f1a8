"""Remote: a generator at work on another host, followed by letters. Its samples grow here as it sends them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, BinaryIO

from tailgate.connection_table import connections_path
from tailgate.errors import GeneratorError
from tailgate.generator.followed import Patience
from tailgate.vantage.letters import Letter

_END_S = 5.0  # for one that was asked to end: a second of draining, and the letters' way there and back
_STEP_S = 0.1


class RemoteGenerator:
    """A generator on a host. name: of the host. send: writes a letter to it. trouble: why it cannot be followed any more, if so.

    samples: where they go here. Whoever reads the host's letters gives `receive` those about this order.
    """

    patience = Patience(start_s=75.0, silence_s=12.0, stop_s=20.0)
    """As for one here, and for letters on their way: one a second each way, and what S3 takes for the last samples."""

    def __init__(self, name: str, number: int, samples: Path, send: Callable[..., object], trouble: Callable[[], str | None]) -> None:
        self._name, self._number, self._samples = name, number, samples
        self._send, self._trouble = send, trouble
        self._letters: SimpleQueue[Letter] = SimpleQueue()
        self._files: dict[str, BinaryIO] = {}
        self._lost: str | None = None
        self._ended: str | None = None
        self._killed = False

    def __enter__(self) -> RemoteGenerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self._end()
        finally:
            self.kill()
            for file in self._files.values():
                file.close()

    @property
    def name(self) -> str:
        """How people know it: `generator (host i-…)`."""
        return f"generator ({self._name})"

    @property
    def running(self) -> bool:
        """Whether it has neither ended nor been given up."""
        return self._ended is None and self._lost is None and not self._killed

    @property
    def obituary(self) -> str:
        """How it ended, in a sentence: as its host saw it, or why its host cannot say."""
        if self._lost is not None:
            return self._lost
        return f"{self._name}: {self._ended}" if self._ended is not None else f"{self.name} was ended before its work was done"

    def receive(self, letter: Letter) -> None:
        """Take a letter about this order, in whatever thread."""
        self._letters.put(letter)

    def events(self, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        """What it told since the last call, for which at most this long is waited; samples that came with it are on disk then."""
        events: list[Mapping[str, Any]] = []
        until_s = time.monotonic() + timeout_s
        while self._ended is None:
            try:
                letter = self._letters.get(timeout=max(0.0, until_s - time.monotonic()) if not events else 0.0)
            except Empty:
                break
            events += self._read(letter)
        if self._ended is None and self._lost is None:
            self._lost = self._trouble()
        return events

    def rest(self) -> Sequence[Mapping[str, Any]]:
        """What has come since."""
        return self.events(0.0)

    def terminate(self) -> None:
        """Ask it to end the load early and to keep the record."""
        self._send("stop", order=self._number)

    def kill(self) -> None:
        """Have it ended at once, if it lives."""
        if self.running:
            self._killed = True
            self._send("end", order=self._number)

    def _end(self) -> None:
        if self.running:
            self.terminate()
            until_s = time.monotonic() + _END_S
            while self.running and time.monotonic() < until_s:
                self.events(_STEP_S)

    def _read(self, letter: Letter) -> Sequence[Mapping[str, Any]]:
        """Connections are written before samples, which refer to them. Raises GeneratorError where this host's disk is full."""
        for part in ("connections", "samples"):
            if piece := letter.parts.get(part):
                self._write(part, piece)
        self._ended = letter.fields.get("ended")
        return [self._told(event) for event in letter.fields["events"]]

    def _told(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """A refusal is its host's: names lead elsewhere there, and its disk is another."""
        return {**event, "message": f"{self._name}: {event['message']}"} if event["event"] == "failed" else event

    def _write(self, part: str, piece: bytes) -> None:
        path = self._samples if part == "samples" else connections_path(self._samples)
        try:
            if part not in self._files:
                self._files[part] = path.open("wb")
            self._files[part].write(piece)
            self._files[part].flush()
        except OSError as error:
            raise GeneratorError(
                f"samples cannot be written to {path} ({error.strerror}); check the folder, and its disk's space"
            ) from None

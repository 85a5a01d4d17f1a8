"""Events: what the generator tells its parent, one line of JSON each, on what was its standard output."""

from __future__ import annotations

import json
import os
from typing import Protocol


class Listener(Protocol):
    """Whoever is told how a load goes."""

    def tell(self, event: str, **fields: object) -> None:
        """Take note of one event."""
        ...


class ParentGoneError(Exception):
    """Nobody reads the events any more."""


class Events:
    """Writes events. Standard output is moved aside first, so that no library's print can break the protocol."""

    def __init__(self) -> None:
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def tell(self, event: str, **fields: object) -> None:
        """Write one event. Raises ParentGoneError."""
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError:
            raise ParentGoneError from None

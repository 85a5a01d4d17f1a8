"""Power: the switch that an emulated host's `shutdown` presses, now or when its minutes are over."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread


class Power:
    """Listens at `switch`, a UNIX socket, which `standins.press` presses.

    minute_s: how long a minute of `shutdown -h +N` lasts. off: called when it is due.
    """

    def __init__(self, switch: Path, minute_s: float, off: Callable[[], None]) -> None:
        self._minute_s, self._off = minute_s, off
        self._due_s = math.inf
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(switch))

    def start(self) -> None:
        """Wait for it, in a thread."""
        Thread(target=self._wait, name="power", daemon=True).start()

    def _wait(self) -> None:
        while (left_s := self._due_s - time.monotonic()) > 0:
            self._socket.settimeout(None if math.isinf(left_s) else left_s)
            try:
                minutes = json.loads(self._socket.recv(100))["minutes"]
            except TimeoutError:
                continue
            self._due_s = math.inf if minutes is None else time.monotonic() + minutes * self._minute_s
        self._socket.close()
        self._off()

"""The least that any client on this event loop does: send ready-made bytes when due, read what comes, and look at nothing.

It signs, parses, times and writes down nothing, so what it costs is the kernel's, the hub's and the machine's share of a request.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent.hub import get_hub

from tailgate.clock import Alarm

_READABLE = 1
_ORIGIN = urlsplit(os.environ["BENCH_ORIGIN"])
_PAYLOAD = Path(os.environ["BENCH_PAYLOAD"]).read_bytes()
_LINES = (
    f"POST {os.environ['BENCH_PATH']} HTTP/1.1",
    f"Host: {_ORIGIN.netloc}",
    "Content-Type: application/json",
    f"Content-Length: {len(_PAYLOAD)}",
)
_REQUEST = "".join(f"{line}\r\n" for line in (*_LINES, "")).encode() + _PAYLOAD
_CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])
_RATE_PER_S = _CONNECTIONS * float(os.environ["BENCH_RATE_EACH"])
_FOR_S = float(os.environ["BENCH_FOR_S"])


class Loop:
    """Constant arrivals over connections that are open before the first; counts what comes back."""

    def __init__(self) -> None:
        self.sent = self.answered = 0
        self._idle = [_connected() for _ in range(_CONNECTIONS)]
        self._alarm, self._begin_s = Alarm(), time.monotonic() + 0.2
        loop = get_hub().loop
        self._watchers: list[Any] = [loop.io(self._alarm.fd, _READABLE)]
        self._watchers[0].start(self._due)
        for connection in self._idle:
            watcher = loop.io(connection.fileno(), _READABLE)
            watcher.start(self._read, connection)
            self._watchers.append(watcher)
        self._alarm.set(self._begin_s)

    def _due(self) -> None:
        due_s = self._begin_s + self.sent / _RATE_PER_S
        while self._idle and due_s <= time.monotonic():
            self._idle.pop().send(_REQUEST)
            self.sent += 1
            due_s = self._begin_s + self.sent / _RATE_PER_S
        if due_s < self._begin_s + _FOR_S:
            self._alarm.set(due_s if self._idle else time.monotonic() + 0.001)
        else:
            self._alarm.acknowledge()

    def _read(self, connection: socket.socket) -> None:
        with suppress(BlockingIOError, ssl.SSLWantReadError):
            connection.recv(65_536)
            self._idle.append(connection)
            self.answered += 1


def _connected() -> socket.socket:
    connection = socket.create_connection((_ORIGIN.hostname or "", _ORIGIN.port or 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if _ORIGIN.scheme == "https":
        trusted = ssl.create_default_context(cafile=os.environ["BENCH_CA"])
        connection = trusted.wrap_socket(connection, server_hostname=_ORIGIN.hostname)
    connection.setblocking(False)
    return connection


def main() -> None:
    """Send as long as asked, wait a second for the rest, and tell the count."""
    loop = Loop()
    gevent.sleep(_FOR_S + 1.0)
    lost, rate_per_s = loop.sent - loop.answered, loop.answered / _FOR_S
    told = {"requests": loop.sent, "failures": lost, "rate_per_s": rate_per_s, "p50_s": float("nan"), "p99_s": float("nan")}
    Path(os.environ["BENCH_TOLD"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()

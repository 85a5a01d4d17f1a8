"""The stand-in for known_times.c where nothing compiles C: the same commands and the same truth, from asyncio.

It is slower: one core serves some thousands of requests a second, fewer over TLS, and its service times are late by up
to a millisecond. What it writes down is true all the same. There are no kernel stamps: `arrived` is the time of reading.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import ssl
import sys
import threading
import time
from array import array
from pathlib import Path

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{"predictions": [0.5]}'


class Book:
    """What the server is told to do, and what it did."""

    def __init__(self) -> None:
        self.service_s = [0.005]
        self.reset()

    def reset(self) -> None:
        """Forget what was, disarm and thaw."""
        self.rows, self.stalls = array("d"), list[tuple[float, float]]()
        self.taken = self.unanswered = 0
        self.first_s, self.freeze_at_s = 0.0, math.inf
        self.stall_s: tuple[float, float] | None = None

    def take(self, read_s: float) -> float:
        """A request was read: how long it takes."""
        if not self.first_s:
            self.first_s = read_s
            if self.stall_s is not None:
                asyncio.get_running_loop().call_later(self.stall_s[0], self._stall, self.stall_s[1])
        self.taken += 1
        return self.service_s[(self.taken - 1) % len(self.service_s)]

    def obey(self, line: str) -> dict[str, object]:
        """Carry out a command, and answer it."""
        word, *words = line.split()
        if word == "truth":
            Path(" ".join(words)).write_bytes(self.rows.tobytes())
            return {"rows": len(self.rows) // 3, "stalls": self.stalls}
        if word == "count":
            told = {"answered": len(self.rows) // 3, "unanswered": self.unanswered, "first_s": self.first_s}
            return {**told, "cpu_s": time.process_time(), "now_s": time.monotonic()}
        if word == "reset":
            self.reset()
        elif word == "service":
            self.service_s = [float(one) for one in words]
        elif word == "stall":
            self.stall_s = (float(words[0]), float(words[1]))
        elif word == "freeze":
            self.freeze_at_s = float(words[0])
        return {}

    def _stall(self, for_s: float) -> None:
        begin_s = time.monotonic()
        time.sleep(for_s)
        self.stalls.append((begin_s, time.monotonic()))


class Caller(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, book: Book) -> None:
        self._book, self._got, self._busy = book, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        self._got += data
        self._take()

    def _take(self) -> None:
        head, end, rest = self._got.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
        length = int(fields.get(b"content-length", b"0"))
        if self._busy or not end or len(rest) < length:
            return
        self._got, self._busy = rest[length:], True
        read_s = time.monotonic()
        takes_s = self._book.take(read_s)
        asyncio.get_running_loop().call_at(read_s + takes_s, self._answer, read_s)

    def _answer(self, read_s: float) -> None:
        book, self._busy = self._book, False
        if time.monotonic() >= book.first_s + book.freeze_at_s:
            book.unanswered += 1
        elif not self._transport.is_closing():
            book.rows.extend((read_s, read_s, time.monotonic()))
            self._transport.write(ANSWER)
            self._take()


def _listen_to_commands(loop: asyncio.AbstractEventLoop, book: Book) -> None:
    """Commands come on standard input; its end is the server's."""

    def obey(line: str) -> None:
        print(json.dumps(book.obey(line)), flush=True)

    for line in sys.stdin:
        loop.call_soon_threadsafe(obey, line)
    os._exit(0)


async def serve(port: int, certificate: list[str]) -> None:
    """Serve until standard input ends."""
    book, context = Book(), None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Caller(book), "127.0.0.1", port, ssl=context, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    threading.Thread(target=_listen_to_commands, args=(loop, book), daemon=True).start()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2:4]))

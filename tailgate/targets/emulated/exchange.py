"""Exchange: HTTP/1.1 over one connection, parsed by httptools. Knows nothing of SageMaker.

The requests of a connection are served one after another, in their order; pipelined ones wait. What cannot be parsed,
or is not worth being read to its end, costs its connection and nothing else.
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

import httptools

from tailgate.targets.emulated.messages import MAX_BODY_BYTES, Answer, Ending, Request

_MAX_DRAINED_BYTES = 64 * 1_048_576
_MAX_HEAD_BYTES = 65_536
_PIECE_BYTES = 16_384
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # lingering for no time at all: closing sends RST, not FIN


class Connection(asyncio.Protocol):
    """One client's connection. `serve` is called with each request in its turn, and then answers it once, at any time.

    A body above MAX_BODY_BYTES is read and thrown away, so that the client gets to read its refusal; one so large that
    this is not worth it, or whose client waits for leave to send it, is refused unread and the connection closed.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._reading: Request | None = None
        self._body: list[bytes] = []
        self._body_bytes = self._head_bytes = 0
        self._waiting: deque[Request] = deque()
        self._busy = self._looping = False
        self._deaf = self._malformed = False
        self._now_s = 0.0

    def answer(self, answer: Answer) -> float:
        """Answer the request being served, and go on to the next.

        Returns when the answer had been handed to the kernel, on the monotonic clock; nan where the client has gone.
        """
        self._busy = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return math.nan
        transport.write(answer.payload)
        written_s = time.monotonic()
        if answer.ending is Ending.KEEP:
            self._go_on(transport)
            return written_s
        self._stop()
        if answer.ending is Ending.RESET:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()
        return written_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client has connected (over TLS: shaken hands)."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # streams are what a server accepts
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # why it went is of no use to anybody
        """The client has gone; the answer under way will find nobody."""
        self._transport = None
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        self._now_s = time.monotonic()
        for start in range(0, len(data), _PIECE_BYTES):
            if not self._deaf:
                self._feed(data[start : start + _PIECE_BYTES])
        if self._transport is not None and not self._transport.is_closing():
            self._go_on(self._transport)

    def _feed(self, piece: bytes) -> None:
        """Parse a piece that is small enough for the head's growth to be seen in time."""
        self._head_bytes += len(piece)
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # what follows is in a protocol that is not spoken here
        except httptools.HttpParserError:
            self._deaf = self._malformed = True
        if self._reading is not None and self._head_bytes > _MAX_HEAD_BYTES:
            self._deaf = self._malformed = True

    def on_message_begin(self) -> None:
        """httptools: the first byte of a request."""
        self._reading = Request(first_s=self._now_s)
        self._body, self._body_bytes, self._head_bytes = [], 0, 0

    def on_url(self, url: bytes) -> None:
        """httptools: its target, or a part of it."""
        if self._reading is not None:
            self._reading.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: one header."""
        if self._reading is not None:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            headers = self._reading.headers
            headers[key] = f"{headers[key]},{text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """httptools: the head is whole."""
        request = self._reading
        if request is None or self._transport is None:
            return
        request.method = self._parser.get_method().decode("latin-1")
        self._head_bytes = 0
        stated = request.headers.get("content-length", "0")
        awaits_leave = request.headers.get("expect", "").lower() == "100-continue"
        if int(stated) > (MAX_BODY_BYTES if awaits_leave else _MAX_DRAINED_BYTES):
            request.too_large = True
            self._complete(request, keep_alive=False)
            self._deaf = True
        elif awaits_leave and not self._busy and not self._waiting:
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        """httptools: a part of the body."""
        self._head_bytes = 0
        self._body_bytes += len(part)
        if self._body_bytes <= MAX_BODY_BYTES:
            self._body.append(part)
        elif self._body_bytes > _MAX_DRAINED_BYTES and self._reading is not None:
            self._deaf = self._malformed = True

    def on_message_complete(self) -> None:
        """httptools: the last byte of a request."""
        if self._reading is not None:
            self._reading.too_large = self._body_bytes > MAX_BODY_BYTES
            self._complete(self._reading, keep_alive=self._parser.should_keep_alive())

    def _complete(self, request: Request, *, keep_alive: bool) -> None:
        """A request is ready to be served."""
        request.complete_s, request.keep_alive = self._now_s, keep_alive
        request.body = b"" if request.too_large else b"".join(self._body)
        self._reading, self._body = None, []
        self._waiting.append(request)

    def _go_on(self, transport: asyncio.Transport) -> None:
        """Serve what waits, one at a time; where nothing more can come, close."""
        if self._looping or self._busy:
            return  # an answer given at once comes by here from within the loop below
        self._looping = True
        while self._waiting and not self._busy:
            self._busy = True
            self._serve(self._waiting.popleft(), self)
        self._looping = False
        if self._waiting:
            transport.pause_reading()
        elif self._deaf and not self._busy:
            transport.write(_BAD_REQUEST if self._malformed else b"")
            transport.close()
        else:
            transport.resume_reading()

    def _stop(self) -> None:
        """Neither read nor serve any further."""
        self._deaf = True
        self._waiting.clear()


Serve = Callable[[Request, Connection], None]
"""Takes a request in, and answers it on its connection: at once, or later."""

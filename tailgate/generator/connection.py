"""Connection: one socket to the endpoint, driven by the hub's callbacks; it carries one request at a time."""

from __future__ import annotations

import errno
import math
import socket
import ssl
import time
from typing import Protocol

from tailgate.generator.response import BadResponseError, ResponseReader
from tailgate.generator.route import SocketAddress
from tailgate.generator.stamps import ANCILLARY_BYTES
from tailgate.generator.tls import TlsLayer
from tailgate.generator.wiring import Opening, Wiring, os_error, start_connecting
from tailgate.samples import Error

_READABLE, _WRITABLE = 1, 2
_RECEIVE_BYTES = 1 << 16
_LONGEST_SEND_S = 65_000.0  # what a half float can tell


class Owner(Protocol):
    """Who is told what becomes of a connection. A connection that failed is closed before its owner hears of it."""

    def opened(self, connection: Connection) -> None: ...  # noqa: D102 - said by the name
    def refused(self, connection: Connection, error: OSError) -> None: ...  # noqa: D102 - said by the name
    def answered(self, connection: Connection, at_s: float) -> None: ...  # noqa: D102 - said by the name
    def lost(self, connection: Connection, error: Error) -> None: ...  # noqa: D102 - said by the name


class Connection:
    """One connection: it opens without blocking, then sends requests and reads their responses, one at a time.

    number: of the connection in its run. requests: how many were begun on it. request: index of the one in flight, −1
    for none; waited: whether that one was late for want of a connection. began_s, sent_s, first_byte_s: monotonic times of
    the opening, of the request's hand-over to the kernel, and of its response's first byte; send_s: what handing it over
    took, NaN until all of it was. Raises OSError when this host has no socket left to give.
    """

    __slots__ = (
        "_connect_error",
        "_owner",
        "_reading",
        "_socket",
        "_tls",
        "_unsent",
        "_wiring",
        "_writing",
        "began_s",
        "first_byte_s",
        "number",
        "open",
        "opening",
        "request",
        "requests",
        "response",
        "send_s",
        "sent_s",
        "waited",
    )

    def __init__(self, number: int, address: SocketAddress, wiring: Wiring, owner: Owner) -> None:
        self.number, self.requests, self.request = number, 0, -1
        self.open = self.waited = False
        self.opening, self.send_s = Opening(address[1][0]), math.nan
        self.began_s = self.sent_s = time.monotonic()
        self.first_byte_s: float | None = None
        self._wiring, self._owner = wiring, owner
        self._unsent: memoryview | None = None
        self._tls: TlsLayer | None = None
        self._socket, self._connect_error = start_connecting(address, wiring.clock)
        self.response = ResponseReader(wiring.keep_bodies)
        self._reading = wiring.loop.io(self._socket.fileno(), _READABLE)
        self._writing = wiring.loop.io(self._socket.fileno(), _WRITABLE)
        self._writing.start(self._connected)

    def send(self, request: int, wire: bytes) -> None:
        """Send a request; the rest of one that does not fit is sent as the kernel takes it.

        Raises OSError when the connection turns out to be dead, with nothing of the request under way.
        """
        self.response.begin()
        if self._tls is not None:
            wire = self._tls.encrypt(wire)
        self.first_byte_s = None
        self.sent_s = time.monotonic()
        try:
            sent = self._socket.send(wire)
        except BlockingIOError:
            sent = 0
        self.request = request
        self.requests += 1
        self.send_s = time.monotonic() - self.sent_s
        if sent < len(wire):
            self._write_later(wire, sent)

    def close(self) -> None:
        """Drop the connection and what refers back to it, for garbage collection is off while load runs."""
        self.open = False
        for watcher in (self._reading, self._writing):
            watcher.stop()
            watcher.close()
        self.response.close()
        self._tls = self._unsent = None
        self._socket.close()

    def give_up(self, why: str) -> None:
        """End an opening that takes too long."""
        self._refuse(TimeoutError(why))

    def _connected(self) -> None:
        """The socket became writable while connecting: it is open, or it failed."""
        error = self._connect_error or self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._refuse(os_error(error))
            return
        self._writing.stop()
        self._reading.start(self._readable)
        self.opening.tcp_s = time.monotonic() - self.began_s
        if self._wiring.tls is None:
            self._opened()
        else:
            self._tls = TlsLayer(*self._wiring.tls)
            self._shake(self._tls, b"")

    def _shake(self, tls: TlsLayer, wire: bytes) -> None:
        try:
            tls.shake(wire)
        except OSError as error:
            self._flush_tls()
            self._refuse(error)
            return
        self._flush_tls()
        if tls.established:
            self._opened()

    def _opened(self) -> None:
        self.open = True
        self.opening.opened_s = now = time.monotonic()
        if self._tls is not None:
            self.opening.tls_s = now - self.began_s - self.opening.tcp_s
        self._owner.opened(self)

    def _readable(self) -> None:
        try:
            wire, ancillary, _, _ = self._socket.recvmsg(_RECEIVE_BYTES, ANCILLARY_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        at_s = self._wiring.clock.arrival(ancillary)
        if not wire:
            self._ended(at_s)
        elif self._tls is None:
            self._received(wire, at_s)
        elif not self.open:
            self._shake(self._tls, wire)
        else:
            self._decrypted(self._tls, wire, at_s)

    def _decrypted(self, tls: TlsLayer, wire: bytes, at_s: float) -> None:
        try:
            plain = tls.decrypt(wire)
        except ssl.SSLError as error:
            self._broken(error)
            return
        ended = tls.ended
        if plain:
            self._received(plain, at_s)
        elif not ended:
            self._flush_tls()  # a session ticket or a key update came, which may want an answer
        if ended and self.open:
            self._ended(at_s)

    def _received(self, plain: bytes, at_s: float) -> None:
        if self.request < 0:
            self._drop(Error.BAD_RESPONSE)  # an answer that nobody asked for
            return
        at_s = max(at_s, self.sent_s)
        if self.first_byte_s is None:
            self.first_byte_s = at_s
        try:
            complete = self.response.feed(plain)
        except BadResponseError:
            self._drop(Error.BAD_RESPONSE)
            return
        if complete:
            self._owner.answered(self, at_s)

    def _ended(self, at_s: float) -> None:
        """The server closed the connection."""
        if self.request >= 0 and self.response.end():
            self._owner.answered(self, max(at_s, self.sent_s))
        else:
            self._broken(os_error(errno.ECONNRESET))

    def _broken(self, error: OSError) -> None:
        if self.open:
            self._drop(Error.CONNECTION_LOST)
        else:
            self._refuse(error)

    def _drop(self, error: Error) -> None:
        self.close()
        self._owner.lost(self, error)

    def _refuse(self, error: OSError) -> None:
        self.close()
        self._owner.refused(self, error)

    def _flush_tls(self) -> None:
        wire = self._tls.outgoing if self._tls is not None else b""
        if not wire:
            return
        if self._unsent is not None:
            self._unsent = memoryview(bytes(self._unsent) + wire)
            return
        try:
            sent = self._socket.send(wire)
        except OSError:
            return  # the reader sees the same error next, and tells
        if sent < len(wire):
            self._write_later(wire, sent)

    def _write_later(self, wire: bytes, sent: int) -> None:
        self._unsent, self.send_s = memoryview(wire)[sent:], math.nan
        self._writing.start(self._writable)

    def _writable(self) -> None:
        unsent = self._unsent or memoryview(b"")
        try:
            self._unsent = unsent = unsent[self._socket.send(unsent) :]
        except BlockingIOError:
            return
        except OSError:
            unsent = memoryview(b"")  # the server may have answered before it closed: the reader finds out
        else:
            if not unsent:
                self.send_s = min(time.monotonic() - self.sent_s, _LONGEST_SEND_S)
        if not unsent:
            self._unsent = None
            self._writing.stop()

    @property
    def reusable(self) -> bool:
        """Whether it can carry another request: neither side is about to close it, and the last request left whole."""
        return self.response.keep_alive and self._unsent is None and not (self._tls is not None and self._tls.ended)

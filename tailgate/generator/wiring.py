"""Wiring: what connections stand on, the hub's watchers and the operating system's sockets."""

from __future__ import annotations

import _socket
import errno
import math
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tailgate.generator.route import SocketAddress
from tailgate.generator.stamps import ReceiveClock

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Errors that speak of this host's limits, not of the server."""


class Watcher(Protocol):
    """Calls back while a file descriptor is ready."""

    def start(self, callback: Callable[[], None], /) -> None: ...  # noqa: D102 - gevent's
    def stop(self) -> None: ...  # noqa: D102 - gevent's
    def close(self) -> None: ...  # noqa: D102 - gevent's


class Loop(Protocol):
    """What of gevent's event loop is used."""

    def io(self, fd: int, events: int, /) -> Watcher: ...  # noqa: D102 - gevent's


@dataclass(frozen=True, slots=True)
class Wiring:
    """What all connections of a run share. tls: a context and the host to verify, None for plain HTTP."""

    loop: Loop
    clock: ReceiveClock
    tls: tuple[ssl.SSLContext, str] | None
    keep_bodies: bool


@dataclass(slots=True)
class Opening:
    """What opening a connection took, as connection_table.py tells it. opened_s: monotonic, NaN until it was open."""

    remote: str
    dns_s: float = 0.0
    tcp_s: float = 0.0
    tls_s: float = 0.0
    opened_s: float = math.nan


def start_connecting(address: SocketAddress, clock: ReceiveClock) -> tuple[_socket.socket, int]:
    """A socket on its way, and the error with which that ended already, 0 for none.

    It is the operating system's plain socket, which gevent's monkey-patching leaves alone.
    """
    family, where = address
    connecting = _socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        clock.enable(connecting)
        error = connecting.connect_ex(where)
        if error in EXHAUSTED:
            raise os_error(error)
    except OSError:
        connecting.close()
        raise
    return connecting, 0 if error == errno.EINPROGRESS else error


def os_error(number: int) -> OSError:
    """The fitting subclass of OSError, such as ConnectionRefusedError, with the system's text."""
    return OSError(number, os.strerror(number))

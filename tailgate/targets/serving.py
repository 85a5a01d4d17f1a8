"""Serving: what our own servers on loopback have in common. Each lives until its stdin ends, so that none outlives its owner."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable

from tailgate import clock

_BACKLOG = 1024
_FAREWELL_S = 0.5  # after which a closed connection ends although the client has not said goodbye
_SWITCH_INTERVAL_S = 5e-5


async def listen(protocol: Callable[[], asyncio.Protocol], ip: str, context: ssl.SSLContext | None = None) -> int:
    """Listen on a free port of an address; returns the port."""
    at = listening(ip)
    await serve(protocol, at, context)
    return int(at.getsockname()[1])


def listening(ip: str, port: int = 0) -> socket.socket:
    """A socket that listens there, on a free port unless one is named. Raises OSError."""
    return socket.create_server((ip, port), backlog=_BACKLOG)


async def serve(protocol: Callable[[], asyncio.Protocol], at: socket.socket, context: ssl.SSLContext | None = None) -> None:
    """Serve whoever connects to a socket that listens."""
    await asyncio.get_running_loop().create_server(
        protocol, sock=at, backlog=_BACKLOG, ssl=context, ssl_shutdown_timeout=_FAREWELL_S if context else None
    )


def end_of_life() -> asyncio.Future[None]:
    """Done when SIGTERM comes or stdin ends. Ctrl-C goes to all processes of a terminal, and is the parent's to handle."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def on_stdin() -> None:
        if not os.read(0, 65536):
            loop.remove_reader(0)
            end()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        loop.add_reader(0, on_stdin)
    except PermissionError:  # a file, not a pipe: it has no end to wait for but the one it is at
        end()
    return ended


def be_prompt() -> None:
    """Nothing that was made so far is garbage, timers are not to be rounded, and threads must yield to the loop soon."""
    gc.collect()
    gc.freeze()
    clock.sharpen_timers()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def leave(code: int) -> None:
    """End the process at once: nothing that a thread still does is worth waiting for."""
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)

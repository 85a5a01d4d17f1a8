"""The emulation's data plane: SageMaker's runtime on loopback. `python -m tailgate.targets.emulated.data_plane`

It reads one line of orders from stdin (see `orders`), answers `{"ready": true, "ca_pem": …, "ports": {path: …},
"admin_port": …}` on stdout, and lives until stdin ends or SIGTERM comes, so that it cannot outlive whoever started it.
Each network path has an address of its own, and the address that a request came to tells its path. TLS 1.3, by an
authority that exists in this process only; the admin port (see `admin`) is plain.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import ssl
import sys

from tailgate import clock
from tailgate.errors import TailgateError
from tailgate.targets.emulated.admin import Admin
from tailgate.targets.emulated.certificates import Authority
from tailgate.targets.emulated.control_plane_view import ControlPlaneView
from tailgate.targets.emulated.departures import Departures
from tailgate.targets.emulated.directory import Directory
from tailgate.targets.emulated.exchange import Connection, Serve
from tailgate.targets.emulated.invocations import Invocations
from tailgate.targets.emulated.orders import Orders
from tailgate.targets.emulated.profiles import load_profiles
from tailgate.targets.emulated.sigv4 import Verifier
from tailgate.targets.emulated.truth import Truth

_ADMIN_IP = "127.0.0.1"
_BACKLOG = 1024
_FAREWELL_S = 0.5  # after which a closed connection ends although the client has not said goodbye
_SWITCH_INTERVAL_S = 5e-5


async def run(orders: Orders) -> None:
    """Serve until told to end. Raises PlanError for wrong profiles, OSError for an address that cannot be listened on."""
    ended = _end_of_life()
    profiles = load_profiles(orders.profiles)
    directory = Directory(ControlPlaneView(orders.control_plane, orders.region, orders.credentials, profiles, orders.seed))
    verifier = Verifier(orders.credentials, orders.region)
    departures, truth, authority = Departures(), Truth(), Authority()
    ports = {}
    for path, listener in orders.listen.items():
        profiles.floor(path)  # a path without one is refused now, not at its first request
        invocations = Invocations(path, orders.region, verifier, directory, departures, truth)
        ports[path] = await _listen(invocations.serve, listener.ip, authority.server_context([*listener.names, listener.ip]))
    admin_port = await _listen(Admin(truth).serve, _ADMIN_IP)
    _be_prompt()
    print(json.dumps({"ready": True, "ca_pem": authority.ca_pem, "ports": ports, "admin_port": admin_port}), flush=True)
    fresh = asyncio.create_task(directory.keep_fresh())
    await asyncio.wait((fresh, ended), return_when=asyncio.FIRST_COMPLETED)
    if fresh.done():
        fresh.result()  # it never ends but by an error, which is to be seen
    departures.close()


async def _listen(serve: Serve, ip: str, context: ssl.SSLContext | None = None) -> int:
    """Listen on a free port of an address; returns the port."""
    listening = socket.create_server((ip, 0))
    await asyncio.get_running_loop().create_server(
        lambda: Connection(serve), sock=listening, backlog=_BACKLOG, ssl=context, ssl_shutdown_timeout=_FAREWELL_S if context else None
    )
    return int(listening.getsockname()[1])


def _end_of_life() -> asyncio.Future[None]:
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


def _be_prompt() -> None:
    """Nothing that was made so far is garbage, timers are not to be rounded, and threads must yield to the loop soon."""
    gc.collect()
    gc.freeze()
    clock.sharpen_timers()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def main() -> None:
    """Read the orders, serve, and end at once: a thread may still be asking a control plane that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = 0
    try:
        asyncio.run(run(Orders.from_json(sys.stdin.readline())))
    except (TailgateError, OSError) as error:
        print(f"the data plane cannot serve: {error}", file=sys.stderr)
        code = 1
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

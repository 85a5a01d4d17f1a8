"""The emulation's data plane: SageMaker's runtime on loopback. `python -m tailgate.targets.emulated.data_plane`

It reads one line of orders from stdin (see `orders`), answers `{"ready": true, "ca_pem": …, "ports": {path: …},
"admin_port": …}` on stdout, and lives until stdin ends or SIGTERM comes, so that it cannot outlive whoever started it.
Each network path has an address of its own, and the address that a request came to tells its path. TLS 1.3, by an
authority that exists in this process only; the admin port (see `admin`) is plain.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from functools import partial

from tailgate.errors import TailgateError
from tailgate.targets.emulated.admin import Admin
from tailgate.targets.emulated.certificates import Authority
from tailgate.targets.emulated.control_plane_view import ControlPlaneView
from tailgate.targets.emulated.departures import Departures
from tailgate.targets.emulated.directory import Directory
from tailgate.targets.emulated.elsewhere import made_in
from tailgate.targets.emulated.exchange import Connection
from tailgate.targets.emulated.invocations import Invocations
from tailgate.targets.emulated.orders import Orders
from tailgate.targets.emulated.profiles import load_profiles
from tailgate.targets.emulated.sigv4 import Verifier
from tailgate.targets.emulated.truth import Truth
from tailgate.targets.serving import be_prompt, end_of_life, leave, listen, listening, serve

_ADMIN_IP = "127.0.0.1"


async def run(orders: Orders) -> None:
    """Serve until told to end. Raises PlanError for wrong profiles, OSError for an address that cannot be listened on."""
    ended = end_of_life()
    profiles = load_profiles(orders.profiles)
    directory = Directory(ControlPlaneView(orders.control_plane, orders.region, orders.credentials, profiles, orders.seed))
    verifier = Verifier(orders.credentials, orders.region)
    departures, truth, authority = Departures(), Truth(), Authority()
    ports = {}
    for path, listener in orders.listen.items():
        profiles.floor(path)  # a path without one is refused now, not at its first request
        invocations = Invocations(path, orders.region, verifier, directory, departures, truth)
        context = authority.server_context([*listener.names, listener.ip, *([listener.beside] if listener.beside else [])])
        ports[path] = await listen(partial(Connection, invocations.serve), listener.ip, context)
        if listener.beside is not None:
            beside = made_in(orders.namespace, partial(listening, listener.beside, ports[path]))
            await serve(partial(Connection, invocations.serve), beside, context)
    admin_port = await listen(partial(Connection, Admin(truth).serve), _ADMIN_IP)
    be_prompt()
    print(json.dumps({"ready": True, "ca_pem": authority.ca_pem, "ports": ports, "admin_port": admin_port}), flush=True)
    fresh = asyncio.create_task(directory.keep_fresh())
    await asyncio.wait((fresh, ended), return_when=asyncio.FIRST_COMPLETED)
    if fresh.done():
        fresh.result()  # it never ends but by an error, which is to be seen
    departures.close()


def main() -> None:
    """Read the orders, serve, and end at once: a thread may still be asking a control plane that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = 0
    try:
        asyncio.run(run(Orders.from_json(sys.stdin.readline())))
    except (TailgateError, OSError) as error:
        print(f"the data plane cannot serve: {error}", file=sys.stderr)
        code = 1
    leave(code)


if __name__ == "__main__":
    main()

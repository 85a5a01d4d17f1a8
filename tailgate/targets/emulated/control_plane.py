"""The emulation's control plane: moto, mended, as a process of its own. `python -m tailgate.targets.emulated.control_plane`

It reads one line of JSON settings from stdin, prints one line `{"ready": true, "url": …, "url_beside": … or null}` and lives until
stdin ends or SIGTERM comes, so that it cannot outlive whoever started it. It listens on 127.0.0.1, and where the emulation has
hosts also in their network; it checks no signature.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from tailgate.errors import PlanError, nearest
from tailgate.targets.emulated.elsewhere import made_in
from tailgate.targets.emulated.simulation import Simulation

_IP, _BACKLOG = "127.0.0.1", 128


@dataclass(frozen=True, slots=True)
class ControlPlaneSettings:
    """How the control plane behaves. simulation: the life of endpoints whose tags do not say. Times in seconds.

    hosts: whether a keeper makes a host of each EC2 instance (see `shim_instances`). beside: where it listens as well: an ip, and the
    namespace that this is in, by its path, None for this process's own.
    """

    simulation: Simulation = field(default_factory=Simulation)
    vpc_endpoint_pending_s: float = 0.0
    hosts: bool = False
    beside: Mapping[str, str | None] | None = None

    def to_json(self) -> str:
        """The settings as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> ControlPlaneSettings:
        """The inverse of `to_json`; what is absent has its default. Raises PlanError."""
        try:
            fields = json.loads(line)
            for key in fields:
                if key not in cls.__dataclass_fields__:
                    raise PlanError(f"control plane: unknown setting '{key}'{nearest(key, cls.__dataclass_fields__)}")
            return cls(**fields | {"simulation": Simulation(**fields.get("simulation", {}))})
        except (ValueError, TypeError, AttributeError) as error:
            raise PlanError(f"control plane: the settings are not a line of JSON with known keys: {error}") from None


def serve(settings: ControlPlaneSettings) -> tuple[str, str | None]:
    """Start moto in threads and return its URL, and the one beside it; serves as long as the process lives."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from tailgate.targets.emulated.backstage import with_backstage
    from tailgate.targets.emulated.shim import mend_sagemaker
    from tailgate.targets.emulated.shim_ec2 import mend_ec2
    from tailgate.targets.emulated.shim_ssm import mend_ssm

    mend_sagemaker(settings.simulation)
    mend_ec2(settings.vpc_endpoint_pending_s, kept=settings.hosts)
    mend_ssm()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = with_backstage(DomainDispatcherApplication(create_backend_app))

    def serve_at(ip: str, namespace: str | None = None) -> str:
        listening = made_in(namespace, lambda: socket.create_server((ip, 0), backlog=_BACKLOG))
        port, descriptor = listening.getsockname()[1], listening.detach()
        server = make_server(ip, port, application, threaded=True, request_handler=MotoRequestHandler, fd=descriptor)
        os.close(descriptor)  # the server has its own
        threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()
        return f"http://{ip}:{port}"

    return serve_at(_IP), serve_at(str(settings.beside["ip"]), settings.beside["namespace"]) if settings.beside is not None else None


def main() -> None:
    """Run until stdin ends. Ctrl-C in the terminal is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    url, beside = serve(ControlPlaneSettings.from_json(sys.stdin.readline()))
    print(json.dumps({"ready": True, "url": url, "url_beside": beside}), flush=True)
    sys.stdout = sys.stderr  # moto prints now and then; stdout holds the one line
    sys.stdin.read()
    sys.stderr.flush()
    os._exit(0)  # there is nothing to save, and taking moto apart in an orderly way takes a second


if __name__ == "__main__":
    main()

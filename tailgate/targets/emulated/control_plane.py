"""The emulation's control plane: moto, mended, as a process of its own. `python -m tailgate.targets.emulated.control_plane`

It reads one line of JSON settings from stdin, prints one line `{"ready": true, "url": …}` and lives until stdin ends or
SIGTERM comes, so that it cannot outlive whoever started it. It listens on 127.0.0.1, or on an address that hosts of the
emulation reach as well, and checks no signature.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field

from tailgate.errors import PlanError, nearest
from tailgate.targets.emulated.simulation import Simulation


@dataclass(frozen=True, slots=True)
class ControlPlaneSettings:
    """How the control plane behaves. simulation: the life of endpoints whose tags do not say. Times in seconds.

    ip: what it listens on. hosts: whether a keeper makes a host of each EC2 instance (see `shim_instances`).
    """

    simulation: Simulation = field(default_factory=Simulation)
    vpc_endpoint_pending_s: float = 0.0
    ip: str = "127.0.0.1"
    hosts: bool = False

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


def serve(settings: ControlPlaneSettings) -> str:
    """Start moto in a thread and return its URL; serves as long as the process lives."""
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
    server = make_server(settings.ip, 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()
    return f"http://{settings.ip}:{server.server_port}"


def main() -> None:
    """Run until stdin ends. Ctrl-C in the terminal is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    url = serve(ControlPlaneSettings.from_json(sys.stdin.readline()))
    print(json.dumps({"ready": True, "url": url}), flush=True)
    sys.stdout = sys.stderr  # moto prints now and then; stdout holds the one line
    sys.stdin.read()
    sys.stderr.flush()
    os._exit(0)  # there is nothing to save, and taking moto apart in an orderly way takes a second


if __name__ == "__main__":
    main()

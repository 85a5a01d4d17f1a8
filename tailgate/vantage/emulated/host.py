"""Host: the first process of an emulated host. `python -m tailgate.vantage.emulated.host`, by the keeper, in the host's namespaces.

It reads one line of settings from stdin, makes the host what an instance is, says `{"event": "up"}` and then why it goes down on
stdout, and ends with its stdin: in a process namespace of its own, all others end with it; elsewhere it ends them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

from tailgate.errors import TargetError
from tailgate.targets.emulated.sigv4 import Credentials
from tailgate.vantage.emulated import files, standins
from tailgate.vantage.emulated.commands import Script
from tailgate.vantage.emulated.metadata import Metadata, hostname
from tailgate.vantage.emulated.power import Power
from tailgate.vantage.emulated.processes import adopt, children, descendants, kill
from tailgate.vantage.emulated.ssm_agent import SsmAgent

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REAP_S = 0.1


class Host:
    """One host. told: see `keeper`."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told, self._instance, self._ip = told, told["instance"], told["ip"]
        self._isolated: bool = told["isolated"]
        self._folder = Path(told["folder"])

    def boot(self) -> None:
        """Become an instance. Raises TargetError, OSError."""
        if self._isolated:
            self._make_own()
        else:
            adopt()  # whose parents are gone are ours to end
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        switch = self._folder / "power"
        standins.place(self._folder / "bin", switch)
        Power(switch, self._told["minute_s"], lambda: self.leave("shutdown")).start()
        environment = self._environment(self._metadata())
        if self._instance["role"] is not None:  # without, an agent has no credentials to report with
            SsmAgent(self._told["control_plane"], self._instance, self._ip, environment, self._folder / "commands").start()
        if self._instance["user_data"].startswith("#!"):
            script = Script(self._instance["user_data"].split("\n"), self._folder / "user-data", environment, math.inf)
            Thread(target=script.run, name="user data", daemon=True).start()

    def live(self) -> None:
        """Until the keeper lets go. Whose parents are gone are our children, and have to be reaped."""
        while True:
            for pid in children(os.getpid(), os.getpid()):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(_REAP_S)

    def follow(self) -> None:
        """Go down once the keeper is gone, whose pipe then ends."""
        sys.stdin.read()
        self.leave("its keeper is gone")

    def leave(self, why: str) -> None:
        """Go down with all processes."""
        with contextlib.suppress(OSError):
            say({"event": "down", "why": why})
        if not self._isolated:
            kill(descendants(os.getpid()))
        os._exit(0)

    def _make_own(self) -> None:
        socket.sethostname(hostname(self._ip).partition(".")[0])
        shared = files.make_own()
        if shared:
            print(f"these folders are shared with this host, for want of an overlay: {', '.join(shared)}", file=sys.stderr)
        if "/etc" not in shared:
            files.name_hosts(self._told["names"].items())

    def _metadata(self) -> str | None:
        if not self._instance["metadata"]:
            return None
        credentials = Credentials(**self._told["credentials"]) if self._told.get("credentials") else None
        ip, port = self._told["metadata"]
        service = Metadata((ip, port), self._instance, self._ip, credentials)
        Thread(target=service.serve_forever, name="metadata", daemon=True).start()
        return service.url

    def _environment(self, metadata: str | None) -> dict[str, str]:
        """All that a script finds: a path, and where AWS is. As on an instance there is no HOME."""
        elsewhere = {} if self._isolated or metadata is None else {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata}
        return elsewhere | {
            "PATH": f"{self._folder / 'bin'}:{_SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "TMPDIR": "/tmp" if self._isolated else str(self._folder),  # noqa: S108  # the host's own
            "AWS_ENDPOINT_URL": self._told["control_plane"],
        }


def say(event: dict[str, Any]) -> None:
    """Tell the keeper."""
    os.write(1, (json.dumps(event) + "\n").encode())


def main() -> None:
    """Boot, live, and go down with the keeper."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    host = Host(json.loads(sys.stdin.readline()))
    Thread(target=host.follow, name="keeper", daemon=True).start()
    try:
        host.boot()
    except (TargetError, OSError) as error:
        host.leave(f"it could not boot: {error}")
    say({"event": "up"})
    host.live()


if __name__ == "__main__":
    main()

"""Namespaces: networks of hosts that the kernel takes back by itself.

No namespace has a name: each lives for as long as somebody holds it open or runs in it, its devices with it, and the other
ends of their cables too. So whatever is killed, nothing is left. Linux, as root; `ip`, `nsenter` and `setpriv` are needed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from threading import Thread

from tailgate.errors import TargetError

_CLONE_NEWNET = 0x40000000
_TOOLS = ("ip", "nsenter", "unshare", "setpriv", "mount")


def missing() -> str | None:
    """Why this host cannot have namespaces, None where it may try."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)} (Debian's iproute2 and util-linux)" if absent else None


class Namespace:
    """A network namespace, held open. Raises TargetError where the kernel refuses one."""

    def __init__(self) -> None:
        made: list[int | str] = []
        thread = Thread(target=lambda: made.append(_unshared()))  # what a thread leaves, its process does not
        thread.start()
        thread.join()
        if isinstance(made[0], str):
            raise TargetError(f"no network namespace could be made: {made[0]}")
        self._descriptor = made[0]

    @property
    def path(self) -> str:
        """What others open it by, for as long as it is held here."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def entering(self, *command: str) -> list[str]:
        """A command, as it is run inside; it dies with the thread that starts it."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.path}", *command]

    def ip(self, *lines: str) -> None:
        """Several `ip` commands inside. Raises TargetError with what it said."""
        _ip(self.entering("ip", "-batch", "-"), lines)

    def forward(self) -> None:
        """Let packets pass through it."""
        run(self.entering("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))

    def close(self) -> None:
        """Hold it no longer; who runs in it still keeps it."""
        os.close(self._descriptor)


def ip(*lines: str) -> None:
    """Several `ip` commands in this process's own network. Raises TargetError with what it said."""
    _ip(["ip", "-batch", "-"], lines)


def run(command: Sequence[str], text: str = "") -> None:
    """Run to the end. Raises TargetError with what it wrote."""
    ended = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise TargetError(f"`{' '.join(command)}` failed: {' '.join(ended.stderr.split())}")


def _ip(command: Sequence[str], lines: Sequence[str]) -> None:
    run(command, "".join(f"{line}\n" for line in lines))


def _unshared() -> int | str:
    """A new network namespace of the calling thread's, as a descriptor; or why there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        return os.strerror(ctypes.get_errno())
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

"""Files: an emulated host's own. It sees this host's, and what it writes is kept in its memory and gone with it.

Each top folder is an overlay in the host's own mount namespace, so that a bootstrap may write to /opt, /var or /etc as on an instance.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from tailgate.errors import TargetError
from tailgate.vantage.emulated.namespaces import run

_KEPT = {"proc", "sys", "dev", "lost+found"}
_BELOW = Path("/mnt")  # where what is written lies, out of sight once all overlays hold it
OWN_FILES = ("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(_BELOW))
"""What it begins with: where that is refused, no host has files of its own."""


def make_own() -> list[str]:
    """Lay an overlay over each top folder; returns those where that was refused, which stay shared. Raises TargetError."""
    run(OWN_FILES)
    mounts = _mount_points()
    refused = []
    for folder in sorted(Path("/").iterdir()):
        if folder.is_symlink() or not folder.is_dir() or folder.name in _KEPT or folder == _BELOW:
            continue
        try:
            _overlay(folder, [mount for mount in mounts if folder in mount.parents])
        except TargetError:
            refused.append(str(folder))
    run(["umount", "--lazy", str(_BELOW)])
    return refused


def name_hosts(names: Iterable[tuple[str, str]]) -> None:
    """Let names resolve to addresses: (name, ip)."""
    with Path("/etc/hosts").open("a") as file:
        file.writelines(f"{ip} {name}\n" for name, ip in names)


def _overlay(folder: Path, inside: list[Path]) -> None:
    """Over one folder. inside: what is mounted below it, which an overlay does not see and gets again."""
    upper, work = _BELOW / folder.name / "upper", _BELOW / folder.name / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    with contextlib.ExitStack() as held:
        handles = []
        for mount in inside:
            with contextlib.suppress(OSError):
                handles.append((mount, os.open(mount, os.O_PATH)))
                held.callback(os.close, handles[-1][1])
        mode = folder.stat().st_mode & 0o7777
        upper.chmod(mode)
        run(["mount", "-t", "overlay", "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", "overlay", str(folder)])
        for mount, handle in handles:
            with contextlib.suppress(TargetError):
                run(["mount", "--bind", f"/proc/{os.getpid()}/fd/{handle}", str(mount)])


def _mount_points() -> list[Path]:
    """Outermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sorted({Path(line.split()[4]) for line in lines})

"""Watch: notices when a process that a run depends on dies."""

from __future__ import annotations

from collections.abc import Mapping

import psutil  # type: ignore[import-untyped]  # it ships no types

from tailgate.errors import GeneratorError


class Watch:
    """Processes on this host that must live, by name. Raises GeneratorError when one of them is dead to begin with."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._watched: dict[str, psutil.Process] = {}
        for name, pid in processes.items():
            try:
                self._watched[name] = psutil.Process(pid)
            except psutil.NoSuchProcess:
                raise GeneratorError(_obituary(name, pid, "died before the load began")) from None
            if not _lives(self._watched[name]):
                raise GeneratorError(_obituary(name, pid, "died before the load began"))

    def deaths(self) -> list[str]:
        """A sentence for each process that died since."""
        dead = [name for name, process in self._watched.items() if not _lives(process)]
        return [_obituary(name, self._watched.pop(name).pid, "died during the run") for name in dead]


def _lives(process: psutil.Process) -> bool:
    """Whether it runs: neither gone, nor a zombie, nor another process that was given its id."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _obituary(name: str, pid: int, when: str) -> str:
    return f"{name} (pid {pid}) {when}; look at its log, and run again"

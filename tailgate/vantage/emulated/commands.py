"""Commands: shell scripts on an emulated host, as Systems Manager's agent and cloud-init run them.

What a script leaves running goes on after it. Output goes to files, so that nobody waits for those who still hold them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from tailgate.targets.emulated.run_commands import STDERR_CHARACTERS, STDOUT_CHARACTERS

_FOLDER = "/usr/bin"  # where the agent runs scripts unless told otherwise
_LOOK_S = 0.05
_GRACE_S = 1.0
_OVERTIME_CODE = 137  # as a shell has it of what SIGKILL ended
_BYTES_PER_CHARACTER = 4


@dataclass(slots=True)
class Script:
    """One script. folder: where its files lie; it is made. environment: all that it finds. limit_s: how long it may run."""

    lines: list[str]
    folder: Path
    environment: Mapping[str, str]
    limit_s: float
    directory: str = ""
    cancelled: Event = field(default_factory=Event)

    def run(self, began: Callable[[subprocess.Popen[bytes]], None] = lambda _: None) -> dict[str, Any]:
        """Run it to its end, its time's, or until it is cancelled: code, stdout, stderr, overtime, cancelled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        script = self.folder / "_script.sh"
        script.write_text("\n".join(self.lines) + "\n")
        script.chmod(0o700)
        out, err = self.folder / "stdout", self.folder / "stderr"
        command = [str(script)] if self.lines and self.lines[0].startswith("#!") else ["sh", str(script)]
        try:
            with out.open("wb") as stdout, err.open("wb") as stderr:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    cwd=self.directory or _FOLDER,
                    env=dict(self.environment),
                    start_new_session=True,
                )
        except OSError as error:
            return {"code": 1, "stdout": "", "stderr": f"failed to run commands: {error}", "overtime": False, "cancelled": False}
        began(process)
        overtime = self._follow(process)
        code = process.wait()
        said = {"stdout": _first(out, STDOUT_CHARACTERS), "stderr": _first(err, STDERR_CHARACTERS)}
        return said | {"code": code if code >= 0 else _OVERTIME_CODE, "overtime": overtime, "cancelled": self.cancelled.is_set()}

    def _follow(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for its end, or make it; says whether it took too long."""
        until_s = time.monotonic() + self.limit_s
        while process.poll() is None:
            if self.cancelled.is_set() or time.monotonic() >= until_s:
                for number in (signal.SIGTERM, signal.SIGKILL):
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_GRACE_S)
                return not self.cancelled.is_set()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_S)
        return False


def _first(path: Path, characters: int) -> str:
    with path.open("rb") as file:
        return file.read(characters * _BYTES_PER_CHARACTER).decode(errors="replace")[:characters]

"""A checkout in which commands are run as people type them: by bash, with this Python's programs on the path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_MODULES = {"pytest": "pytest", "tailgate": "tailgate", "pytest-benchmark": "pytest_benchmark"}
"""Programs that pages call, and the modules that they are."""


class Checkout:
    """A folder with files of its own, where scripts run.

    environment: changes for every script; a script's own come on top.
    """

    def __init__(self, folder: Path, files: Mapping[str, str], environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        for name, text in files.items():
            self.write(name, text)
        for programs in (folder / ".venv" / "bin", folder / "bin"):
            for name, module in _MODULES.items():
                self.write(programs / name, f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n', executable=True)
            self.write(programs / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n', executable=True)
        self.environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", **(environment or {})}

    def run(self, script: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """As a shell runs a script that stops at the first command that fails."""
        command = ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        surroundings = {**self.environment, **(environment or {})}
        return subprocess.run(command, cwd=self.folder, env=surroundings, capture_output=True, text=True, timeout=240, check=False)

    def write(self, path: Path | str, text: str, *, executable: bool = False) -> None:
        """A file, with the folders that it is in."""
        there = self.folder / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text, encoding="utf-8")
        there.chmod(0o755 if executable else 0o644)

"""Shell lines as a shell understands them: run by bash, with programs that only note how they were called."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PROGRAMS = ("aws", "grep", "make", "mkdir", "pip", "pytest", "pytest-benchmark", "python", "python3", "ssh", "tailgate")
"""What pages and examples may call; anything else is not found, which fails."""

_NOTE = """#!/bin/sh
printf '%s\\0' "${0##*/}" "$@" >> "$NOTES"
printf '\\n\\0' >> "$NOTES"
"""

_BASH = "/bin/bash"


class Shell:
    """A folder with nothing in it but programs that note their words.

    folder: one of its own, where scripts run as well.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._notes = folder, folder / "notes"
        for bin_folder in (folder / "bin", folder / ".venv" / "bin"):
            bin_folder.mkdir(parents=True)
            for name in PROGRAMS:
                (bin_folder / name).write_text(_NOTE)
                (bin_folder / name).chmod(0o755)

    def calls(self, script: str, environment: Mapping[str, str] | None = None) -> list[list[str]]:
        """The words of each program that a script calls, in order; fails where it calls anything else, or an unset variable."""
        self._notes.write_bytes(b"")
        environment = {"PATH": str(self._folder / "bin"), "NOTES": str(self._notes), **(environment or {})}
        command = [_BASH, "--noprofile", "--norc", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        words = self._notes.read_text(encoding="utf-8").split("\0")
        return list(_split(words[:-1], "\n"))


def check_syntax(script: str) -> None:
    """Fails unless `bash -n` takes the script."""
    done = subprocess.run([_BASH, "-n"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{script}\n{done.stderr}"


def lines_of(page: str) -> Iterator[str]:
    """The commands that a page shows: in `console` blocks after `$ `, in `sh` blocks each line; continued lines are one."""
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        joined = re.sub(r"\\\n\s*", "", block)
        if language == "console":
            yield from (line[2:] for line in joined.splitlines() if line.startswith("$ "))
        if language == "sh":
            yield from (line for line in joined.splitlines() if line and not line.startswith("#"))


def blocks_of(page: str, language: str) -> list[str]:
    """What stands in a page's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def _split(words: Iterable[str], end: str) -> Iterator[list[str]]:
    call: list[str] = []
    for word in words:
        if word == end:
            yield call
            call = []
        else:
            call.append(word)

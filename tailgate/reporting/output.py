"""Output: where a command writes what it was asked to write: standard output, a device, or a file that is whole or absent."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tailgate.errors import PlanError
from tailgate.reporting.durable import written_durably

STANDARD_OUTPUT = "-"
_MEASURED = b"tailgate-"
"""What samples and connections begin with."""


def check_output(name: str | Path | None) -> None:
    """Refuse a file that could not be written, before there is anything to write. Raises PlanError."""
    if name is None or name == STANDARD_OUTPUT:
        return
    path = Path(name).resolve()
    if path.is_dir():
        raise PlanError(f"{name} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise PlanError(f"{name} cannot be written: there is no folder {path.parent}")
    if not os.access(path if path.exists() and not path.is_file() else path.parent, os.W_OK):
        raise PlanError(f"{name} cannot be written: permission denied")
    if path.is_file() and _holds_runs(path):
        raise PlanError(f"{name} holds measurements, which would be lost; name another file")


def forget_output() -> None:
    """The reader of a pipe has seen enough, as `| head` does; else the interpreter complains when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextlib.contextmanager
def output(name: str) -> Iterator[TextIO]:
    """Standard output for `-`, a device or pipe as it is, else a file that appears when it is complete. Raises OSError.

    A reader of standard output that has seen enough is no error: the exit code is about what was read, not about that.
    """
    path = Path(name)
    if name == STANDARD_OUTPUT:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            forget_output()
    elif path.exists() and not path.is_file() and not path.is_dir():
        with path.open("w", encoding="utf-8", newline="") as text:
            yield text
    else:
        with written_durably(path.resolve()) as file:  # renaming over a link would replace the link
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.detach()  # writes what is left; the file stays open to be synced


def _holds_runs(path: Path) -> bool:
    """Whether it is a run, a benchmark JSON, samples or connections; what commands wrote may be written again."""
    try:
        raw = path.read_bytes()
        fields = None if raw.startswith(_MEASURED) else json.loads(raw)
    except (OSError, ValueError, RecursionError):
        return False
    return fields is None or (isinstance(fields, dict) and (fields.get("record") == "tailgate-run" or "benchmarks" in fields))

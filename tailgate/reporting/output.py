"""Output: where a command writes what it was asked to write: standard output, a device, or a file that is whole or absent."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tailgate.errors import PlanError
from tailgate.reporting.durable import written_durably

STANDARD_OUTPUT = "-"


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


@contextlib.contextmanager
def output(name: str) -> Iterator[TextIO]:
    """Standard output for `-`, a device or pipe as it is, else a file that appears when it is complete. Raises OSError."""
    path = Path(name)
    if name == STANDARD_OUTPUT:
        yield sys.stdout
    elif path.exists() and not path.is_file() and not path.is_dir():
        with path.open("w", encoding="utf-8", newline="") as text:
            yield text
    else:
        with written_durably(path.resolve()) as file:  # renaming over a link would replace the link
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.detach()  # writes what is left; the file stays open to be synced

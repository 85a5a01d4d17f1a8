"""Kernel files: such as those of /proc, which are made anew for each reading."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

_MOST_BYTES = 1 << 16


class Source:
    """A file that the kernel writes anew for each reading; silent where it cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._file: FileIO | None = FileIO(path)
        except OSError:
            self._file = None

    def text(self) -> str:
        """What it says now; empty where there is nothing to be had."""
        if self._file is None:
            return ""
        try:
            self._file.seek(0)
            return self._file.read(_MOST_BYTES).decode("ascii", "replace")
        except OSError:
            return ""

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def whole(path: Path) -> str:
    """A file that is read once; empty where it cannot be."""
    source = Source(path)
    text = source.text()
    source.close()
    return text

"""Naming: paths in a case are relative to the file that names them, wherever pytest was started."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import FrameType

_NOT_NAMING = (str(Path(__file__).resolve().parents[1]), dataclasses.__file__, "<")


def naming_folder() -> Path:
    """The folder of the first file outside this package on the call stack: the one that names a path."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_NOT_NAMING):
            return Path(file).resolve().parent
        frame = frame.f_back
    return Path.cwd()

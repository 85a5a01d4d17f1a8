"""Payload: the bytes that each request carries, given as bytes or as a path relative to the file that names it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import FrameType

from tailgate.errors import PlanError

LARGEST_BYTES = 6_291_456
"""SageMaker's limit for the body of a synchronous invocation (InvokeEndpoint, service quotas)."""

_NOT_NAMING = (str(Path(__file__).resolve().parents[1]), dataclasses.__file__, "<")


def naming_folder() -> Path:
    """The folder of the first file outside this package on the call stack: the one that names a payload.

    A path in a case is relative to that file, wherever pytest was started.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_NOT_NAMING):
            return Path(file).resolve().parent
        frame = frame.f_back
    return Path.cwd()


def read_payload(payload: bytes | Path, what: str) -> bytes:
    """The payload's bytes. Raises PlanError naming `what` when the file is absent, unreadable, or too large."""
    if isinstance(payload, Path):
        try:
            if payload.stat().st_size > LARGEST_BYTES:
                raise PlanError(_too_large(what, f"payload {payload}", payload.stat().st_size))
            return payload.read_bytes()
        except OSError as error:
            why = f"{error.strerror}; the path is relative to the file that names it"
            raise PlanError(f"{what}: payload {payload} cannot be read: {why}") from None
    if len(payload) > LARGEST_BYTES:
        raise PlanError(_too_large(what, "the payload", len(payload)))
    return payload


def _too_large(what: str, payload: str, size_bytes: int) -> str:
    return f"{what}: {payload} has {size_bytes} bytes; SageMaker takes at most {LARGEST_BYTES} in one synchronous invocation"

"""Recorder: one row per request, kept in memory for a moment and then written to the samples file."""

from __future__ import annotations

import math
import os
from pathlib import Path

from tailgate.errors import GeneratorError
from tailgate.generator.connection import Connection
from tailgate.samples import RECORD_STRUCT, Error, Header, write_header

_NAN = math.nan


class Recorder:
    """Writes a samples file while the load runs. Raises GeneratorError when it cannot.

    rows: how many requests have their row. failed: how many of them failed.
    """

    def __init__(self, path: Path) -> None:
        self.rows = self.failed = 0
        self._path = path
        self._origin_s = 0.0
        self._buffer = bytearray()
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise self._explain(error) from None

    def begin(self, header: Header) -> None:
        """Write the header; rows tell times from its origin."""
        self._origin_s = header.origin_monotonic_s
        try:
            write_header(self._file, header)
        except OSError as error:
            raise self._explain(error) from None

    def outcome(self, due_s: float, connection: Connection, done_s: float | None, error: Error, payload: int = 0) -> None:
        """The row of a request that was sent; done_s is None when its response never was complete."""
        first_s, response = connection.first_byte_s, connection.response
        self._buffer += RECORD_STRUCT.pack(
            due_s - self._origin_s,
            connection.sent_s - due_s,
            _NAN if first_s is None else first_s - due_s,
            _NAN if done_s is None else done_s - due_s,
            response.length,
            connection.number,
            connection.requests - 1,
            response.status,
            error,
            payload,
            0,
            connection.waited,
        )
        self.rows += 1
        self.failed += error != 0

    def unsent(self, due_s: float, waited: bool, error: Error, payload: int = 0) -> None:
        """The row of a request that never was sent."""
        self._buffer += RECORD_STRUCT.pack(due_s - self._origin_s, _NAN, _NAN, _NAN, 0, 0, 0, 0, error, payload, 0, waited)
        self.rows += 1
        self.failed += 1

    def flush(self) -> bytes:
        """Write the rows that are new since the last flush, and give them out."""
        rows = bytes(self._buffer)
        self._buffer.clear()
        try:
            _write_all(self._file.fileno(), rows)
        except OSError as error:
            raise self._explain(error) from None
        return rows

    def close(self) -> None:
        """Put the file safely on disk."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._explain(error) from None

    def _explain(self, error: OSError) -> GeneratorError:
        return GeneratorError(f"samples cannot be written to {self._path} ({error.strerror}); check the folder, and the space on its disk")


def _write_all(file_descriptor: int, rows: bytes) -> None:
    written = 0
    while written < len(rows):
        written += os.write(file_descriptor, memoryview(rows)[written:])

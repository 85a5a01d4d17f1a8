"""Recorder: one row per request and one per connection, kept in memory for a moment and then written to their files."""

from __future__ import annotations

import math
import os
import time
from io import FileIO
from pathlib import Path

from tailgate.connection_table import CONNECTION_STRUCT, connections_path, pack_address, write_layout
from tailgate.errors import GeneratorError
from tailgate.generator.connection import Connection
from tailgate.generator.response import seconds_ahead
from tailgate.generator.wiring import Opening
from tailgate.samples import RECORD_STRUCT, Error, Header, write_header

_NAN = math.nan
_REFUSED = frozenset({Error.DENIED, Error.EXPIRED_CREDENTIALS, Error.CLOCK_SKEW})


class Recorder:
    """Writes a samples file, and its connections beside it, while the load runs. Raises GeneratorError when it cannot.

    rows: how many requests have their row. failed: how many of them failed. refused_since_s: since when, on the monotonic clock,
    nothing came back but that the caller itself is refused, None while other things do; refused_as: how. clock_ahead_s: by how much
    this host's clock was ahead, where the server refused requests for that.
    """

    def __init__(self, path: Path) -> None:
        self.rows = self.failed = 0
        self.refused_since_s: float | None = None
        self.refused_as = Error.NONE
        self.clock_ahead_s: float | None = None
        self._path = path
        self._origin_s = 0.0
        self._buffer = bytearray()
        self._opened: list[tuple[int, Opening]] = []
        self._adopted = bytearray()
        try:
            self._file = _overwritten(path)
            self._connections = _overwritten(connections_path(path))
        except OSError as error:
            raise self._explain(error) from None

    def begin(self, header: Header) -> None:
        """Write the headers; rows tell times from this one's origin."""
        self._origin_s = header.origin_monotonic_s
        try:
            write_layout(self._connections)
            write_header(self._file, header)
        except OSError as error:
            raise self._explain(error) from None

    def opened(self, connection: Connection) -> None:
        """The row of a connection, due when it is open."""
        self._opened.append((connection.number, connection.opening))

    def outcome(self, due_s: float, connection: Connection, done_s: float | None, error: Error, payload: int = 0, arm: int = 0) -> None:
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
            arm,
            connection.waited,
            connection.send_s,
        )
        self.rows += 1
        self.failed += error != 0
        if error in _REFUSED:
            self._note_refusal(connection, error)
        else:
            self.refused_since_s = None

    def unsent(self, due_s: float, waited: bool, error: Error, payload: int = 0, arm: int = 0) -> None:
        """The row of a request that never was sent."""
        self._buffer += RECORD_STRUCT.pack(due_s - self._origin_s, _NAN, _NAN, _NAN, 0, 0, 0, 0, error, payload, arm, waited, _NAN)
        self.rows += 1
        self.failed += 1

    def adopt(self, rows: bytes, connections: bytes, count: int, failed: int) -> None:
        """Take rows of requests and of connections that another process of the same run has packed."""
        self._buffer += rows
        self._adopted += connections
        self.rows += count
        self.failed += failed

    def flush(self) -> bytes:
        """Write the rows that are new since the last flush, and give out those of requests.

        A connection's row is on its way to the disk before any that refers to it.
        """
        rows, connections = bytes(self._buffer), self._adopted + b"".join(self._connection_row(*one) for one in self._opened)
        for kept in (self._buffer, self._adopted, self._opened):
            kept.clear()
        try:
            _write_all(self._connections.fileno(), connections)
            _write_all(self._file.fileno(), rows)
        except OSError as error:
            raise self._explain(error) from None
        return rows

    def close(self) -> None:
        """Put the files safely on disk."""
        try:
            for file in (self._connections, self._file):
                os.fsync(file.fileno())
                file.close()
        except OSError as error:
            raise self._explain(error) from None

    def _connection_row(self, number: int, opening: Opening) -> bytes:
        opened_s = opening.opened_s - self._origin_s
        remote = pack_address(opening.remote)
        return CONNECTION_STRUCT.pack(number, opened_s, opening.dns_s, opening.tcp_s, opening.tls_s, remote)

    def _note_refusal(self, connection: Connection, error: Error) -> None:
        self.refused_since_s = time.monotonic() if self.refused_since_s is None else self.refused_since_s
        self.refused_as = error
        if error == Error.CLOCK_SKEW:
            self.clock_ahead_s = seconds_ahead(connection.response.date, time.time())

    def _explain(self, error: OSError) -> GeneratorError:
        return GeneratorError(f"samples cannot be written to {self._path} ({error.strerror}); check the folder, and the space on its disk")


def _overwritten(path: Path) -> FileIO:
    return path.open("wb", buffering=0)


def _write_all(file_descriptor: int, rows: bytes | bytearray) -> None:
    written = 0
    while written < len(rows):
        written += os.write(file_descriptor, memoryview(rows)[written:])

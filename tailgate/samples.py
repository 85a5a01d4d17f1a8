"""Samples: what happened to each request, as columns in memory and as fixed-size records on disk.

A samples file is one line `tailgate-samples 1`, one line of JSON (the header: what was scheduled, and the layout of
a record), then records of RECORD.itemsize bytes, little-endian, in the order of completion. It is written while the
load runs, so that a killed generator loses at most its last buffer; an incomplete last record is dropped on reading.
"""

from __future__ import annotations

import enum
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tailgate.errors import SamplesError

MAGIC = b"tailgate-samples 1\n"

RECORD_STRUCT = struct.Struct("<dfffIIIHBBBB")
RECORD = np.dtype(
    [
        ("due_s", "<f8"),  # when the schedule wanted it sent, seconds from the run's start
        ("sent_after_s", "<f4"),  # due → the request was handed to the kernel (the send lag); NaN: never sent
        ("first_byte_after_s", "<f4"),  # due → first byte of the response; NaN: none came
        ("done_after_s", "<f4"),  # due → the response was complete; NaN: it never was
        ("bytes", "<u4"),  # of the response's body
        ("connection", "<u4"),  # number of the connection in this run, from 0
        ("request", "<u4"),  # number of the request on its connection, from 0: 0 is the first
        ("status", "<u2"),  # HTTP status, 0 without a response
        ("error", "u1"),  # Error
        ("payload", "u1"),  # which of the order's payloads
        ("arm", "u1"),  # which arm of a paired run, 0 otherwise
        ("waited", "u1"),  # 1: no connection was free, and its send lag is that wait; 0: the lag is the generator's
    ]
)


class Error(enum.IntEnum):
    """What went wrong with a request; everything but NONE is an exceedance of every percentile limit."""

    NONE = 0
    THROTTLED = 1
    MODEL_ERROR = 2
    CLIENT_ERROR = 3
    SERVER_ERROR = 4
    WRONG_ANSWER = 5
    REDIRECT = 6
    BAD_RESPONSE = 7
    CONNECT_FAILED = 8
    CONNECTION_LOST = 9
    TIMEOUT = 10
    CENSORED = 11
    UNSENT = 12

    @property
    def label(self) -> str:
        """How people read it: `connection lost`."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Header:
    """What a samples file says of itself.

    scheduled: requests due in the whole run, warm-up included. origin_monotonic_s, origin_unix_s: the run's start
    (due 0) on the host's monotonic and wall clocks. clock: which instruments stamped the times. address: the url.
    """

    scheduled: int
    warmup_s: float
    for_s: float
    origin_monotonic_s: float
    origin_unix_s: float
    clock: str
    address: str


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one run, in due order.

    records: shape (n,), dtype RECORD. faults: why the run cannot be trusted, as the generator and its parent saw it;
    empty when nothing was amiss. stopped_s: when the load was ended before its time, seconds from the start. host: what
    the generating host went through meanwhile, by counter (generator/host.py says of each); empty when nobody told.
    """

    header: Header
    records: NDArray[np.void]
    faults: tuple[str, ...] = ()
    stopped_s: float | None = None
    host: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def after_warmup(self) -> Samples:
        """The samples that are judged: those due at or after the end of the warm-up."""
        return replace(self, records=self.records[self.records["due_s"] >= self.header.warmup_s])

    @property
    def due_s(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start."""
        return self.records["due_s"].astype(np.float64)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Whether each request failed, shape (n,): any error, also one that was answered."""
        return np.asarray(self.records["error"] != Error.NONE)

    @property
    def response_s(self) -> NDArray[np.float64]:
        """Response times, done − due, shape (n,), seconds; infinite for a request that failed."""
        return self._after("done_after_s", 0.0)

    @property
    def service_s(self) -> NDArray[np.float64]:
        """Service times, done − sent, shape (n,), seconds; infinite for a request that failed."""
        return self._after("done_after_s", self.records["sent_after_s"].astype(np.float64))

    @property
    def send_lag_s(self) -> NDArray[np.float64]:
        """Send lags, sent − due, shape (n,), seconds: the generator's honesty; infinite for one never sent."""
        lag = self.records["sent_after_s"].astype(np.float64)
        return np.where(np.isnan(lag), np.inf, lag)

    def errors(self) -> dict[str, int]:
        """How many requests failed, by kind."""
        kinds, counts = np.unique(self.records["error"], return_counts=True)
        return {Error(kind).label: int(count) for kind, count in zip(kinds, counts, strict=True) if kind != Error.NONE}

    def per_second(self, exceeds: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Requests and exceedances per second of due time, shapes (seconds,), from the first judged second on.

        Seconds are counted from the end of the warm-up; the last, partial second is kept.
        """
        second = np.maximum(0, np.floor(self.due_s - self.header.warmup_s)).astype(np.int64)
        length = int(second.max()) + 1 if len(second) else 0
        return np.bincount(second, minlength=length), np.bincount(second[exceeds], minlength=length)

    def _after(self, column: str, start: NDArray[np.float64] | float) -> NDArray[np.float64]:
        times = self.records[column].astype(np.float64) - start
        return np.where(self.failed | np.isnan(times), np.inf, times)


def write_header(file: BinaryIO, header: Header) -> None:
    """Begin a samples file."""
    layout = [[name, RECORD[name].str] for name in RECORD.names or ()]
    file.write(MAGIC + json.dumps({**asdict(header), "record": layout}).encode() + b"\n")


def read_samples(path: Path, faults: tuple[str, ...] = (), stopped_s: float | None = None) -> Samples:
    """Read a samples file, in due order. Raises SamplesError saying what is wrong with it."""
    try:
        with path.open("rb") as file:
            magic, line, body = file.readline(64), file.readline(1 << 20), file.read()
    except OSError as error:
        raise SamplesError(f"samples {path} cannot be read: {error.strerror}") from None
    header, layout = _header(path, magic, line)
    whole = len(body) - len(body) % layout.itemsize
    stored = np.frombuffer(body[:whole], dtype=layout)
    records = np.zeros(len(stored), dtype=RECORD)
    for name in set(layout.names or ()) & set(RECORD.names or ()):
        records[name] = stored[name]
    return Samples(header, records[np.argsort(records["due_s"], kind="stable")], faults, stopped_s)


def _header(path: Path, magic: bytes, line: bytes) -> tuple[Header, np.dtype[np.void]]:
    if magic != MAGIC:
        later = magic.startswith(MAGIC[:17])
        raise SamplesError(
            f"samples {path} are of another format version ({magic.decode('latin-1').strip()}); read them with a newer tailgate"
            if later
            else f"{path} is not a samples file: it does not begin with '{MAGIC.decode().strip()}'"
        )
    try:
        raw = json.loads(line)
        known = {field.name: raw[field.name] for field in fields(Header)}
        return Header(**known), np.dtype([(name, code) for name, code in raw["record"]])
    except (ValueError, KeyError, TypeError) as error:
        raise SamplesError(f"samples {path}: the header is damaged ({error!r}); the run's JSON beside it may still be read") from None

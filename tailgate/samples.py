"""Samples: what happened to each request, as columns in memory and as fixed-size records on disk.

A samples file is one line `tailgate-samples 1`, one line of JSON (the header: what was scheduled, and the layout of
a record), then records of RECORD.itemsize bytes, little-endian, in the order of completion. It is written while the
load runs, so that a killed generator loses at most its last buffer; an incomplete last record is dropped on reading.
What opening its connections took lies in a file beside it (connection_table.py); files without are read as well.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tailgate.connection_table import no_connections, read_connections
from tailgate.errors import SamplesError
from tailgate.failures import Error as Error  # a part of what samples tell

MAGIC = b"tailgate-samples 1\n"

RECORD_STRUCT = struct.Struct("<dfffIIIHBBBBe")
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
        ("send_s", "<f2"),  # sent → the whole request was handed to the kernel; NaN: it never was
    ]
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a samples file says of itself.

    scheduled: requests due in the whole run, warm-up included; None in a closed loop, where answers decide.
    origin_monotonic_s, origin_unix_s: the run's start (due 0) on the host's monotonic and wall clocks. clock: which
    instruments stamped the times. address: the url; second_address: that of arm 1, in a run of two arms.
    """

    scheduled: int | None
    warmup_s: float
    for_s: float
    origin_monotonic_s: float
    origin_unix_s: float
    clock: str
    address: str
    second_address: str | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one run, in due order.

    records: shape (n,), dtype RECORD. faults: why the run cannot be trusted, as the generator and its parent saw it;
    empty when nothing was amiss. stopped_s: when the load was ended before its time, seconds from the start. enough_s: the
    judged seconds that were enough, where that is why it was ended; None otherwise. host: what
    the generating host went through meanwhile, by counter (generator/host.py says of each); empty when nobody told.
    connections: the run's connection table by number, dtype CONNECTION; empty where it is not known.
    """

    header: Header
    records: NDArray[np.void]
    faults: tuple[str, ...] = ()
    stopped_s: float | None = None
    enough_s: float | None = None
    host: Mapping[str, float] = field(default_factory=dict)
    connections: NDArray[np.void] = field(default_factory=no_connections)

    def __len__(self) -> int:
        return len(self.records)

    def after_warmup(self) -> Samples:
        """The samples that are judged: those due at or after the end of the warm-up, and before enough were seen."""
        since_s = self.records["due_s"] - self.header.warmup_s
        end = None if self.enough_s is None else np.searchsorted(since_s, self.enough_s)
        return replace(self, records=self.records[np.searchsorted(self.records["due_s"], self.header.warmup_s) : end])

    def of_arm(self, arm: int) -> Samples:
        """The samples of one arm of a paired run, as a run of its own; which requests were meant for it is not told."""
        address = self.header.address if arm == 0 else self.header.second_address or ""
        header = replace(self.header, scheduled=None, address=address, second_address=None)
        return replace(self, header=header, records=self.records[self.records["arm"] == arm])

    @property
    def arm(self) -> NDArray[np.uint8]:
        """Which arm each request went to, shape (n,): 0 or 1 in a paired run, 0 otherwise."""
        return self.records["arm"].astype(np.uint8)

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
    def first_byte_s(self) -> NDArray[np.float64]:
        """Times to the first byte, first byte − due, shape (n,), seconds; infinite for a request that failed."""
        return self._after("first_byte_after_s", 0.0)

    @property
    def service_s(self) -> NDArray[np.float64]:
        """Service times, done − sent, shape (n,), seconds; infinite for a request that failed."""
        return self._after("done_after_s", self.records["sent_after_s"].astype(np.float64))

    @property
    def send_lag_s(self) -> NDArray[np.float64]:
        """Send lags, sent − due, shape (n,), seconds: the generator's honesty; infinite for one never sent."""
        lag = self.records["sent_after_s"].astype(np.float64)
        return np.where(np.isnan(lag), np.inf, lag)

    @property
    def connection_age_s(self) -> NDArray[np.float64]:
        """How long each request's connection had been open when it was sent, shape (n,), seconds; NaN where unknown."""
        age_s = self.due_s + self.records["sent_after_s"] - self.of_connection("opened_s")
        return np.asarray(np.maximum(age_s, 0.0))

    @property
    def connection_rows(self) -> NDArray[np.int64]:
        """Where in `connections` each request's connection stands, shape (n,); −1 for one sent on none that is known."""
        numbers, wanted = self.connections["number"].astype(np.int64), self.records["connection"].astype(np.int64)
        if not len(numbers):
            return np.full(len(self), -1)
        gapless = numbers[-1] == len(numbers) - 1
        rows = np.minimum(wanted if gapless else np.searchsorted(numbers, wanted), len(numbers) - 1)
        return np.where((numbers[rows] == wanted) & ~np.isnan(self.records["sent_after_s"]), rows, -1)

    def of_connection(self, column: str) -> NDArray[np.float64]:
        """A column of `connections` for each request, shape (n,), such as tls_s; NaN where the connection is unknown."""
        return np.append(self.connections[column].astype(np.float64), np.nan)[self.connection_rows]

    def errors(self) -> dict[str, int]:
        """How many requests failed, by kind."""
        kinds, counts = np.unique(self.records["error"], return_counts=True)
        return {Error(kind).label: int(count) for kind, count in zip(kinds, counts, strict=True) if kind != Error.NONE}

    def per_second(self, exceeds: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Requests and exceedances per second of due time, shapes (seconds,), from the first judged second on.

        Seconds are counted from the end of the warm-up; the last, partial second is kept. Silent ones at the end are left out,
        but not where it is known how many were enough.
        """
        return counts_per_second(self.due_s, self.header.warmup_s, exceeds, least=int(self.enough_s or 0))

    def _after(self, column: str, start: NDArray[np.float64] | float) -> NDArray[np.float64]:
        times = self.records[column].astype(np.float64) - start
        return np.where(self.failed | np.isnan(times), np.inf, times)


def counts_per_second(
    due_s: NDArray[np.float64], warmup_s: float, exceeds: NDArray[np.bool_], *, least: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`Samples.per_second` of requests of which only the due times are at hand, both shapes (n,); `least` seconds at least."""
    second = np.maximum(0, np.floor(due_s - warmup_s)).astype(np.int64)
    length = max(least, int(second.max()) + 1 if len(second) else 0)
    return np.bincount(second, minlength=length), np.bincount(second[exceeds], minlength=length)


def write_header(file: BinaryIO, header: Header) -> None:
    """Begin a samples file."""
    layout = [[name, RECORD[name].str] for name in RECORD.names or ()]
    file.write(MAGIC + json.dumps({**asdict(header), "record": layout}).encode() + b"\n")


def read_samples(path: Path, faults: tuple[str, ...] = (), stopped_s: float | None = None) -> Samples:
    """Read a samples file, in due order, and its connections. Raises SamplesError saying what is wrong with them."""
    try:
        with path.open("rb") as file:
            header, layout = _header(path, file.readline(64), file.readline(1 << 20))
            stored = np.fromfile(file, dtype=layout)
    except OSError as error:
        raise SamplesError(f"samples {path} cannot be read: {error.strerror}") from None
    order = np.argsort(stored["due_s"], kind="stable")
    records = stored[order] if layout == RECORD else _translated(stored[order])
    return Samples(header, records, faults, stopped_s, connections=read_connections(path))


def _translated(stored: NDArray[np.void]) -> NDArray[np.void]:
    """Records of another version's layout in ours: what they do not tell is 0, a time not a number."""
    records = np.zeros(len(stored), dtype=RECORD)
    records["send_s"] = np.nan
    for name in set(stored.dtype.names or ()) & set(RECORD.names or ()):
        records[name] = stored[name]
    return records


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
        known = {field.name: raw[field.name] for field in fields(Header) if field.name in raw or field.default is MISSING}
        layout = np.dtype([(name, code) for name, code in raw["record"]])
        if layout.hasobject or "due_s" not in (layout.names or ()):
            raise ValueError(f"no layout of samples: {raw['record']}")
        return Header(**known), layout
    except (ValueError, KeyError, TypeError) as error:
        raise SamplesError(f"samples {path}: the header is damaged ({error!r}); the run's JSON beside it may still be read") from None

"""Samples as CSV, one request a line, for whatever reads tables.

due_s               when the schedule wanted it sent, seconds from the run's start
judged              1 after the warm-up, 0 during it
sent_after_s, first_byte_after_s, done_after_s      seconds from the due time; empty where it never came to that
response_s, service_s, send_lag_s                   done - due, done - sent, sent - due; the first two are empty
                                                    for a request that failed, even if it was answered
status, error       HTTP status (0 without a response); what went wrong, empty when nothing did
body_bytes, connection, request, payload, arm       as in samples.py
send_s, wait_s, receive_s                           phases (analysis/phases.py); empty where it never came to that
dns_s, tcp_s, tls_s                                 the same; empty unless its connection opened when it was due already
connection_age_s, remote                            how long its connection had been open, and to which address; empty
                                                    where it is not known
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.phases import phases
from tailgate.analysis.remotes import addresses_in
from tailgate.connection_table import address_text
from tailgate.errors import RecordError, SamplesError
from tailgate.reporting.run_file import read_run
from tailgate.reporting.session_folder import SESSIONS_WITH_SAMPLES
from tailgate.samples import MAGIC, Error, Samples, read_samples

COLUMNS = (
    *("due_s", "judged", "sent_after_s", "first_byte_after_s", "done_after_s", "response_s", "service_s", "send_lag_s"),
    *("status", "error", "body_bytes", "connection", "request", "payload", "arm"),
    *("send_s", "wait_s", "receive_s", "dns_s", "tcp_s", "tls_s", "connection_age_s", "remote"),
)

_AT_ONCE = 20_000
_ERRORS = {kind.value: "" if kind is Error.NONE else kind.label for kind in Error}


def samples_in(path: Path) -> Samples:
    """The samples of a run file, its own arm's where there are two, or of a samples file. Raises RecordError, SamplesError."""
    if _start(path)[:1] not in (b"{", b""):
        return read_samples(path)
    run = read_run(path)
    beside = path.parent / run.samples
    if not beside.exists():
        raise SamplesError(
            f"{path}: its samples {beside.name} are gone; raw samples of the newest {SESSIONS_WITH_SAMPLES} sessions are kept"
        )
    return run.own(read_samples(beside))


def is_record(path: Path) -> bool:
    """Whether a file is a run, another JSON, or a samples file: nothing to write a table over. Raises RecordError."""
    return _start(path).startswith((b"{", MAGIC[:16]))


def write_csv(samples: Samples, file: TextIO) -> None:
    """Write a header row and one row per request, in due order. Raises OSError as the file does."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for start in range(0, len(samples), _AT_ONCE):
        part = replace(samples, records=samples.records[start : start + _AT_ONCE])
        writer.writerows(_rows(part))


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC))
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None


def _rows(samples: Samples) -> Iterator[tuple[object, ...]]:
    records, found = samples.records, phases(samples)
    return zip(
        _seconds(samples.due_s),
        (samples.due_s >= samples.header.warmup_s).astype(int).tolist(),
        *(_seconds(records[name]) for name in ("sent_after_s", "first_byte_after_s", "done_after_s")),
        *(_seconds(times) for times in (samples.response_s, samples.service_s, samples.send_lag_s)),
        records["status"].tolist(),
        [_ERRORS.get(number, f"error {number}") for number in records["error"].tolist()],
        *(records[name].tolist() for name in ("bytes", "connection", "request", "payload", "arm")),
        *(_seconds(found[name]) for name in ("send", "wait", "receive", "dns", "tcp", "tls")),
        _seconds(samples.connection_age_s),
        _remotes(samples),
        strict=True,
    )


def _remotes(samples: Samples) -> list[str]:
    """The address each request went to; empty where its connection is unknown."""
    addresses, numbers = addresses_in(samples)
    texts = [*(address_text(address.tobytes()) for address in addresses), ""]
    of_connection = np.append(numbers, -1)
    return [texts[number] for number in of_connection[samples.connection_rows].tolist()]


def _seconds(times_s: NDArray[np.floating]) -> list[str]:
    """Nanoseconds resolved; empty for what is not finite."""
    return [f"{time_s:.9f}" if math.isfinite(time_s) else "" for time_s in times_s.tolist()]

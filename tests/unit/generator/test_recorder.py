"""What is recorded is what samples read."""

from __future__ import annotations

import ipaddress
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailgate.connection_table import address_text
from tailgate.errors import GeneratorError
from tailgate.generator import recorder as recorders
from tailgate.generator.recorder import Recorder
from tailgate.generator.wiring import Opening
from tailgate.samples import Error, Header, read_samples

HEADER = Header(scheduled=3, warmup_s=0.0, for_s=1.0, origin_monotonic_s=100.0, origin_unix_s=1.8e9, clock="scripted", address="http://x/")

_AFTER = st.floats(0, 60, allow_nan=False)
_OUTCOMES = st.fixed_dictionaries(
    {
        "due_s": st.floats(0, 1000),
        "sent": _AFTER,
        "first": st.none() | _AFTER,
        "done": st.none() | _AFTER,
        "length": st.integers(0, 2**32 - 1),
        "number": st.integers(0, 5000),
        "requests": st.integers(1, 10**6),
        "status": st.integers(0, 999),
        "waited": st.booleans(),
        "send": st.just(math.nan) | st.floats(0, 60, width=16),
        "error": st.sampled_from(Error),
        "date": st.binary(max_size=8) | st.just(b"Thu, 26 Nov 2026 15:00:00 GMT"),
    }
)


def _connection(outcome) -> SimpleNamespace:
    due_s = 100.0 + outcome["due_s"]
    first_s = None if outcome["first"] is None else due_s + outcome["first"]
    response = SimpleNamespace(length=outcome["length"], status=outcome["status"], date=outcome["date"])
    times = {"sent_s": due_s + outcome["sent"], "send_s": outcome["send"], "first_byte_s": first_s}
    return SimpleNamespace(**(outcome | times), response=response)


@given(outcomes=st.lists(_OUTCOMES, max_size=20), unsent=st.lists(st.floats(0, 1000), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_come_back_as_they_were_recorded(tmp_path, outcomes, unsent):
    """Every field of every outcome, in due order, and requests that never were sent with nothing but their due time."""
    recorder = Recorder(tmp_path / "x.samples")
    recorder.begin(HEADER)
    for outcome in outcomes:
        done_s = None if outcome["done"] is None else 100.0 + outcome["due_s"] + outcome["done"]
        recorder.outcome(100.0 + outcome["due_s"], _connection(outcome), done_s, outcome["error"])
    for due_s in unsent:
        recorder.unsent(100.0 + due_s, True, Error.UNSENT)
    recorder.flush()
    recorder.close()
    samples = read_samples(tmp_path / "x.samples")
    assert (len(samples), int(samples.failed.sum())) == (recorder.rows, recorder.failed)
    rows = [row for row in samples.records if row["error"] != Error.UNSENT or not np.isnan(row["sent_after_s"])]
    for row, outcome in zip(rows, sorted(outcomes, key=lambda one: one["due_s"]), strict=True):
        assert row["due_s"] == pytest.approx(outcome["due_s"], abs=1e-9)
    for column, name in (("sent_after_s", "sent"), ("send_s", "send"), ("first_byte_after_s", "first"), ("done_after_s", "done")):
        expected = sorted(np.nan if outcome[name] is None else outcome[name] for outcome in outcomes)
        assert np.sort([row[column] for row in rows]) == pytest.approx(np.sort(expected), abs=1e-5, nan_ok=True)
    for column, name in (("bytes", "length"), ("connection", "number"), ("status", "status"), ("waited", "waited"), ("error", "error")):
        assert sorted(row[column] for row in rows) == sorted(outcome[name] for outcome in outcomes)
    assert sorted(row["request"] for row in rows) == sorted(outcome["requests"] - 1 for outcome in outcomes)


_OPENINGS = st.builds(
    Opening,
    remote=st.ip_addresses().map(str),
    dns_s=st.floats(0, 60, width=32),
    tcp_s=st.floats(0, 60, width=32),
    tls_s=st.floats(0, 60, width=32),
    opened_s=st.floats(0, 10_000),
)


@given(openings=st.lists(_OPENINGS, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_connections_come_back_as_they_were_recorded(tmp_path, openings):
    """By number, with times on the run's clock; also those that were open before it began."""
    recorder = Recorder(tmp_path / "x.samples")
    for number, opening in enumerate(openings[::-1]):
        recorder.opened(SimpleNamespace(number=len(openings) - number, opening=opening))
    recorder.begin(HEADER)
    recorder.flush()
    recorder.close()
    table = read_samples(tmp_path / "x.samples").connections
    assert table["number"].tolist() == list(range(1, len(openings) + 1))
    for row, opening in zip(table, openings, strict=True):
        assert row["opened_s"] == opening.opened_s - HEADER.origin_monotonic_s
        assert (row["dns_s"], row["tcp_s"], row["tls_s"]) == (opening.dns_s, opening.tcp_s, opening.tls_s)
        read = ipaddress.ip_address(address_text(row["remote"].tobytes()))
        written = ipaddress.ip_address(opening.remote)
        assert read == (getattr(written, "ipv4_mapped", None) or written)


@pytest.mark.skipif(sys.platform != "linux", reason="names of open files are asked of /proc")
def test_a_connection_is_on_disk_before_the_requests_it_carried(tmp_path, monkeypatch):
    """A generator that is killed between the two leaves no sample whose connection nobody knows."""
    written: list[str] = []
    monkeypatch.setattr(
        recorders, "_write_all", lambda descriptor, _: written.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix)
    )
    recorder = Recorder(tmp_path / "x.samples")
    recorder.begin(HEADER)
    recorder.flush()
    recorder.close()
    assert written == [".connections", ".samples"]


def test_a_flush_gives_the_new_rows_only(tmp_path):
    """Those who count along see each row once, as it went to disk."""
    recorder = Recorder(tmp_path / "x.samples")
    recorder.begin(HEADER)
    head = (tmp_path / "x.samples").read_bytes()
    recorder.unsent(100.5, False, Error.UNSENT)
    first = recorder.flush()
    recorder.unsent(100.6, False, Error.UNSENT)
    second = recorder.flush()
    recorder.close()
    assert first != second
    assert (tmp_path / "x.samples").read_bytes() == head + first + second


@pytest.mark.parametrize("path", ["absent/x.samples", "."])
def test_a_path_that_cannot_be_written_is_told_at_once(tmp_path, path):
    """Before any load: nobody wants to find out after ten minutes."""
    with pytest.raises(GeneratorError, match="samples cannot be written"):
        Recorder(tmp_path / path)

"""Samples as CSV: every column, units in the names, nothing where there is nothing."""

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate.connection_table import CONNECTION, pack_address
from tailgate.errors import RecordError, SamplesError
from tailgate.reporting.csv_export import COLUMNS, samples_in, write_csv
from tailgate.reporting.run_file import Run
from tailgate.samples import Error, Samples
from tests.unit.reporting.synthetic import case_of, samples_of


def table(samples: Samples) -> list[dict[str, str]]:
    """The export, read back as anybody would."""
    text = io.StringIO()
    write_csv(samples, text)
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_every_request_is_a_row_with_what_was_derived_from_it() -> None:
    """Response, service and send lag in seconds as Samples computes them; warm-up marked; raw columns as they are."""
    case = case_of()
    samples = samples_of(case)
    rows = table(samples)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(samples) == 2200
    assert [float(row["response_s"]) for row in rows] == pytest.approx(samples.response_s, abs=1e-9)
    assert [float(row["service_s"]) for row in rows] == pytest.approx(samples.service_s, abs=1e-9)
    assert [float(row["send_lag_s"]) for row in rows] == pytest.approx(samples.send_lag_s, abs=1e-9)
    assert [row["judged"] for row in rows] == ["0"] * 200 + ["1"] * 2000
    assert (rows[5]["connection"], rows[5]["request"]) == ("1", "1")
    assert {row["error"] for row in rows} == {""}


def test_what_never_happened_is_empty_and_errors_have_names() -> None:
    """No inf, no nan: a lost request has no response time and says what befell it; an answered error keeps its done time."""
    case = case_of()
    samples = samples_of(case, failed=[0])
    throttled = 201
    samples.records["error"][throttled], samples.records["status"][throttled] = Error.THROTTLED, 429
    samples.records["sent_after_s"][202] = math.nan
    rows = table(samples)
    lost = rows[200]
    assert (lost["response_s"], lost["service_s"], lost["done_after_s"], lost["first_byte_after_s"]) == ("", "", "", "")
    assert (lost["status"], lost["error"]) == ("0", "connection lost")
    assert rows[throttled]["error"] == "throttled"
    assert rows[throttled]["response_s"] == ""
    assert float(rows[throttled]["done_after_s"]) > 0
    assert (rows[202]["sent_after_s"], rows[202]["send_lag_s"]) == ("", "")
    assert not {"inf", "nan"} & {cell for row in rows for cell in row.values()}


def test_phases_and_places_are_columns_of_their_own() -> None:
    """The first request on a connection that opened for it has its opening; one whose connection nobody knows has no place."""
    samples = samples_of(case_of())
    samples.records["send_s"] = 1e-5
    samples.records["connection"], samples.records["request"] = 0, np.arange(len(samples))
    samples.records["connection"][9] = 5
    table_of_one = np.zeros(1, CONNECTION)
    table_of_one["opened_s"], table_of_one["tcp_s"], table_of_one["tls_s"] = 0.00004, 0.00001, 0.00002
    table_of_one["remote"] = np.frombuffer(pack_address("10.0.0.7"), np.uint8)
    rows = table(replace(samples, connections=table_of_one))
    assert [float(rows[0][name]) for name in ("dns_s", "tcp_s", "tls_s")] == pytest.approx([0, 1e-5, 2e-5])
    assert [rows[1][name] for name in ("dns_s", "tcp_s", "tls_s")] == ["", "", ""]
    assert float(rows[1]["connection_age_s"]) == pytest.approx(samples.due_s[1] + 1e-5, abs=1e-7)
    whole = sum(float(rows[1][name]) for name in ("send_lag_s", "send_s", "wait_s", "receive_s"))
    assert whole == pytest.approx(float(rows[1]["response_s"]), abs=1e-7)
    assert {row["remote"] for row in rows} == {"10.0.0.7", ""}
    assert (rows[9]["remote"], rows[9]["connection_age_s"]) == ("", "")


def test_an_error_of_a_later_version_keeps_its_number() -> None:
    """Within a format kinds of error may be added."""
    case = case_of()
    samples = samples_of(case)
    samples.records["error"][0] = 77
    assert table(samples)[0]["error"] == "error 77"


def test_more_rows_than_are_written_at_once_stay_in_order() -> None:
    """The table is written piece by piece."""
    case = case_of(per_s=1000, for_s=60)
    due_s = [float(row["due_s"]) for row in table(samples_of(case))]
    assert due_s == pytest.approx(case.load.due_times())
    assert np.all(np.diff(due_s) > 0)


def test_samples_are_found_from_either_file(run: Run) -> None:
    """A run names its samples; a samples file is taken as it is."""
    assert run.path is not None
    assert run.samples_path is not None
    assert len(samples_in(run.path)) == len(samples_in(run.samples_path)) == 2200


def test_samples_that_retention_removed_are_missed_in_a_sentence(run: Run) -> None:
    """It says how long raw samples are kept."""
    assert run.path is not None
    assert run.samples_path is not None
    run.samples_path.unlink()
    with pytest.raises(SamplesError, match=r"ranker\.samples are gone; raw samples of the newest 20 sessions are kept"):
        samples_in(run.path)


@pytest.mark.parametrize("content", [b"", b"{}", b"due_s,sent_s\n", b"\x00\x01"])
def test_a_file_of_neither_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    """In a sentence, not with a decoder's traceback."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises((RecordError, SamplesError)):
        samples_in(tmp_path / "x")

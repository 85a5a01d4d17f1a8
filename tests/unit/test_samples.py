"""Samples on disk: what earlier versions wrote, what damage looks like, and a million of them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate.connection_table import CONNECTION, connections_path, write_layout
from tailgate.errors import SamplesError
from tailgate.samples import MAGIC, RECORD, RECORD_STRUCT, Header, read_samples, write_header

HEADER = Header(scheduled=4, warmup_s=1.0, for_s=1.0, origin_monotonic_s=0.0, origin_unix_s=1.8e9, clock="by hand", address="http://x/")

READER = """
import sys, time
from pathlib import Path
from tailgate.analysis.estimates import estimates
from tailgate.samples import read_samples
began_s = time.process_time()
judged = read_samples(Path(sys.argv[1])).after_warmup()
estimated = estimates(judged)
took_s = time.process_time() - began_s
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # of this program; ru_maxrss has its parent's
print(len(judged), took_s, int(peak.split()[1]) * 1024)
"""


def _written(path: Path, records: np.ndarray) -> Path:
    with path.open("wb") as file:
        write_header(file, HEADER)
        file.write(records.tobytes())
    return path


def test_a_record_is_what_the_layout_says():
    """The struct that writes and the dtype that reads are of one size, which bounds a million requests to 40 MB."""
    assert RECORD_STRUCT.size == RECORD.itemsize == 40


def test_files_of_the_first_layout_are_read(tmp_path: Path):
    """Without the send phase, a second address or a connection table: not a number, none, and empty."""
    layout = [(name, RECORD[name].str) for name in RECORD.names or () if name != "send_s"]
    stored = np.zeros(3, np.dtype(layout))
    stored["due_s"], stored["done_after_s"] = [2.0, 0.5, 1.5], 0.01
    path = tmp_path / "x.samples"
    head = {name: getattr(HEADER, name) for name in Header.__dataclass_fields__ if name != "second_address"}
    path.write_bytes(MAGIC + json.dumps({**head, "record": layout}).encode() + b"\n" + stored.tobytes() + b"\0" * 7)
    samples = read_samples(path)
    assert samples.due_s.tolist() == [0.5, 1.5, 2.0]
    assert samples.response_s == pytest.approx(0.01)
    assert np.isnan(samples.records["send_s"]).all()
    assert len(samples.connections) == 0
    assert samples.header == HEADER


def test_the_warm_up_is_left_out_without_copying(tmp_path: Path):
    """What is judged are those due at its end or later; the connections are all there still."""
    records = np.zeros(4, RECORD)
    records["due_s"] = [1.5, 0.0, 1.0, 0.999]
    path = _written(tmp_path / "x.samples", records)
    with connections_path(path).open("wb") as file:
        write_layout(file)
        file.write(np.zeros(2, CONNECTION).tobytes())
    samples = read_samples(path)
    judged = samples.after_warmup()
    assert judged.due_s.tolist() == [1.0, 1.5]
    assert np.shares_memory(judged.records, samples.records)
    assert len(judged.connections) == 2


def test_an_arm_is_a_run_of_its_own(tmp_path: Path):
    """Its own rows in due order, its own address, and the connections of the whole."""
    records = np.zeros(5, RECORD)
    records["due_s"], records["arm"] = [4.0, 3.0, 2.0, 1.0, 0.0], [1, 1, 0, 1, 0]
    path = tmp_path / "x.samples"
    with path.open("wb") as file:
        write_header(file, replace(HEADER, second_address="http://y/"))
        file.write(records.tobytes())
    samples = read_samples(path)
    arms = [samples.of_arm(arm) for arm in (0, 1)]
    assert [arm.due_s.tolist() for arm in arms] == [[0.0, 2.0], [1.0, 3.0, 4.0]]
    assert [arm.header.address for arm in arms] == ["http://x/", "http://y/"]
    assert arms[1].header.second_address is None
    assert samples.arm.tolist() == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("record", [[], [["x", "<f8"]], [["due_s", "O"]], [["due_s"]], "due_s"])
def test_a_layout_that_cannot_be_meant_is_a_damaged_header(record, tmp_path: Path):
    """A sentence that names the file; no error of numpy's, and no object made from bytes."""
    head = {name: getattr(HEADER, name) for name in Header.__dataclass_fields__}
    path = tmp_path / "x.samples"
    path.write_bytes(MAGIC + json.dumps({**head, "record": record}).encode() + b"\n" + b"\0" * 80)
    with pytest.raises(SamplesError, match="the header is damaged"):
        read_samples(path)


def test_a_million_requests_are_read_and_summed_up_in_little_time_and_memory(tmp_path: Path):
    """40 MB on disk and 200 MB in a process that does nothing else; a second of a core of its own, five of one that is shared."""
    count = 1_000_000
    records = np.zeros(count, RECORD)
    random = np.random.default_rng(1)
    records["due_s"] = np.arange(count) / 10_000
    records["done_after_s"] = 0.005 * np.exp(0.3 * random.standard_normal(count))
    records["error"][random.random(count) < 1e-4] = 1
    records["first_byte_after_s"], records["send_s"] = records["done_after_s"], math.nan
    path = _written(tmp_path / "x.samples", records[np.argsort(records["due_s"] + records["done_after_s"])])
    assert path.stat().st_size <= 40_000_000 + 4096
    told = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True, timeout=120)
    judged, took_s, most_bytes = map(float, told.stdout.split())
    assert judged == 990_000
    assert took_s < 5
    assert most_bytes <= 200e6

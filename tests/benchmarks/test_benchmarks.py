"""The benchmarks themselves: they run, they read their peers right, and their page is made of their figures."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.asking import Ask
from benchmarks.figures import Table, quantile, record, recorded
from benchmarks.serving import TRUTH, Server, Truth

ROOT = Path(__file__).parents[2]

HEY_SAID = """
Summary:
  Total:\t4.0100 secs
  Requests/sec:\t199.5012

Latency distribution:
  50% in 0.0052 secs
  99% in 0.0057 secs

Status code distribution:
  [200]\t798 responses

Error distribution:
  [2]\tPost "http://127.0.0.1:1/": EOF
"""
WRK_SAID = """
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.07ms  106.32us   9.58ms   96.65%
  Latency Distribution
     50%    5.05ms
     99%    1.02s
  12583 requests in 1.00s, 1.69MB read
  Socket errors: connect 0, read 3, write 0, timeout 2
Requests/sec:  12560.71
"""


@pytest.fixture(scope="module")
def server():
    """A server, for its folder."""
    with Server() as running:
        yield running


def test_what_hey_prints_is_read(server: Server) -> None:
    """Percentiles in seconds, answers and errors by their counts."""
    told = peers.HEY.read(Ask(200, 4, 10), server, HEY_SAID, 0)
    assert (told.requests, told.failures, told.p50_s, told.p99_s, told.rate_per_s) == (800, 2, 0.0052, 0.0057, 199.5012)
    assert told.doubts == ()


def test_what_wrk_prints_is_read(server: Server) -> None:
    """Percentiles with their units, and socket errors."""
    told = peers.WRK.read(Ask(None, 1, 64), server, WRK_SAID, 0)
    assert (told.requests, told.failures, told.p99_s, told.rate_per_s) == (12583, 5, 1.02, 12560.71)
    assert told.p50_s == pytest.approx(0.00505)


def test_the_truth_of_a_stall_is_that_of_callers_who_come_all_the_same() -> None:
    """Those in it wait for its end and for their own service; those before and after do not."""
    rows = np.zeros(1, dtype=TRUTH)
    rows["arrived_s"] = 100.0
    times_s = Truth(rows, [(101.0, 102.0)]).open_loop(10, 3, 0.05)
    assert times_s[:10] == pytest.approx(0.05)
    assert times_s[11] == pytest.approx(0.9 + 0.05)
    assert times_s[19] == pytest.approx(0.1 + 0.05)
    assert times_s[21:] == pytest.approx(0.05)


def test_a_request_that_is_with_the_server_when_it_stalls_is_answered_at_its_end() -> None:
    """It had its service time already."""
    rows = np.zeros(1, dtype=TRUTH)
    times_s = Truth(rows, [(0.02, 1.0)]).open_loop(10, 0.1, 0.05)
    assert times_s == pytest.approx([1.0])


def test_quantiles_are_those_that_so_many_do_not_exceed() -> None:
    """No interpolation: a time that was measured."""
    assert quantile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert quantile(list(range(1, 101)), 0.99) == 99
    assert math.isnan(quantile([], 0.5))


def test_a_table_shows_the_median_of_its_repetitions() -> None:
    """And keeps them all."""
    table = Table("t", "T", {"tool": ("client", "text"), "p99_s": ("p99 ms", "ms")})
    row = table.add({"tool": "ours"}, [{"p99_s": 0.003}, {"p99_s": 0.001}, {"p99_s": 0.002}])
    assert row["p99_s"] == 0.002
    assert len(row["repeats"]) == 3
    assert "| ours | 2.00 |" in table.markdown()


def test_recorded_tables_read_back_as_they_were(tmp_path: Path) -> None:
    """Also times of requests that never came back, and those that were not told."""
    table = Table("t", "T", {"tool": ("client", "text"), "p99_s": ("p99 ms", "ms")}, notes=["Once."])
    table.add({"tool": "ours"}, [{"p99_s": math.inf}])
    table.add({"tool": "theirs"}, [{"p99_s": math.nan}])
    record([table], tmp_path / "figures.json")
    assert recorded(tmp_path / "figures.json")["t"].markdown() == table.markdown()
    assert "| ours | ∞ |" in table.markdown()


def test_all_of_it_runs(tmp_path: Path) -> None:
    """Once and short; a stall shows in full, and the JSON holds each repetition and the machine."""
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(tmp_path / "figures.json")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["stall"]["measured"]["cores"] >= 1
    (stall,) = figures["stall"]["rows"]
    assert stall["tool"] == "tailgate"
    assert abs(stall["error"]) < 0.2
    ours, bare, fast = figures["cpu"]["rows"]
    assert ours["ratio"] == 1
    assert bare["ratio"] < fast["ratio"], f"{ours} {bare} {fast}"
    assert fast["ratio"] > 1, f"{ours} {fast}"


def test_the_bench_of_reports_writes_pages(tmp_path: Path) -> None:
    """Quick: of one run and of fourteen short ones, a page each; more runs make a larger page, by far less than they are more."""
    command = [sys.executable, "-m", "benchmarks", "report", "--quick", "--json", str(tmp_path / "figures.json")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    one, many = json.loads((tmp_path / "figures.json").read_text())["report"]["rows"]
    assert one["runs"] < many["runs"]
    assert 0 < one["page_kb"] < many["page_kb"] < many["runs"] * one["page_kb"]

"""What people are shown of one measurement, and what programs get of it."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from tailgate import Budget
from tailgate.analysis.percentiles import POINTS
from tailgate.analysis.reading import Reading, read
from tailgate.reporting.drive_summary import summary
from tailgate.reporting.drive_table import milliseconds, side_by_side, table
from tests.unit.reporting.synthetic import case_of, samples_of

URL = "http://127.0.0.1/ranker"
PEER = {
    "peer": "locust-boto3",
    "users": 20,
    "offered_per_s": 100.0,
    "achieved_per_s": 99.5,
    "requests": 1990,
    "errors": 2,
    "errors_by_kind": {"ReadTimeoutError": 2},
    "response_time_s": {"p50": 0.025, "p90": 0.04, "p99": 0.12, "p99.9": 0.3, "max": 0.3},
    "cpu_s_per_request": 0.0012,
}


def _reading(*, failed: range = range(0), budget: Budget | None = None, host: dict[str, float] | None = None) -> Reading:
    case = case_of()
    return read(URL, case.load, dataclasses.replace(samples_of(case, failed=failed), host=host or {}), budget)


def _cells(text: str, label: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.strip().startswith(label))
    return line.strip().removeprefix(label).split()


@pytest.mark.parametrize(
    ("time_s", "text"),
    [(0.00005, "0.050"), (0.00521, "5.21"), (0.0999, "99.90"), (0.1432, "143.2"), (math.inf, "∞"), (None, "–"), (0.0, "0.000")],
)
def test_milliseconds_have_as_many_digits_as_tell_something(time_s, text):
    """A send lag of 50 µs and a stall of a second stand in the same column."""
    assert milliseconds(time_s) == text


def test_a_table_tells_rates_errors_percentiles_and_what_they_mean():
    """Infinite percentiles as ∞; no verdict where there is no budget."""
    text = table(_reading(failed=range(30)))
    assert text.splitlines()[0] == URL
    assert "constant at 100/s for 20 s after 2 s of warm-up" in text
    assert "offered 100/s, achieved 100/s: 2 000 requests, 30 errors, 0 censored" in text
    assert "30 requests failed: 30 connection lost" in text
    assert _cells(text, "ms") == list(POINTS)
    assert _cells(text, "response time")[-3:] == ["∞", "∞", "∞"]
    assert _cells(text, "send lag") == ["0.050"] * 5
    assert "valid, measured with synthetic" in text
    assert "within budget" in table(_reading(budget=Budget.of("p99 <= 120ms")))


def test_an_object_is_strict_json_with_null_for_what_is_infinite():
    """Whatever failed."""
    told = json.loads(json.dumps(summary(_reading(failed=range(30))), allow_nan=False))
    assert told["response_time_s"]["p50"] is not None
    assert [told["response_time_s"][point] for point in POINTS[2:]] == [None] * 3
    assert told["errors_by_kind"] == {"connection lost": 30}
    assert told["cpu_s_per_request"] is None
    assert "beside" not in told


def test_a_peer_stands_beside_ours_as_it_reports_itself():
    """Its rounded milliseconds without decimals, the difference theirs minus ours, and what a request costs either."""
    reading = _reading(host={"cpu_s": 0.22, "lasted_s": 22.0})
    text = side_by_side(reading, PEER)
    theirs, ours, apart = _cells(text, "p99 ms")
    assert theirs == "120"
    assert float(apart) == pytest.approx(120 - float(ours), abs=0.02)
    assert _cells(text, "CPU per request µs") == ["1200", "100", "×", "12.0"]
    assert _cells(text, "errors") == ["2", "0"]
    told = summary(reading, PEER)["beside"]
    assert isinstance(told, dict)
    assert told["difference_s"]["p99"] == pytest.approx(0.12 - (reading.response_s["p99"] or 0))  # type: ignore[index,call-overload]


def test_a_difference_to_what_never_came_is_unknown():
    """Ours knows of failures what the peer does not: there is nothing to subtract."""
    text = side_by_side(_reading(failed=range(30)), PEER)
    assert _cells(text, "p99 ms") == ["120", "∞", "–"]

"""What the platform told of a run, as people read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tailgate.afterwards import stream_of
from tailgate.minutes import Stream
from tailgate.reporting.run_file import Fields, Run, read_run, write_run
from tailgate.reporting.show import described
from tailgate.reporting.terminal import summary
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

PLATFORM: Fields = {
    "source": "CloudWatch",
    "alone": True,
    "minutes": {
        "first": "2026-11-22T09:36:00+00:00",
        "last": "2026-11-22T09:37:00+00:00",
        "count": 2,
        "warmup_s": 2.0,
        "shared_by_loads": 1,
    },
    "time": {
        "service_s": 0.0121,
        "network_s": 0.0012,
        "overhead_s": 0.0029,
        "model_s": 0.008,
        "response_s": 0.0122,
        "phases": {"lag_s": 0.0001, "send_s": 0.0001, "wait_s": 0.0118, "receive_s": 0.0002},
        "model_count": 1203,
    },
    "invocations": {"counted": 1203, "errors_4xx": 0, "errors_5xx": 0, "sent": 1200},
    "notes": ["CloudWatch counts 1 203 invocations, we sent 1 200"],
}
LINE = "mean service time 12.1 ms = network 1.2 + overhead 2.9 + model 8.0 (CloudWatch, 2 min)"


@pytest.fixture
def run() -> Run:
    """A run of which the platform has told."""
    case = case_of()
    return replace(run_from(case, samples_of(case), target="sagemaker"), platform=PLATFORM)


def test_the_summary_has_a_line_per_case_and_each_note_once(run: Run) -> None:
    """Below the table; runs of which nothing is known have none."""
    text = summary([run, replace(run, platform={**PLATFORM, "alone": False}), replace(run, platform={})], width=200, styled=False)
    lines = text.splitlines()
    assert f"{run.case['id']} where the time goes: {LINE}" in lines
    assert sum("where the time goes" in line for line in lines) == 2
    assert f"{run.case['id']} where the time goes: {LINE.replace('2 min', '2 min, all callers')}" in lines
    assert lines.count("CloudWatch counts 1 203 invocations, we sent 1 200") == 1


def test_show_has_the_clients_phases_beside_it(run: Run) -> None:
    """Of the same requests."""
    text = described(run)
    assert f"  where the time goes: {LINE}" in text
    assert "    as the client saw it: send lag 0.1, sending 0.1, waiting 11.8, receiving 0.2 ms, on average" in text
    assert "  CloudWatch counts 1 203 invocations, we sent 1 200" in text
    assert "where the time goes" not in described(replace(run, platform={}))


def test_a_negative_rest_is_shown_as_it_is_and_an_unknown_one_not_at_all(run: Run) -> None:
    """A minute that other loads share is said to be."""
    time = {**PLATFORM["time"], "network_s": -0.0004}  # type: ignore[dict-item,misc]  # plain values, widely typed
    shared = {**PLATFORM["minutes"], "shared_by_loads": 2}  # type: ignore[dict-item,misc]  # the same
    assert "network -0.4 + overhead 2.9 + model 8.0 (CloudWatch, 2 min, shared by 2 loads)" in described(
        replace(run, platform={**PLATFORM, "time": time, "minutes": shared})
    )
    unknown = {**time, "network_s": None}
    assert "where the time goes" not in described(replace(run, platform={**PLATFORM, "time": unknown}))


def test_a_run_file_keeps_it_and_older_ones_have_none(run: Run, tmp_path: Path) -> None:
    """It is read as it was written."""
    written = write_run(run, tmp_path / "ranker.json")
    assert read_run(tmp_path / "ranker.json") == written
    older = {key: value for key, value in run.fields().items() if key != "platform"}
    assert Run.from_fields(older, "older").platform == {}


@pytest.mark.parametrize(
    ("facts", "stream"),
    [
        ({"endpoint": "ranker-v8", "variant": "blue"}, Stream("ranker-v8", "blue")),
        ({"endpoint": "tailgate-x"}, Stream("tailgate-x", "AllTraffic")),
        ({"instance_type": "ml.m5.large"}, None),
        (None, None),
    ],
)
def test_whom_a_run_asked_is_in_its_record(run: Run, facts: Fields | None, stream: Stream | None) -> None:
    """As the platform calls it; of a deployed endpoint the variant is the case's."""
    assert stream_of(replace(run, provenance={**run.provenance, "endpoint": facts})) == stream

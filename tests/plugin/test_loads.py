"""Loads beyond a single rate, through a user's suite: written in Python and in a plan, judged, on record."""

import json

import pytest

CLOSED = """
import pytest
from tailgate import Budget, Case, ClosedLoop, EndpointSpec, Payloads

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("ranker"),
    payload=Payloads.of({"few.json": 3, "many.json": 1}, seed=7),
    load=ClosedLoop(callers=3, for_s=1.0, warmup_s=0.3, think_s=0.005),
    budget=Budget.of("p50 <= 500ms"),
)

@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_ranker(measure, case):
    run = measure(case)
    assert run.verdict, run.verdict.explain()
"""

PLANNED = """
import pytest

pytestmark = pytest.mark.latency

@pytest.mark.planned("replayed")
def test_ranker(measure, case):
    run = measure(case)
    assert run.verdict, run.verdict.explain()
"""

PLAN = """
[[experiment]]
name = "replayed"
endpoint = "ranker"
instance_types = ["ml.m5.large"]
payload = ["few.json", "many.json"]
load = { arrival = "replay", file = "arrivals.txt" }
budget = ["p50 <= 500ms"]
"""


@pytest.fixture
def folder(pytester: pytest.Pytester):
    """A suite's folder with two payloads and recorded arrivals."""
    (pytester.path / "few.json").write_text("[1]")
    (pytester.path / "many.json").write_text("[1, 2, 3, 4]")
    (pytester.path / "arrivals.txt").write_text("\n".join(f"{number / 80:.4f}" for number in range(80)))
    return pytester.path


def test_a_closed_loop_with_a_payload_set_is_gated_and_recorded(suite, folder) -> None:
    """The record has the payloads' hashes and weights, and no number of scheduled requests."""
    outcome = suite("--latency-target", "null", text=CLOSED)
    assert outcome.ret == 0
    (path,) = folder.glob("reports/runs/*/*.json")
    run = json.loads(path.read_text())
    assert run["case"]["load"] == {"arrival": "closed-loop", "callers": 3, "for_s": 1.0, "warmup_s": 0.3, "think_s": 0.005}
    assert [(one["bytes"], one["weight"]) for one in run["case"]["payloads"]] == [(3, 3.0), (12, 1.0)]
    assert run["requests"]["scheduled"] is None
    assert run["requests"]["judged"] > 30
    assert "with 3 callers thinking 5.0 ms" in run["verdict"]["explanation"]


def test_recorded_arrivals_are_replayed_by_a_plan(suite, folder) -> None:
    """The file is relative to the plan; the record names both, with the hash of the times."""
    (folder / "plan.toml").write_text(PLAN)
    outcome = suite("--latency-target", "null", "--latency-plan", "plan.toml", text=PLANNED)
    assert outcome.ret == 0
    (path,) = folder.glob("reports/runs/*/*.json")
    run = json.loads(path.read_text())
    assert (run["case"]["load"]["file"], run["provenance"]["plan"]) == ("arrivals.txt", "plan.toml")
    assert (run["case"]["load"]["offsets"], run["requests"]["scheduled"], run["requests"]["judged"]) == (80, 80, 80)
    assert "replaying arrivals.txt at 80/s" in run["verdict"]["explanation"]


def test_a_record_that_is_missing_is_a_usage_error(suite, folder) -> None:
    """Exit code 4 and one sentence, before anything is started."""
    (folder / "plan.toml").write_text(PLAN.replace("arrivals.txt", "arrival.txt"))
    outcome = suite("--latency-target", "null", "--latency-plan", "plan.toml", text=PLANNED)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*plan.toml: experiment 'replayed': load: arrivals *arrival.txt cannot be read: No such file*"])
    assert not (folder / "reports").exists()

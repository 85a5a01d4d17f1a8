"""`measure.paired` as a user meets it: two arms in one run, in a suite of theirs, on a real emulation."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SUITE = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("ranker", instance_type="ml.m5.large"),
    payload=b'{"instances": [1]}',
    load=Poisson(per_s=120, for_s=4, warmup_s=0.5, seed=7),
    budget=Budget.of("p90 <= 500ms"),
)

def test_privatelink_is_no_slower(measure):
    change = measure.paired(CASE.via("public"), CASE.via("privatelink"))
    assert change.no_worse_than("100ms", at="p50"), change.explain()
    assert change.before.verdict and change.after.verdict
"""


def runs_in(folder: Path) -> list[dict]:
    """The run files of all sessions below a reports folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("runs/*/*.json"))]


def test_both_arms_are_measured_recorded_and_shown(suite, pytester: pytest.Pytester) -> None:
    """Exit code 0; a row and a benchmark for each arm, one line for their difference, properties for machines."""
    outcome = suite("--junitxml=junit.xml", text=SUITE)
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines_random(
        ["ranker-ml.m5.large-public *", "ranker-ml.m5.large-privatelink *", "privatelink minus public on ml.m5.large in one run: p50 *"]
    )
    runs = runs_in(pytester.path / "reports")[-2:]
    assert [run["pair"]["arm"] for run in runs] == [0, 1]
    (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
    benchmarks = json.loads(saved.read_text())["benchmarks"][-2:]
    assert [one["param"] for one in benchmarks] == ["ranker-ml.m5.large-public", "ranker-ml.m5.large-privatelink"]
    assert all(one["extra_info"]["pair"]["seed"] == 1 for one in benchmarks)
    properties = {one.get("name"): one.get("value") for one in ElementTree.parse(pytester.path / "junit.xml").iter("property")}  # noqa: S314  # written by pytest a moment ago
    difference = runs[1]["pair"]["differences"]["p50"]
    parts = {"": "difference_s", ".low": "low_s", ".high": "high_s", ".first": "first_s", ".second": "second_s", ".p_value": "p_value"}
    assert {part: float(properties[f"tailgate.paired.p50{part}"]) for part in parts} == {part: difference[of] for part, of in parts.items()}
    assert properties["tailgate.paired.p50.no_worse_than.100ms"] == "PASS"
    assert (properties["tailgate.case"], properties["tailgate.outcome"]) == ("ranker-ml.m5.large-public+privatelink", "PASS")
    for run, arm in zip(runs, ("first", "second"), strict=True):
        assert properties[f"tailgate.{arm}.case"] == run["case"]["id"]
        told = next(one["value"] for one in run["estimates"] if one["metric"] == "p50")
        assert float(properties[f"tailgate.{arm}.p50"]) == told
    assert [[one["outcome"] for one in run["pair"]["asked"]] for run in runs] == [["PASS"], ["PASS"]]
    outcome.stdout.fnmatch_lines_random(["  privatelink against public: p50 no worse than 100.0 ms: emulated PASS"])


def test_a_margin_that_is_missed_fails_with_the_text_and_keeps_its_record(suite, pytester: pytest.Pytester) -> None:
    """The second arm is of an instance type that takes two milliseconds longer: a tenth of one is missed by far."""
    change = {
        'CASE.via("public"), CASE.via("privatelink")': "FAST, CASE",
        '"100ms", at="p50"': '"0.1ms", at="p50"',
        "def test_pri": 'FAST = CASE.on("ml.m5.4xlarge")\n\ndef test_pri',
    }
    outcome = suite("--latency-repeats=0", text=SUITE, change=change)
    if "cannot be trusted" in outcome.stdout.str():
        pytest.skip("the tests beside this one held the generator up")
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.stdout.fnmatch_lines(
        ["*p50 * 0.1 ms*ml.m5.large against ml.m5.4xlarge*", "*p50 *[[]*p *", "*p50 no worse than 0.1 ms: emulated *"]
    )
    runs = runs_in(pytester.path / "reports")
    assert [[one["outcome"] for one in run["pair"]["asked"]] for run in runs] == [["FAIL"], ["FAIL"]]
    (page,) = (pytester.path / "reports" / "runs").glob("*/report.html")
    assert "p50 no worse than 0.1 ms: emulated FAIL" in page.read_text("utf-8")


PLAN = """
[[experiment]]
name = "paths"
endpoint = "ranker"
instance_types = ["ml.m5.large"]
network_paths = ["public", "privatelink"]
payload = "body"
load = { per_s = 120, for_s = 4, warmup_s = 0.5 }
budget = ["p90 <= 500ms"]
no_worse_than = { p50 = "100ms" }
"""

PLANNED = """
import pytest

pytestmark = pytest.mark.latency

@pytest.mark.planned("paths")
def test_paths(measure, pair):
    change = measure.paired(*pair.cases, seed=5)
    for metric, margin in pair.no_worse_than.items():
        assert change.no_worse_than(margin, at=metric), change.explain()
"""


@pytest.mark.thorough
def test_a_planned_pair_is_filled_from_the_plan(suite, pytester: pytest.Pytester) -> None:
    """Its cases, its margins, an id of its own; the coin's seed is the test's to choose, and on record."""
    (pytester.path / "body").write_text("{}")
    (pytester.path / "plan.toml").write_text(PLAN)
    outcome = suite("-v", "--latency-target=null", "--latency-plan=plan.toml", text=PLANNED)
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines(["*test_paths?paths-ml.m5.large-public+privatelink?*"])
    assert {run["pair"]["seed"] for run in runs_in(pytester.path / "reports")} == {5}

"""Baselines: what a name means, which runs may be compared, and that what is missing is an error."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import EndpointSpec
from tailgate.errors import PlanError
from tailgate.plan.case import Case
from tailgate.reporting.baseline import Baselines, last_of_repeats
from tailgate.reporting.benchmark_json import extra_info
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()
ROUTED = EndpointSpec("ranker", routing="LEAST_OUTSTANDING_REQUESTS")
COMMIT = "4f0c9a1b2d3e4f5061728394a5b6c7d8e9f00112"


@functools.cache
def made_of(case: Case) -> Run:
    return run_from(case, samples_of(case))


def run(day: int = 1, case: Case = CASE, target: str = "emulated", **provenance: object) -> Run:
    """A run of that day."""
    made, when = made_of(case), {"session": f"session-{day}", "started_at": f"2026-11-{day:02}T09:00:00+00:00"}
    return replace(made, provenance={**made.provenance, "target": target, "vantage": "local", **when, **provenance})


def saved(folder: Path, *runs: Run, name: str = "0001_a") -> Path:
    """A benchmark JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(one)} for one in runs]}))
    return path


def of(folder: Path, *names: str, case: Case = CASE, target: str = "emulated") -> list[str]:
    """The days of the runs that a case is held against, with `folder` as history and for relative paths."""
    found = Baselines(names, folder, folder).of(case, target)
    return [one.started_at[8:10] for one in found.runs]


def test_a_file_a_folder_and_a_reports_folder_are_their_runs_in_the_order_of_time(tmp_path: Path) -> None:
    """Several names are taken together; a run that stands in two files is one."""
    one = saved(tmp_path / "reports" / "benchmarks" / "Linux", run(2), run(1))
    two = saved(tmp_path / "old", run(3), run(2), name="0007_b")
    assert of(tmp_path, str(one)) == of(tmp_path, "reports") == of(tmp_path, "reports/benchmarks") == ["01", "02"]
    assert of(tmp_path, "old") == ["02", "03"]
    assert of(tmp_path, "old/0007_b.json", "reports") == ["01", "02", "03"]
    assert Baselines([str(two)], tmp_path, tmp_path).of(CASE, "emulated").runs[0].times["p99"].value > 0.02


def test_latest_a_branch_and_a_commit_are_runs_of_the_history(tmp_path: Path) -> None:
    """Wherever they lie in it; a commit by its first seven digits or more."""
    saved(tmp_path / "benchmarks", run(1, branch="main", commit=COMMIT), run(2, branch="feature/x", commit="0" * 40), name="0001")
    saved(tmp_path / "benchmarks", run(3, branch="main", commit=f"{COMMIT}-dirty"), name="0002")
    assert of(tmp_path, "latest") == ["01", "02", "03"]
    assert of(tmp_path, "main") == of(tmp_path, COMMIT[:7]) == ["01", "03"]
    assert of(tmp_path, "feature/x") == ["02"]
    assert Baselines(["main"], tmp_path, tmp_path).of(CASE, "emulated").runs[0].commit == COMMIT


def test_at_most_the_newest_twenty_count(tmp_path: Path) -> None:
    """What is older says little of today."""
    saved(tmp_path, *[run(day) for day in range(1, 26)])
    assert of(tmp_path, "latest") == [f"{day:02}" for day in range(6, 26)]


def test_another_model_is_compared(tmp_path: Path) -> None:
    """Its version is the question."""
    saved(tmp_path, run(case=replace(CASE, spec=replace(CASE.spec, model="models/ranker-6"))))
    assert of(tmp_path, "latest", case=replace(CASE, spec=replace(CASE.spec, model="models/ranker-7"))) == ["01"]


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (run(target="null"), "target was null, is emulated"),
        (run(vantage="subnet-1"), "vantage was subnet-1, is local"),
        (run(case=case_of(per_s=50)), "load per_s was 50, is 100"),
        (run(case=replace(CASE, payload=b"[1]")), "payload_bytes was 3, is 2; payload_sha256 was "),
        (
            run(case=replace(CASE, spec=ROUTED)),
            "routing was LEAST_OUTSTANDING_REQUESTS",
        ),
    ],
    ids=["target", "vantage", "load", "payload", "routing"],
)
def test_a_run_that_cannot_be_compared_is_refused_with_the_difference(earlier: Run, said: str, tmp_path: Path) -> None:
    """Then and now; the budget may differ, so it is not named."""
    saved(tmp_path, replace(earlier, case={**earlier.case, "budget": ["p99 <= 1s"]}))
    with pytest.raises(PlanError, match="cannot be compared with this one: ") as caught:
        of(tmp_path, "latest")
    assert said in str(caught.value)
    assert "budget" not in str(caught.value)


def test_a_case_that_the_baseline_lacks_is_an_error_that_says_what_it_has(tmp_path: Path) -> None:
    """Also where all of its runs were not trusted."""
    saved(tmp_path, run(case=case_of("other")))
    with pytest.raises(PlanError, match=r"has no run of ranker-ml\.m5\.large-public, only of other-ml\.m5\.large-public"):
        of(tmp_path, "latest")
    untrusted = run()
    saved(tmp_path, replace(untrusted, verdict={**untrusted.verdict, "reasons": ["send lag"]}))
    with pytest.raises(PlanError, match="only runs that could not be trusted"):
        of(tmp_path, "latest")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.json", "no such file or folder, and no run in .* of such a branch or commit; branches there; did you mean 'absent'?"),
        ("empty.json", "empty.json is empty"),
        ("cut.json", "is not JSON, or was cut off"),
        ("theirs.json", "holds no run of tailgate's"),
        ("list.json", "is not a run"),
        ("void", "holds no run of tailgate's"),
        ("4f0c9a", "no such file or folder"),
        ("", "it is empty, as an unset variable makes it"),
    ],
)
def test_a_baseline_that_is_named_and_not_there_is_an_error(name: str, said: str, tmp_path: Path) -> None:
    """Never a comparison with nothing; six digits are no commit."""
    saved(tmp_path / "benchmarks", run(branch="absent", commit=COMMIT))
    for file, text in {"empty": "", "cut": '{"benchmarks": [', "theirs": '{"benchmarks": [{"extra_info": {}}]}', "list": "[]"}.items():
        (tmp_path / f"{file}.json").write_text(text)
    (tmp_path / "void").mkdir()
    with pytest.raises(PlanError, match=f"--latency-baseline {name}: .*{said}"):
        of(tmp_path, name)


def test_an_empty_history_has_no_latest(tmp_path: Path) -> None:
    """And says where it looked."""
    with pytest.raises(PlanError, match=r"latest: no earlier run in .*nowhere"):
        of(tmp_path / "nowhere", "latest")


def test_a_file_with_a_damaged_run_is_an_error_and_in_a_folder_it_is_passed_over(tmp_path: Path) -> None:
    """Who names one file means it."""
    (tmp_path / "0002_damaged.json").write_text('{"benchmarks": [{"extra_info": {"record": "tailgate-run", "format": 1}}]}')
    with pytest.raises(PlanError, match="damaged"):
        of(tmp_path, "0002_damaged.json")
    saved(tmp_path, run())
    assert of(tmp_path, ".") == ["01"]


def test_a_percentile_that_failures_made_infinite_stays_known_as_such(tmp_path: Path) -> None:
    """JSON has null for it; a time of zero, which no request takes, is left out."""
    one = run()
    saved(
        tmp_path, replace(one, estimates=[{"metric": "p99", "value": None}, {"metric": "p50", "value": 0}, "odd"], verdict={"checks": []})
    )
    times = Baselines(["latest"], tmp_path, tmp_path).of(CASE, "emulated").runs[0].times
    assert {name: one.value for name, one in times.items()} == {"p99": math.inf}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("01234")), max_size=20))
def test_of_repeats_the_last_counts(asked: list[tuple[str, str]]) -> None:
    """A test may measure a case often; only what was measured again makes way for its repeat."""
    runs = [run(1, test=test, repeat=repeat, number=number) for number, (test, repeat) in enumerate(asked)]
    left = last_of_repeats(runs)
    assert [one.provenance["number"] for one in left] == sorted(one.provenance["number"] for one in left)  # type: ignore[type-var]  # plain numbers
    for test in "ab":
        repeats = [repeat for which, repeat in asked if which == test]
        first = bool(repeats) and repeats[0] != "0"
        assert sum(one.provenance["test"] == test for one in left) == repeats.count("0") + first


def test_a_baseline_is_refused_at_once_where_it_has_none_of_the_cases(tmp_path: Path) -> None:
    """One that lacks some may do for the others."""
    saved(tmp_path, run(case=case_of("other")))
    baselines = Baselines(["latest"], tmp_path, tmp_path)
    baselines.check([CASE, case_of("other")], "emulated")
    baselines.check([], "emulated")
    saved(tmp_path, replace(run(case=case_of(per_s=50)), pair={"arm": 0}), name="0002_arms")
    Baselines(["0002_arms.json"], tmp_path, tmp_path).check([CASE], "emulated")
    with pytest.raises(PlanError, match="cannot be compared"):
        Baselines(["0002_arms.json"], tmp_path, tmp_path).check([CASE], "null")
    with pytest.raises(PlanError, match=r"it has no run of ranker.*and none of the other 1 cases"):
        baselines.check([CASE, case_of("third")], "emulated")

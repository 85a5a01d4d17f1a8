"""History: which earlier runs count for a case, and that nothing in the folder can stop a measurement."""

import json
import os
from dataclasses import replace
from pathlib import Path

from tailgate.analysis.verdict import judge
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case
from tailgate.reporting.benchmark_json import extra_info
from tailgate.reporting.history import NEWEST_FILES, NEWEST_RUNS, History
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()


def earlier(case: Case = CASE, seed: int = 1, target: str = "emulated", vantage: str = "local") -> Run:
    run = run_from(case, samples_of(case, seed), target=target, started_at=f"2026-11-{seed % 28 + 1:02}T09:00:00+00:00")
    return replace(run, provenance={**run.provenance, "vantage": vantage})


def saved(reports: Path, *runs: Run, name: str = "0001_a") -> Path:
    """A benchmark JSON as pytest-benchmark lays it down."""
    path = reports / "benchmarks" / "Linux-CPython-3.11-64bit" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(run)} for run in runs]}))
    return path


def lengths(reports: Path, case: Case = CASE, target: str = "emulated") -> list[int]:
    """How many earlier runs there are for each limit."""
    return [len(runs) for runs in History(reports).of(case, target).values()]


def test_five_earlier_runs_make_a_pass_that_is_not_provisional(tmp_path: Path) -> None:
    """Each limit has its counts; four are too few."""
    for number in range(5):
        verdict = judge(CASE, samples_of(CASE, 9).after_warmup(), target_kind="emulated", history=History(tmp_path).of(CASE, "emulated"))
        assert {check.decision.provisional for check in verdict.checks} == {True}
        saved(tmp_path, earlier(seed=number), name=f"{number:04}_a")
    verdict = judge(CASE, samples_of(CASE, 9).after_warmup(), target_kind="emulated", history=History(tmp_path).of(CASE, "emulated"))
    assert verdict
    assert {check.decision.provisional for check in verdict.checks} == {False}


def test_runs_of_another_case_target_or_vantage_do_not_count(tmp_path: Path) -> None:
    """What was measured elsewhere, or was another question, says nothing of this one."""
    others = [earlier(target="null"), earlier(case_of("other")), earlier(case_of(per_s=50)), earlier(vantage="elsewhere")]
    saved(tmp_path, *others, earlier())
    assert lengths(tmp_path) == [1, 1, 1]
    assert lengths(tmp_path, target="null") == [1, 1, 1]


def test_a_limit_that_changed_has_no_history(tmp_path: Path) -> None:
    """Counts are against one bound; the case's other limits keep theirs."""
    saved(tmp_path, earlier(), earlier(seed=2))
    assert lengths(tmp_path, replace(CASE, budget=Budget.of("p50 <= 60ms", "p99 <= 130ms"))) == [2, 0]


def test_a_limit_that_is_written_otherwise_keeps_its_history(tmp_path: Path) -> None:
    """Spaces and units change nothing of what exceeds; nor does the bound of a share, nor which percentile has the bound."""
    before = replace(CASE, budget=Budget.of("p50 <= 60ms", "p99 <= 120ms", "error_rate <= 1%"))
    saved(tmp_path, earlier(before), earlier(before, seed=2))
    otherwise = Budget.of("p50<=0.06s", "p99  <= 0.12s", "error_rate <= 2%", "p90 <= 120ms")
    assert lengths(tmp_path, replace(CASE, budget=otherwise)) == [2, 2, 2, 2]


def test_a_run_that_was_not_trusted_does_not_count(tmp_path: Path) -> None:
    """Its numbers were withheld then, and teach nothing now."""
    run = earlier()
    saved(tmp_path, replace(run, verdict={**run.verdict, "reasons": ["send lag"]}))
    assert lengths(tmp_path) == [0, 0, 0]


def test_files_and_counts_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    """History is an aid: damage in it never stops a measurement."""
    broken = earlier(seed=3)
    requests = "1 1"
    crooked = replace(broken, per_second={"requests": requests, "exceedances": {limit.source: "2" for limit in CASE.budget.limits}})
    saved(tmp_path, earlier(), crooked, replace(broken, per_second={}))
    folder = saved(tmp_path, name="0002_cut").parent
    (folder / "0002_cut.json").write_text('{"benchmarks": [')
    (folder / "0003_other.json").write_text("[]")
    (folder / "0004_folder.json").mkdir()
    assert lengths(tmp_path) == [1, 1, 1]
    assert lengths(tmp_path / "nowhere") == [0, 0, 0]


def test_the_newest_are_read_once_and_not_more_than_are_needed(tmp_path: Path) -> None:
    """However long a history has become, it costs one session the same."""
    old = saved(tmp_path, *[earlier(seed=seed) for seed in range(NEWEST_RUNS + 5)], name="0001_old")
    history = History(tmp_path)
    assert [len(runs) for runs in history.of(CASE, "emulated").values()] == [NEWEST_RUNS] * 3
    old.unlink()
    assert [len(runs) for runs in history.of(CASE, "emulated").values()] == [NEWEST_RUNS] * 3
    oldest = saved(tmp_path, earlier(), name="0001_oldest")
    os.utime(oldest, (1, 1))
    for number in range(NEWEST_FILES):
        saved(tmp_path, name=f"{number:04}_empty")
    assert lengths(tmp_path) == [0, 0, 0]

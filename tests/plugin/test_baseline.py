"""A suite held against a baseline: sessions of a user's, with earlier runs recorded by one of them and made slower or faster."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

NULL = ("--latency-target=null", "--junitxml=junit.xml")
SHORT = {"p90 <= 500ms": "p50 <= 20s", "for_s=2": "for_s=1.5"}
IN_ITS_BODY = SHORT | {
    '@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)\n': "",
    "(measure, case)": "(measure)",
    "measure(case)": "measure(CASE)",
}


RECORDED: list[str] = []
"""The benchmark JSON of one real session, once it was made: whatever the folder, the case is the same."""


@pytest.fixture
def earlier(suite, pytester: pytest.Pytester) -> Callable[..., Path]:
    """Benchmark JSON files of earlier sessions, as many as asked, in which the case took `times` as long as it takes now."""
    if not RECORDED:
        assert suite(*NULL, change=SHORT).ret == pytest.ExitCode.OK
        (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
        RECORDED.append(saved.read_text())
        shutil.rmtree(pytester.path / "reports")
    document = json.loads(RECORDED[0])

    def make(folder: str, times: float, sessions: int = 6, **provenance: Any) -> Path:
        for number in range(sessions):
            told = deepcopy(document)
            run = told["benchmarks"][0]["extra_info"]
            run["provenance"] |= {"session": f"s{number}", "started_at": f"2026-11-{number + 1:02}T09:00:00+00:00", **provenance}
            for estimate in (*run["estimates"], *(check["estimate"] for check in run["verdict"]["checks"])):
                for end in ("value", "low", "high"):
                    estimate[end] = None if estimate[end] is None else estimate[end] * times
            path = pytester.path / folder / f"{number:04}_made.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(told))
        return pytester.path / folder

    return make


def properties(pytester: pytest.Pytester) -> dict[str, str]:
    """JUnit's, of the session's only test."""
    found = ElementTree.parse(pytester.path / "junit.xml").iter("property")  # noqa: S314  # written by pytest a moment ago
    return {str(one.get("name")): str(one.get("value")) for one in found}


def newest(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    """The runs of the newest session."""
    *_, folder = sorted((pytester.path / "reports" / "runs").iterdir())
    return sorted((json.loads(path.read_text()) for path in folder.glob("*.json")), key=lambda run: str(run["provenance"]["started_at"]))


def test_a_run_that_is_no_slower_than_its_branch_passes_and_says_so(suite, earlier, pytester: pytest.Pytester) -> None:
    """In its line, its record and its JUnit properties; runs of other branches do not count."""
    earlier("reports/benchmarks/mine", 50, branch="main")
    earlier("reports/benchmarks/other", 0.001, branch="feature")
    outcome = suite(*NULL, "--latency-baseline=main", change=SHORT)
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines(["*ranker-ml.m5.large-public * PASS  (against main: p50 -* %, p99 -* %)"])
    (run,) = newest(pytester)
    assert "p99 against main: " in run["verdict"]["explanation"]
    assert [(one["metric"], one["change"]["runs"]) for one in run["verdict"]["changes"]] == [("p50", 6), ("p99", 6)]
    told = properties(pytester)
    assert told["tailgate.change.p99"] == "PASS"
    assert float(told["tailgate.change.p99.expected_s"]) > float(told["tailgate.p99"])


def test_a_regression_is_measured_again_and_then_fails_its_test(suite, earlier, pytester: pytest.Pytester) -> None:
    """Within its budget, and yet FAIL: before, after, bound, by how many runs, since when, and of which commit."""
    earlier("reports/benchmarks/mine", 0.02, commit="4f0c9a1b2d3e4f5061728394a5b6c7d8e9f00112")
    outcome = suite(*NULL, "--latency-baseline=latest", change=SHORT)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    since = "by 6 runs since 2026-11-01, commit 4f0c9a1b2d3e: FAIL (+*, again +*)"
    outcome.stdout.fnmatch_lines(["*slower than before: ranker*", f"*p50 against latest: *, again *, usually *, at most *{since}"])
    outcome.stdout.fnmatch_lines(["*PASS  (against latest: p50 +*, undecided)  (measured once more)", "*FAIL  (against latest: *, slower)"])
    first, second = newest(pytester)
    assert [run["verdict"]["outcome"] for run in (first, second)] == ["PASS", "FAIL"]
    assert second["provenance"]["repeat_of"].endswith(".json")
    assert properties(pytester)["tailgate.change.p50"] == "FAIL"


@pytest.mark.thorough
def test_one_earlier_run_decides_nothing_and_that_is_said(suite, earlier, pytester: pytest.Pytester) -> None:
    """However much slower; a file of one's own choice."""
    folder = earlier("kept", 0.02, sessions=1)
    outcome = suite(*NULL, f"--latency-baseline={folder.relative_to(pytester.path)}/0000_made.json", change=SHORT)
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines(["*PASS  (against kept/0000_made.json: p50 +*, undecided)"])
    (run,) = newest(pytester)
    assert "by 1 earlier run: undecided, it takes 5 runs to know how much they vary" in run["verdict"]["explanation"]
    assert properties(pytester)["tailgate.change.p50"] == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--latency-baseline=latest",), "--latency-baseline latest: no earlier run in *reports*"),
        (("--latency-baseline=absent.json",), "--latency-baseline absent.json: no such file or folder, and no run in *reports*"),
        (("--latency-least-effect=5%",), "--latency-least-effect: it is by how much a run may be slower than its baseline*"),
        (("--latency-baseline=.", "--latency-least-effect=5"), "--latency-least-effect: '5' is not a share*"),
    ],
)
def test_a_baseline_that_is_not_there_is_a_usage_error(suite, pytester: pytest.Pytester, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 4 before anything is collected."""
    outcome = suite(*NULL, *arguments, change=SHORT)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert not (pytester.path / "reports").exists()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_case_that_cannot_be_compared_is_a_usage_error_before_anything_is_deployed(
    suite, earlier, pytester: pytest.Pytester, workers: str
) -> None:
    """It names the difference; xdist's workers find out, and their controller says so."""
    earlier("reports/benchmarks/mine", 1, target="emulated")
    outcome = suite(*NULL, "--latency-baseline=latest", "-n", workers, change=SHORT)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot be compared with this one: target was emulated, is null" in outcome.stderr.str() + outcome.stdout.str()
    assert not (pytester.path / "reports" / "runs").exists()


def test_a_case_of_a_tests_body_that_the_baseline_lacks_is_that_tests_error(suite, earlier) -> None:
    """Nobody knew of it before; the sentence stands where the case is measured."""
    earlier("reports/benchmarks/mine", 1)
    outcome = suite(*NULL, "--latency-baseline=latest", change=IN_ITS_BODY | {"per_s=60": "per_s=70"})
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.stdout.fnmatch_lines(["*test_ranker.py:*cannot be compared with this one: load per_s was 60*, is 70*"])


@pytest.mark.thorough
def test_a_history_elsewhere_is_read_and_kept(suite, earlier, pytester: pytest.Pytester) -> None:
    """What a runner without memory brings along and takes home: earlier runs are read there, and this session's file is put there."""
    earlier("brought", 50)
    outcome = suite(*NULL, "--latency-history=brought", "--latency-baseline=latest", change=SHORT)
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines(["*PASS  (against latest: *"])
    assert "*provisional" not in outcome.stdout.str()
    (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
    assert [path.read_bytes() for path in (pytester.path / "brought").glob(f"*/{saved.name}")] == [saved.read_bytes()]

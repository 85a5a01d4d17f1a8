"""The gate as a user meets it: a suite of theirs, a real emulation, pytest's own exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil
import pytest


def runs_in(folder: Path) -> list[dict]:
    """The run files of all sessions below a reports folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("runs/*/*.json"))]


def left_running(folder: Path) -> list[str]:
    """Processes that still have a working directory or an argument in the folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or ())
        if process.pid != os.getpid() and (str(folder) in command or (process.info["cwd"] or "").startswith(str(folder))):
            found.append(command)
    return found


def test_a_case_within_budget_passes_and_is_recorded(suite, pytester: pytest.Pytester) -> None:
    """Exit code 0; the run, its samples and one benchmark JSON are under reports/, and a page; the table says emulated PASS."""
    outcome = suite("--junitxml=junit.xml")
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(["*ranker-ml.m5.large-public*emulated PASS*", "*no statement about AWS*", "*1 passed*"])
    (run,) = runs_in(pytester.path / "reports")
    assert run["verdict"]["outcome"] == "PASS"
    saved = list((pytester.path / "reports" / "benchmarks").rglob("*.json"))
    assert len(saved) == 1
    assert len(json.loads(saved[0].read_text())["benchmarks"]) == 1
    (page,) = (pytester.path / "reports" / "runs").glob("*/report.html")
    outcome.stdout.fnmatch_lines([f"report: {page.relative_to(pytester.path)}"])
    assert (pytester.path / "reports" / "report.html").read_bytes() == page.read_bytes()
    assert "emulated PASS: ranker-ml.m5.large-public holds its budget." in page.read_text("utf-8")
    properties = {p.get("name"): p.get("value") for p in ElementTree.parse(pytester.path / "junit.xml").iter("property")}  # noqa: S314  # written by pytest a moment ago
    assert properties["tailgate.outcome"] == "PASS"
    assert float(properties["tailgate.p90"]) > 0.004
    (estimate,) = (one for one in run["estimates"] if one["metric"] == "p90")
    ends = {"tailgate.p90": "value", "tailgate.p90.low": "low", "tailgate.p90.high": "high"}
    assert {name: float(properties[name]) for name in ends} == {name: estimate[end] for name, end in ends.items()}
    assert not left_running(pytester.path)


OVER_BUDGET = {
    'Budget.of("p90 <= 500ms")': 'Budget((Limit.of("p90 <= 7ms"),), send_lag_share=0.99)',
    "import Budget,": "import Budget, Limit,",
}
"""Every request takes longer; and the tests beside this one may hold the generator up without making it INCONCLUSIVE."""


def test_a_case_over_budget_fails_with_the_failure_text_and_keeps_its_record(suite, pytester: pytest.Pytester) -> None:
    """A gate never seen to block is decoration: exit code 1, the text, the record; a second run confirmed it."""
    outcome = suite(change=OVER_BUDGET)
    assert outcome.ret == 1
    outcome.stdout.fnmatch_lines(["*emulated FAIL  (measured once more)", "*emulated FAIL  (confirmed)"])
    outcome.stdout.fnmatch_lines(["*confirmed: the run before it failed as well (p90 over budget)"])
    outcome.stdout.fnmatch_lines(["*p90 over budget: ranker on ml.m5.large via public at 60/s*", "*p90 response time*budget 7.0 ms*FAIL*"])
    runs = runs_in(pytester.path / "reports")  # where a busy host disturbed it, it was measured again
    assert [run["verdict"]["outcome"] for run in runs].count("FAIL") == 2
    (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
    assert len(json.loads(saved.read_text())["benchmarks"]) == len(runs)


@pytest.mark.thorough
def test_without_the_retry_a_fail_counts_at_once(suite, pytester: pytest.Pytester) -> None:
    """For those who confirm it in another way."""
    assert suite("--latency-no-retry", "--latency-repeats=0", change=OVER_BUDGET).ret == 1
    outcomes = [run["verdict"]["outcome"] for run in runs_in(pytester.path / "reports")]
    assert outcomes.count("FAIL") == 1


UNTRUSTED = {
    'Budget.of("p90 <= 500ms")': 'Budget((Limit.of("p90 <= 500ms"),), send_lag_share=1e-9)',
    "import Budget,": "import Budget, Limit,",
}
"""No generator keeps its schedule to half a nanosecond: the run cannot be trusted, so its verdict is INCONCLUSIVE."""


@pytest.mark.parametrize(
    ("arguments", "change", "code"),
    [
        ((), {}, pytest.ExitCode.TESTS_FAILED),
        (("--latency-inconclusive=skip",), {}, pytest.ExitCode.OK),
        ((), {"send_lag_share=1e-9)": 'send_lag_share=1e-9), inconclusive="skip"'}, pytest.ExitCode.OK),
    ],
    ids=["fails", "option", "case"],
)
def test_an_undecided_verdict_fails_unless_option_or_case_say_skip(
    suite, pytester: pytest.Pytester, arguments: tuple[str, ...], change: dict[str, str], code: int
) -> None:
    """INCONCLUSIVE is neither PASS nor FAIL, and machines can tell it from both."""
    outcome = suite("--junitxml=junit.xml", "-rs", "--latency-target=null", "--latency-repeats=0", *arguments, change=UNTRUSTED | change)
    assert outcome.ret == code
    outcome.stdout.fnmatch_lines(["*send lag*"])
    assert '"tailgate.outcome" value="INCONCLUSIVE"' in (pytester.path / "junit.xml").read_text()
    (run,) = runs_in(pytester.path / "reports")
    assert run["verdict"]["outcome"] == "INCONCLUSIVE"


def test_a_run_that_its_host_disturbed_is_measured_again_and_both_are_recorded(suite, pytester: pytest.Pytester) -> None:
    """As often as asked; the last one counts, and the table shows them all."""
    outcome = suite("--latency-target=null", "--latency-repeats=1", change=UNTRUSTED)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    assert [run["verdict"]["outcome"] for run in runs_in(pytester.path / "reports")] == ["INCONCLUSIVE"] * 2
    (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
    assert len(json.loads(saved.read_text())["benchmarks"]) == 2
    assert sum(line.startswith("ranker-ml.m5.large-public ") for line in outcome.outlines) == 2
    assert sum(line.endswith("INCONCLUSIVE  (its host was busy)") for line in outcome.outlines) == 2


def test_collecting_deploys_nothing(suite, pytester: pytest.Pytester) -> None:
    """--collect-only names the tests and starts no process, makes no folder."""
    outcome = suite("--collect-only", "-q")
    outcome.stdout.fnmatch_lines(["*test_ranker?ranker-ml.m5.large-public?"])
    assert not (pytester.path / "reports").exists()


def test_under_ci_an_unnamed_target_is_a_usage_error(suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4 and how to name it; nobody shall take an emulation for AWS by forgetting an option."""
    monkeypatch.setenv("CI", "true")
    outcome = suite()
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["ERROR: under CI the target must be named*--latency-target emulated*"])
    assert not (pytester.path / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--latency-target=emulatd",), "--latency-target: target 'emulatd' is not known; did you mean 'emulated'?"),
        (("--latency-repeats=-1",), "--latency-repeats is -1; it is how often to measure again at most, 0 for never"),
        (("--latency-plan=absent.toml",), "absent.toml cannot be read: No such file or directory"),
        (("--latency-plan=plan.toml",), "plan.toml: target 'sagemeker' is not known"),
    ],
)
def test_a_wrong_option_or_plan_is_a_usage_error(suite, pytester: pytest.Pytester, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 4 with one sentence, before anything is collected or deployed."""
    (pytester.path / "body").write_text("{}")
    experiment = "name='x'\nendpoint='x'\ninstance_types=['ml.m5.large']\npayload='body'\nload={per_s=50,for_s=9}\nbudget=['p90 <= 1s']"
    (pytester.path / "plan.toml").write_text(f"target = 'sagemeker'\n[[experiment]]\n{experiment}\n")
    outcome = suite(*arguments)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.stderr.str()
    assert "Traceback" not in outcome.stderr.str() + outcome.stdout.str()
    assert not (pytester.path / "reports").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"p90 <= 500ms": "p90 < 500"}, "limit 'p90 < 500'"),
        ({"ml.m5.large": "ml.m5.lrge"}, "did you mean 'ml.m5.large'"),
        ({"for_s=2": "for_s=0.2"}, "needs at least 29 requests"),
    ],
)
def test_a_case_that_cannot_be_meant_is_an_error_with_its_place_and_no_traceback_of_ours(suite, change: dict[str, str], said: str) -> None:
    """The user reads file, line and sentence, not the inside of tailgate."""
    outcome = suite(change=change)
    assert outcome.ret != 0
    text = outcome.stdout.str()
    assert said in text
    assert "test_ranker.py:" in text
    assert "tailgate/plan" not in text


def test_an_absent_payload_is_said_before_anything_is_deployed(suite, pytester: pytest.Pytester) -> None:
    """Exit code 4 and the path, which is relative to the test that names it."""
    outcome = suite(change={"b'{\"instances\": [1]}'": "'absent.json'"})
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"*ranker-*payload {pytester.path}/absent.json cannot be read*"])
    assert not (pytester.path / "reports").exists()


def test_the_plan_fills_tests_marked_planned(suite, pytester: pytest.Pytester) -> None:
    """Experiments by name; an unknown one is an error with the nearest spelling."""
    (pytester.path / "body").write_text("{}")
    (pytester.path / "plan.toml").write_text(
        "[[experiment]]\nname='types'\nendpoint='x'\ninstance_types=['ml.m5.large','ml.m5.xlarge']\npayload='body'\n"
        "load={per_s=60,for_s=9}\nbudget=['p90 <= 1s']\n"
    )
    text = "import pytest\n@pytest.mark.latency\n@pytest.mark.planned('types')\ndef test_it(measure, case):\n    pass\n"
    listed = suite("--latency-plan=plan.toml", "--collect-only", "-q", text=text)
    listed.stdout.fnmatch_lines(["*test_it?types-ml.m5.large?", "*test_it?types-ml.m5.xlarge?"])
    outcome = suite("--latency-plan=plan.toml", "--collect-only", "-q", text=text.replace("'types'", "'typos'"))
    outcome.stdout.fnmatch_lines(["*no experiment is named 'typos'*types*"])


def test_two_workers_measure_in_turn_and_lose_no_record(suite, pytester: pytest.Pytester) -> None:
    """Under xdist the loads do not overlap, and one benchmark JSON holds all runs."""
    two = {"[CASE], ids": "[CASE, CASE.on('ml.m5.xlarge')], ids"}
    outcome = suite("-n2", "-m", "latency", change=two)
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(["*ranker-ml.m5.large-public*", "*2 passed*"])
    runs = runs_in(pytester.path / "reports")
    assert len(runs) == 2
    (saved,) = (pytester.path / "reports" / "benchmarks").rglob("*.json")
    assert len(json.loads(saved.read_text())["benchmarks"]) == 2
    starts = sorted(time.mktime(time.strptime(run["provenance"]["started_at"][:19], "%Y-%m-%dT%H:%M:%S")) for run in runs)
    assert starts[1] - starts[0] >= 2, "each load lasts two and a half seconds"
    assert not left_running(pytester.path)


@pytest.mark.parametrize(
    "signals",
    [
        (signal.SIGINT,),
        (signal.SIGKILL,),
        pytest.param((signal.SIGTERM,), marks=pytest.mark.thorough),
        pytest.param((signal.SIGINT, signal.SIGINT), marks=pytest.mark.thorough),
    ],
    ids=lambda s: "+".join(x.name for x in s),
)
def test_an_interrupted_session_leaves_nothing_running_and_its_finished_runs_are_not_lost(
    pytester: pytest.Pytester, signals: tuple[signal.Signals, ...], written, suite
) -> None:
    """Whatever ends the session while the second case is driven: no process stays, the first run is in the next JSON."""
    written({"[CASE], ids": "[CASE, CASE.on('ml.m5.xlarge').under(Poisson(per_s=20, for_s=60))], ids"})
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=pytester.path, start_new_session=True)
    runs = pytester.path / "reports" / "runs"
    _until(lambda: len(list(runs.glob("*/*.json"))) == 1 and len(list(runs.glob("*/*.samples"))) == 2)
    for sent in signals:
        os.killpg(process.pid, sent) if sent == signal.SIGINT else process.send_signal(sent)
        time.sleep(0.3)
    process.wait(timeout=120)
    _until(lambda: not left_running(pytester.path))
    if not recorded(pytester.path):  # the session had no time to: the next one takes its runs over
        assert suite("--latency-target=null", change={"[CASE], ids": "[CASE.on('ml.m5.2xlarge')], ids"}).ret == 0
    assert "ml.m5.large" in recorded(pytester.path)


def recorded(folder: Path) -> list[str]:
    """The instance types in all benchmark JSON below a suite's folder."""
    saved = (folder / "reports" / "benchmarks").rglob("*.json")
    return [one["params"]["instance_type"] for path in saved for one in json.loads(path.read_text())["benchmarks"]]


def _until(holds, within_s: float = 120) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_the_session_is_told_in_markdown_beside_its_runs_and_in_the_jobs_summary(
    suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate that failed: verdict first, its text in a fold, the same page in both places; `tailgate show --markdown` has it too."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "step.md"))
    assert suite("--latency-no-retry", change=OVER_BUDGET).ret == 1
    (page,) = (pytester.path / "reports" / "runs").glob("*/summary.md")
    text = page.read_text()
    (recorded,) = runs_in(pytester.path / "reports")
    told = f"emulated {recorded['verdict']['outcome']}"  # a busy host may leave it INCONCLUSIVE
    assert "PASS" not in told
    assert text.startswith(f"## Tail latency: {told}\n")
    assert text.count("<details>") == 1
    assert (pytester.path / "step.md").read_text() == text
    (run,) = page.parent.glob("*.json")
    shown = subprocess.run([sys.executable, "-m", "tailgate", "show", "--markdown", run], capture_output=True, text=True, check=True)
    assert shown.stdout.replace(f"1 {told}.", f"1 {told}; 1 test failed.") == text

"""A repository that does not use tailgate does not notice it; one that does hears of trouble in a sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\n@pytest.fixture\ndef measure(): return 5\ndef test_it(measure): assert measure == 5\n",
        "import pytest\n@pytest.mark.latency\ndef test_it(): pass\n",
        "def test_it(): pass\n",
    ],
    ids=["their own fixture measure", "their own marker latency", "nothing of ours"],
)
def test_what_is_not_ours_opens_no_gate(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """No folder, no process, no exit code 4 under CI: names that tailgate uses too are still theirs."""
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(text)
    assert pytester.runpytest_subprocess().ret == 0
    assert not (pytester.path / "reports").exists()


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--setup-plan", "--collect-only"])
def test_options_that_run_nothing_deploy_nothing(suite, pytester: pytest.Pytester, option: str) -> None:
    """On AWS a deployment costs money; asking for a list of fixtures does not."""
    began_s = time.time()
    outcome = suite(option)
    assert outcome.ret == 0
    assert not list((pytester.path / "reports").glob("runs/*/*.json"))
    started = [p for p in psutil.process_iter(["create_time", "cmdline"]) if p.info["create_time"] >= began_s]
    assert not any(str(pytester.path) in " ".join(p.info["cmdline"] or ()) for p in started)


def test_a_repository_without_our_options_can_list_its_fixtures(pytester: pytest.Pytester) -> None:
    """Locust's plugin, which comes with tailgate, has its fixtures once."""
    pytester.makepyfile("def test_it(): pass\n")
    outcome = pytester.runpytest_subprocess("--fixtures")
    assert outcome.ret == 0
    assert outcome.stdout.str().count("fastsession") == 1


@pytest.mark.parametrize("place", ["/proc/nope", "a-file"])
def test_a_reports_folder_that_cannot_be_written_is_a_usage_error(suite, pytester: pytest.Pytester, place: str) -> None:
    """Exit code 4 and a sentence, before anything is deployed."""
    (pytester.path / "a-file").touch()
    outcome = suite(f"--latency-reports={place}")
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["ERROR: *no folder for this session's runs*"])
    assert "INTERNALERROR" not in outcome.stdout.str() + outcome.stderr.str()


def test_a_folder_elsewhere_that_pytest_takes_for_a_tests_is_a_usage_error(
    suite, pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Then the suite's ini file would not be read. With an equals sign it is no argument of pytest's."""
    pytester.makeini("[pytest]")
    elsewhere = str(tmp_path_factory.mktemp("elsewhere"))
    outcome = suite("--latency-reports", elsewhere)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: pytest took {elsewhere}, the value of --latency-reports,*write --latency-reports={elsewhere}"])
    assert suite(f"--latency-reports={elsewhere}", "--latency-target=null", "--collect-only").ret == 0


def test_without_a_terminal_reporter_it_measures_all_the_same(suite, pytester: pytest.Pytester) -> None:
    """`-p no:terminal` shows nothing, and records."""
    assert suite("-p", "no:terminal", "--latency-target=null").ret == 0
    assert len(list((pytester.path / "reports").glob("runs/*/*.json"))) == 1


def test_without_pytest_benchmark_it_says_that_there_is_no_benchmark_json(suite) -> None:
    """The runs are on disk, and the next session takes them over."""
    outcome = suite("-p", "no:benchmark", "--latency-target=null")
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(["benchmark JSON: none*"])


def test_a_fixture_asked_for_by_name_while_a_test_runs_measures_too(suite) -> None:
    """`request.getfixturevalue("measure")` opens the gate then."""
    outcome = suite(
        change={"def test_ranker(measure, case):": "def test_ranker(request, case):\n    measure = request.getfixturevalue('measure')"}
    )
    assert outcome.ret == 0


@pytest.mark.parametrize(
    ("ci", "change", "said"),
    [("true", {}, "under CI the target must be named"), ("", {"b'{\"instances\": [1]}'": "'absent.json'"}, "absent.json cannot be read")],
    ids=["unnamed target", "absent payload"],
)
def test_usage_errors_are_the_same_under_xdist(suite, monkeypatch: pytest.MonkeyPatch, ci: str, change: dict[str, str], said: str) -> None:
    """Exit code 4 and the sentence, where a worker finds out."""
    if ci:
        monkeypatch.setenv("CI", ci)
    outcome = suite("-n2", change=change)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.stdout.str()
    assert "INTERNALERROR" not in outcome.stdout.str()


@pytest.mark.parametrize(
    ("workers", "sent"),
    [
        pytest.param((), signal.SIGTERM, marks=pytest.mark.thorough),
        ((), signal.SIGHUP),
        (("-n2",), signal.SIGTERM),
        pytest.param(("-n2",), signal.SIGHUP, marks=pytest.mark.thorough),
    ],
    ids=lambda one: one.name if isinstance(one, signal.Signals) else "xdist" if one else "alone",
)
def test_a_session_told_to_end_ends_in_order(pytester: pytest.Pytester, written, sent: signal.Signals, workers: tuple[str, ...]) -> None:
    """While it drives, with and without xdist: nothing of it is there a moment later."""
    written({"for_s=2,": "for_s=60,"})
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "latency", *workers]
    session = subprocess.Popen(command, cwd=pytester.path, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: any(path.stat().st_size > 500 for path in pytester.path.glob("reports/runs/*/*.samples")), 240)
        below = psutil.Process(session.pid).children(recursive=True)
        os.kill(session.pid, sent)
        assert session.wait(timeout=120) == pytest.ExitCode.INTERRUPTED
        _until(lambda: not any(_alive(process) for process in below), 120)  # busy workers take a moment to notice
    finally:
        if session.poll() is None:
            os.killpg(session.pid, signal.SIGKILL)
            session.wait()


def test_an_error_in_an_imported_module_is_told_with_its_own_place(pytester: pytest.Pytester) -> None:
    """Cases often stand in a module of their own: that is the place to mend."""
    Path(pytester.path, "cases.py").write_text("from tailgate import Budget\n\nBUDGET = Budget.of('p99 < 60')\n")
    pytester.makepyfile("from cases import BUDGET\n")
    outcome = pytester.runpytest_subprocess()
    outcome.stdout.fnmatch_lines(["*cases.py:3: limit 'p99 < 60'*"])


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _until(holds, within_s: float) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.1)

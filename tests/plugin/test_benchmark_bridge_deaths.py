"""Runs that a session left behind, however it ended, come into the next one's benchmark JSON."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tailgate.pytest_benchmark_bridge import Bridge
from tailgate.reporting.benchmark_json import runs_in
from tests.plugin.made_up_runs import LEAN, Pytest, left_behind, saved_in


@pytest.mark.parametrize("samples_left", [True, False], ids=["with its samples", "its samples gone"])
def test_runs_of_a_dead_session_come_into_the_next_ones_json_once(
    samples_left: bool, run_pytest: Pytest, pytester: pytest.Pytester
) -> None:
    """Marked with the session they are from; response times from the histogram if need be; the session after has them not."""
    run = left_behind(pytester.path / "reports")
    assert run.path is not None
    assert run.samples_path is not None
    if not samples_left:
        run.samples_path.unlink()
    run_pytest().stdout.fnmatch_lines(["RUNS 3 RECOVERED 1 *"])
    run_pytest().stdout.fnmatch_lines(["RUNS 3 RECOVERED 0 *"])
    first, second = saved_in(pytester.path / "reports")
    (recovered,) = [one for one in json.loads(first.read_text())["benchmarks"] if "recovered_from" in one["extra_info"]]
    assert recovered["extra_info"]["recovered_from"] == run.path.parent.name
    assert recovered["stats"]["rounds"] == 1000
    assert recovered["stats"]["median"] == pytest.approx(0.02, rel=0.05)
    assert len(runs_in(first)) == 4
    assert len(runs_in(second)) == 3


def test_a_session_killed_while_it_measures_loses_no_run(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """SIGKILL after the first of two measurements: the next session has the first one's run in its JSON."""
    suite = "import time\ndef test_first(measure):\n    measure('first')\ndef test_second(measure):\n    time.sleep(60)\n"
    pytester.makepyfile(test_latency=suite)
    killed = pytester.popen([sys.executable, "-m", "pytest", *LEAN], stdin=subprocess.DEVNULL)
    runs = pytester.path / "reports" / "runs"
    try:
        until(lambda: any(runs.glob("*/*.json")))
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=20)
    run_pytest("-k", "test_within_budget").stdout.fnmatch_lines(["RUNS 2 RECOVERED 1 *"])
    (saved,) = saved_in(pytester.path / "reports")
    assert [run.case["name"] for run in runs_in(saved)] == ["embedder", "ranker", "first"]  # of one time: by name


def test_a_worker_that_is_killed_loses_no_run(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """Its folder is nobody's any more when the controller finishes, so its run is recovered into the very same file."""
    suite = (
        "import os, signal\n"
        "def test_first(measure):\n    measure('first')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def test_second(measure):\n    measure('second')\n"
    )
    run_pytest("-n2", "--max-worker-restart=0", suite=suite)
    (saved,) = saved_in(pytester.path / "reports")
    assert {run.case["name"] for run in runs_in(saved)} == {"first", "second"}


def test_a_record_that_cannot_be_read_is_complained_about_and_left_where_it_is(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """One damaged file neither stops the others from being saved nor goes unnoticed."""
    run = left_behind(pytester.path / "reports")
    assert run.path is not None
    run.path.write_text('{"record": "tailgate-run", "for')
    run_pytest().stdout.fnmatch_lines(["record: *.json is not JSON, or was cut off*", "RUNS 3 RECOVERED 0 *"])
    assert len(runs_in(saved_in(pytester.path / "reports")[0])) == 3
    assert run.path.exists()


def test_without_pytest_benchmark_the_runs_wait_for_a_session_that_has_it(run_pytest: Pytest) -> None:
    """`-p no:benchmark` is the user's word; the runs stay on disk unsaved and are recovered later."""
    run_pytest("-p", "no:benchmark").stdout.fnmatch_lines(["RUNS 3 RECOVERED 0 SAVED None"])
    run_pytest().stdout.fnmatch_lines(["RUNS 3 RECOVERED 3 *"])


def test_a_session_without_measurements_writes_nothing(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """No file, no folder of its own left, and no warning that there was nothing to save."""
    outcome = run_pytest("-k", "nothing")
    outcome.assert_outcomes(passed=1, deselected=3)
    assert saved_in(pytester.path / "reports") == []
    assert list((pytester.path / "reports" / "runs").iterdir()) == []


def test_a_controller_without_folders_is_left_alone(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """Nothing is read, recovered or retired for a session that measured nothing anywhere."""
    left_behind(tmp_path)
    bridge = Bridge(pytestconfig, tmp_path)
    finish = bridge.pytest_sessionfinish()
    next(finish)
    with pytest.raises(StopIteration):
        finish.send(None)
    assert (bridge.runs, bridge.recovered, bridge.saved_to) == ([], [], None)


def until(condition: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)

"""The bridge in real pytest sessions: runs made up on disk, everything after that as it is for users."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.pytest_benchmark_bridge import DEFAULT_STORAGE, _metadata
from tailgate.reporting.benchmark_json import Benchmark, runs_in
from tailgate.reporting.session_folder import unsaved
from tests.plugin.made_up_runs import CONFTEST, SUITE, Pytest, left_behind, saved_in


@pytest.mark.parametrize("how", [[], ["-n2"]], ids=["in one process", "with two workers"])
def test_every_run_is_in_one_benchmark_json_also_that_of_a_failed_test(
    how: list[str], run_pytest: Pytest, pytester: pytest.Pytester
) -> None:
    """With and without xdist: one file a session, in pytest-benchmark's layout, a benchmark per run, records whole."""
    outcome = run_pytest(*how)
    outcome.assert_outcomes(passed=3, failed=1)
    (saved,) = saved_in(pytester.path / "reports")
    outcome.stdout.fnmatch_lines([f"RUNS 3 RECOVERED 0 SAVED *{saved.name}"])
    benchmarks = {one["name"]: one for one in json.loads(saved.read_text())["benchmarks"]}
    assert set(benchmarks) == {
        "test_within_budget[ranker][ranker-ml.m5.large-public]",
        "test_within_budget[embedder][embedder-ml.m5.large-public]",
        "test_over_budget[slow-ml.m5.large-public]",
    }
    slow = benchmarks["test_over_budget[slow-ml.m5.large-public]"]
    assert slow["fullname"] == "test_latency.py::test_over_budget[slow-ml.m5.large-public]@emulated"
    assert slow["group"] == "slow (emulated)"
    assert slow["param"] == "slow-ml.m5.large-public"
    assert slow["params"]["instance_type"] == "ml.m5.large"
    assert slow["stats"]["rounds"] == 1000
    assert slow["stats"]["median"] == pytest.approx(0.2, rel=0.05)
    assert slow["extra_info"]["verdict"]["outcome"] == "FAIL"
    assert sorted(str(run.case["id"]) for run in runs_in(saved)) == [
        f"{name}-ml.m5.large-public" for name in ("embedder", "ranker", "slow")
    ]
    folders = list((pytester.path / "reports" / "runs").iterdir())
    assert sum(len(list(folder.glob("*.samples"))) for folder in folders) == 3
    assert not any(unsaved(folder) for folder in folders)


def test_pytest_benchmarks_own_command_works_on_the_history(run_pytest: Pytest) -> None:
    """`list` names the file of every session; `compare` puts the sessions side by side, and ours takes the same files."""
    for _ in range(2):
        run_pytest()
    command = [sys.executable, "-m", "pytest_benchmark", "--storage", "file://reports/benchmarks"]
    listed = subprocess.run([*command, "list"], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert [Path(line).name[:5] for line in listed] == ["0001_", "0002_"]
    compared = subprocess.run(
        [*command, "compare", "--columns=median,rounds"], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert "benchmark 'ranker (emulated)': 2 tests" in compared
    first, second = saved_in(Path("reports"))
    second.write_text(second.read_text().replace("2026-11-22T", "2026-11-23T"))  # made-up runs all begin at one time
    ours = subprocess.run(
        [sys.executable, "-m", "tailgate", "compare", first, second], capture_output=True, text=True, check=False, timeout=300
    )
    assert (ours.returncode, ours.stderr) == (2, ""), "one run a side of the same does not settle 3 %"
    assert "emulated undecided in 3 of 3 cases" in ours.stdout
    assert compared.count("test_over_budget") == 2


@pytest.mark.parametrize("how", [[], ["-n2"]], ids=["in one process", "with two workers"])
def test_options_of_pytest_benchmark_mean_what_they_always_mean(how: list[str], run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """--benchmark-json, -save and -storage go where the user says; response times are in the JSON that asks for them."""
    outcome = run_pytest(*how, "--benchmark-json=out.json", "--benchmark-save=mine", "--benchmark-storage=file://elsewhere")
    assert outcome.ret == 1
    (named,) = (pytester.path / "elsewhere").glob("*/*.json")
    assert named.name == "0001_mine.json"
    assert saved_in(pytester.path / "reports") == []
    asked = json.loads((pytester.path / "out.json").read_text())
    assert len(asked["benchmarks"]) == 3
    assert all(len(one["stats"]["data"]) == 1000 for one in asked["benchmarks"])
    assert runs_in(pytester.path / "out.json") == runs_in(named)


def test_a_storage_of_the_users_is_saved_to_without_further_ado(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """A run is always kept: a chosen storage needs no --benchmark-autosave beside it."""
    run_pytest("--benchmark-storage=file://elsewhere")
    assert len(list((pytester.path / "elsewhere").glob("*/0001_*.json"))) == 1


def test_comparing_finds_the_history_and_shows_the_table(run_pytest: Pytest) -> None:
    """A bare --benchmark-compare looks into the reports folder; the table, hidden otherwise, is shown; its checks bite."""
    first = run_pytest()
    first.stdout.no_fnmatch_line("*Legend*")
    assert "Saved benchmark data" not in first.stderr.str() + first.stdout.str()
    compared = run_pytest("--benchmark-compare", "--benchmark-compare-fail=median:50%")
    compared.stdout.fnmatch_lines(["*Legend*"])
    compared.stdout.fnmatch_lines(["*test_over_budget*(0001_*"])
    slower = run_pytest(
        "--benchmark-compare", "--benchmark-compare-fail=median:50%", suite=SUITE.replace("measure(name)", "measure(name, median_s=.05)")
    )
    slower.stderr.fnmatch_lines(["*Performance has regressed*"])


def test_comparing_works_with_reports_outside_the_current_folder(run_pytest: Pytest, pytester: pytest.Pytester, tmp_path: Path) -> None:
    """pytest-benchmark's file storage cannot name a folder that is not below the current one; ours can."""
    (pytester.path / ".benchmarks" / "Linux").mkdir(parents=True)
    (pytester.path / ".benchmarks" / "Linux" / "0001_old.json").write_text('{"benchmarks": [], "machine_info": {}}')
    elsewhere = f"--reports={tmp_path}/elsewhere"
    run_pytest(elsewhere)
    compared = run_pytest(elsewhere, "--benchmark-compare")
    compared.stdout.fnmatch_lines(["*test_over_budget*(0001_*"])
    assert len(saved_in(tmp_path / "elsewhere")) == 2


@pytest.mark.parametrize("how", [[], ["-n2"]], ids=["in one process", "with two workers"])
def test_benchmark_only_selects_what_measures(how: list[str], run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """It is no usage error under xdist, and knows `measure` as well as `benchmark`."""
    outcome = run_pytest(*how, "--benchmark-only", "-rs")
    outcome.assert_outcomes(passed=2, failed=1, skipped=1)
    assert len(runs_in(saved_in(pytester.path / "reports")[0])) == 3


def test_benchmark_skip_skips_what_measures(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """Nothing is measured, so nothing is saved."""
    run_pytest("--benchmark-skip").assert_outcomes(passed=1, skipped=3)
    assert saved_in(pytester.path / "reports") == []


def test_benchmark_only_and_disable_together_stay_the_usage_error_that_they_are(run_pytest: Pytest) -> None:
    """Only what xdist makes of --benchmark-only is put right."""
    assert run_pytest("--benchmark-only", "--benchmark-disable").ret == pytest.ExitCode.USAGE_ERROR


def test_the_users_own_benchmarks_keep_their_table_and_are_saved_beside_ours(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """Only our rows are taken out of pytest-benchmark's table; the file holds both; `runs_in` passes theirs over."""
    outcome = run_pytest(suite=SUITE + "\ndef test_own(benchmark):\n    benchmark(sum, [1, 2])\n")
    outcome.stdout.fnmatch_lines(["*Name (time in*", "test_own *"])
    outcome.stdout.no_fnmatch_line("*benchmark 'ranker (emulated)'*")
    (saved,) = saved_in(pytester.path / "reports")
    assert len(json.loads(saved.read_text())["benchmarks"]) == 4
    assert len(runs_in(saved)) == 3


def test_two_attempts_at_a_case_in_one_test_are_both_recorded(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """A retry keeps both: the second has a name of its own, so that comparing goes by the first."""
    run_pytest(suite="def test_retry(measure):\n    measure(seed=1)\n    measure(seed=2)\n")
    (saved,) = saved_in(pytester.path / "reports")
    names = [one["name"] for one in json.loads(saved.read_text())["benchmarks"]]
    assert names == ["test_retry[ranker-ml.m5.large-public]", "test_retry[ranker-ml.m5.large-public]#2"]


@pytest.mark.parametrize(
    "also", ["", "\ndef test_well(measure):\n    measure('embedder')\n"], ids=["alone", "beside one that was answered"]
)
def test_a_run_without_any_answer_is_recorded_though_it_has_no_statistics(also: str, run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """An endpoint that was down: pytest-benchmark cannot hold it, so it stands in our section of the file; compare works."""
    suite = f"def test_down(measure):\n    assert measure(failed=range(1000)).verdict['outcome'] == 'PASS'\n{also}"
    outcome = run_pytest("--benchmark-json=out.json", suite=suite)
    outcome.assert_outcomes(passed=1 if also else 0, failed=1)
    (saved,) = saved_in(pytester.path / "reports")
    for path in (saved, pytester.path / "out.json"):
        assert "ranker-ml.m5.large-public" in {run.case["id"] for run in runs_in(path)}
        assert len(json.loads(path.read_text())["benchmarks"]) == (1 if also else 0)
    again = run_pytest("--benchmark-compare", suite=suite)
    assert again.ret == 1
    again.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_ten_minutes_at_a_thousand_a_second_take_at_most_150_kb_of_the_file(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """As pytest-benchmark writes it, indented and with its statistics."""
    conftest = CONFTEST.replace("case_of(name, for_s=10)", "case_of(name, per_s=1000, for_s=600)")
    pytester.makeconftest(conftest)
    run_pytest(suite="def test_long(measure):\n    measure(failed=range(0, 600_000, 999))\n").assert_outcomes(passed=1)
    (saved,) = saved_in(pytester.path / "reports")
    assert saved.stat().st_size <= 150_000
    assert json.loads(saved.read_text())["benchmarks"][0]["stats"]["rounds"] == 10_000


def test_collecting_only_saves_nothing(run_pytest: Pytest, pytester: pytest.Pytester) -> None:
    """Not even what a dead session left: --collect-only changes nothing."""
    left_behind(pytester.path / "reports")
    assert run_pytest("--collect-only").ret == 0
    assert saved_in(pytester.path / "reports") == []


def test_pytest_benchmark_is_still_what_the_bridge_relies_on(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """The contract: Metadata's arguments and output, the session's attributes and option defaults, the storage's query."""
    from pytest_benchmark.logger import Logger
    from pytest_benchmark.session import BenchmarkSession
    from pytest_benchmark.stats import Metadata
    from pytest_benchmark.storage.file import FileStorage

    assert list(inspect.signature(Metadata).parameters) == ["fixture", "iterations", "options"]

    source = _metadata(Benchmark("n", "f::n", "g", "p", {"a": "b"}, {"record": "x"}, [0.1, 0.2, 0.3]))
    described = source.as_dict()
    assert {"name", "fullname", "group", "param", "params", "extra_info", "options", "stats"} <= set(described)
    assert described["stats"]["median"] == 0.2
    session = pytestconfig.pluginmanager.get_plugin("pytest-benchmark")
    assert isinstance(session, BenchmarkSession)
    relied_on = ["benchmarks", "groups", "storage", "save", "autosave", "compare", "compared_mapping", "logger", "machine_id"]
    assert all(hasattr(session, name) for name in relied_on)
    assert callable(session.handle_loading)
    assert list(inspect.signature(FileStorage).parameters) == ["path", "logger", "default_machine_id"]
    assert FileStorage(tmp_path, Logger(Logger.QUIET, config=pytestconfig), "machine").query() == []
    defaults = pytestconfig._parser.parse([])
    assert defaults.benchmark_storage == DEFAULT_STORAGE

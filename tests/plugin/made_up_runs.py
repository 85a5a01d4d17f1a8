"""Sessions of pytest-benchmark whose runs are made up on disk: everything after that is as it is for users."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tailgate.reporting.run_file import Run
from tailgate.reporting.session_folder import SessionFolder
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written

ROOT = Path(__file__).parents[2]
CONFTEST = '''
from pathlib import Path
import pytest
from tailgate.pytest_benchmark_bridge import WORKER_FOLDER, Bridge, before_benchmark
from tailgate.reporting.run_file import write_run
from tailgate.reporting.session_folder import SessionFolder, claim
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, write_samples
from dataclasses import replace

def pytest_addoption(parser):
    parser.addoption("--reports", default="reports")

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    reports = Path(config.rootpath, config.option.reports)
    before_benchmark(config, reports)
    config.folder = SessionFolder.begin(reports)
    if hasattr(config, "workeroutput"):
        config.workeroutput[WORKER_FOLDER] = str(config.folder.path)
    else:
        config.bridge = Bridge(config, reports, config.folder.path)
        config.pluginmanager.register(config.bridge, "bridge")

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    yield
    session.config.folder.release()

def pytest_terminal_summary(terminalreporter, config):
    bridge = config.bridge
    terminalreporter.write_line(f"RUNS {len(bridge.runs)} RECOVERED {len(bridge.recovered)} SAVED {bridge.saved_to}")

@pytest.fixture
def measure(request):
    """Write a made-up run as measuring does: on disk before anybody asserts."""
    def measure(name="ranker", **how):
        case = case_of(name, for_s=10)
        samples = samples_of(case, **how)
        folder = request.config.folder.path
        stem = claim(folder, case.id)
        write_samples(samples, folder / f"{stem}.samples")
        run = replace(run_from(case, samples, test=request.node.nodeid), samples=f"{stem}.samples")
        write_run(run, folder / f"{stem}.json")
        return run
    return measure
'''
SUITE = """
import pytest

@pytest.mark.parametrize("name", ["ranker", "embedder"])
def test_within_budget(measure, name):
    assert measure(name).verdict["outcome"] == "PASS"

def test_over_budget(measure):
    assert measure("slow", median_s=0.2).verdict["outcome"] == "PASS", "p99 over budget"

def test_that_measures_nothing():
    pass
"""

Pytest = Callable[..., pytest.RunResult]
LEAN = ("-p", "no:locust", "-p", "no:tailgate.pytest_plugin", "-p", "no:cacheprovider")


def saved_in(reports: Path) -> list[Path]:
    """The benchmark JSON below a reports folder, oldest first."""
    return sorted((reports / "benchmarks").glob("*/*.json"))


def left_behind(reports: Path, name: str = "recommender") -> Run:
    """A run of a session that did not live to save it."""
    case = case_of(name, for_s=10)
    samples = samples_of(case)
    with SessionFolder.begin(reports) as session:
        return written(run_from(case, samples, test="test_latency.py::test_interrupted"), samples, session.path)

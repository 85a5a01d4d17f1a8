"""What a user gets: the wheel in an empty environment, in a repository that knows nothing of tailgate's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

CONFTEST = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--host", "-H", default="theirs")

@pytest.fixture
def session(request):
    return request.config.getoption("--host")
"""

SUITE = '''
"""The ranker ships only if its tail fits the page."""
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency

RANKER = Case(
    EndpointSpec("ranker", model="models/ranker-7", instance_type="ml.c6i.xlarge"),
    network_path="privatelink",
    payload="payloads/20-candidates.json",
    load=Poisson(per_s=50, for_s=60, seed=7),
    budget=Budget.of("p50 <= 60ms", "p99 <= 120ms", "error_rate <= 0.5%"),
)

@pytest.mark.parametrize("instance_type", ["ml.c6i.xlarge", "ml.c7i.xlarge"])
def test_ranker_fits_its_budget(measure, instance_type):
    run = measure(RANKER.on(instance_type))
    assert run.verdict, run.verdict.explain()

def test_their_own_fixture_and_option_are_theirs(session):
    assert session == "theirs"
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment with nothing but the wheel and what its metadata asks for; its python."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, PROJECT], check=True, timeout=120)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=60)
    python = folder / "venv" / "bin" / "python"
    pins = folder / "pins.txt"  # the pinned versions as constraints: what is asked for comes from the wheel alone
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pins.write_text("\n".join(line.partition("[")[0] + line.partition("]")[2] if "[" in line else line for line in lines if "==" in line))
    (wheel,) = folder.glob("tailgate-*.whl")
    install = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-compile", "-c", pins, wheel]
    subprocess.run(install, check=True, timeout=300)
    return python


def test_the_wheel_gates_from_a_foreign_repository(environment: Path, tmp_path: Path) -> None:
    """The README's example but for a shorter load: types without a profile, a payload beside the test, a model that is not run.

    The user's conftest owns `--host` and the fixture `session`, which Locust's plugin claims as well.
    """
    (tmp_path / "payloads").mkdir()
    (tmp_path / "payloads" / "20-candidates.json").write_text('{"candidates": []}')
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_ranker.py").write_text(SUITE.replace("per_s=50, for_s=60", "per_s=200, for_s=3.5"))
    ours = {"CI", "PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [environment, "-m", "pytest", "-p", "no:cacheprovider"], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert "emulated PASS" in done.stdout
    assert "no statement about AWS" in done.stdout
    assert len(list((tmp_path / "reports" / "benchmarks").rglob("*.json"))) == 1
    shown = subprocess.run([environment.parent / "tailgate", "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert shown.stdout.strip() == "tailgate 0.1.0"

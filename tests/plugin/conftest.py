"""Suites of users, run in processes of their own."""

import pytest

from tests.plugin.made_up_runs import CONFTEST, LEAN, ROOT, Pytest
from tests.plugin.made_up_runs import SUITE as MADE_UP
from tests.suites import RANKER


@pytest.fixture
def written(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Write a user's suite: `change` changes its text first. Nothing of the environment chooses how its sessions go."""
    for name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "GITHUB_STEP_SUMMARY", "TAILGATE_REPORT"):
        monkeypatch.delenv(name, raising=False)

    def write(change: dict[str, str] | None = None, text: str = RANKER) -> None:
        for old, new in (change or {}).items():
            assert old in text
            text = text.replace(old, new)
        pytester.makepyfile(test_ranker=text)

    return write


@pytest.fixture
def suite(pytester: pytest.Pytester, written):
    """Run a user's suite on the emulated target, written as `written` writes it. The harness's floor is left alone unless asked for."""

    def run(*arguments: str, change: dict[str, str] | None = None, text: str = RANKER, floor: bool = False) -> pytest.RunResult:
        written(change, text)
        chosen = () if floor else ("--latency-no-floor",)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *chosen, *arguments, timeout=300)

    return run


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Pytest:
    """Run a suite in a process of its own, without the plugin that the bridge is usually registered by."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)

    def run(*arguments: str, suite: str = MADE_UP) -> pytest.RunResult:
        pytester.makepyfile(test_latency=suite)
        return pytester.runpytest_subprocess(*LEAN, *arguments, timeout=300)

    return run

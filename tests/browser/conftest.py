"""One browser for all tests here, and the pages that it opens: of a real session, of every figure, of hostile names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tailgate.reporting.reader import files_of, read_runs
from tailgate.reporting.report import written
from tailgate.reporting.run_file import Run
from tests.browser.chromium import Opened, missing, opened, started
from tests.browser.runs import every_figure, hostile

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Open = Callable[..., AbstractContextManager[Opened]]
PAGES = ("session", "figures", "hostile")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser the tests here are skipped with what to do; under CI they fail, as nobody reads why a test was skipped."""
    lacking = missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")
            if lacking and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason=lacking))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    lacking = missing()
    assert not lacking, lacking
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def open_page(browser: Any) -> Open:
    """Opens a page: `with open_page(path, width=360, scheme="dark") as page`."""
    return partial(opened, browser)


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a real session left its runs and its page: the newest in reports/ (`make latency`), a short one where there is none."""
    sessions = [folder for folder in (ROOT / "reports" / "runs").glob("*") if (folder / "report.html").exists()]
    newest = max(sessions, key=lambda folder: (folder / "report.html").stat().st_mtime, default=None)
    return newest or _measured(tmp_path_factory.mktemp("session"))


def _measured(reports: Path) -> Path:
    """A short session on the emulated target, as a user starts it, and its folder."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("TAILGATE_", "PYTEST_", "GITHUB_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "latency", "-k", "smoke", "tests/latency"]
    command += ["--latency-target", "emulated", "--latency-no-floor", "--latency-reports", str(reports)]
    ran = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=240, check=False)
    pages = list(reports.glob("runs/*/report.html"))
    assert len(pages) == 1, ran.stdout + ran.stderr
    return pages[0].parent


@pytest.fixture(scope="session")
def session_runs(session_folder: Path) -> list[Run]:
    """Its runs."""
    runs = [run for _, run in read_runs(files_of([session_folder])).runs]
    assert runs, f"no runs in {session_folder}"
    return runs


@pytest.fixture(scope="session")
def runs_of(session_runs: list[Run]) -> dict[str, list[Run]]:
    """The runs that each page is made of."""
    return {"session": session_runs, "figures": every_figure(), "hostile": hostile()}


@pytest.fixture(scope="session")
def pages(runs_of: dict[str, list[Run]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages, written as `tailgate report` writes them."""
    folder = tmp_path_factory.mktemp("pages")
    complaints = {"hostile": ["<b>odd</b>.json is empty; delete it"]}
    return {name: written(runs, folder / f"{name}.html", complaints.get(name, [])) for name, runs in runs_of.items()}


@pytest.fixture(params=PAGES)
def page_file(request: pytest.FixtureRequest, pages: dict[str, Path]) -> Path:
    """Each of the pages."""
    return pages[request.param]


@pytest.fixture(scope="session")
def unfolded(open_page: Open, pages: dict[str, Path]) -> Iterator[Callable[[str], Opened]]:
    """A page by its name, with all cases unfolded and drawn: one for all tests that only look."""
    with ExitStack() as open_until_the_end:
        yield cache(lambda name: open_until_the_end.enter_context(open_page(pages[name])).unfold())


@pytest.fixture(params=PAGES)
def seen(request: pytest.FixtureRequest, unfolded: Callable[[str], Opened]) -> Opened:
    """Each of them."""
    return unfolded(request.param)


def series_of(page: Path) -> dict[str, Any]:
    """What its plots are drawn of, as it stands in the file."""
    text = page.read_text("utf-8").partition('<script type="application/json" id="series">')[2].partition("</script>")[0]
    return dict(json.loads(text))

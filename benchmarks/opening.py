"""How fast a report opens in Chromium, by the page's own performance entries: first content, loaded, first plots drawn."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import Settings, Table, main, median_of
from benchmarks.report import RUNS, _run, _written
from tailgate.reporting.report import written
from tailgate.reporting.run_file import read_run
from tests.browser.chromium import missing, opened, started

REQUESTS = 20_000
COLUMNS = {
    "runs": ("runs", "count"),
    "page_kb": ("page kB", "count"),
    "first_s": ("first content ms", "ms"),
    "loaded_s": ("loaded ms", "ms"),
    "drawn_s": ("its first plots drawn ms", "ms"),
    "cpu_s": ("processor time until then ms", "ms"),
}


def measure(settings: Settings) -> Table:
    """Pages from disk, each opened in a window of its own; Chromium has been used before, as on a desk."""
    table = Table("opening", "A report opens in headless Chromium", COLUMNS)
    lacking = missing()
    if lacking:
        table.notes.append(f"Not measured: {lacking}.")
        return table
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        pages = {many: _page(many, Path(folder)) for many in RUNS}
        _once(browser, pages[RUNS[0]])
        for many, page in pages.items():
            labels = {"runs": float(many), "page_kb": page.stat().st_size / 1e3}
            table.add(labels, median_of(settings, lambda page=page: _once(browser, page)))
        table.notes.append(f"Chromium {browser.version}; promised are 500 ms to first content, 2 000 to an open page, 2 000 kB.")
    return table


def _page(many: int, folder: Path) -> Path:
    """The page of as many runs, as the default plan has, or of one."""
    made = _run(REQUESTS)
    return written([read_run(_written(made, number, folder)) for number in range(many)], folder / f"{many}.html")


def _once(browser: Any, page: Path) -> dict[str, float]:
    """Opened once, in a window of its own."""
    with opened(browser, page) as one:
        times, cpu_s = one.ask("times"), one.busy_s()
    assert not one.said, one.said
    told = {f"{name}_s": times[f"{moment}_ms"] / 1e3 for name, moment in (("first", "first"), ("loaded", "loaded"), ("drawn", "now"))}
    return {**told, "cpu_s": cpu_s}


if __name__ == "__main__":
    main(measure)

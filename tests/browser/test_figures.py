"""What is drawn, against the JSON that it is drawn of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tailgate.reporting.run_file import Run
from tests.browser.chromium import Opened
from tests.browser.conftest import Open, series_of

KINDS = {"curve", "tail", "heat", "phases", "errors", "remotes", "types", "paths", "rate", "cost", "history"}


def test_every_plot_has_marks_and_every_kind_is_drawn(seen: Opened) -> None:
    """Of each figure whose series the page holds; on the page of figures there is each kind."""
    series, marks = series_of(seen.file), seen.ask("marks")
    assert marks.keys() == series.keys()
    assert not [name for name, many in marks.items() if many < 3]
    if seen.file.stem == "figures":
        assert {one["kind"] for one in series.values()} == KINDS


def test_points_stand_where_their_numbers_say(unfolded: Callable[[str], Opened]) -> None:
    """The axis, asked backwards, tells each estimate of each percentile curve to a thousandth."""
    page = unfolded("figures")
    series, drawn = series_of(page.file), page.ask("points", "curve")
    assert drawn
    for name, found_ms in drawn.items():
        told = series[name]["series"]
        wanted_ms = [value_s * 1e3 for value_s, metric in zip(told["value_s"], told["metric"], strict=True) if metric]
        assert found_ms == pytest.approx(wanted_ms, rel=1e-3)


def test_estimates_in_the_page_are_the_run_files_to_the_printed_digit(unfolded: Callable[[str], Opened], session_runs: list[Run]) -> None:
    """Every estimate of time of every case of a real session: value and interval, as a browser shows them."""
    told = {tuple(map(tuple, rows)) for rows in unfolded("session").ask("rows", "Estimates")}
    shown = 0
    for rows in told:
        assert any(all(_as_printed(run, *row) for row in rows) for run in session_runs), rows
        shown += len(rows)
    assert shown >= len(told) > 0


def _as_printed(run: Run, metric: str, value: str, interval: str) -> bool:
    """Whether the run recorded such an estimate; written anew here, on purpose. Other units than milliseconds are not looked at."""
    if not value.endswith(" ms"):
        return True
    one = next((one for one in run.estimates if isinstance(one, dict) and one["metric"] == metric), None)
    if one is None or not isinstance(one["value"], float) or value != f"{one['value'] * 1e3:.1f} ms":
        return False
    ends = [f"{end * 1e3:.1f}" if isinstance(end, float) and math.isfinite(end) else "–" for end in (one["low"], one["high"])]
    return interval in {f"[{ends[0]}, {ends[1]}]", "–"}


def test_a_point_that_is_pointed_at_says_its_number(open_page: Open, pages: dict[str, Path]) -> None:
    """The tip at the p50 of a percentile curve reads as the table does."""
    with open_page(pages["figures"]) as page:
        place = page.tab.locator("details.case[open] figure.curve .plot").first
        told = series_of(pages["figures"])[place.get_attribute("data-figure")]["series"]
        named = [metric for metric in told["metric"] if metric]
        place.locator('[aria-label="dot"] circle').nth(named.index("p50")).hover(force=True)
        tip = place.locator('[aria-label="tip"]').text_content(timeout=5_000)
    assert tip.replace("\u200b", "").startswith(f"p50{told['value_s'][told['metric'].index('p50')] * 1e3:.1f} ms")


def test_each_figure_has_a_table_and_a_sentence(seen: Opened) -> None:
    """Rows, folded, that can be unfolded; and words for whoever sees neither."""
    found = seen.ask("figures")
    assert len(found) == len(series_of(seen.file))
    assert all(rows >= 1 and labels and all(len(label) > 20 for label in labels) for rows, labels in found)

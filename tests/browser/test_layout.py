"""That a page fits the screen or the paper that it is on, and shows names as they are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.chromium import Opened
from tests.browser.conftest import Open, series_of
from tests.browser.runs import HOSTILE

WIDTHS = (360, 768, 1440)
SOME = "details.case:nth-of-type(-n + 7)"
"""As many cases as there are hostile names; the rest are alike."""


def test_nothing_is_wider_than_the_screen(open_page: Open, page_file: Path) -> None:
    """On a telephone, a tablet and a desk: the page does not scroll sideways; what is wide scrolls in a box of its own."""
    with open_page(page_file, width=WIDTHS[0]) as page:
        page.unfold(SOME)
        for width in WIDTHS:
            page.resized(width)
            assert page.ask("sideways") <= width
            assert page.ask("wider", width) == []
            assert page.ask("cut") == []


def test_what_came_of_each_limit_is_seen_without_scrolling_sideways(open_page: Open, pages: dict[str, Path]) -> None:
    """The last column of the table of cases, at widths between a tablet's and a desk's, too: there it is no table any more."""
    with open_page(pages["hostile"], width=1000) as page:
        for width in (360, 768, 1000, 1200, 1440):
            page.resized(width)
            assert page.ask("scrolling", ".wide:has(> table.cases)") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_systems_colours_are_followed(open_page: Open, pages: dict[str, Path], scheme: str) -> None:
    """Light ground and dark text, or the other way round, also in plots."""
    with open_page(pages["figures"], scheme=scheme) as page:
        ground, text, axis = (
            page.ask("brightness", page.ask("style", where))
            for where in (["body", "backgroundColor"], ["body", "color"], [".plot svg", "color"])
        )
    assert (ground > 600 and text < 200) if scheme == "light" else (ground < 200 and text > 600)
    assert axis == text


def test_hostile_names_are_shown_as_they_are_and_harm_nothing(unfolded: Callable[[str], Opened]) -> None:
    """Markup, quotes, 300 characters, emoji, text from right to left: as text, wherever a name stands; no script of theirs runs."""
    page = unfolded("hostile")
    names, heads, texts = (
        page.ask("texts", which) for which in ("table.cases tbody th bdi", "details.case > summary bdi", "details.case .said")
    )
    assert sorted(names) == sorted(heads) == sorted(texts) == sorted(HOSTILE)
    assert page.ask("count", "main img, main script, main iframe, main object, [onerror]") == 0
    assert page.said == []


def test_names_do_not_turn_their_surroundings_round(unfolded: Callable[[str], Opened]) -> None:
    """A name from right to left, with an override in it, leaves the outcome beside it where it belongs."""
    lefts = unfolded("hostile").ask("lefts", "مرحبا")
    assert lefts == sorted(lefts)


def test_paper_has_all_cases_and_the_watermark_on_white(open_page: Open, pages: dict[str, Path], tmp_path: Path) -> None:
    """Printed from a dark screen: white ground, no buttons, every case unfolded and drawn, and on each sheet that it is emulated."""
    with open_page(pages["hostile"], scheme="dark") as page:
        page.ask("before_print")
        page.tab.emulate_media(media="print")
        assert page.ask("style", ["body", "backgroundColor"]) == "rgb(255, 255, 255)"
        assert page.ask("visible", ".copy, .skip") == 0
        assert page.ask("visible", ".plot") == page.ask("visible", ".plot:has(svg)") == len(series_of(pages["hostile"]))
        page.ask("straighten", ".watermark")  # of rotated words, pdftotext tells the letters only
        paper = tmp_path / "page.pdf"
        page.tab.pdf(path=str(paper), format="A4", print_background=True, prefer_css_page_size=True)
    sheets = _sheets(paper)
    assert len(sheets) > 1
    assert all("EMULATED" in sheet and "no statement about AWS" in " ".join(sheet.split()) for sheet in sheets)


def _sheets(paper: Path) -> list[str]:
    """The text of each sheet."""
    command = [shutil.which("pdftotext") or "pdftotext", str(paper), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split("\f")[:-1]

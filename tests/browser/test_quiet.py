"""That a page keeps to itself, and opens as fast as it was promised."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import Opened
from tests.browser.conftest import Open

PAGE_BYTES = 2_000_000
"""Issue: at most two megabytes, for the default run."""


def test_a_page_says_nothing_on_the_console_and_asks_for_nothing(open_page: Open, page_file: Path) -> None:
    """Not when it opens, not in the dark, not when its window changes or a table is copied: one request, which is the page itself."""
    with open_page(page_file) as page:
        page.tab.emulate_media(color_scheme="dark")
        page.resized(700).unfold("details.numbers")
        page.tab.locator("details.numbers[open] .copy").first.click()
        page.tab.wait_for_timeout(100)
    assert page.said == []
    assert page.asked == [page_file.as_uri()]


def test_no_plot_says_anything_either(seen: Opened) -> None:
    """With every case unfolded and drawn."""
    assert seen.said == []
    assert seen.asked == [seen.file.as_uri()]


def test_what_a_page_says_and_asks_would_be_seen(open_page: Open, pages: dict[str, Path], tmp_path: Path) -> None:
    """The same page with a picture from elsewhere: its policy forbids that and says so; without the policy it is asked for."""
    text = pages["figures"].read_text("utf-8")
    picture = '<img alt="" src="http://127.0.0.1:9/spy.png">'
    with_policy, without = tmp_path / "with.html", tmp_path / "without.html"
    with_policy.write_text(text.replace("<header>", f"{picture}<header>"), "utf-8")
    without.write_text(with_policy.read_text("utf-8").replace("Content-Security-Policy", "X-None"), "utf-8")
    with open_page(with_policy) as page:
        assert any("Content Security Policy" in line for line in page.said)
    with open_page(without) as page:
        assert "http://127.0.0.1:9/spy.png" in page.asked


def test_the_page_that_a_session_wrote_is_small_and_opens_quietly(open_page: Open, session_folder: Path) -> None:
    """The file itself that stands beside the runs; the other tests look at one made anew of the same runs."""
    own = session_folder / "report.html"
    with open_page(own) as page:
        assert page.ask("count", ".plot svg") > 0
    assert page.said == []
    assert page.asked == [own.as_uri()]
    assert own.stat().st_size <= PAGE_BYTES


def test_a_page_is_small(page_file: Path) -> None:
    """Of each kind that is made here; the default run's is the session's, where `make latency` ran before."""
    assert page_file.stat().st_size <= PAGE_BYTES


def test_a_page_is_seen_before_its_plots_are_drawn(seen: Opened) -> None:
    """The verdict is painted first. How long that takes in milliseconds is a benchmark's to say: a busy host would fail it here."""
    times = seen.ask("times")
    assert 0 < times["first_ms"] < times["now_ms"]
    assert 0 < times["parsed_ms"] <= times["loaded_ms"]


def test_a_page_is_open_and_its_first_plots_drawn_within_two_seconds_of_processor_time(open_page: Open, page_file: Path) -> None:
    """Which others on the host do not take; an idle host needs about as long by the clock."""
    with open_page(page_file) as page:
        assert 0 < page.busy_s() < 2

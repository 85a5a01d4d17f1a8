"""That a page can be read and used by everybody: axe's rules, the keyboard, focus, the clipboard."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from tests.browser.conftest import Open

SERIOUS = {"serious", "critical"}
STOPS = "summary, button, input, a[href], [tabindex='0']"


@pytest.fixture(scope="session")
def axe() -> str:
    """The rules of axe-core, as PyPI's axe-playwright-python carries them."""
    return f"() => {{ {resources.files('axe_playwright_python').joinpath('axe.min.js').read_text('utf-8')} }}"


def test_axe_finds_no_serious_issue(open_page: Open, page_file: Path, axe: str) -> None:
    """Contrast, names, roles, order, languages, in light and in dark, with a case and a table of each sort unfolded."""
    with open_page(page_file) as page:
        page.unfold("details.case:first-of-type, details.case:first-of-type :is(.facts, .curve > .numbers)")
        page.ask("lighten")
        page.tab.evaluate(axe)
        for scheme in ("light", "dark"):
            page.tab.emulate_media(color_scheme=scheme)
            assert [one for one in page.ask("violations") if one[0] in SERIOUS] == [], scheme
        assert page.ask("rules") > 80


def test_axe_would_find_one(open_page: Open, pages: dict[str, Path], axe: str, tmp_path: Path) -> None:
    """Text too pale to read, put into the same page."""
    pale = tmp_path / "pale.html"
    pale.write_text(pages["hostile"].read_text("utf-8").replace("<header>", '<p style="color:#ddd">pale</p><header>'), "utf-8")
    with open_page(pale) as page:
        page.ask("lighten")
        page.tab.evaluate(axe)
        assert "color-contrast" in {rule for impact, rule, *_ in page.ask("violations") if impact in SERIOUS}


def test_everything_is_reached_by_the_keyboard_and_its_focus_is_seen(open_page: Open, pages: dict[str, Path]) -> None:
    """Tab goes to every link, fold, table and button, and each shows that it has the focus."""
    with open_page(pages["hostile"]) as page:
        page.unfold("details.case:first-of-type, details.case:first-of-type details")
        unseen = []
        for _ in range(page.ask("visible", STOPS)):
            page.tab.keyboard.press("Tab")
            focused = page.ask("focused")
            unseen += [] if focused["shown"] else [focused["html"]]
        assert page.ask("unreached", STOPS) == []
    assert not unseen


def test_a_case_unfolds_by_keyboard_and_by_its_link(open_page: Open, pages: dict[str, Path]) -> None:
    """Enter on its name in the table of all cases opens it and goes there; Enter on its summary folds it, a space unfolds it."""
    with open_page(pages["figures"]) as page:
        assert not page.ask("is_open", "#case-2")
        page.tab.locator('table.cases a[href="#case-2"]').focus()
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector("#case-2[open]", timeout=20_000)
        assert page.ask("has_focus", "#case-2 > summary")
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector("#case-2:not([open])", timeout=20_000)
        page.tab.keyboard.press("Space")
        page.tab.wait_for_selector("#case-2[open] .plot svg", timeout=20_000)


def test_copying_gives_the_numbers(open_page: Open, pages: dict[str, Path]) -> None:
    """The button puts a table's rows into the clipboard, value and interval in cells of their own; by hand it is the number as shown."""
    with open_page(pages["figures"], permissions=["clipboard-read", "clipboard-write"]) as page:
        table = page.tab.locator("details.case[open] .tables table").first
        table.locator(".copy").click()
        table.locator(".copy", has_text="copied").wait_for(timeout=20_000)
        copied = page.ask("clipboard").splitlines()
        limit, measured, *_ = table.locator("tbody tr").first.locator("th, td").all_text_contents()
        by_hand, shown = page.ask("selected", "table.cases tbody td.number:nth-of-type(3)")
    row = next(line.split("\t") for line in copied if line.startswith(limit.strip()))
    assert re.findall("[0-9.]+", measured) == row[1:4]
    assert by_hand.split() == shown.split()
    assert " ms" in shown


def test_runs_are_found_by_name_and_outcome(open_page: Open, pages: dict[str, Path]) -> None:
    """By keyboard alone: what is typed, and what is unticked, leaves the table and the cases; how many are left is said; all come back."""
    from playwright.sync_api import expect  # only `make browser` installs it

    rows, cases = "table.cases tbody tr", "details.case"
    with open_page(pages["figures"]) as page:
        whole = page.ask("visible", rows), page.ask("visible", cases)
        shown = expect(page.tab.locator(f"{rows}:not([hidden])"))  # the page's own rules forbid to evaluate text while waiting
        wanted = page.tab.locator(rows).first.get_attribute("data-name")
        page.tab.locator("form.find input[type=search]").press_sequentially(wanted.upper())
        of_name = page.ask("visible", f'{rows}[data-name*="{wanted}"]')
        assert 1 <= page.ask("visible", rows) == of_name < whole[0]
        assert page.tab.locator("form.find output").text_content() == f"{of_name} of {whole[0]} runs shown"
        assert page.ask("visible", cases) == page.ask("visible", f'{cases}[data-name*="{wanted}"]')
        page.tab.locator("form.find button[type=reset]").press("Enter")
        shown.to_have_count(whole[0])
        for box in page.tab.locator("form.find input[name=outcome]").all():
            box.press("Space")
            assert page.ask("visible", f'{rows}[data-outcome="{box.get_attribute("value")}"]') == 0
        assert page.ask("visible", rows) == 0
        page.tab.locator("form.find button[type=reset]").press("Enter")
        shown.to_have_count(whole[0])
        assert page.ask("visible", cases) == whole[1]

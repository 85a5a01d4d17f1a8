"""The comparison on the page: a section of its own, with the rows that the terminal shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from tailgate.reporting.compared.comparison import compared
from tailgate.reporting.compared.matching import sides
from tailgate.reporting.compared.shown import shown_in
from tailgate.reporting.report import page
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of


def run_of(day: int, slower: float, name: str = "ranker") -> Run:
    """A run of a day."""
    case = case_of(name, for_s=5)
    started_at = f"2026-11-{day}T00:00:00.000+00:00"
    return run_from(case, samples_of(case, day, median_s=0.02 * slower), target="process", started_at=started_at)


def section(text: str) -> str:
    """The visible text of the section."""
    (found,) = re.findall(r'<section aria-labelledby="compared">(.*?)<section aria-labelledby="cases">', text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found)).split())


def test_a_page_of_runs_before_and_after_has_the_comparison_to_the_last_digit() -> None:
    """It comes first: the verdict, and before, after and change of every metric as the terminal has them."""
    before, after = run_of(20, 1.0), run_of(21, 1.6)
    told = shown_in(compared(sides([before], [after])))
    shown = section(page([before, after], compared=told))
    assert "Before and after worse ranker-ml.m5.large-public (p50 +6" in shown
    for row in told.cases[0].rows:
        line = " ".join(f"{row.metric} {row.before} {row.after} {row.difference} {row.relative} {row.outcome}".split())
        assert line in shown
    assert all(line in shown for line in told.cases[0].lines)


def test_the_page_of_a_comparison_says_first_what_came_of_it() -> None:
    """Where the newest run holds its budget and is worse, no PASS stands above."""
    before, after = run_of(20, 1.0), run_of(21, 1.6)
    told = shown_in(compared(sides([before], [after])))
    text = page([before, after], compared=told)
    assert f'<h1 class="verdict FAIL"><bdi>{told.sentence}</bdi></h1>' in text
    assert "by their budgets: <bdi>PASS: " in text
    assert "by their budgets" not in page([before, after])


def test_a_page_without_a_comparison_has_no_section_of_it() -> None:
    """Nothing is said of before and after where nobody compared."""
    assert 'aria-labelledby="compared"' not in page([run_of(20, 1.0)])


def test_a_hostile_name_ends_nothing() -> None:
    """It is text there, as everywhere on the page."""
    hostile = "</section><script>alert(1)</script>"
    before, after = (replace(run, case={**run.case, "id": hostile}) for run in (run_of(20, 1.0), run_of(21, 1.0)))
    text = page([before, after], compared=shown_in(compared(sides([before], [after]))))
    assert hostile not in text
    assert hostile in section(text)

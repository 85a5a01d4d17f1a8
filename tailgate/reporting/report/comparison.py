"""A comparison on the page: a section of its own, of the rows that terminal and Markdown show."""

from __future__ import annotations

from dataclasses import dataclass

from tailgate.reporting.compared.shown import CaseShown, Shown
from tailgate.reporting.report.parts import Table

_COLUMNS = ("metric", "before", "after", "difference [95\u00a0%]", "change [95\u00a0%]", "outcome")


@dataclass(frozen=True, slots=True)
class CaseCompared:
    """One case. outcome: PASS, FAIL or INCONCLUSIVE; word: `emulated worse`. lines: what has to be said beside the table."""

    name: str
    outcome: str
    word: str
    table: Table
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparisonOnPage:
    """The whole section. word, of: its verdict, and of what."""

    outcome: str
    word: str
    of: str
    cases: tuple[CaseCompared, ...]
    notes: tuple[str, ...]


def comparison_on_page(told: Shown) -> ComparisonOnPage:
    """What the section shows."""
    word, _, of = told.sentence.partition(": ")
    return ComparisonOnPage(told.outcome.name, word, of, tuple(map(_case, told.cases)), told.notes)


def _case(case: CaseShown) -> CaseCompared:
    rows = [
        (row.metric, row.before, row.after, row.difference, row.relative, f"{row.outcome}{'' if row.decides else '*'}") for row in case.rows
    ]
    return CaseCompared(case.name, case.outcome.name, case.word, Table(f"Before and after: {case.name}", _COLUMNS, tuple(rows)), case.lines)

"""A comparison in Markdown, for a pull request's comment: the verdict as a heading, a table of all cases, and what has to be said."""

from __future__ import annotations

from collections.abc import Iterator

from tailgate.reporting.compared.shown import CaseShown, Shown
from tailgate.reporting.markdown import MOST_COMMENT_BYTES
from tailgate.reporting.markdown_text import cut, name, table, text

_HEAD = ("metric", " before", " after", " difference [95 %]", " change [95 %]", "outcome")


def page(told: Shown) -> str:
    """All of it, as long as a comment may be; a line says what was cut."""
    return cut([*_pieces(told)], MOST_COMMENT_BYTES, _rest)


def _pieces(told: Shown) -> Iterator[str]:
    verdict, _, of = told.sentence.partition(": ")
    yield f"## Tail latency compared: {text(verdict)}\n\n{text(of)}\n\n"
    for case in told.cases:
        yield from _case(case)
    yield from (f"- {text(note)}\n" for note in told.notes)


def _case(case: CaseShown) -> Iterator[str]:
    yield f"### {name(case.name)}: {text(case.word)}\n\n"
    rows = [[row.metric, row.before, row.after, row.difference, row.relative, _outcome(row.outcome, row.decides)] for row in case.rows]
    yield from table(_HEAD, [[text(cell) if place < len(cells) - 1 else cell for place, cell in enumerate(cells)] for cells in rows])
    yield from (f"- {text(line)}\n" for line in case.lines)
    yield "\n"


def _outcome(word: str, decides: bool) -> str:
    return f"**{text(word)}**" if decides else text(f"{word}*")


def _rest(count: int) -> str:
    return f"**Cut here**: {count} more lines did not fit; `tailgate compare` prints them all.\n"

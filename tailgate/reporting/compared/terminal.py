"""A comparison on a terminal: the verdict, a table a case, and what has to be said beside it."""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tailgate.reporting.compared.shown import CaseShown, Shown
from tailgate.reporting.terminal import STYLES

_WIDE = 104
_WORDS = {"worse": STYLES["FAIL"], "undecided": STYLES["INCONCLUSIVE"], "no worse": STYLES["PASS"], "better": STYLES["PASS"]}


def text(told: Shown, *, width: int, styled: bool) -> str:
    """All of it, as text of at most `width` columns."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=styled, no_color=not styled, highlight=False, legacy_windows=False)
    console.print(Text(told.sentence, style=STYLES[told.outcome.name]))
    for case in told.cases:
        console.print()
        console.print(Text.assemble(case.name, ": ", (case.word, STYLES[case.outcome.name])))
        if case.rows:
            console.print(_table(case, console.width))
        for line in case.lines:
            console.print(Padding(Text(line), (0, 0, 0, 2)))
    if told.notes:
        console.print()
    for note in told.notes:
        console.print(Text(note, style="dim"))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _table(case: CaseShown, width: int) -> Table:
    """Both the difference and its share where there is room; else the share, of shares of requests the difference."""
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), collapse_padding=True)
    table.add_column("  metric", no_wrap=True)
    for name in ("before", "after", *(("difference [95 %]",) if wide else ()), "change [95 %]"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in case.rows:
        changes = (row.difference, row.relative) if wide else (row.change,)
        outcome = Text(row.outcome if row.decides else f"{row.outcome}*", style=_WORDS[row.outcome] if row.decides else "dim")
        table.add_row(Text(f"  {row.metric}"), row.before, row.after, *map(Text, changes), outcome)
    return table

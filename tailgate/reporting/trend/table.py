"""A trend on a terminal: each case under its name, a line a metric with its runs as signs, and what came with each new level."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tailgate.reporting.notes import KIND_NOTES
from tailgate.reporting.trend.lines import CaseTrend, Line
from tailgate.reporting.trend.spark import EARLIER, FAILED, NEW_LEVEL, NOT_TRUSTED, spark
from tailgate.reporting.trend.words import alone, heading, newest_shown, shift_lines, state_shown, usual_shown, verdict

_LEAST_SPARK = 8
_INDENT, _GAP = 2, 2
_STYLES = {"slower": "bold red", "faster": "green", "not trusted": "yellow"}
_BAND = "[ ]: what a run like those before lies within, 19 of 20 times on either side"
_SIGNS = {
    NEW_LEVEL: "a new level begins",
    FAILED: "failures reach into the metric",
    NOT_TRUSTED: "a run that was not trusted",
    EARLIER: "earlier runs, for which there is no room",
}


def terminal(cases: Sequence[CaseTrend], *, width: int, styled: bool) -> str:
    """Text of at most `width` columns, but for names that have no blank."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=styled, no_color=not styled, highlight=False, legacy_windows=False)
    drawn = [case for case in cases if not case.alone]
    rows = {id(line): _cells(line) for case in drawn for line in case.lines}
    widths = [max((len(cells[column]) for cells in rows.values()), default=0) for column in range(4)]
    room = max(_LEAST_SPARK, width - _INDENT - sum(widths) - _GAP * 4)
    signs: set[str] = set()
    names = [case.told.case for case in drawn]
    for case in drawn:
        console.print(_text(heading(case), "bold"))
        if names.count(case.told.case) > 1:
            console.print(Padding(_text(case.told.key, "dim"), (0, 0, 0, _INDENT)))
        console.print(Padding(_table(case, rows, widths, room, signs), (0, 0, 0, _INDENT)))
        for sentence in shift_lines(case):
            console.print(Padding(_text(sentence), (0, 0, 0, _INDENT)))
        console.print()
    console.print(_text(verdict(cases)))
    if (single := alone(cases)) is not None:
        console.print(_text(single))
    for note in _notes(cases, signs):
        console.print(Text(note, style="dim"))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _text(words: str, style: str = "") -> Text:
    """Text with nothing that a terminal would obey: names are other people's."""
    return Text("".join(sign if sign.isprintable() else "�" for sign in words), style=style)


def _cells(line: Line) -> tuple[str, str, str, str]:
    return line.told.metric, newest_shown(line), usual_shown(line), state_shown(line)


def _table(case: CaseTrend, rows: dict[int, tuple[str, str, str, str]], widths: list[int], room: int, signs: set[str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0), collapse_padding=True)
    metric_wide, newest_wide, usual_wide, state_wide = widths
    table.add_column(no_wrap=True, min_width=metric_wide)
    table.add_column(no_wrap=True, min_width=min(room, max(len(one.told.points) + len(one.told.changes) for one in case.lines)))
    table.add_column(no_wrap=True, min_width=newest_wide, justify="right")
    table.add_column(no_wrap=True, min_width=usual_wide)
    table.add_column(no_wrap=True, min_width=state_wide)
    for line in case.lines:
        metric, newest, usual, state = rows[id(line)]
        table.add_row(metric, _drawn(line, room, signs), newest, usual, Text(state, style=_STYLES.get(line.state, "")))
    return table


def _drawn(line: Line, room: int, signs: set[str]) -> Text:
    drawn = Text()
    for sign, point in spark(line, room):
        drawn.append(sign, style="red" if point is not None and point.beyond else "dim" if point is None else "")
        signs.add(sign)
    return drawn


def _notes(cases: Sequence[CaseTrend], signs: set[str]) -> Iterator[str]:
    told = [f"{sign} {means}" for sign, means in _SIGNS.items() if sign in signs]
    if any(not case.alone for case in cases):
        yield "; ".join([*told, _BAND])
    kinds = {case.told.target for case in cases}
    yield from (note for kind, note in KIND_NOTES.items() if kind in kinds)

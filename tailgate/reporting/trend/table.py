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
from tailgate.reporting.trend.words import HEAD, alone, heading, newest_shown, shift_lines, state_shown, usual_shown, verdict

_LEAST_SPARK, _NARROWEST_SPARK = 8, 4
_INDENT, _GAP = 2, 2
_BAND_COLUMN = 2
_RUNS = "runs"
"""The head of the signs where there is no room for it in words."""
_STYLES = {"slower": "bold red", "faster": "green", "not trusted": "yellow"}
_METRIC, _DRAWN, *_TOLD = HEAD
_HEAD = (_METRIC, *_TOLD)
_BAND = "[ ]: what a run like those before lies within, 19 of 20 times on either side"
_SIGNS = {
    NEW_LEVEL: "a new level begins",
    FAILED: "failures reach into the metric",
    NOT_TRUSTED: "a run that was not trusted",
    EARLIER: "earlier runs, for which there is no room",
}


def terminal(cases: Sequence[CaseTrend], *, width: int, styled: bool) -> str:
    """Text of at most `width` columns, but for names that have no blank. Where that is too few for all, the band is left out."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=styled, no_color=not styled, highlight=False, legacy_windows=False)
    drawn = [case for case in cases if not case.alone]
    rows = {id(line): _cells(line) for case in drawn for line in case.lines}
    widths, room = _columns([_HEAD, *rows.values()], width)
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


def _columns(rows: Sequence[Sequence[str]], width: int) -> tuple[list[int], int]:
    """How wide each column of the cells is, 0 for one without room, and how many signs there is room for."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = width - _INDENT - sum(widths) - _GAP * len(widths)
    if room < _LEAST_SPARK:
        room += widths[_BAND_COLUMN] + _GAP
        widths[_BAND_COLUMN] = 0
    return widths, max(_NARROWEST_SPARK, room)


def _table(case: CaseTrend, rows: dict[int, tuple[str, str, str, str]], widths: list[int], room: int, signs: set[str]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0), collapse_padding=True)
    drawn = min(room, max(len(one.told.points) + len(one.told.changes) for one in case.lines))
    metric, newest, usual, state = map(Text, _HEAD)  # brackets are no markup
    table.add_column(metric, no_wrap=True, min_width=widths[0])
    table.add_column(_DRAWN if drawn >= len(_DRAWN) else _RUNS, no_wrap=True, min_width=drawn)
    table.add_column(newest, no_wrap=True, min_width=widths[1], justify="right")
    if widths[_BAND_COLUMN]:
        table.add_column(usual, no_wrap=True, min_width=widths[_BAND_COLUMN])
    table.add_column(state, no_wrap=True, min_width=widths[3])
    for line in case.lines:
        told, value, band, change = rows[id(line)]
        bands = [band] if widths[_BAND_COLUMN] else []
        table.add_row(told, _drawn(line, room, signs), value, *map(Text, bands), Text(change, style=_STYLES.get(line.state, "")))
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

"""A trend in Markdown, for a job's summary or a pull request's comment: what moved first, then each line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.reporting.markdown_text import name, table, text
from tailgate.reporting.notes import KIND_NOTES
from tailgate.reporting.trend.lines import CaseTrend, Line
from tailgate.reporting.trend.spark import spark
from tailgate.reporting.trend.words import HEAD, alone, headline, newest_shown, shift_lines, state_shown, usual_shown, verdict

_SIGNS = 30
_METRIC, _DRAWN, _NEWEST, _USUAL, _CHANGE = HEAD
_HEAD = ("case", _METRIC, " runs", _DRAWN, f" {_NEWEST}", f" {_USUAL}", _CHANGE)


def markdown(cases: Sequence[CaseTrend], complaints: Sequence[str] = ()) -> str:
    """The page. complaints: sentences of what could not be read."""
    drawn = [case for case in cases if not case.alone]
    names = [case.told.case for case in drawn]
    twice = {name for name in names if names.count(name) > 1}
    return "".join(
        [
            f"## Trend of tail latency: {headline(cases)}\n\n",
            f"{text(verdict(cases))}\n\n",
            *_kinds(cases),
            *table(_HEAD, [_row(case, line, keyed=case.told.case in twice) for case in drawn for line in case.lines]),
            *_shifts(cases),
            *([f"- {text(sentence)}\n"] if (sentence := alone(cases)) else []),
            *(f"- not read: {text(sentence)}\n" for sentence in complaints),
        ]
    )


def _kinds(cases: Sequence[CaseTrend]) -> Iterator[str]:
    kinds = dict.fromkeys(str(case.told.target) for case in cases)
    yield from (f"> Target {text(KIND_NOTES[kind]) if kind in KIND_NOTES else name(kind)}\n\n" for kind in kinds)


def _row(case: CaseTrend, line: Line, *, keyed: bool) -> list[str]:
    """keyed: whether the case's name alone does not tell it from another, as that of an arm."""
    signs = "".join(sign for sign, _ in spark(line, _SIGNS))
    state = text(state_shown(line))
    where = f"{name(case.told.case)} {text(case.told.target)}{f'<br>{name(case.told.key)}' if keyed else ''}"
    drawn = f"<code>{signs}</code>"
    told = f"**{state}**" if line.told.moved else state
    return [where, text(line.told.metric), str(len(line.told.points)), drawn, text(newest_shown(line)), text(usual_shown(line)), told]


def _shifts(cases: Sequence[CaseTrend]) -> list[str]:
    told = [f"- {name(case.told.case)}: {text(sentence)}\n" for case in cases for sentence in shift_lines(case)]
    return [*told, "\n"] if told else []

"""Cases of a page: a row for each run, and for each case what its record says, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailgate.reporting.figures.recorded_values import items, mapping, number, text
from tailgate.reporting.numbers import (
    UNKNOWN,
    change_shown,
    count_shown,
    interval_in,
    interval_of,
    moment,
    outcome_of,
    provisional,
    requests_of,
    shown,
    value_of,
)
from tailgate.reporting.pairs import pair_differences
from tailgate.reporting.plain import Plain
from tailgate.reporting.platform import cost_line, notes_of, phases_line, time_line
from tailgate.reporting.recorded import began
from tailgate.reporting.report.of_run import figures_of
from tailgate.reporting.report.origin import facts
from tailgate.reporting.report.parts import Figure, Table, ends, time
from tailgate.reporting.report.past import figures_of_past
from tailgate.reporting.report.verdicts import limits, outcome
from tailgate.reporting.run_file import Run
from tailgate.reporting.trend.lines import CaseTrend


@dataclass(frozen=True, slots=True)
class CaseOnPage:
    """One run as the page shows it. anchor: where. explanation: the text that people were shown. tables: each with rows.

    lines: sentences of what else is known; provenance: facts, each a name and its text.
    """

    anchor: str
    name: str
    outcome: str
    shown_outcome: str
    asked: str
    explanation: str
    paired: str | None
    lines: tuple[str, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    provenance: tuple[tuple[str, str], ...]
    opened: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table of all. anchor: None where the page says no more of it. earlier: whether a newer run of its case counts."""

    anchor: str | None
    name: str
    cells: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]
    outcome: str
    shown_outcome: str
    note: str
    earlier: bool


_MEASURED = ("p50", "p90", "p99", "p99.9", "error rate")
ROW_COLUMNS = ("requests", *(f"{name} [95\u00a0%]" for name in _MEASURED), "send lag p99")


def row(run: Run, anchor: str | None, *, earlier: bool) -> Row:
    """A run in the table of all. earlier: whether a newer run of its case counts."""
    times = [str(interval_of(run, metric) or UNKNOWN) for metric in (name.replace(" ", "_") for name in _MEASURED)]
    cells = (requests_of(run), *times, value_of(run, "send_lag_p99"))
    note = _load(mapping(run.case.get("load"))) + (f"; earlier run of the case, {moment(began(run))}" if earlier else "")
    return Row(anchor, _name(run), cells, tuple(limits(run)), outcome(run), _starred(run), note, earlier)


def case_on_page(run: Run, number_of: int, past: CaseTrend | None, *, opened: bool) -> CaseOnPage:
    """All that the page says of one run. past: of its case. opened: whether it is unfolded when the page opens."""
    anchor = f"case-{number_of}"
    tables = (_checks(run), _estimates(run), _changes(run))
    return CaseOnPage(
        anchor=anchor,
        name=_name(run),
        outcome=outcome(run),
        shown_outcome=_starred(run),
        asked=_asked(run),
        explanation=str(run.verdict.get("explanation") or ""),
        paired=text(run.pair.get("explanation")),
        lines=tuple(_lines(run)),
        tables=tuple(table for table in tables if table.rows),
        figures=(*figures_of(run, anchor), *figures_of_past(past, anchor)),
        provenance=tuple(facts(run)),
        opened=opened,
    )


def _lines(run: Run) -> Iterator[str]:
    yield from pair_differences([run])
    for line in time_line(run):
        yield f"where the time goes: {line}"
    yield from phases_line(run)
    yield from cost_line(run)
    yield from notes_of(run)


def _checks(run: Run) -> Table:
    rows = []
    for check in items(run.verdict.get("checks")):
        limit, decision, told = (mapping(mapping(check).get(key)) for key in ("limit", "decision", "estimate"))
        metric = str(limit.get("metric"))
        value = str(interval_in(metric, told)) if told else UNKNOWN
        more = decision.get("more_requests")
        why = text(mapping(check).get("why")) or (f"about {count_shown(more)} more requests would settle it" if more else UNKNOWN)
        rows.append((str(limit.get("source")), value, str(decision.get("outcome")), why))
    return Table("Budget", ("limit", "measured [95 %]", "outcome", "why"), tuple(rows))


def _estimates(run: Run) -> Table:
    told = [(str(one.get("metric")), one) for one in run.estimates if isinstance(one, dict)]
    rows = tuple((metric, interval_in(metric, one).value, ends(metric, one)) for metric, one in told)
    return Table("Estimates", ("metric", "value", "95 % interval"), rows)


def _changes(run: Run) -> Table:
    rows = []
    for one in items(run.verdict.get("changes")):
        told, change = mapping(one), mapping(mapping(one).get("change"))
        grew = number(change.get("repeat_relative"))
        grew = number(change.get("relative")) if grew is None else grew
        by = change_shown(grew) if grew is not None else UNKNOWN
        expected, bound = time(change.get("expected_s")), time(change.get("bound_s"))
        rows.append((str(told.get("metric")), str(told.get("baseline")), expected, bound, by, str(change.get("outcome") or UNKNOWN)))
    return Table("Against its baseline", ("metric", "baseline", "usual", "bound", "change", "outcome"), tuple(rows))


def _asked(run: Run) -> str:
    case = run.case
    where = f"{case.get('instance_type')} × {case.get('instance_count')}"
    told = [f"{case.get('name')} on {where} via {case.get('network_path')}", *_load_in_full(mapping(case.get("load")))]
    return ", ".join((*told, f"payload {count_shown(case.get('payload_bytes'))} bytes"))


def _load_in_full(load: Mapping[str, Plain]) -> Iterator[str]:
    """`poisson 240/s for 30 s`, `warm-up 1 s`, then whatever else it says."""
    yield _load(load)
    if warmup_s := number(load.get("warmup_s")):
        yield f"warm-up {warmup_s:g}\u00a0s"
    yield from (
        f"{key} {value}" for key, value in load.items() if key not in ("arrival", "per_s", "for_s", "warmup_s") and value is not None
    )


def _load(load: Mapping[str, Plain]) -> str:
    """`poisson 240/s for 30 s`, as far as the record tells."""
    rate, for_s = number(load.get("per_s")), number(load.get("for_s"))
    parts = (text(load.get("arrival")), rate and shown("achieved_rate", rate), for_s and f"for {for_s:g}\u00a0s")
    return " ".join(part for part in parts if part)


def _starred(run: Run) -> str:
    return outcome_of(run) + ("*" if provisional(run) else "")


def _name(run: Run) -> str:
    return str(run.case.get("id"))

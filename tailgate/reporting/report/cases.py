"""Cases of a page: the verdict in a sentence, a row for each run, and for each case what its record says, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tailgate.reporting.figures.recorded_values import items, mapping, number, text
from tailgate.reporting.numbers import (
    UNKNOWN,
    change_shown,
    count_shown,
    interval_in,
    interval_of,
    outcome_of,
    provisional,
    requests_of,
    shown,
    value_of,
)
from tailgate.reporting.pairs import pair_differences
from tailgate.reporting.plain import Plain
from tailgate.reporting.platform import cost_line, notes_of, phases_line, time_line
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.report.of_run import figures_of
from tailgate.reporting.report.parts import Figure, Table, ends, time
from tailgate.reporting.run_file import Run

_MOST_NAMED = 3


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
    """A run in the table of all: anchor is None where the page says no more of it, as of an earlier run of its case."""

    anchor: str | None
    name: str
    cells: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]
    outcome: str
    shown_outcome: str
    note: str


_MEASURED = ("p50", "p90", "p99", "p99.9", "error rate")
ROW_COLUMNS = ("requests", *(f"{name} [95\u00a0%]" for name in _MEASURED), "send lag p99")


def newest(runs: Sequence[Run]) -> list[Run]:
    """Of each case the newest run, the one that counts, in the order in which the cases came."""
    found: dict[tuple[str, ...], Run] = {}
    for run in runs:
        which = (*kept(run), str(run.pair.get("cases")), str(run.pair.get("arm")))
        if which not in found or began(run) >= began(found[which]):
            found[which] = run
    return list(found.values())


def verdict(counted: Sequence[Run]) -> tuple[str, str]:
    """The worst outcome of the runs that count, and all of them in a sentence."""
    by_outcome = {name: [run for run in counted if _outcome(run) == name] for name in ("FAIL", "INCONCLUSIVE", "PASS")}
    worst = next((name for name, those in by_outcome.items() if those), "INCONCLUSIVE")
    those, all_of_them = by_outcome[worst], len(counted)
    kinds = {run.provenance.get("target") for run in counted}
    word = f"emulated {worst}" if kinds == {"emulated"} else worst
    if worst == "PASS":
        says = f"{_name(those[0])} holds its budget" if all_of_them == 1 else f"all {all_of_them} cases hold their budgets"
    else:
        what = _failing(those) if worst == "FAIL" else ("is undecided", "are undecided")
        how_many = f"{len(those)} of {all_of_them} cases {what[len(those) > 1]}" if all_of_them > 1 else f"one case {what[0]}"
        more = f" and {len(those) - _MOST_NAMED} more" if len(those) > _MOST_NAMED else ""
        says = f"{how_many}: {', '.join(map(_name, those[:_MOST_NAMED]))}{more}" if those else "there is no run"
    return worst, f"{word}: {says}."


def _failing(those: Sequence[Run]) -> tuple[str, str]:
    """What runs that fail have in common, of one and of several: a budget may hold where a baseline does not."""
    over = [any(outcome == "FAIL" for _, outcome in _limits(run)) for run in those]
    if all(over):
        return "is over budget", "are over budget"
    slower = "is slower than its baseline", "are slower than their baselines"
    return slower if not any(over) else ("fails", "are over budget, or slower than their baselines")


def row(run: Run, anchor: str | None) -> Row:
    """A run in the table of all."""
    times = [str(interval_of(run, metric) or UNKNOWN) for metric in (name.replace(" ", "_") for name in _MEASURED)]
    cells = (requests_of(run), *times, value_of(run, "send_lag_p99"))
    note = "" if anchor else "; earlier run of the case, the newest counts"
    return Row(anchor, _name(run), cells, tuple(_limits(run)), _outcome(run), _starred(run), _load(run) + note)


def case_on_page(run: Run, number_of: int, *, opened: bool) -> CaseOnPage:
    """All that the page says of one run. opened: whether it is unfolded when the page opens."""
    anchor = f"case-{number_of}"
    tables = (_checks(run), _estimates(run), _changes(run))
    return CaseOnPage(
        anchor=anchor,
        name=_name(run),
        outcome=_outcome(run),
        shown_outcome=_starred(run),
        asked=_asked(run),
        explanation=str(run.verdict.get("explanation") or ""),
        paired=text(run.pair.get("explanation")),
        lines=tuple(_lines(run)),
        tables=tuple(table for table in tables if table.rows),
        figures=tuple(figures_of(run, anchor)),
        provenance=tuple(facts(run)),
        opened=opened,
    )


def facts(run: Run) -> Iterator[tuple[str, str]]:
    """Where a run comes from, each fact a name and its text; what is not known is left out."""
    told = run.provenance
    for name in (
        "target",
        "vantage",
        "region",
        "network_path",
        "url",
        "model",
        "started_at",
        "commit",
        "branch",
        "session",
        "test",
        "clock",
    ):
        if told.get(name) is not None:
            yield name.replace("_", " "), str(told[name])
    yield "case key", str(run.case.get("key"))
    yield "budget", "; ".join(str(limit) for limit in items(run.case.get("budget"))) or "none"
    for name in ("endpoint", "host", "versions", "floor"):
        yield from ((f"{name} {key}", value) for key, value in _flat(told.get(name)))
    if run.file:
        yield "run file", run.file


def _flat(value: Plain) -> Iterator[tuple[str, str]]:
    for key, one in mapping(value).items():
        if isinstance(one, dict):
            yield from ((f"{key} {below}", told) for below, told in _flat(one))
        elif one is not None:
            yield key, str(one)


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


def _limits(run: Run) -> Iterator[tuple[str, str]]:
    for check in items(run.verdict.get("checks")):
        limit, decision = mapping(mapping(check).get("limit")), mapping(mapping(check).get("decision"))
        yield str(limit.get("source")), str(decision.get("outcome"))


def _asked(run: Run) -> str:
    case, load = run.case, mapping(run.case.get("load"))
    asked = ", ".join(f"{key} {value}" for key, value in load.items())
    where = f"{case.get('instance_type')} × {case.get('instance_count')}"
    payload = f"payload {count_shown(case.get('payload_bytes'))} bytes"
    return f"{case.get('name')} on {where} via {case.get('network_path')}; load: {asked}; {payload}"


def _load(run: Run) -> str:
    """`poisson 240/s for 30 s`, as far as the record tells."""
    load = mapping(run.case.get("load"))
    rate, for_s = number(load.get("per_s")), number(load.get("for_s"))
    parts = (text(load.get("arrival")), rate and shown("achieved_rate", rate), for_s and f"for {for_s:g}\u00a0s")
    return " ".join(part for part in parts if part)


def _starred(run: Run) -> str:
    return outcome_of(run) + ("*" if provisional(run) else "")


def _outcome(run: Run) -> str:
    return str(run.verdict.get("outcome"))


def _name(run: Run) -> str:
    return str(run.case.get("id"))

"""Figures across runs: instance types, paths, rates, costs, history; titles, sentences, series for page.js, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.analysis.arms.contrast_wording import difference_text
from tailgate.reporting.figures import cost_against_p99, history, instance_types, path_differences, rate_against_p99
from tailgate.reporting.figures.alike import Question
from tailgate.reporting.figures.level import CaseHistory, MetricHistory
from tailgate.reporting.figures.pairing import PairedArms, PairedDifference
from tailgate.reporting.numbers import UNKNOWN, shown
from tailgate.reporting.plain import plain
from tailgate.reporting.report.parts import Figure, Table, compact, estimated, moment, time
from tailgate.reporting.run_file import Run

_LEAST = 2
"""Points that make a line."""


def figures_across(runs: Sequence[Run]) -> list[Figure]:
    """What several runs show together; none where nothing can be compared."""
    return [*_types(runs), *_paths(runs), *_rates(runs), *_costs(runs), *_histories(runs)]


def _types(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, told in enumerate(instance_types(runs)):
        bars = [(family.family, bar) for family in told.families for bar in family.bars]
        rows = tuple(
            (
                bar.instance_type,
                str(bar.vcpus or UNKNOWN),
                estimated("mean", bar.mean),
                estimated("p50", bar.p50),
                estimated("p99", bar.p99),
            )
            for _, bar in bars
        )
        yield Figure(
            f"types-{number}",
            "types",
            f"Instance types: {_asked(told.question)}",
            f"Mean and p99 response time with 95 % intervals on {len(bars)} instance types, within their families.",
            compact(plain({"families": plain(told.families)})),
            Table("Response times by instance type", ("instance type", "vCPUs", "mean", "p50", "p99"), rows),
        )


def _paths(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, told in enumerate(path_differences(runs)):
        what = "Network paths" if told.paths else "Two arms"
        yield Figure(
            f"paths-{number}",
            "paths",
            f"{what}: {told.second} minus {told.first}",
            f"Differences in one run on {told.instance_type or 'one endpoint'}, with 95 % intervals; right of 0 {told.second} is slower.",
            compact(plain(told)),
            _paired_table(told),
        )


def _paired_table(told: PairedArms) -> Table:
    rows = tuple((one.metric, time(one.first_s), time(one.second_s), _difference(one), _p_value(one.p_value)) for one in told.differences)
    return Table(f"{told.second} minus {told.first}", ("metric", told.first, told.second, "difference [95 %]", "p"), rows)


def _difference(one: PairedDifference) -> str:
    if one.difference_s is None:
        return UNKNOWN
    low_s, high_s = one.low_s if one.low_s is not None else float("-inf"), one.high_s if one.high_s is not None else float("inf")
    return difference_text(one.difference_s, low_s, high_s)


def _p_value(p_value: float | None) -> str:
    return UNKNOWN if p_value is None else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _rates(runs: Sequence[Run]) -> Iterator[Figure]:
    lines = [line for line in rate_against_p99(runs) if len(line.points) >= _LEAST]
    for number, line in enumerate(lines):
        rows = tuple(
            (
                point.case or UNKNOWN,
                shown("achieved_rate", point.offered_per_s) if point.offered_per_s is not None else UNKNOWN,
                estimated("achieved_rate", point.achieved),
                estimated("p99", point.p99),
                estimated("error_rate", point.error_rate),
                point.outcome or UNKNOWN,
            )
            for point in line.points
        )
        yield Figure(
            f"rate-{number}",
            "rate",
            f"Rate against p99: {_asked(line.question)}",
            f"How p99 grows with the rate, at {len(rows)} rates, with 95 % intervals.",
            compact(plain({"points": plain(line.points)})),
            Table("Rate against p99", ("case", "offered", "achieved", "p99", "error rate", "outcome"), rows),
        )


def _costs(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, plane in enumerate(plane for plane in cost_against_p99(runs) if len(plane.points) >= _LEAST):
        rows = tuple(
            (
                point.case or UNKNOWN,
                estimated("cost_per_1000", point.cost),
                estimated("p99", point.p99),
                "on it" if point.front else "–",
                f"{point.instance_count} × {shown('cost_per_1000', point.usd_per_hour)} an hour ({point.origin})",
            )
            for point in plane.points
        )
        best = ", ".join(point.instance_type for point in plane.points if point.front)
        unpriced = (f"No price is known of {len(plane.unpriced)} further runs.",) if plane.unpriced else ()
        yield Figure(
            f"cost-{number}",
            "cost",
            f"Cost against p99: {_asked(plane.question)}",
            f"Cost of a thousand requests against p99; no other is both cheaper and faster than {best or 'none'}, the Pareto front.",
            compact(plain({"points": plain(plane.points)})),
            Table("Cost against p99", ("case", "per 1 000 requests", "p99", "Pareto front", "price"), rows),
            unpriced,
        )


def _histories(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, case in enumerate(history(runs)):
        for metric in case.metrics:
            if len(metric.points) >= _LEAST:
                yield _history(case, metric, f"history-{number}-{metric.metric.replace('.', '-')}")


def _history(case: CaseHistory, metric: MetricHistory, name: str) -> Figure:
    rows = tuple(
        (
            moment(point.started_at),
            (point.commit or UNKNOWN)[:12],
            estimated(metric.metric, point.value),
            time(point.expected_s),
            time(point.bound_s),
            _said(place in metric.changes, point.beyond),
            point.outcome or UNKNOWN,
        )
        for place, point in enumerate(metric.points)
    )
    changed = f"; its level changed at run {', '.join(str(place + 1) for place in metric.changes)}" if metric.changes else ""
    return Figure(
        name,
        "history",
        f"History of {metric.metric}: {case.case}",
        f"{metric.metric} of {len(rows)} runs, with what each was expected to stay below{changed}.",
        compact(plain(metric)),
        Table(f"History of {metric.metric}", ("began", "commit", metric.metric, "expected", "bound", "note", "outcome"), rows),
    )


def _said(changed: bool, beyond: bool) -> str:
    return ", ".join(word for word, holds in (("new level", changed), ("beyond the bound", beyond)) if holds) or UNKNOWN


def _asked(question: Question) -> str:
    said = [question.name, question.instance_type, f"via {question.network_path}" if question.network_path else None]
    rate = shown("achieved_rate", question.per_s) if question.per_s is not None else None
    return " ".join(part for part in (*said, f"at {rate}" if rate else None) if part) or "all runs"

"""Figures across runs: instance types, paths, rates, costs; titles, sentences, series for the scripts, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.analysis.arms.contrast_wording import difference_text
from tailgate.reporting.figures import cost_against_p99, instance_types, path_differences, rate_against_p99
from tailgate.reporting.figures.alike import Question
from tailgate.reporting.figures.money import CostPlane, CostPoint
from tailgate.reporting.figures.pairing import PairedArms, PairedDifference
from tailgate.reporting.figures.speeds import RatePoint
from tailgate.reporting.numbers import UNKNOWN, shown
from tailgate.reporting.plain import plain
from tailgate.reporting.report.parts import LEAST_POINTS, Figure, Table, compact, estimated, time
from tailgate.reporting.run_file import Run


def figures_across(runs: Sequence[Run]) -> list[Figure]:
    """What several runs show together; none where nothing can be compared."""
    return [*_types(runs), *_paths(runs), *_rates(runs), *_costs(runs)]


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
    lines = [line for line in rate_against_p99(runs) if len({_rate(point) for point in line.points}) >= LEAST_POINTS]
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


def _rate(point: RatePoint) -> float | None:
    return point.offered_per_s if point.offered_per_s is not None or point.achieved is None else point.achieved.value


def _costs(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, plane in enumerate(plane for plane in cost_against_p99(runs) if len(plane.points) >= LEAST_POINTS):
        rows = tuple(
            (
                point.case or UNKNOWN,
                _at_most(point) + estimated("cost_per_1000", point.cost),
                estimated("p99", point.p99),
                "on it" if point.front else "–",
                f"{point.instance_count} × {_at_most(point)}{shown('cost_per_1000', point.usd_per_hour)} an hour ({point.origin})",
            )
            for point in plane.points
        )
        best = ", ".join(dict.fromkeys(point.instance_type for point in plane.points if point.front))
        yield Figure(
            f"cost-{number}",
            "cost",
            f"Cost against p99: {_asked(plane.question)}",
            f"Cost of a thousand requests against p99; no other is both cheaper and faster than {best or 'none'}, the Pareto front.",
            compact(plain({"points": plain(plane.points)})),
            Table("Cost against p99", ("case", "per 1 000 requests", "p99", "Pareto front", "price"), rows),
            tuple(_about_prices(plane)),
        )


def _at_most(point: CostPoint) -> str:
    return "≤ " if point.at_most else ""


def _about_prices(plane: CostPlane) -> Iterator[str]:
    if any(point.at_most for point in plane.points):
        yield f"Costs marked ≤, hollow in the plot, are bounds: no price is known in {plane.question.region or 'their region'}."
    if plane.unpriced:
        yield f"No price is known of {len(plane.unpriced)} further {'run' if len(plane.unpriced) == 1 else 'runs'}."


def _asked(question: Question) -> str:
    said = [question.name, question.instance_type, f"via {question.network_path}" if question.network_path else None]
    rate = shown("achieved_rate", question.per_s) if question.per_s is not None else None
    return " ".join(part for part in (*said, f"at {rate}" if rate else None) if part) or "all runs"

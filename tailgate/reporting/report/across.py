"""Figures across runs: instance types, paths, rates, costs; titles, sentences, series for the scripts, tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tailgate.analysis.arms.contrast_wording import difference_text
from tailgate.reporting.figures import cost_against_p99, instance_types, path_differences, rate_against_p99
from tailgate.reporting.figures.alike import Question, rate_of
from tailgate.reporting.figures.money import CostPlane, CostPoint
from tailgate.reporting.figures.pairing import PairedArms, PairedDifference
from tailgate.reporting.figures.recorded_values import budget_lines
from tailgate.reporting.figures.sizes import SizeBar
from tailgate.reporting.figures.speeds import RateLine, RatePoint
from tailgate.reporting.numbers import UNKNOWN, shown
from tailgate.reporting.plain import Plain, plain
from tailgate.reporting.report.parts import LEAST_POINTS, Figure, Table, compact, estimated, time
from tailgate.reporting.report.verdicts import newest
from tailgate.reporting.run_file import Run


def figures_across(runs: Sequence[Run]) -> list[Figure]:
    """What several runs show together; none where nothing can be compared."""
    return [*_types(runs), *_paths(runs), *_rates(runs), *_costs(runs)]


def _types(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, told in enumerate(instance_types(runs)):
        bars = [bar for family in told.families for bar in family.bars]
        rows = tuple((bar.instance_type, str(bar.vcpus or UNKNOWN), *_times(bar), bar.outcome or UNKNOWN) for bar in bars)
        series = {"name": told.question.name, "families": plain(told.families), "limit": _limit([runs[bar.run] for bar in bars])}
        yield Figure(
            f"types-{number}",
            "types",
            f"Instance types: {_asked(told.question)}",
            f"Mean and p99 response time with 95 % intervals on {len(bars)} instance types, by family.{_lowest(bars)}",
            compact(plain(series)),
            Table("Response times by instance type", ("instance type", "vCPUs", "mean", "p50", "p99", "outcome"), rows),
        )


def _times(bar: SizeBar) -> tuple[str, ...]:
    return estimated("mean", bar.mean), estimated("p50", bar.p50), estimated("p99", bar.p99)


def _lowest(bars: Sequence[SizeBar]) -> str:
    """Which type has the lowest p99, and of which others the interval reaches as low: those it may not be told from."""
    known = [(bar.p99.value, bar) for bar in bars if bar.p99 is not None and math.isfinite(bar.p99.value)]
    if not known:
        return ""
    value_s, best = min(known, key=lambda one: one[0])
    high_s = best.p99.high if best.p99 is not None and best.p99.high is not None else math.inf
    others = [bar for _, bar in known if bar is not best and bar.p99 is not None and (bar.p99.low is None or bar.p99.low <= high_s)]
    rest = len(known) - 1
    some = "all other intervals overlap" if len(others) == rest else f"of the other {rest} intervals {len(others)} overlap"
    alike = f"; {'the other interval overlaps' if rest == 1 else some} its own" if others else ""
    return f" The lowest p99 is that of {best.instance_type}, {time(value_s)}{alike}."


def _paths(runs: Sequence[Run]) -> Iterator[Figure]:
    counted = {id(run) for run in newest(runs)}
    for number, told in enumerate(one for one in path_differences(runs) if id(runs[one.run]) in counted):
        what = "Network paths" if told.paths else "Two arms"
        yield Figure(
            f"paths-{number}",
            "paths",
            f"{what}: {told.second} minus {told.first}, {' on '.join(name for name in (told.endpoint, told.instance_type) if name)}",
            f"Differences in one run, with 95 % intervals; right of 0 {told.second} is slower; one that holds 0 tells none.",
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
    for number, lines in enumerate(_by_type([line for line in rate_against_p99(runs) if len(_rates_of(line)) >= LEAST_POINTS])):
        points = [point for line in lines for point in line.points]
        rates = {rate for line in lines for rate in _rates_of(line)}
        of_types = f" on {len(lines)} instance types" if len(lines) > 1 else ""
        series = {
            "lines": [{"label": line.question.instance_type, "points": plain(line.points)} for line in lines],
            "limit": _limit([runs[point.run] for point in points]),
        }
        question = lines[0].question if len(lines) == 1 else replace(lines[0].question, instance_type=None)
        yield Figure(
            f"rate-{number}",
            "rate",
            f"Rate against p99: {_asked(question)}",
            f"How p99 grows with the rate, at {len(rates)} rates{of_types}, with 95 % intervals.",
            compact(plain(series)),
            Table("Rate against p99", ("case", "offered", "achieved", "p99", "error rate", "outcome"), tuple(map(_rate_row, points))),
        )


def _by_type(lines: Sequence[RateLine]) -> list[list[RateLine]]:
    """Lines that differ in their instance type, together; two of the same type apart, as something else differs."""
    found: dict[tuple[Question, int], list[RateLine]] = {}
    for line in lines:
        question = replace(line.question, instance_type=None)
        turn = sum(other.question == line.question for those in found.values() for other in those)
        found.setdefault((question, turn), []).append(line)
    return list(found.values())


def _rates_of(line: RateLine) -> set[float]:
    rates = (point.offered_per_s or (point.achieved.value if point.achieved else None) for point in line.points)
    return {rate for rate in rates if rate is not None}


def _rate_row(point: RatePoint) -> tuple[str, ...]:
    return (
        point.case or UNKNOWN,
        shown("achieved_rate", point.offered_per_s) if point.offered_per_s is not None else UNKNOWN,
        estimated("achieved_rate", point.achieved),
        estimated("p99", point.p99),
        estimated("error_rate", point.error_rate),
        point.outcome or UNKNOWN,
    )


def _costs(runs: Sequence[Run]) -> Iterator[Figure]:
    for number, plane in enumerate(plane for plane in cost_against_p99(runs) if len(plane.points) >= LEAST_POINTS):
        named = [(point, _named(point, rate_of(runs[point.run]))) for point in plane.points]
        several = len({rate_of(runs[point.run]) for point in plane.points}) > 1
        best = ", ".join(dict.fromkeys(name if several else point.instance_type for point, name in named if point.front))
        points = [
            {**fields, "label": name if several else point.instance_type}
            for point, name in named
            if isinstance(fields := plain(point), dict)
        ]
        yield Figure(
            f"cost-{number}",
            "cost",
            f"Cost against p99: {_asked(plane.question)}",
            f"Cost of a thousand requests against p99; no other is both cheaper and faster than {best or 'none'}, the Pareto front.",
            compact(plain({"points": points, "limit": _limit([runs[point.run] for point in plane.points])})),
            Table("Cost against p99", ("case", "per 1 000 requests", "p99", "Pareto front", "price"), tuple(map(_cost_row, plane.points))),
            tuple(_about_prices(plane)),
        )


def _named(point: CostPoint, per_s: float | None) -> str:
    """An instance type at its rate, as the same costs less a request when it is asked more."""
    return point.instance_type if per_s is None else f"{point.instance_type} at {shown('achieved_rate', per_s)}"


def _cost_row(point: CostPoint) -> tuple[str, ...]:
    return (
        point.case or UNKNOWN,
        _at_most(point) + estimated("cost_per_1000", point.cost),
        estimated("p99", point.p99),
        "on it" if point.front else UNKNOWN,
        f"{point.instance_count} × {_at_most(point)}{shown('cost_per_1000', point.usd_per_hour)} an hour ({point.origin})",
    )


def _at_most(point: CostPoint) -> str:
    return "≤ " if point.at_most else ""


def _about_prices(plane: CostPlane) -> Iterator[str]:
    if any(point.at_most for point in plane.points):
        yield f"Costs marked ≤, hollow in the plot, are bounds: no price is known in {plane.question.region or 'their region'}."
    if plane.unpriced:
        yield f"No price is known of {len(plane.unpriced)} further {'run' if len(plane.unpriced) == 1 else 'runs'}."


def _limit(runs: Sequence[Run]) -> Plain:
    """The limit of p99 that all of them have, None where they have none or several."""
    lines = [[line for line in budget_lines(run) if line.metric == "p99"] for run in runs]
    bounds = {tuple(line.bound_s for line in those) for those in lines}
    return {"source": lines[0][0].source, "bound_s": lines[0][0].bound_s} if len(bounds) == 1 and len(lines[0]) == 1 else None


def _asked(question: Question) -> str:
    said = [question.name, question.instance_type, f"via {question.network_path}" if question.network_path else None]
    rate = shown("achieved_rate", question.per_s) if question.per_s is not None else None
    return " ".join(part for part in (*said, f"at {rate}" if rate else None) if part) or "all runs"

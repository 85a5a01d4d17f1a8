"""Figures of one run: what each is called, what it says in a sentence, its series for the scripts, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.plan.vocabulary import quantile_of
from tailgate.reporting.figures import complementary, errors, heat_map, percentile_curve, phases, remotes, send_lag
from tailgate.reporting.figures.heat import HeatMap, SendLag
from tailgate.reporting.figures.layers import Layer
from tailgate.reporting.figures.recorded_values import BudgetLine, budget_lines
from tailgate.reporting.figures.tail import TailPoint
from tailgate.reporting.numbers import UNKNOWN, count_shown, shown
from tailgate.reporting.plain import Plain, plain
from tailgate.reporting.report.parts import Figure, Table, columns, compact, ends, estimated, time
from tailgate.reporting.run_file import Run

_EVERY = 4
"""Points to a row of a table that only samples its curve; the series has all points."""
_ROUND_SHARES = [digit / 10**power for power in range(1, 8) for digit in (10, 5, 2)]


def figures_of(run: Run, prefix: str) -> list[Figure]:
    """All that the record of one run can be drawn of. prefix: makes the names unique in a page."""
    made = (
        _curve(run, prefix),
        _tail(run, prefix),
        _over_time(run, prefix),
        _phases(run, prefix),
        _errors(run, prefix),
        _remotes(run, prefix),
    )
    return [figure for one in made for figure in one]


def _curve(run: Run, prefix: str) -> Iterator[Figure]:
    curve = percentile_curve(run)
    if curve is None or not curve.points:
        return
    named = columns(curve.points, ("q", "nines", "value_s", "low_s", "high_s", "metric"))
    series = {**named, "budget": _budget(curve.budget), "ends_at_q": curve.ends_at_q}
    told = [point for point in curve.points if point.metric is not None]
    p99 = next((f"; p99 is {shown('p99', point.value_s)}" for point in told if point.metric == "p99"), "")
    slowest = f"{count_shown(curve.failed)} of {count_shown(curve.requests)} requests"
    failed = () if curve.ends_at_q is None else (f"The curve ends where the slowest {slowest} failed.",)
    kept = [point for place, point in enumerate(curve.points) if point.metric or place % _EVERY == 0]
    rows = [_quantile_row(point.q, point.value_s, point.low_s, point.high_s) for point in (*kept, *curve.points[-1:])]
    yield Figure(
        f"{prefix}-curve",
        "curve",
        "Percentile curve",
        f"Response time by percentile, each nine as wide as the next, with its 95 % interval, pale where no upper end is known{p99}.",
        compact(series),
        Table("Response time by percentile", ("percentile", "response time", "95 % interval"), tuple(dict.fromkeys(rows))),
        failed,
    )


def _quantile_row(q: float, value_s: float, low_s: float | None, high_s: float | None) -> tuple[str, ...]:
    return (f"{q * 100:.7g} %", shown("p99", value_s), ends("p99", {"low": low_s, "high": high_s}))


def _tail(run: Run, prefix: str) -> Iterator[Figure]:
    tail = complementary(run)
    if tail is None or len(tail.points) < 2:
        return
    series = {**columns(tail.points, ("time_s", "share")), "budget": _budget(tail.budget), "failed_share": tail.failed_share}
    rows = tuple((shown("p99", point.time_s), f"{point.share * 100:.4g} %") for point in _told(tail.points))
    failed = (f"{shown('error_rate', tail.failed_share)} of the requests failed; the curve stays above that.",) if tail.failed_share else ()
    yield Figure(
        f"{prefix}-tail",
        "tail",
        "Complementary distribution",
        "Share of the requests that took longer than a time; both axes are logarithmic.",
        compact(series),
        Table("Share of requests that took longer", ("longer than", "share of requests"), rows),
        failed,
    )


def _told(points: Sequence[TailPoint]) -> list[TailPoint]:
    """The first point at or below each round share, and the last one."""
    found = [next((point for point in points if point.share <= share), points[-1]) for share in _ROUND_SHARES]
    return list(dict.fromkeys((*found, points[-1])))


def _over_time(run: Run, prefix: str) -> Iterator[Figure]:
    heat, lag = heat_map(run), send_lag(run)
    if heat is None:
        return
    series = {
        "column_s": heat.column_s,
        "edges_s": list(heat.edges_s),
        "columns": [_occupied(counts) for counts in heat.counts],
        "p50_s": list(heat.p50_s),
        "p99_s": list(heat.p99_s),
        "failed": plain(heat.failed),
        "budget": _budget(budget_lines(run)),
        "lag": plain(lag),
    }
    most = max((max(counts, default=0) for counts in heat.counts), default=0)
    failing = " Red ticks at its foot are failures." if heat.failed and any(heat.failed) else ""
    beneath = "; beneath it how late the generator sent them." if lag is not None else "; the record tells no send lag over time."
    yield Figure(
        f"{prefix}-heat",
        "heat",
        "Latency over time, and send lag beneath",
        f"How many requests took how long, by when they were due (darkest: {count_shown(most)}), with p50 and p99{beneath}{failing}",
        compact(plain(series)),
        _time_table(heat, lag),
    )


def _occupied(counts: Sequence[int]) -> list[int]:
    """A column from its first class that holds a request to its last: where that is, then the counts; 0 alone where it has none."""
    places = [place for place, many in enumerate(counts) if many]
    return [places[0], *counts[places[0] : places[-1] + 1]] if places else [0]


def _time_table(heat: HeatMap, lag: SendLag | None) -> Table:
    def cell(values: Sequence[object] | None, place: int, show: object = time) -> str:
        known = values is not None and place < len(values)
        return (show(values[place]) if callable(show) else UNKNOWN) if known and values is not None else UNKNOWN

    rows = tuple(
        (
            f"{place * heat.column_s:g} s",
            cell(heat.requests, place, count_shown),
            cell(heat.failed, place, count_shown),
            cell(heat.p50_s, place),
            cell(heat.p99_s, place),
            cell(lag.p99_s if lag else None, place),
            cell(lag.max_s if lag else None, place),
        )
        for place in range(len(heat.counts))
    )
    names = ("from", "requests", "failed", "p50", "p99", "send lag p99", "send lag max")
    return Table("Latency and send lag over time", names, rows)


def _phases(run: Run, prefix: str) -> Iterator[Figure]:
    told = phases(run)
    if told is None:
        return
    rows = tuple((row.phase, count_shown(row.requests), time(row.mean_s), time(row.p50_s), time(row.p99_s)) for row in told.rows)
    parts = tuple((f"of the mean: {layer.phase}", UNKNOWN, time(layer.mean_s), UNKNOWN, UNKNOWN) for layer in told.layers)
    split = tuple((f"CloudWatch: {layer.phase}", UNKNOWN, time(layer.mean_s), UNKNOWN, UNKNOWN) for layer in told.platform)
    table = Table("Phases of a request", ("phase", "requests", "mean", "p50", "p99"), rows + parts + split)
    bars = {"client": _bars(told.layers), "platform": _bars(told.platform)}
    if not told.layers and not told.platform:  # an older record has percentiles only, which do not add up
        bars["medians"] = [{"phase": row.phase, "p50_s": row.p50_s, "p99_s": row.p99_s} for row in told.rows]
    whole = f" The mean response time is {time(told.mean_s)}." if told.layers else ""
    yield Figure(
        f"{prefix}-phases", "phases", "Phases", f"Where a request's time went, phase by phase.{whole}", compact(plain(bars)), table
    )


def _bars(layers: Sequence[Layer]) -> list[dict[str, object]]:
    return [{"phase": layer.phase, "mean_s": layer.mean_s} for layer in layers]


def _errors(run: Run, prefix: str) -> Iterator[Figure]:
    told = errors(run)
    if told is None or not told.failed:
        return
    rows = tuple(
        (one.kind, count_shown(one.requests), shown("error_rate", one.share) if one.share is not None else UNKNOWN) for one in told.kinds
    )
    says = f"{count_shown(told.failed)} of {count_shown(told.judged)} requests failed: {', '.join(one.kind for one in told.kinds)}."
    table = Table("Errors by kind", ("kind", "requests", "share"), rows)
    series = {"kinds": plain(told.kinds), "per_second": plain(told.per_second)}
    yield Figure(f"{prefix}-errors", "errors", "Errors by kind", says, compact(plain(series)), table)


def _remotes(run: Run, prefix: str) -> Iterator[Figure]:
    told = remotes(run)
    if not told:
        return
    rows = tuple(
        (row.address, count_shown(row.requests), count_shown(row.failed), estimated("p50", row.p50), estimated("p99", row.p99))
        for row in told
    )
    count = f"each of {len(told)} remote addresses, the slowest first" if len(told) > 1 else "the one remote address"
    table = Table("Percentiles by remote address", ("address", "requests", "failed", "p50", "p99"), rows)
    says = f"p50 and p99 with 95 % intervals at {count}."
    yield Figure(f"{prefix}-remotes", "remotes", "By remote address", says, compact(plain({"rows": plain(told)})), table)


def _budget(lines: Sequence[BudgetLine]) -> list[Plain]:
    return [plain(line) for line in lines if line.q is not None or quantile_of(line.metric) is None]

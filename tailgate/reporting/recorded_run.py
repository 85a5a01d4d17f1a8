"""Recorded run: what a run's record says, typed and checked, for those who judge it again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailgate.analysis.gate import Decision
from tailgate.analysis.limits import Decided
from tailgate.analysis.looks.looked import Looked
from tailgate.analysis.looks.rhythm import Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.errors import RecordError
from tailgate.plan.budget import Limit
from tailgate.plan.prices import Price, check_price_in, check_prices, price_of
from tailgate.reporting.histogram import decode
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded_counts import RecordedCounts
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded run.

    counts: per second. estimates: by metric. reasons: why it was not trusted. judged_s: seconds that were judged, of planned_s.
    looked: how it was looked at while it went on, None where it was not. ended_early: enough was seen then for its own limits.
    """

    run: Run
    counts: RecordedCounts
    estimates: Mapping[str, Estimate]
    reasons: tuple[str, ...]
    planned_s: float
    judged_s: float
    looked: Looked | None
    ended_early: bool

    @classmethod
    def of(cls, run: Run) -> Recorded:
        """Read it. Raises RecordError where it is damaged."""
        reasons, enough_s = run.verdict.get("reasons"), run.requests.get("enough_s")
        planned_s, rhythm = _planned_s(run), _rhythm(run)
        ended_early = isinstance(enough_s, int | float)
        return cls(
            run,
            RecordedCounts(run),
            {estimate.metric: estimate for estimate in estimates_of(run)},
            tuple(map(str, reasons)) if isinstance(reasons, list) else (),
            planned_s,
            judged_s=float(enough_s) if isinstance(enough_s, int | float) else planned_s,
            looked=None if rhythm is None else Looked(planned_s, rhythm, ended=not ended_early),
            ended_early=ended_early,
        )

    @property
    def total(self) -> int:
        """Judged requests."""
        return int(self.counts.requests.sum())

    @property
    def failed(self) -> int:
        """Those that failed."""
        return int(self.counts.failed.sum())

    def quantile(self, metric: str, q: float) -> Estimate | None:
        """A quantile of the response time, as it was recorded, else from the histogram and then without an interval."""
        if metric in self.estimates or not self.total:
            return self.estimates.get(metric)
        times_s, counts = decode(str(self.run.histogram.get("encoded")))
        place = int(counts.cumsum().searchsorted(math.ceil(self.total * q - 1e-9)))
        return Estimate(metric, float(times_s[place]) if place < len(times_s) else math.inf)

    def price(self, stated: Mapping[str, float]) -> tuple[Price, int]:
        """Of one instance, and how many there were: as stated now, or then, else as bundled. Raises PlanError where none is known."""
        instance_type, count, then = (self.run.case.get(key) for key in ("instance_type", "instance_count", "prices"))
        if not isinstance(instance_type, str) or not isinstance(count, int):
            raise RecordError("the run is damaged: its case does not say which instances it had, and how many")
        known = {**_prices(then), **stated}
        check_price_in(str(self.run.provenance.get("region")), instance_type, known)
        return price_of(instance_type, known), count


def decided_then(run: Run, limit: Limit) -> Decided | None:
    """What was decided of the very same limit when the run was measured, with its history; None where it was not asked."""
    for check in _checks(run):
        match check:
            case {
                "limit": {"metric": limit.metric, "bound": limit.bound},
                "decision": {"outcome": str(name), "fraction": fraction, "low": low, "high": high, "design_effect": effect, **rest},
            } if name in Outcome.__members__:
                more, after_s = (one if isinstance(one, int) else None for one in (rest.get("more_requests"), rest.get("after_s")))
                decision = Decision(
                    Outcome[name],
                    _number(fraction, math.nan),
                    low=_number(low, -math.inf),
                    high=_number(high, math.inf),
                    design_effect=_number(effect, 1.0),
                    more_requests=more,
                    provisional=rest.get("provisional") is True,
                    after_s=after_s,
                )
                return Decided(decision, str(check["why"]) if isinstance(check.get("why"), str) else None)
    return None


def limits_of(run: Run) -> list[Mapping[str, Plain]]:
    """The run's own limits, in plain form."""
    return [limit for check in _checks(run) if isinstance(limit := check.get("limit"), dict)]


def _checks(run: Run) -> list[dict[str, Plain]]:
    checks = run.verdict.get("checks")
    return [check for check in checks if isinstance(check, dict)] if isinstance(checks, list) else []


def estimates_of(run: Run) -> Iterator[Estimate]:
    """Its estimates, after those of its checks, which are of metrics that nothing else tells of."""
    for one in [*(check.get("estimate") for check in _checks(run)), *run.estimates]:
        match one:
            case {"metric": str(metric), "value": int() | float() | None as value, **rest}:
                low, high = (end if isinstance(end, int | float) else None for end in (rest.get("low"), rest.get("high")))
                yield Estimate(metric, math.inf if value is None else value, low, high)


def _prices(recorded: Plain) -> dict[str, float]:
    prices = recorded if isinstance(recorded, dict) else {}
    check_prices("the run's prices", prices)
    return {kind: float(price) for kind, price in prices.items() if isinstance(price, int | float)}


def _number(value: Plain, otherwise: float) -> float:
    """Of what was written; JSON has no word for what is infinite or not a number."""
    return float(value) if isinstance(value, int | float) else otherwise


def _rhythm(run: Run) -> Rhythm | None:
    match run.verdict.get("rhythm"):
        case {"first_s": int(first_s), "every_s": int(every_s)} if first_s >= 1 and every_s >= 1:
            return Rhythm(first_s, every_s)
    return None


def _planned_s(run: Run) -> float:
    load = run.case.get("load")
    for_s = load.get("for_s") if isinstance(load, dict) else None
    if not isinstance(for_s, int | float):
        raise RecordError("the run is damaged: its load does not say how long it was; judge the samples file beside it again")
    return float(for_s)

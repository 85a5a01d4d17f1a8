"""Reading: what one measurement of a URL came to, with a budget or without one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis import wording
from tailgate.analysis.capacity import workers_wanted
from tailgate.analysis.estimates import achieved_rate
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.percentiles import percentiles
from tailgate.analysis.validity import reasons_against
from tailgate.analysis.verdict import Verdict, judge
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.load import Load
from tailgate.samples import Error, Samples
from tailgate.units import format_ms

KIND = "url"

Points = Mapping[str, float | None]
"""By name, `p50` … `max`, seconds: infinite where failures reach into a point, None where nothing was measured."""

_ANY_BUDGET = Budget.of("error_rate <= 50%")
"""Stands where the rules of validity want a budget and there is none: it bounds no time."""

_LAG_SHARE = 0.2
_LAG_FLOOR_S = 0.002


@dataclass(frozen=True, slots=True)
class Reading:
    """What the judged requests came to.

    samples: those after the warm-up. requests: due and judged. errors: of these, all that failed; censored: of the
    errors, those still without an answer when the run ended. cpu_s_each: the generator's processor time per request, None
    where it is not known. response_s: from due, service_s: from sent, both infinite
    for a request that failed; send_lag_s: of requests that did not wait for a connection. reasons: why the run cannot be
    trusted. verdict: None without a budget.
    """

    url: str
    load: Load
    samples: Samples
    requests: int
    errors: int
    censored: int
    achieved_per_s: float
    cpu_s_each: float | None
    response_s: Points
    service_s: Points
    send_lag_s: Points
    reasons: tuple[str, ...]
    verdict: Verdict | None

    @property
    def outcome(self) -> Outcome | None:
        """The verdict's outcome; without a budget None, or INCONCLUSIVE where the run cannot be trusted."""
        if self.verdict is not None:
            return self.verdict.outcome
        return Outcome.INCONCLUSIVE if self.reasons else None


def read(url: str, load: Load, samples: Samples, budget: Budget | None) -> Reading:
    """Read one run's samples, the warm-up's included, and judge them where there is a budget."""
    judged = samples.after_warmup()
    verdict = _verdict(url, load, judged, budget) if budget is not None else None
    reasons = verdict.reasons if verdict is not None else _reasons(load, judged)
    if reasons:
        reasons += _advice(load, samples)
    return Reading(
        url,
        load,
        judged,
        requests=len(judged),
        errors=int(judged.failed.sum()),
        censored=int((judged.records["error"] == Error.CENSORED).sum()),
        achieved_per_s=achieved_rate(judged).value if len(judged) else 0.0,
        cpu_s_each=_cpu_s_each(samples),
        response_s=percentiles(judged.response_s),
        service_s=percentiles(judged.service_s),
        send_lag_s=percentiles(_own_lags(judged)),
        reasons=reasons,
        verdict=replace(verdict, reasons=reasons) if verdict is not None else None,
    )


def _verdict(url: str, load: Load, judged: Samples, budget: Budget) -> Verdict:
    verdict = judge(_case(load, budget), judged, target_kind=KIND)
    came_out = wording.what_came_out(verdict.outcome, verdict.checks, not verdict.reasons)
    return replace(verdict, heading=f"{came_out}: {url} {load.wording}")


def _reasons(load: Load, judged: Samples) -> tuple[str, ...]:
    return (*reasons_against(_case(load, _ANY_BUDGET), judged), *_late(judged))


def _late(judged: Samples) -> Iterator[str]:
    """Without a budget there is no bound to hold the send lag against, so it is held against what was measured."""
    lag_s = percentiles(_own_lags(judged), ["p99"])["p99"]
    answered_s = judged.response_s[~judged.failed]
    response_s = percentiles(answered_s, ["p99"])["p99"]
    if lag_s is not None and lag_s > max(_LAG_FLOOR_S, _LAG_SHARE * (response_s or 0.0)):
        much = f"send lag p99 is {format_ms(lag_s)}"
        against = f", where the answers' p99 is {format_ms(response_s)}" if response_s is not None else ""
        yield f"{much}{against}: the generator's host was too busy to keep the schedule; give it an idle core or a lower rate"


def _advice(load: Load, samples: Samples) -> tuple[str, ...]:
    """How many processes to ask for, where those that ran were at their limit."""
    each_s = _cpu_s_each(samples)
    if each_s is None or load.peak_per_s is None:
        return ()
    workers = max(1, round(samples.host.get("workers", 1)))
    wanted = workers_wanted(load.peak_per_s, each_s, workers, samples.host["cpu_s"] / samples.host["lasted_s"])
    if wanted is None:
        return ()
    cores = f"each request takes {each_s * 1e6:.0f} µs of a core's time, {load.peak_per_s * each_s:.1f} cores at this rate"
    return (f"{cores}; ask for --workers {wanted}, on as many idle cores, or for a lower rate",)


def _cpu_s_each(samples: Samples) -> float | None:
    sent, host = int(np.isfinite(samples.send_lag_s).sum()), samples.host
    return host["cpu_s"] / sent if sent and host.get("cpu_s") and host.get("lasted_s") else None


def _own_lags(judged: Samples) -> NDArray[np.float64]:
    """Of the requests that were sent without waiting for a connection: such waits are the server's."""
    own: NDArray[np.bool_] = np.isfinite(judged.send_lag_s) & (judged.records["waited"] == 0)
    return judged.send_lag_s[own]


def _case(load: Load, budget: Budget) -> Case:
    """The form in which the rules of judgement take load and budget; it deploys nothing."""
    return Case(EndpointSpec(KIND), payload=b"", load=load, budget=budget)

"""Reading: what one measurement of a URL came to, with a budget or without one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tailgate.analysis import wording
from tailgate.analysis.estimates import own_lags
from tailgate.analysis.looks.rhythm import Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.percentiles import percentiles
from tailgate.analysis.rates import achieved_rate
from tailgate.analysis.validity import reasons_against
from tailgate.analysis.verdict import Verdict, judge
from tailgate.plan.budget import Budget, Limit
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.load import Load
from tailgate.samples import Error, Samples
from tailgate.units import format_ms

KIND = "url"

Points = Mapping[str, float | None]
"""By name, `p50` … `max`, seconds: infinite where failures reach into a point, None where nothing was measured."""

_ALWAYS_DECIDABLE = "p1"
"""A metric for which no load is too short; it is not judged, it only carries the bound."""

_LEAST_BOUND_S = 0.01
"""A send lag is held against no less: its fifth, 2 ms, is what an ordinary host may be late by now and then."""


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


def read(url: str, load: Load, samples: Samples, budget: Budget | None, rhythm: Rhythm | None = None) -> Reading:
    """Read one run's samples, the warm-up's included, and judge them where there is a budget.

    rhythm: when it was looked at while it went on; None for at its end only.
    """
    judged = samples.after_warmup()
    verdict = _verdict(url, load, judged, budget, rhythm) if budget is not None else None
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
        send_lag_s=percentiles(own_lags(judged)[1]),
        reasons=verdict.reasons if verdict is not None else reasons_against(_case(load, _any_budget(judged)), judged),
        verdict=verdict,
    )


def _verdict(url: str, load: Load, judged: Samples, budget: Budget, rhythm: Rhythm | None) -> Verdict:
    verdict = judge(_case(load, budget), judged, target_kind=KIND, rhythm=rhythm)
    came_out = wording.what_came_out(verdict.outcome, verdict.checks, not verdict.reasons)
    return replace(verdict, heading=f"{came_out}: {url} {load.wording}")


def _any_budget(judged: Samples) -> Budget:
    """Stands where the rules of validity want a budget and there is none: the send lag is held against what was measured."""
    answered = percentiles(judged.response_s[~judged.failed], ["p99"])["p99"]
    bound_s = max(_LEAST_BOUND_S, answered or 0.0)
    return Budget((Limit(_ALWAYS_DECIDABLE, "<=", bound_s, f"the answers' p99, or {format_ms(_LEAST_BOUND_S)}"),))


def _cpu_s_each(samples: Samples) -> float | None:
    sent, host = int(np.isfinite(samples.send_lag_s).sum()), samples.host
    return host["cpu_s"] / sent if sent and host.get("cpu_s") and host.get("lasted_s") else None


def _case(load: Load, budget: Budget) -> Case:
    """The form in which the rules of judgement take load and budget; it deploys nothing."""
    return Case(EndpointSpec(KIND), payload=b"", load=load, budget=budget)

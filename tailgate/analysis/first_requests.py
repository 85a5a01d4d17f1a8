"""First requests: those that were first on their connection, apart from those on connections that were warm.

A first request may pay for the opening of its connection, and meets a slow start and cold caches. Callers feel that, so
the gate judges all requests alike; but the two kinds are different populations, and their percentiles are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.phases import Phase, first_on_connection, openings, phase_of
from tailgate.analysis.quantiles import Estimate, estimate_quantile
from tailgate.samples import Samples, counts_per_second


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the requests: how many, and their response times' percentiles, None without any."""

    requests: int
    p50: Estimate | None
    p99: Estimate | None


@dataclass(frozen=True, slots=True)
class FirstRequests:
    """First requests and the others, apart. opening: dns + tcp + tls of those whose connection opened for them."""

    first: Share
    kept_alive: Share
    opening: Phase


def first_requests(samples: Samples) -> FirstRequests:
    """The judged requests by whether they were first on their connection; those never sent are in neither share."""
    first = first_on_connection(samples)
    later = np.asarray(samples.records["request"] > 0)
    opening_s = np.sum(list(openings(samples)[1].values()), axis=0)
    return FirstRequests(share_of(samples, first), share_of(samples, later), phase_of(opening_s))


def share_of(samples: Samples, chosen: NDArray[np.bool_]) -> Share:
    """The requests that `chosen`, shape (n,), is true of."""
    if not chosen.any():
        return Share(0, None, None)
    response_s, due_s = samples.response_s[chosen], samples.due_s[chosen]

    def per_second(exceeds: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return counts_per_second(due_s, samples.header.warmup_s, exceeds)

    return Share(len(response_s), *(estimate_quantile(response_s, q, per_second=per_second) for q in (0.5, 0.99)))

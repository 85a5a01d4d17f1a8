"""First requests: those that were first on their connection, apart from those on connections that were warm.

A first request may pay for the opening of its connection, and meets a slow start and cold caches. Callers feel that, so
the gate judges all requests alike; but the two kinds are different populations, and their percentiles are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.phases import OPENING, Phase, first_on_connection, phase_of, phases
from tailgate.analysis.quantiles import Estimate, estimate_quantile
from tailgate.samples import Samples


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
    by_name = phases(samples)
    opening_s = np.sum([by_name[name] for name in OPENING], axis=0)
    return FirstRequests(share_of(samples, first), share_of(samples, later), phase_of(opening_s))


def share_of(samples: Samples, chosen: NDArray[np.bool_]) -> Share:
    """The requests that `chosen`, shape (n,), is true of."""
    part = replace(samples, records=samples.records[chosen])
    if not len(part):
        return Share(0, None, None)
    response_s = part.response_s
    return Share(len(part), *(estimate_quantile(response_s, q, per_second=part.per_second) for q in (0.5, 0.99)))

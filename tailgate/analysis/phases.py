"""Phases: where each request's time went, from the resolution of the host's name to the last byte of the answer.

A response time is the sum of the send lag, in which a request waits for a connection or for the opening of its own (tcp,
tls), and of send, wait and receive. Names are resolved beside the load, every few seconds, as a caching resolver does
for callers; so dns is told but is no part of any response time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.percentiles import percentiles
from tailgate.samples import Samples

OPENING = ("dns", "tcp", "tls")
CARRYING = {
    "send": ("send_s",),
    "wait": ("first_byte_after_s", "sent_after_s", "send_s"),
    "receive": ("done_after_s", "first_byte_after_s"),
}
"""Phases that every request goes through, and the samples' columns that tell of them: the first less the others."""
PHASES = (*OPENING, *CARRYING)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase over the answered requests that went through it; seconds, None where there were none."""

    requests: int
    p50_s: float | None
    p99_s: float | None
    mean_s: float | None = None


def phases(samples: Samples) -> Mapping[str, NDArray[np.float64]]:
    """The phases of each request by name, shapes (n,), seconds; NaN for one that did not go through a phase.

    dns, tcp, tls: of the opening of its connection, for the first request on one that opened when the request was
    due already; of tcp and tls only what came after that. send: until all of it was handed to the kernel. wait: from
    then to the first byte of the answer, 0 where that came earlier. receive: from the first byte to the last.
    """
    which, opening = openings(samples)
    found = {name: np.full(len(samples), np.nan) for name in OPENING}
    for name, times_s in opening.items():
        found[name][which] = times_s
    return found | {name: _carried(samples, name) for name in CARRYING}


def openings(samples: Samples) -> tuple[NDArray[np.int64], Mapping[str, NDArray[np.float64]]]:
    """The requests that waited for their connection to open, as indices, shape (m,), and the phases of that, shapes (m,)."""
    which = np.flatnonzero(first_on_connection(samples))
    some = replace(samples, records=samples.records[which])
    left_s = some.of_connection("opened_s") - some.due_s  # NaN where the connection is unknown
    waited = left_s > 0
    left_s, which = left_s[waited], which[waited]
    dns_s, tcp_s, tls_s = (some.of_connection(name)[waited] for name in ("dns_s", "tcp_s", "tls_s"))
    return which, {"dns": dns_s, "tcp": np.clip(left_s - tls_s, 0.0, tcp_s), "tls": np.minimum(left_s, tls_s)}


def first_on_connection(samples: Samples) -> NDArray[np.bool_]:
    """Whether each request was the first on its connection, shape (n,)."""
    return np.asarray((samples.records["request"] == 0) & ~np.isnan(samples.records["sent_after_s"]))


def summary(samples: Samples) -> dict[str, Phase]:
    """Each phase over the requests that were answered."""
    answered = ~samples.failed
    which, opening = openings(samples)
    opened = {name: phase_of(times_s[answered[which]]) for name, times_s in opening.items()}
    return opened | {name: phase_of(_carried(samples, name)[answered]) for name in CARRYING}


def phase_of(times_s: NDArray[np.float64]) -> Phase:
    """A phase from its times, shape (n,), NaN for requests that did not go through it."""
    known = times_s[~np.isnan(times_s)]
    p50_s, p99_s = percentiles(known, ("p50", "p99")).values()
    return Phase(len(known), p50_s, p99_s, float(known.mean()) if len(known) else None)


def _carried(samples: Samples, name: str) -> NDArray[np.float64]:
    """One of the phases that every request goes through, shape (n,)."""
    columns = [samples.records[column].astype(np.float64) for column in CARRYING[name]]
    if name == "wait":
        return np.asarray(np.maximum(columns[0] - columns[1] - columns[2], 0.0))
    return columns[0] - columns[1] if len(columns) > 1 else columns[0]

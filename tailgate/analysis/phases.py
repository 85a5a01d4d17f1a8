"""Phases: where each request's time went, from the resolution of the host's name to the last byte of the answer.

A response time is the sum of the send lag, in which a request waits for a connection or for the opening of its own (tcp,
tls), and of send, wait and receive. Names are resolved beside the load, every few seconds, as a caching resolver does
for callers; so dns is told but is no part of any response time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.samples import Samples

OPENING = ("dns", "tcp", "tls")
PHASES = (*OPENING, "send", "wait", "receive")


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase over the requests that went through it; seconds, None where there were none."""

    requests: int
    p50_s: float | None
    p99_s: float | None


def phases(samples: Samples) -> Mapping[str, NDArray[np.float64]]:
    """The phases of each request by name, shapes (n,), seconds; NaN for one that did not go through a phase.

    dns, tcp, tls: of the opening of its connection, for the first request on one that opened when the request was
    due already; of tcp and tls only what came after that. send: until all of it was handed to the kernel. wait: from
    then to the first byte of the answer, 0 where that came earlier. receive: from the first byte to the last.
    """
    records = samples.records
    sent_s, first_byte_s, done_s = (records[name].astype(np.float64) for name in ("sent_after_s", "first_byte_after_s", "done_after_s"))
    send_s = records["send_s"].astype(np.float64)
    return {
        **_opening(samples),
        "send": send_s,
        "wait": np.maximum(first_byte_s - sent_s - send_s, 0.0),
        "receive": done_s - first_byte_s,
    }


def first_on_connection(samples: Samples) -> NDArray[np.bool_]:
    """Whether each request was the first on its connection, shape (n,)."""
    return np.asarray((samples.records["request"] == 0) & ~np.isnan(samples.records["sent_after_s"]))


def summary(samples: Samples) -> dict[str, Phase]:
    """Each phase over the requests that were answered."""
    answered = ~samples.failed
    return {name: phase_of(times_s[answered]) for name, times_s in phases(samples).items()}


def phase_of(times_s: NDArray[np.float64]) -> Phase:
    """A phase from its times, shape (n,), NaN for requests that did not go through it."""
    known = np.sort(times_s[~np.isnan(times_s)])
    p50_s, p99_s = (float(known[math.ceil(len(known) * q - 1e-9) - 1]) if len(known) else None for q in (0.5, 0.99))
    return Phase(len(known), p50_s, p99_s)


def _opening(samples: Samples) -> dict[str, NDArray[np.float64]]:
    left_s = samples.of_connection("opened_s") - samples.due_s  # NaN where the connection is unknown
    opened_for_it = first_on_connection(samples) & (left_s > 0)
    dns_s, tcp_s, tls_s = (samples.of_connection(name) for name in ("dns_s", "tcp_s", "tls_s"))
    within = {"dns": dns_s, "tcp": np.clip(left_s - tls_s, 0.0, tcp_s), "tls": np.minimum(left_s, tls_s)}
    return {name: np.where(opened_for_it, times_s, np.nan) for name, times_s in within.items()}

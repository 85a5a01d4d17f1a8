"""Remotes: percentiles by remote address. A host's name leads to several, and one slow zone hides among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.first_requests import Share, share_of
from tailgate.connection_table import address_text
from tailgate.samples import Samples


@dataclass(frozen=True, slots=True)
class Remote:
    """What came of the requests that went to one address. failed: how many of them failed."""

    address: str
    share: Share
    failed: int


def remotes(samples: Samples) -> tuple[Remote, ...]:
    """The addresses that requests were sent to, the slowest p99 first; none where connections are unknown."""
    if not len(samples.connections):
        return ()
    addresses, numbers = addresses_in(samples)
    rows = samples.connection_rows
    of_request = np.where(rows >= 0, numbers[rows], -1)
    found = []
    for number in np.unique(of_request[of_request >= 0]):
        chosen = of_request == number
        found.append(Remote(address_text(addresses[number].tobytes()), share_of(samples, chosen), int(samples.failed[chosen].sum())))
    return tuple(sorted(found, key=lambda remote: -remote.share.p99.value if remote.share.p99 else 0.0))


def addresses_in(samples: Samples) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The distinct addresses of the connection table, shape (k, 16), and which of them each connection led to."""
    addresses, numbers = np.unique(samples.connections["remote"], axis=0, return_inverse=True)
    return addresses, numbers.reshape(-1)

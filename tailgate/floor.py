"""Floor: the response time of a server that answers at once, on the generator's host, by this harness. Nothing below it can be measured.

Measured once a session for each way of asking, before the first load that asks in it: over TLS or not, signed or not,
on kept-alive connections or fresh ones. Every run carries it.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tailgate.analysis.metrics import metric_of
from tailgate.errors import TailgateError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.plan.budget import Budget, Limit
from tailgate.plan.load import ConstantRate
from tailgate.units import format_ms
from tailgate.vantage import Post
from tailgate.vantage.local import HERE

LEAST_PER_S, MOST_PER_S = 500.0, 1000.0
"""The case's own rate between these: enough requests in so short a time for a p99, too few to load a core."""

LASTS_S, WARMUP_S = 0.6, 0.1

NEAR = 10.0
"""A bound within this many floors is worth a word: a tenth of it, or more, is the harness."""


@dataclass(frozen=True, slots=True)
class Floor:
    """p50_s, p99_s: response times, None where they could not be measured, and `why` then says why. n: requests. host: whose."""

    p50_s: float | None
    p99_s: float | None
    n: int
    per_s: float
    tls: bool
    signed: bool
    why: str | None = None
    host: str = "this host"

    def fields(self) -> dict[str, object]:
        """The plain form, for the record."""
        return asdict(self)

    def notes(self, budget: Budget) -> tuple[str, ...]:
        """What has to be said where a limit is near the floor at its own percentile: of the nearest; nothing where none is."""
        if self.p50_s is None or self.p99_s is None:
            return ()
        below = {limit: self.p50_s if _is_of_the_bulk(limit) else self.p99_s for limit in budget.limits if limit.is_time}
        nearest = max(below, key=lambda limit: below[limit] / limit.bound, default=None)
        if nearest is None or nearest.bound > NEAR * below[nearest]:
            return ()
        floor = f"floor: an instant responder on {self.host} takes {format_ms(self.p50_s)} (p50) and {format_ms(self.p99_s)} (p99)"
        if nearest.bound <= below[nearest]:
            return (f"{floor}; '{nearest.source}' is below that, so what exceeds it may be the harness",)
        return (f"{floor}, {below[nearest] / nearest.bound * 100:.0f} % of '{nearest.source}'",)


def _is_of_the_bulk(limit: Limit) -> bool:
    """Whether the limit speaks of most requests, which the floor's median is beside; else of slow ones."""
    return limit.metric == "mean" or (limit.quantile is not None and limit.quantile <= 0.5)


class Floors:
    """The floors of one session, by way of asking."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Floor] = {}

    def of(self, order: Order, post: Post = HERE) -> Floor:
        """The floor under an order, measured when it is asked for first. Raises nothing: a floor is no condition of a run."""
        address = order.address
        way = (address.url.startswith("https:"), address.sign is not None, order.load.connections)
        if way not in self._known:
            self._known[way] = _measured(order, post, tls=way[0], signed=way[1])
        return self._known[way]


def _measured(order: Order, post: Post, *, tls: bool, signed: bool) -> Floor:
    per_s = min(MOST_PER_S, max(LEAST_PER_S, order.load.per_s or LEAST_PER_S))
    unknown = Floor(None, None, 0, per_s, tls, signed, host="this host" if post is HERE else "the host that drives")
    null = post.null(region=order.address.region, tls=tls, signed=signed)
    load = ConstantRate(per_s, LASTS_S, WARMUP_S, connections=order.load.connections)
    try:
        with null as endpoint, tempfile.TemporaryDirectory(prefix="tailgate-floor-") as folder:
            address, samples = endpoint.addresses[order.address.network_path], Path(folder, "floor.samples")
            asked = replace(
                order,
                address=address,
                load=load,
                samples=samples,
                expect=None,
                counted=(),
                workers=1,
                joining=0,
                master_bind=None,
                second=None,
            )
            driven = drive(asked, start=post.start, environment=endpoint.environment, processes=endpoint.processes)
    except (TailgateError, OSError) as error:
        return replace(unknown, why=str(error))
    judged = driven.after_warmup()
    failed = int(judged.failed.sum())
    if driven.faults or failed or not len(judged):
        return replace(unknown, why="; ".join(driven.faults) or f"{failed} of {len(judged)} requests to the null responder failed")
    p50, p99 = (metric_of(name).estimate(judged).value for name in ("p50", "p99"))
    return replace(unknown, p50_s=p50, p99_s=p99, n=len(judged))

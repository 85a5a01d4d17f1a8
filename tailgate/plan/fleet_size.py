"""Fleet size: how many hosts a load takes, by what a request costs a generator's processor. Pure, and on the safe side.

What one process can hold follows from its processor time per request, which is measured: `python -m benchmarks.accuracy` at its highest
rates (79 µs over HTTP at 10 000/s, 102 over TLS at 8000/s), a generator before the tests' own server for connections and bodies.
SPARE times that counts: another processor is slower, a vCPU is half a core, bursts of a Poisson load come on top, and a core that is
nearly full sends late.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tailgate.errors import PlanError
from tailgate.plan.case import Case
from tailgate.plan.vantage import MOST_HOSTS, VantageSpec
from tailgate.units import format_rate

REQUEST_S: Mapping[bool, float] = {False: 80e-6, True: 105e-6}
"""Of a process's only thread, for each request; over TLS where True."""

CONNECTION_S: Mapping[bool, float] = {False: 0.2e-3, True: 1.6e-3}
"""For opening one."""

BYTE_S: Mapping[bool, float] = {False: 0.2e-9, True: 1.2e-9}
"""For each byte of a request's body; answers' are as dear, and are not known ahead."""

SPARE = 2.0
"""How many times the measured time a request is reckoned with."""


@dataclass(frozen=True, slots=True)
class FleetSize:
    """What a case's load takes. peak_per_s: its highest rate; host_per_s: what one host is trusted with, over TLS; hosts: how many that
    makes. most_per_s: what one host could send at the very most, over HTTP and with nothing to spare.
    """

    case: Case
    peak_per_s: float
    host_per_s: float
    most_per_s: float
    hosts: int

    @property
    def wording(self) -> str:
        """`9000/s takes 2 hosts, one of which is trusted with 4762/s`."""
        if self.hosts == 1:
            return f"{format_rate(self.peak_per_s)} takes 1 host, which is trusted with {format_rate(self.host_per_s)}"
        return f"{format_rate(self.peak_per_s)} takes {self.hosts} hosts, one of which is trusted with {format_rate(self.host_per_s)}"


def request_s(case: Case, *, tls: bool) -> float:
    """What one request costs a generator's processor, seconds: the largest payload, and its share of a connection."""
    each = case.load.connections.requests_each
    largest = max(len(body) for body in case.bodies())
    return REQUEST_S[tls] + largest * BYTE_S[tls] + (0.0 if each is None else CONNECTION_S[tls] / each)


def size_of(case: Case, workers: int = 1) -> FleetSize | None:
    """How many hosts a case's load takes, with so many processes on each; None for a closed loop, whose rate its answers make."""
    peak_per_s = case.load.peak_per_s
    if peak_per_s is None:
        return None
    host_per_s = workers / (SPARE * request_s(case, tls=True))
    hosts = max(1, math.ceil(peak_per_s / host_per_s))
    return FleetSize(case, peak_per_s, host_per_s, workers / request_s(case, tls=False), hosts)


def largest_of(cases: Iterable[Case], workers: int = 1) -> FleetSize | None:
    """The one that takes most; None where no rate is known."""
    sizes = [size for case in cases if (size := size_of(case, workers)) is not None]
    return max(sizes, key=lambda size: size.peak_per_s / size.host_per_s, default=None)


def sized(spec: VantageSpec, cases: Sequence[Case]) -> VantageSpec:
    """The same with a number of hosts, where that was left to the loads. Raises PlanError where no number would do."""
    if not spec.sized:
        return spec
    largest = largest_of(cases, spec.workers)
    if largest is not None and largest.hosts > MOST_HOSTS:
        raise PlanError(f"{largest.case.id}: {largest.wording}, and {MOST_HOSTS} are the most; offer less, or {_processes(spec)}")
    return replace(spec, count=1 if largest is None else largest.hosts, sized=False)


def check_fleet(spec: VantageSpec, cases: Iterable[Case]) -> None:
    """Refuse a load that so many hosts cannot send. Raises PlanError with the number that can."""
    for case in cases:
        size = size_of(case, spec.workers)
        if size is not None and size.peak_per_s > spec.count * size.most_per_s:
            have = "1 host sends" if spec.count == 1 else f"{spec.count} hosts send"
            at_most = f"{have} {format_rate(spec.count * size.most_per_s)} at the very most"
            raise PlanError(f"{case.id}: {size.wording}; {at_most}: {_more(size, spec)}")


def fleet_note(spec: VantageSpec, cases: Iterable[Case]) -> str:
    """What is to be said of the number of hosts before they are launched, for people."""
    hosts, largest = f"{spec.count} × {spec.instance_type}", largest_of(cases, spec.workers)
    if largest is None:
        return f"{hosts}; how many closed loops take shows in their answers alone"
    if largest.hosts > spec.count:
        return f"{hosts}; {largest.wording}, so requests may be late, and the run INCONCLUSIVE: {_more(largest, spec)}"
    return f"{hosts}; {largest.wording}"


def _more(size: FleetSize, spec: VantageSpec) -> str:
    return f"say --latency-hosts {size.hosts}, or {_processes(spec)}"


def _processes(spec: VantageSpec) -> str:
    return f"--latency-workers {spec.workers + 1} or more, where each host has idle cores"

"""Wire: how a run's requests travelled, summed up once for the record and in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailgate.analysis.first_requests import FirstRequests, Share, first_requests
from tailgate.analysis.phases import Phase, summary
from tailgate.analysis.remotes import Remote, remotes
from tailgate.samples import Samples
from tailgate.units import format_count, format_ms

_REMOTES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Wire:
    """Phases by name (phases.PHASES), first requests apart from the others, and the remote addresses, slowest first."""

    phases: Mapping[str, Phase]
    first_requests: FirstRequests
    remotes: tuple[Remote, ...]


def wire_of(samples: Samples) -> Wire:
    """How the judged requests travelled."""
    return Wire(summary(samples), first_requests(samples), remotes(samples))


def wire_lines(wire: Wire) -> Iterator[str]:
    """Lines for people: first requests where some had their connection opened for them, addresses where there are several."""
    first, opening = wire.first_requests.first, wire.first_requests.opening
    if opening.requests and opening.p50_s is not None:
        kept_alive = wire.first_requests.kept_alive
        others = f"; on connections kept alive {_percentiles(kept_alive)}" if kept_alive.requests else ""
        spent = f"DNS, TCP and TLS p50 {format_ms(opening.p50_s)} for {format_count(opening.requests)} of them"
        yield f"{_requests(first)} first on their connection: {_percentiles(first)} ({spent}){others}"
    if len(wire.remotes) > 1:
        shown = "; ".join(_remote(remote) for remote in wire.remotes[:_REMOTES_SHOWN])
        more = len(wire.remotes) - _REMOTES_SHOWN
        yield f"by address: {shown}" + (f"; and {more} faster ones" if more > 0 else "")


def _remote(remote: Remote) -> str:
    failed = f", {format_count(remote.failed)} failed" if remote.failed else ""
    return f"{remote.address} {_percentiles(remote.share)} ({_requests(remote.share)}{failed})"


def _percentiles(share: Share) -> str:
    return ", ".join(f"{estimate.metric} {format_ms(estimate.value)}" for estimate in (share.p50, share.p99) if estimate)


def _requests(share: Share) -> str:
    return f"{format_count(share.requests)} request{'s' if share.requests != 1 else ''}"

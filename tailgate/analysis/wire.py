"""Wire: how a run's requests travelled, summed up once for the record and in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tailgate.analysis.first_requests import FirstRequests, Share, first_requests
from tailgate.analysis.phases import Phase, openings, summary
from tailgate.analysis.remotes import Remote, addresses_in, remotes
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


def wire_lines(samples: Samples) -> Iterator[str]:
    """Lines for people: first requests where some had their connection opened for them, addresses where there are several."""
    waited, _ = openings(samples)
    if len(waited):
        yield _first_line(first_requests(samples))
    if len(addresses_in(samples)[0]) > 1:
        yield from _by_address(remotes(samples))


def _first_line(found: FirstRequests) -> str:
    opening, kept_alive = found.opening, found.kept_alive
    others = f"; on connections kept alive {_percentiles(kept_alive)}" if kept_alive.requests else ""
    spent = f"DNS, TCP and TLS p50 {format_ms(opening.p50_s or 0.0)} for {format_count(opening.requests)} of them"
    whose = "its" if found.first.requests == 1 else "their"
    return f"{_requests(found.first)} first on {whose} connection: {_percentiles(found.first)} ({spent}){others}"


def _by_address(found: tuple[Remote, ...]) -> Iterator[str]:
    shown = "; ".join(_remote(remote) for remote in found[:_REMOTES_SHOWN])
    more = len(found) - _REMOTES_SHOWN
    if len(found) > 1:
        yield f"by address: {shown}" + (f"; and {more} faster ones" if more > 0 else "")


def _remote(remote: Remote) -> str:
    failed = f", {format_count(remote.failed)} failed" if remote.failed else ""
    return f"{remote.address} {_percentiles(remote.share)} ({_requests(remote.share)}{failed})"


def _percentiles(share: Share) -> str:
    return ", ".join(f"{estimate.metric} {format_ms(estimate.value)}" for estimate in (share.p50, share.p99) if estimate)


def _requests(share: Share) -> str:
    return f"{format_count(share.requests)} request{'s' if share.requests != 1 else ''}"

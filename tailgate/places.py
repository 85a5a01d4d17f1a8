"""Places: what a measurement must have to itself, as names on this host: its processors, or where others drive, an endpoint in use."""

from __future__ import annotations

import hashlib

from tailgate.plan.case import Case
from tailgate.plan.pair import Pair
from tailgate.targets.registry import Settings
from tailgate.turn import NAME
from tailgate.vantage import Post


def places_of(post: Post, settings: Settings, asked: Case | Pair) -> list[str]:
    """The places of a load at these endpoints. Load from other hosts does not disturb this one, but may not meet at an endpoint in use.

    Endpoints that the session itself deployed nobody else asks; sessions on other hosts are not known here.
    """
    if post.on_this_host:
        return [NAME]
    if settings.kind == "existing":
        cases = asked.cases if isinstance(asked, Pair) else (asked,)
        return [_place(f"{settings.region} {settings.attaching.endpoint_of(case.spec.name)}") for case in cases]
    return [_place(settings.url)] if settings.url is not None else []


def _place(asked: str) -> str:
    """A name that is short enough for a socket."""
    return f"tailgate-asking-{hashlib.sha256(asked.encode()).hexdigest()[:20]}"

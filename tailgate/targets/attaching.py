"""Attaching: what a session says of endpoints that somebody else deployed, and may not be harmed. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tailgate.errors import PlanError
from tailgate.plan.case import MOST_INSTANCES, EndpointSpec
from tailgate.targets.commands import check_url
from tailgate.units import fraction, rate_per_s

ABORT_SHARE = 0.05
"""Of a load's requests: more that the endpoint pushes back end it. A twentieth is more than any deployment should show."""

_OPTION = "--latency-endpoint"
_RATE = "--latency-max-rate"
_LINK_ID = re.compile(r"vpce-[0-9a-f]{8,17}")
_MOST_PER_S = MOST_INSTANCES * 1000.0


@dataclass(frozen=True, slots=True)
class Attaching:
    """How to attach to endpoints. most_per_s: the highest rate of any load, None where nobody said it, which refuses all.

    endpoints: by the name that cases use, the endpoint's own; a name that is not in it is the endpoint's own. only: the one
    endpoint, where all cases ask the same. abort_share: of the latest requests, how many may be pushed back. captured: whether an
    endpoint that records its requests may be asked. private_link: a VPC interface endpoint, by its id (`vpce-…`) or by the address of
    one of its names (`https://vpce-…`).
    """

    most_per_s: float | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    abort_share: float = ABORT_SHARE
    captured: bool = False
    private_link: str | None = None

    def endpoint_of(self, name: str) -> str:
        """The endpoint that cases mean by a name."""
        return self.only or self.endpoints.get(name, name)

    def check_names(self, names: Iterable[str]) -> None:
        """Refuse to ask one endpoint for cases that mean several. Raises PlanError."""
        meant = sorted(set(names))
        if self.only is not None and len(meant) > 1:
            each = " ".join(f"{_OPTION} {name}={self.only if name == meant[0] else 'ENDPOINT'}" for name in meant)
            raise PlanError(
                f"{_OPTION} {self.only} is one endpoint, and the cases name {len(meant)}: {', '.join(meant)}; "
                f"say which is which ({each}), or name none: then these names are the endpoints' own"
            )


def read_attaching(
    endpoints: Sequence[str], max_rate: str | None, abort_share: str | None, private_link: str | None, *, captured: bool
) -> Attaching:
    """From the options' texts. Raises PlanError naming the option."""
    named = dict(_pair(text) for text in endpoints if "=" in text)
    only = [text for text in endpoints if "=" not in text]
    if len(only) > 1 or (only and named) or len(named) + len(only) < len(endpoints):
        raise PlanError(f"{_OPTION} is given {len(endpoints)} times; write NAME=ENDPOINT in each, every NAME that cases use once")
    for name in only:
        _check_name(name, name)
    return Attaching(
        None if max_rate is None else _rate(max_rate),
        named,
        only[0] if only else None,
        ABORT_SHARE if abort_share is None else _share(abort_share),
        captured,
        None if private_link is None else _address(private_link),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, endpoint = text.partition("=")
    _check_name(name, text)
    _check_name(endpoint, text)
    return name, endpoint


def _check_name(name: str, text: str) -> None:
    try:
        EndpointSpec(name)
    except PlanError as error:
        raise PlanError(f"{_OPTION} '{text}': {error}; write ENDPOINT, or NAME=ENDPOINT for what cases call NAME") from None


def _rate(text: str) -> float:
    try:
        per_s = rate_per_s(text if "/" in text else f"{text}/s")
    except PlanError as error:
        raise PlanError(f"{_RATE}: {error}") from None
    if not 0 < per_s <= _MOST_PER_S:
        raise PlanError(f"{_RATE} is {text}; it is the highest rate that any load may have there, in requests per second, such as 100")
    return per_s


def _share(text: str) -> float:
    try:
        share = fraction(text)
    except PlanError as error:
        raise PlanError(f"--latency-abort-share: {error}") from None
    if not 0 < share < 1:
        raise PlanError("--latency-abort-share lies between 0% and 100%: at 0% a single throttle ends a load, at 100% nothing does")
    return share


def _address(text: str) -> str:
    """A VPC endpoint's id as it is, a name as its address."""
    if _LINK_ID.fullmatch(text):
        return text
    url = check_url(text if "://" in text else f"https://{text}", "--latency-vpc-endpoint")
    return url.rstrip("/")

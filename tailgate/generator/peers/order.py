"""Peer order: all that a peer is told, as data; the same URL, rate and time that the generator gets."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from tailgate.errors import PlanError
from tailgate.targets import Address

_INVOCATIONS = re.compile(r"/endpoints/([^/]+)/invocations")
_FEWEST_USERS, _MOST_USERS, _USERS_PER_RATE = 4, 64, 0.2


@dataclass(frozen=True, slots=True)
class PeerOrder:
    """One load by a peer.

    peer: `locust-boto3` or `locust`. payloads: sent in turn. ca_file: authorities to trust instead of the system's.
    per_s, warmup_s, for_s: as in a load; the peer's users keep it as Locust's constant_throughput does, each its part.
    """

    peer: str
    address: Address
    payloads: tuple[bytes, ...]
    per_s: float
    warmup_s: float
    for_s: float
    ca_file: str | None = None

    @property
    def users(self) -> int:
        """How many users share the rate: enough for responses of 200 ms, as far as one process serves them."""
        return min(_MOST_USERS, max(_FEWEST_USERS, math.ceil(self.per_s * _USERS_PER_RATE)))

    @property
    def per_user_per_s(self) -> float:
        """Each user's part of the rate."""
        return self.per_s / self.users

    @property
    def endpoint_name(self) -> str:
        """The endpoint that the URL names, as boto3 wants it. Raises PlanError where boto3 cannot ask this URL."""
        url = urlsplit(self.address.url)
        match = _INVOCATIONS.fullmatch(url.path)
        if match is None or url.query:
            raise PlanError(
                f"--beside {self.peer} cannot ask {self.address.url}: boto3 invokes URLs of the form "
                "https://HOST/endpoints/NAME/invocations, without a query; for others there is --beside locust"
            )
        return match[1]

    def check(self) -> None:
        """Refuse what the peer cannot ask. Raises PlanError."""
        if self.peer == "locust-boto3":
            _ = self.endpoint_name

    def to_json(self) -> str:
        """The order as one line."""
        return json.dumps({**asdict(self), "payloads": [base64.b64encode(payload).decode() for payload in self.payloads]})

    @classmethod
    def from_json(cls, line: str) -> PeerOrder:
        """The inverse of `to_json`."""
        raw = json.loads(line)
        raw |= {"address": Address(**raw["address"]), "payloads": tuple(map(base64.b64decode, raw["payloads"]))}
        return cls(**raw)

"""Connection profile: how many requests a connection carries. Callers that reconnect pay for it, so it is part of the load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import MOST_REQUESTS, is_whole, shown

_NAMED: dict[str, int | None] = {"kept alive": None, "fresh": 1}


@dataclass(frozen=True, slots=True)
class ConnectionProfile:
    """How long a connection is kept: `requests_each` requests, then it is closed.

    Kept-alive connections are opened ahead of the load. Where there is a bound nothing is opened ahead: a request that
    finds no connection free waits while its own opens, and the wait is part of its response time.

    requests_each: None keeps connections alive for the whole run, 1 takes a fresh one for each request. How many
    connections there are is no part of it: the pool grows on demand.
    """

    requests_each: int | None = None

    def __post_init__(self) -> None:
        each = self.requests_each
        if each is not None and not is_whole(each, 1, MOST_REQUESTS):
            allowed = f"it is a whole number from 1 up to {MOST_REQUESTS:,}, or left out to keep alive"
            raise PlanError(f"connections: requests_each is {shown(each)}; {allowed}")

    @classmethod
    def of(cls, value: Any) -> ConnectionProfile:
        """From its plain form: `"kept alive"`, `"fresh"` or `{ requests_each = 20 }`. Raises PlanError."""
        if isinstance(value, cls):
            return value
        if isinstance(value, str) and value in _NAMED:
            return cls(_NAMED[value])
        if isinstance(value, str):
            raise PlanError(f"load: connections is {shown(value)}{nearest(value, _NAMED)}")
        if not isinstance(value, Mapping):
            raise PlanError(f"load: connections is {shown(value)}; write 'kept alive', 'fresh', or {{ requests_each = 20 }}")
        for key in value:
            if key != "requests_each":
                raise PlanError(f"load: connections: unknown key '{key}'{nearest(str(key), ['requests_each'])}")
        return cls(**value)

    @property
    def wording(self) -> str:
        """How people read it: `fresh connections`, `20 requests per connection`, `kept-alive connections`."""
        if self.requests_each is None:
            return "kept-alive connections"
        return "fresh connections" if self.requests_each == 1 else f"{self.requests_each} requests per connection"


KEPT_ALIVE = ConnectionProfile()
FRESH = ConnectionProfile(requests_each=1)

"""Addresses: who has which in a keeper's network, 198.18.0.0/24 (RFC 2544: for benchmarks, routed nowhere). Pure.

All of it is in namespaces of its own, so keepers have the same, and nothing of this host's own network listens there.

.1          the account: moto                    .64–.126   hosts, directly
.2–.61      its endpoints: the network paths     .128–.190  the same hosts, as seen over the delay line
.62         the switch
"""

from __future__ import annotations

_PATHS, _FIRST_PATH = 60, 2
_HOSTS, _FIRST_HOST, _FIRST_DELAYED = 63, 64, 128
_PREFIX = "198.18.0"

GATEWAY = f"{_PREFIX}.1"
"""Where hosts find moto."""

SWITCH = f"{_PREFIX}.62"
"""Whom hosts ask to pass on what goes over the delay line."""

DELAYED = f"{_PREFIX}.{_FIRST_DELAYED}/26"
"""The hosts behind the delay line, as a route."""

METADATA_IP = "169.254.169.254"
HOSTS = range(_HOSTS)


def path_ip(index: int) -> str:
    """Of a network path of the data plane. Raises ValueError beyond the last."""
    if not 0 <= index < _PATHS:
        raise ValueError(f"there are addresses for {_PATHS} network paths")
    return f"{_PREFIX}.{_FIRST_PATH + index}"


def host_ip(index: int) -> str:
    """Of a host."""
    return f"{_PREFIX}.{_FIRST_HOST + index}"


def delayed_ip(index: int) -> str:
    """Of the same host over the delay line."""
    return f"{_PREFIX}.{_FIRST_DELAYED + index}"

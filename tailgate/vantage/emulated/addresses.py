"""Addresses: who has which in a keeper's network, one /24 of 198.18.0.0/15 (RFC 2544: for benchmarks, routed nowhere). Pure.

.1          this host: moto                      .64–.126   hosts, directly
.2–.61      this host: the data plane's paths    .128–.190  the same hosts, as seen over the delay line
.62         the switch
"""

from __future__ import annotations

from dataclasses import dataclass

_NETWORKS = 512
_PATHS, _FIRST_PATH = 60, 2
_HOSTS, _FIRST_HOST, _FIRST_DELAYED = 63, 64, 128
METADATA_IP = "169.254.169.254"


@dataclass(frozen=True, slots=True)
class Network:
    """One of the /24s. number: 0 to 511."""

    number: int

    @property
    def prefix(self) -> str:
        """`198.18.7`."""
        return f"198.{18 + self.number // 256}.{self.number % 256}"

    @property
    def gateway(self) -> str:
        """This host's own."""
        return f"{self.prefix}.1"

    @property
    def switch(self) -> str:
        """Whom hosts ask to pass on what goes over the delay line."""
        return f"{self.prefix}.62"

    @property
    def delayed(self) -> str:
        """The hosts behind the delay line, as a route."""
        return f"{self.prefix}.{_FIRST_DELAYED}/26"

    @property
    def device(self) -> str:
        """The name of this host's end of it; the delay line's has a d behind. One exists once, which keeps networks apart."""
        return f"tailgate{self.number}"

    def path_ip(self, index: int) -> str:
        """Of a network path of the data plane. Raises ValueError beyond the last."""
        if not 0 <= index < _PATHS:
            raise ValueError(f"there are addresses for {_PATHS} network paths")
        return f"{self.prefix}.{_FIRST_PATH + index}"

    def host_ip(self, index: int) -> str:
        """Of a host."""
        return f"{self.prefix}.{_FIRST_HOST + index}"

    def delayed_ip(self, index: int) -> str:
        """Of the same host over the delay line."""
        return f"{self.prefix}.{_FIRST_DELAYED + index}"


NETWORKS = range(_NETWORKS)
HOSTS = range(_HOSTS)

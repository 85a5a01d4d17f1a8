"""Outlook: the network as the host sees it that load comes from: this host, or one that is launched for it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Protocol

from tailgate.aws.instance_metadata import Instance, read_instance


class Outlook(Protocol):
    """there: whether it can be asked by now; until then each question waits. Thread-safe."""

    @property
    def there(self) -> bool: ...  # noqa: D102  # told above

    def addresses_of(self, host: str) -> Sequence[str]:
        """The IP addresses that a host name has there; none where it has none. Raises TargetError where nobody can be asked."""
        ...

    def instance(self) -> Instance | None:
        """The EC2 instance that it is, None where it is none, or does not tell. Raises TargetError."""
        ...


class ThisHost:
    """What this host sees."""

    there = True

    def addresses_of(self, host: str) -> Sequence[str]:
        """As its resolver knows it."""
        return addresses_of(host)

    def instance(self) -> Instance | None:
        """As its metadata service says."""
        return read_instance()


THIS_HOST = ThisHost()


def addresses_of(host: str) -> list[str]:
    """What the host resolves to here; nothing where it does not, which the generator will say."""
    try:
        return sorted({str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []

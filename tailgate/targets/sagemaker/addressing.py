"""Addressing: an endpoint gets its addresses, one for each network path that leads to it from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tailgate.aws.connecting import authorities_pem, proxy_notes
from tailgate.aws.network.paths_of_session import Network
from tailgate.aws.refusals import explained
from tailgate.targets import Address, Endpoint


def addressed(endpoint: Endpoint, network: Network, variant: str, headers: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint with an address for each path, with what its record says of them, and why it cannot be asked over others.

    Waits for an interface endpoint under way. Raises TargetError where one that was named cannot be used.
    """
    with explained("find the runtime's address"):
        url, ca_pem = network.url_of(endpoint.name), authorities_pem()
    paths = network.paths(url)
    addresses = {
        path: Address(where, network.region, path, variant, headers=dict(headers or {}), ca_pem=ca_pem)
        for path, where in paths.urls.items()
    }
    provenance = {**endpoint.provenance, **paths.facts}
    notes = tuple(dict.fromkeys((*endpoint.notes, *(proxy_notes(url) if network.from_here else ()))))
    return replace(endpoint, addresses=addresses, provenance=provenance, notes=notes, elsewhere=paths.elsewhere, ips=paths.ips)

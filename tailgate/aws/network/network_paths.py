"""Network paths: the ways to an endpoint from here, each by a host name of its own; and the guard that two of them are not one.

Public and private arms can be asked from one host in one run, as long as private DNS is off: then the interface endpoint is
asked by its own names, and the public name stays public.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tailgate.aws.network.private_link import PrivateLink
from tailgate.aws.network.routes import Route
from tailgate.plan.case import NETWORK_PATHS

PUBLIC, REGIONAL, SAME_ZONE, OTHER_ZONE = NETWORK_PATHS

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
_PRIVATE = (REGIONAL, SAME_ZONE, OTHER_ZONE)

Resolve = Callable[[str], Sequence[str]]
"""The IP addresses that a host name has here; none where it has none."""


@dataclass(frozen=True, slots=True)
class Private:
    """What an interface endpoint offers. origins: by network path, such as `https://vpce-…`. absent: by path that it has not, why."""

    origins: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paths:
    """urls: by network path, where an invocation goes. elsewhere: by path without one, why. facts: for the record.

    ips: by network path, what its host resolved to here, of AWS's own hosts only.
    """

    urls: Mapping[str, str]
    elsewhere: Mapping[str, str]
    facts: Mapping[str, str]
    ips: Mapping[str, tuple[str, ...]]


def no_private(why: str) -> Private:
    """No interface endpoint, and so no private path."""
    return Private(absent=dict.fromkeys(_PRIVATE, why))


def private_by_name(origin: str) -> Private:
    """The interface endpoint that somebody named by one DNS name, which tells nothing of zones."""
    why = "the interface endpoint is named by one DNS name; name it by its id (--latency-vpc-endpoint vpce-…), and its zones are found"
    return Private({REGIONAL: origin}, {SAME_ZONE: why, OTHER_ZONE: why}, {"interface_endpoint": "as named"})


def private_by_zone(link: PrivateLink, zone: str | None, why_unknown: str = "") -> Private:
    """An interface endpoint's names as paths from a client's zone, such as `us-east-1a`; None where that is not known."""
    origins, absent = {REGIONAL: f"https://{link.regional}"}, dict[str, str]()
    others = [name for name in link.zonal if name != zone]
    has = f"interface endpoint {link.id} is in {', '.join(link.zonal) or 'no zone that it names'}"
    if zone is None:
        absent |= dict.fromkeys((SAME_ZONE, OTHER_ZONE), f"this host's zone is not known ({why_unknown})")
    elif zone in link.zonal:
        origins[SAME_ZONE] = f"https://{link.zonal[zone]}"
    else:
        absent[SAME_ZONE] = f"{has}, and not in {zone}, where this host is: name a subnet there (--latency-client-subnet)"
    if zone is not None and others:
        origins[OTHER_ZONE] = f"https://{link.zonal[others[0]]}"
    elif zone is not None:
        absent[OTHER_ZONE] = f"{has} only, where this host is: name a subnet in another zone too (--latency-client-subnet)"
    facts = {"interface_endpoint": link.id, "interface_endpoint_zones": ", ".join(link.zonal)}
    return Private(origins, absent, facts | ({"other_zone": others[0]} if OTHER_ZONE in origins else {}))


def is_aws_name(host: str) -> bool:
    """Whether AWS gives out this name. Another's is its user's business."""
    return host.endswith(_AWS_DOMAINS)


def paths_of(url: str, private: Private, *, resolve: Resolve, route: Route | None = None, vpc_cidrs: Iterable[str] = ()) -> Paths:
    """By which url which path is asked, and why a path has none.

    url: of the invocation by the runtime's public name. resolve: asked for AWS's own names. route: how this host's subnet leads to the
    public name, None where that is not known. vpc_cidrs: networks of the client's VPC, which may be others than RFC 1918's.
    """
    urls = {PUBLIC: url} | {path: origin + urlsplit(url).path for path, origin in private.origins.items()}
    elsewhere = dict(private.absent)
    hosts = {path: urlsplit(where).hostname or "" for path, where in urls.items()}
    ips = {path: tuple(resolve(host)) for path, host in hosts.items() if is_aws_name(host)}
    for path in [path for path in private.origins if not ips.get(path, ("",))]:
        elsewhere[path] = f"{hosts[path]} does not resolve here: its name may be a few minutes younger than this host's DNS knows"
        del urls[path], ips[path]
    why = _why_not_public(hosts[PUBLIC], ips, route, list(vpc_cidrs))
    if why is not None:
        leads_privately, elsewhere[PUBLIC] = why
        by_public_name, its_ips = urls.pop(PUBLIC), ips.pop(PUBLIC)
        if leads_privately and REGIONAL not in urls:
            urls[REGIONAL], ips[REGIONAL] = by_public_name, its_ips
            elsewhere.pop(REGIONAL, None)
    shown = {path: _classes(found) for path, found in ips.items()}
    facts = {"addresses": "; ".join(f"{path}: {text}" for path, text in shown.items())} if shown else {}
    return Paths(urls, elsewhere, {**facts, **private.facts}, ips)


def _why_not_public(host: str, ips: Mapping[str, tuple[str, ...]], route: Route | None, vpc_cidrs: list[str]) -> tuple[bool, str] | None:
    """Why the public name is no public path, and whether it is a private one instead; None where it is public."""
    if PUBLIC not in ips or ".vpce." in host:
        return None
    beside = {ip for path, found in ips.items() if path != PUBLIC for ip in found}
    private = [ip for ip in ips[PUBLIC] if ip in beside or not is_public(ip, vpc_cidrs)]
    if private:
        how = "so private DNS is on and every path is PrivateLink: ask from elsewhere, or turn it off"
        return True, f"{host} resolves to {private[0]} here, {how}"
    if route is not None and route.way is None:
        return False, f"{route.wording}: give it one by an internet or NAT gateway, or ask via privatelink alone"
    return None


def is_public(ip: str, vpc_cidrs: Iterable[str] = ()) -> bool:
    """Whether an address is the internet's, and not of these networks."""
    address = ipaddress.ip_address(ip)
    return address.is_global and not any(address in ipaddress.ip_network(cidr) for cidr in vpc_cidrs)


def _classes(ips: Sequence[str]) -> str:
    """How many addresses of which class, as `2 private`; the addresses themselves are nobody's business."""
    public = sum(is_public(ip) for ip in ips)
    counts = [f"{count} {kind}" for count, kind in ((public, "public"), (len(ips) - public, "private")) if count]
    return " and ".join(counts) or "none known"

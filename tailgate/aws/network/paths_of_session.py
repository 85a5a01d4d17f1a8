"""Network: what lies between this host and SageMaker's runtime, found out once for a session, and made where nothing is there.

Asked of EC2: subnets that were named, the route of the client's own, interface endpoints. What is not permitted is recorded as
not known, unless somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Event, Lock

from tailgate.aws.custody.ledger import Book
from tailgate.aws.network import own_link
from tailgate.aws.network.client_place import NO_METADATA
from tailgate.aws.network.network_paths import (
    PUBLIC,
    Paths,
    Private,
    no_private,
    paths_of,
    private_by_name,
    private_by_zone,
)
from tailgate.aws.network.outlook import THIS_HOST, Outlook
from tailgate.aws.network.private_link import PrivateLink, find_named, find_private_link, wait_available
from tailgate.aws.network.surroundings import Surroundings
from tailgate.aws.refusals import NameTakenError
from tailgate.aws.waiting import Patience, StoppedError
from tailgate.errors import PlanError, TargetError

_NAMED_BY = "--latency-vpc-endpoint vpce-…"
_NONE_NAMED = f"name the interface endpoint: {_NAMED_BY}, or a DNS name of it"
NOT_ASKED = "no case that was planned asks for it, so no interface endpoint was looked for"
"""Why there is no private path yet, of a target that makes one when a case asks for it."""

_VPC_UNKNOWN = f"in which VPC this host is, is not known: {NO_METADATA}, or an interface endpoint, {_NAMED_BY}"
_DUAL_STACK = (
    "an interface endpoint is asked by IPv4, and AWS_USE_DUALSTACK_ENDPOINT is set: the private path would be no dual-stack one; unset it, "
    "or name the interface endpoint by a DNS name (--latency-vpc-endpoint vpce-….amazonaws.com)"
)
_NAMES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Maker:
    """By whom an interface endpoint may be made, and where it is noted. tags: ours."""

    run_id: str
    tags: Mapping[str, str]
    ledger: Book


class Network:
    """The client's side of a region's endpoints. Thread-safe. Asks nobody before its first use.

    named: an interface endpoint that somebody named, by id or as `https://NAME`. client_subnets: ids of this host's subnets, its own
    first. patience: with an endpoint of our own, until it is there, and until it is gone. makes: whether `begin` will be called.
    outlook: of the host that load comes from; while that is not there, what only it can say is not examined, and refused later.
    """

    def __init__(
        self,
        region: str,
        *,
        named: str | None = None,
        client_subnets: Iterable[str] = (),
        patience: Patience,
        stop: Event | None = None,
        makes: bool = False,
        outlook: Outlook = THIS_HOST,
    ) -> None:
        self.region, self._named, self._here = region, named, Surroundings(region, tuple(client_subnets), outlook)
        self._patience, self._stop = patience, stop or Event()
        self._none = no_private(NOT_ASKED if makes else _NONE_NAMED)
        self._wanted: set[str] = set()
        self._lock = Lock()
        self._made: Maker | None = None
        self._pending: str | None = None
        self._private: Private | None = None

    def name_link(self, named: str | None) -> None:
        """Take the interface endpoint that somebody named, by id or as `https://NAME`; to be called before the first use."""
        self._named = named

    def url_of(self, endpoint: str) -> str:
        """Where the endpoint is asked by the runtime's public name. Raises TargetError."""
        return self._here.url_of(endpoint)

    @property
    def from_here(self) -> bool:
        """Whether load comes from this host, with what its environment says."""
        return self._here.outlook is THIS_HOST

    @property
    def wants_private(self) -> bool:
        """Whether somebody wants another path than the public one."""
        return bool(self._wanted - {PUBLIC})

    def examine(self, network_paths: Iterable[str]) -> None:
        """Want these paths, and refuse those that cannot come about, before anything is made for them. Raises TargetError.

        Private DNS is on, this host's subnet has no route to the public name, its VPC is not known, what was named is not there.
        """
        new = set(network_paths) - self._wanted
        if not new:
            return
        self._wanted |= new
        try:
            with self._lock:
                self._examine(PUBLIC in new)
        except TargetError:
            self._wanted -= new
            raise

    def begin(self, maker: Maker) -> None:
        """Find an interface endpoint, or ask for one, where a private path is wanted and none was named. Returns while it is pending.

        Once: what failed then is why there is no private path. Raises StoppedError.
        """
        with self._lock:
            if self._named is not None or not self.wants_private or self._private is not None or self._pending is not None:
                return
            try:
                self._pending = self._found_or_asked_for(maker)
            except StoppedError:
                raise
            except (TargetError, PlanError) as error:  # PlanError: the session's ceiling does not bear it
                self._private = no_private(str(error))

    def paths(self, url: str) -> Paths:
        """By which url an invocation goes over which path, by its url under the public name. Waits for an endpoint under way.

        Raises TargetError where one that was named cannot be used; StoppedError.
        """
        with self._lock:
            return self._guarded(url, self._private_paths())

    def close(self, patience: Patience | None = None) -> None:
        """Delete what was made, the endpoint before its group, and see that it is gone. May be called again.

        Raises TargetError naming what is left.
        """
        with self._lock:
            maker, self._pending = self._made, None
            if maker is None:
                return
            name, errors = own_link.link_name(maker.run_id), []
            for kind, delete in (
                (own_link.VPC_ENDPOINT, own_link.delete_vpc_endpoint),
                (own_link.SECURITY_GROUP, own_link.delete_security_group),
            ):
                try:
                    delete(self._here.ec2, name, patience or self._patience)
                    maker.ledger.gone(kind, name)
                except TargetError as error:
                    errors.append(str(error))
            if errors:
                raise TargetError("; ".join(dict.fromkeys(errors)))
            self._made, self._private = None, no_private("its interface endpoint is deleted: the session is ending")

    def _examine(self, publicly: bool) -> None:
        here, there = self._here, self._here.outlook.there
        if there and self._named is None and self.wants_private and not here.place.subnets:
            raise TargetError(_VPC_UNKNOWN)
        if self.wants_private and not self._by_dns_name and here.dual_stack:
            raise TargetError(_DUAL_STACK)
        if self._named is not None and not self._by_dns_name:
            find_named(here.ec2, self.region, self._named, fips=here.fips)
        if not there:
            return
        found = self._guarded(here.url, self._none)
        if publicly and PUBLIC not in found.urls:
            raise TargetError(found.elsewhere[PUBLIC])

    @property
    def _by_dns_name(self) -> bool:
        return self._named is not None and "://" in self._named

    def _guarded(self, url: str, private: Private) -> Paths:
        """With the client's way to the public name, which matters where another path is beside it."""
        place, beside, resolve = self._here.place, self.wants_private or self._named is not None, self._here.outlook.addresses_of
        route, way = self._here.way_out(resolve) if beside else (None, "not known: nobody looked")
        found = paths_of(url, private, resolve=resolve, route=route, vpc_cidrs=place.cidrs)
        return replace(found, facts={"client_zone": place.wording, "public_route": way, **found.facts})

    def _private_paths(self) -> Private:
        """What the interface endpoint offers, once it is there; found out once."""
        if self._named is None and self._pending is None and self._private is None:
            return self._none
        if self._private is None:
            self._private = self._named_paths() if self._named is not None else self._own_paths()
        return self._private

    def _named_paths(self) -> Private:
        named = self._named or ""
        if self._by_dns_name:
            return private_by_name(named)
        if self._here.dual_stack:
            return no_private(_DUAL_STACK)
        link_id = find_named(self._here.ec2, self.region, named, fips=self._here.fips)["VpcEndpointId"]
        return self._by_zone(wait_available(self._here.ec2, link_id, self._patience, self._stop), "as named")

    def _own_paths(self) -> Private:
        try:
            link = wait_available(self._here.ec2, self._pending or "", self._patience, self._stop)
        except StoppedError:
            raise
        except TargetError as error:
            return no_private(str(error))
        self._await_names(link)
        return self._by_zone(link, "found in the VPC" if self._made is None else "made for the session")

    def _by_zone(self, link: PrivateLink, origin: str) -> Private:
        private = private_by_zone(link, self._here.place.zone, NO_METADATA)
        return Private(private.origins, private.absent, {**private.facts, "interface_endpoint_is": origin})

    def _await_names(self, link: PrivateLink) -> None:
        """Give DNS a while to learn the names of an endpoint that was just made."""
        patience = replace(self._patience, timeout_s=min(self._patience.timeout_s, _NAMES_WITHIN_S))
        for _ in patience.rounds(self._stop):
            if all(self._here.outlook.addresses_of(name) for name in link.names):
                return

    def _found_or_asked_for(self, maker: Maker) -> str:
        """The id of an interface endpoint that may still be pending."""
        place = self._here.place
        if not place.subnets:
            raise TargetError(_VPC_UNKNOWN)
        if self._here.dual_stack:
            raise TargetError(_DUAL_STACK)
        vpc_id = place.subnets[0].vpc_id
        found = find_private_link(self._here.ec2, self.region, vpc_id, fips=self._here.fips)
        if found is not None:
            return str(found["VpcEndpointId"])
        self._made = maker
        wish = own_link.Wish(
            own_link.link_name(maker.run_id),
            self.region,
            vpc_id,
            [subnet.id for subnet in place.subnets],
            [subnet.cidr for subnet in place.subnets],
            maker.tags,
            self._here.fips,
        )
        try:
            return own_link.make_link(self._here.ec2, wish, maker.ledger, self._stop)
        except NameTakenError:
            self._made = None
            raise

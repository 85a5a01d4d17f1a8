"""Where it is asked: a target opens endpoints, and an endpoint is nothing but addresses and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from tailgate.plan.case import Case, EndpointSpec


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go and what they carry besides the payload. Crosses to the generator, so it holds no secret.

    url: complete, with the path of the invocation. method: of each request, POST for an invocation. dial: `ip:port`
    to connect to instead of asking DNS for the url's host, which still names the host in TLS, Host header and
    signature. sign: the service to sign for with SigV4 (credentials come from botocore's chain in the generator), None
    for unsigned requests. ca_pem: authorities to trust beside the system's, as PEM text. Times in seconds.
    """

    url: str
    region: str
    network_path: str
    variant: str = "AllTraffic"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: str | None = "sagemaker"
    dial: str | None = None
    ca_pem: str | None = None
    connect_timeout_s: float = 5.0
    timeout_s: float = 70.0
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Guard:
    """How an endpoint that others depend on may be asked.

    most_per_s: the highest rate of a load, None where nobody said it. abort_share: of the latest requests, how many may be
    throttled, fail or go unanswered before the load ends.
    """

    most_per_s: float | None
    abort_share: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployed endpoint, as pure data.

    addresses: by network path. provenance: facts for the record. processes: by name, the ids of processes on this
    host that must live for the endpoint to answer (none on AWS). environment: what the generator's process
    additionally needs to find its credentials; never recorded, never shown. found: what is really there, where that was not
    made for the spec; runs are of this. guard: how it may be asked, None for as one likes. notes: lines for each verdict.
    elsewhere: by a network path without an address, why it has none. warms_within_s: how long it may be asked gently, before its
    first load, until it answers evenly; None for one that is asked as it is. ips: by network path, what AWS's name for it resolved to
    here; never recorded.
    """

    name: str
    addresses: Mapping[str, Address]
    deployed_by_us: bool
    provenance: Mapping[str, str]
    processes: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    found: EndpointSpec | None = None
    guard: Guard | None = None
    notes: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    warms_within_s: float | None = None
    ips: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


class Target(Protocol):
    """Somewhere endpoints come from: emulated, a process, an existing endpoint, SageMaker itself."""

    kind: str

    def open(self, spec: EndpointSpec) -> AbstractContextManager[Endpoint]:
        """An endpoint for the spec, ready to answer; on leaving, whatever was made for it is gone.

        Raises TargetError (CapacityError where the platform has no room: a reason to skip).
        """
        ...


@runtime_checkable
class Shared(Protocol):
    """A target whose endpoints belong to somebody else, who may change them while they are measured."""

    def changes(self, endpoint: Endpoint) -> tuple[str, ...]:
        """Why what was measured at the endpoint until now is of no one deployment, in sentences; asks the platform. Raises nothing."""
        ...


@runtime_checkable
class Readdressing(Protocol):
    """A target that makes a way to its endpoints once a case asks for it, which may be after they are there."""

    def readdressed(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with an address for each network path that was asked for until now. Raises TargetError."""
        ...


@runtime_checkable
class Examining(Protocol):
    """A target that can tell before anything is created what cannot come about."""

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about, such as for want of credentials, of all that is planned; or of one case before it is measured.

        May be called often, and tells which endpoints and network paths will be opened. Raises PlanError, TargetError.
        """
        ...


@runtime_checkable
class Billed(Protocol):
    """A target whose endpoints cost money."""

    def spent(self) -> Mapping[str, Mapping[str, object]]:
        """What each endpoint came to, by its name, once it is gone: usd, since, until and whatever else is known. Raises nothing."""
        ...


def readdressed_by(target: Target, endpoint: Endpoint) -> Endpoint:
    """The endpoint with all the addresses that the target has for it by now. Raises TargetError."""
    return target.readdressed(endpoint) if isinstance(target, Readdressing) else endpoint


def spent_at(target: Target) -> Mapping[str, Mapping[str, object]]:
    """What the target says that its endpoints came to; nothing where they cost nothing."""
    return target.spent() if isinstance(target, Billed) else {}


def changes_of(target: Target, endpoint: Endpoint) -> tuple[str, ...]:
    """What the target says of changes to the endpoint; nothing where nobody else can change it."""
    return target.changes(endpoint) if isinstance(target, Shared) else ()

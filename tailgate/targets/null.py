"""The null target: a server on this host that answers at once. What is measured against it is the harness itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tailgate.child import Child
from tailgate.plan.case import NETWORK_PATHS, EndpointSpec
from tailgate.targets import Address, Endpoint
from tailgate.targets.null_server import IP

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

HOST = "null.tailgate.invalid"
"""What the responder's certificate is for; dialled by address, since no DNS knows it (RFC 6761)."""

_READY_WITHIN_S = 30.0
_NOTE = "an instant responder on this host: the harness was measured, no model and no platform"
# Made up, and in the form of AWS's documentation: the responder does not look at them.
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "tailgate/null/target", "AWS_SESSION_TOKEN": ""}


def null_target(settings: Settings) -> NullTarget:
    """The null target for the registry; starts nothing."""
    return NullTarget(region=settings.region)


class NullTarget:
    """Endpoints that answer at once, each in a process of its own. Asked as SageMaker would be, over whichever network path.

    tls: HTTPS with a throw-away authority, else plain HTTP. sign: the service to sign for, None for unsigned requests.
    """

    kind = "null"
    deploys_on_this_host = True

    def __init__(self, *, region: str = "us-east-1", tls: bool = True, sign: str | None = "sagemaker") -> None:
        self._region, self._tls, self._sign = region, tls, sign

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Start a responder; it is gone on leaving, and with this process at the latest. Raises TargetError."""
        with responder(tls=self._tls) as (child, where):
            yield Endpoint(
                name=spec.name,
                addresses={path: self._address(spec, path, where) for path in NETWORK_PATHS},
                deployed_by_us=True,
                provenance={"note": _NOTE},
                processes={child.title: child.pid},
                environment=_KEYS if self._sign else {},
            )

    def _address(self, spec: EndpointSpec, network_path: str, where: Mapping[str, str]) -> Address:
        return Address(
            url=f"{where['origin']}/endpoints/{spec.name}/invocations",
            region=self._region,
            network_path=network_path,
            variant=spec.variant,
            sign=self._sign,
            dial=where["dial"],
            ca_pem=where.get("ca_pem"),
        )


@contextmanager
def responder(*, tls: bool) -> Iterator[tuple[Child, Mapping[str, str]]]:
    """A null responder for as long as the block lasts: its process, and origin, dial and (over TLS) ca_pem. Raises TargetError."""
    child = Child("null responder", "tailgate.targets.null_server", part_of="")
    try:
        child.tell({"tls": tls, "names": [HOST]})
        ready = child.ready(_READY_WITHIN_S)
        where = {"origin": f"{'https' if tls else 'http'}://{HOST}:{ready['port']}", "dial": f"{IP}:{ready['port']}"}
        yield child, where | ({"ca_pem": ready["ca_pem"]} if tls else {})
    finally:
        child.end(grace_s=2.0)

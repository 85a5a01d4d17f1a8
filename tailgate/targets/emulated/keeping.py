"""Keeping: the keeper of emulated hosts as whoever starts it holds it. Its process is `tailgate.vantage.emulated.keeper`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import ProxyHandler, build_opener

from tailgate.child import Child

_READY_WITHIN_S = 60.0
_ASK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class HostSettings:
    """How an emulation's hosts are. round_trips_s: what is added to each network path for them; 0 for those not named.

    minute_s: how long a minute of a host's `shutdown` lasts. namespaces: False for processes with loopback addresses at once.
    """

    round_trips_s: Mapping[str, float] = field(default_factory=dict)
    minute_s: float = 60.0
    namespaces: bool = True


@dataclass(frozen=True, slots=True)
class Keeping:
    """A running keeper and its network.

    kind: `namespaces`, or `loopback` where these are not permitted, and why. gateway: the address by which hosts ask moto. ips: of the
    data plane's network paths, by name. Hosts reach these alone. namespace: where these addresses are, by its path, for as long as the
    keeper lives; None for this host's own network.
    """

    child: Child
    kind: str
    why: str
    gateway: str
    ips: Mapping[str, str]
    namespace: str | None

    @classmethod
    def start(cls, settings: HostSettings, paths: Iterable[str], keep_on: Callable[[], None] = lambda: None) -> Keeping:
        """Make the network, with an address for each of the data plane's network paths. Raises TargetError."""
        child = Child("hosts' keeper", "tailgate.vantage.emulated.keeper")
        try:
            trips = {path: settings.round_trips_s.get(path, 0.0) for path in paths}
            child.tell({"paths": trips, "minute_s": settings.minute_s, "namespaces": settings.namespaces})
            ready = child.ready(_READY_WITHIN_S, keep_on)
        except BaseException:
            child.end(1.0)
            raise
        return cls(child, ready["kind"], ready["why"], ready["gateway"], ready["ips"], ready["namespace"])

    @property
    def beside(self) -> dict[str, str | None]:
        """For moto: where hosts ask it, beside its own address."""
        return {"namespace": self.namespace, "ip": self.gateway}

    def attend(self, moto: Mapping[str, Any], credentials: Mapping[str, Any] | None = None, names: Mapping[str, str] | None = None) -> None:
        """Keep hosts for the instances of a moto, by what it said when it was ready, which has to have been told `hosts` and `beside`.

        credentials: what the instances' roles lend (access_key, secret_key; see `sigv4.Credentials`), None for none. names: what hosts
        resolve, to which address; only in namespaces. Raises TargetError.
        """
        where = {"control_plane": moto["url"], "for_hosts": moto["url_beside"]}
        self.child.tell({**where, "credentials": credentials, "names": dict(names or {})})


def instances_at(control_plane: str) -> list[dict[str, Any]]:
    """What moto's process has of its instances, beside what EC2 tells: private_ip and pid, this host's id of the first process of each."""
    with build_opener(ProxyHandler({})).open(f"{control_plane}/tailgate/instances", timeout=_ASK_TIMEOUT_S) as response:
        told: list[dict[str, Any]] = json.loads(response.read())["instances"]
    return told

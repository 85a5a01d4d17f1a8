"""Planes: the emulation's processes, started together and ended together: two, and the keeper of its hosts where it has some."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tailgate.aws.clients import Clients
from tailgate.aws.network.private_link import PrivateLink
from tailgate.aws.refusals import explained
from tailgate.child import Child, end_all
from tailgate.errors import TargetError
from tailgate.targets.emulated.account import Credentials, boto3_session, client_for, clients_for
from tailgate.targets.emulated.control_plane import ControlPlaneSettings
from tailgate.targets.emulated.keeping import HostSettings, Keeping
from tailgate.targets.emulated.network import check_region, hosts_of, loopback_ips, make_private_link
from tailgate.targets.emulated.profiles import profiled_paths

KeepOn = Callable[[], None]

_READY_WITHIN_S = 60.0
_ASK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Planes:
    """A running emulation. dial: by network path, the `ip:port` at which load finds the data plane. keeping: of its hosts, if any.

    dial_here: the same for load from this host, where it has hosts, who dial other addresses. url: the control plane's, from here.
    session: boto3's, with the emulated account's credentials.
    """

    control: Child
    data: Child
    clients: Clients
    credentials: Credentials
    private_link: PrivateLink
    hosts: Mapping[str, str]
    dial: Mapping[str, str]
    dial_here: Mapping[str, str]
    ca_pem: str
    admin_port: int
    url: str
    session: Any
    keeping: Keeping | None

    @classmethod
    def start(
        cls,
        region: str,
        seed: int,
        control: ControlPlaneSettings,
        profiles: Path | None = None,
        keep_on: KeepOn = lambda: None,
        hosts: HostSettings | None = None,
    ) -> Planes:
        """Start both processes; the second begins to load while the first gets its VPC. Raises TargetError.

        keep_on: called many times a second meanwhile, between calls of AWS's; what it raises ends both. hosts: makes EC2 instances
        hosts, for which a third process is started.
        """
        children: list[Child] = []
        try:
            children.append(Child("control plane (moto)", "tailgate.targets.emulated.control_plane"))
            children.append(Child("data plane", "tailgate.targets.emulated.data_plane"))
            keeping = Keeping.start(hosts, profiled_paths(profiles), keep_on) if hosts is not None else None
            children += [keeping.child] if keeping is not None else []
            moto, data = children[:2]
            return cls._connect(moto, data, keeping, region=region, seed=seed, control=control, profiles=profiles, keep_on=keep_on)
        except BaseException as error:
            obituary = _obituary(children)
            end_all(children)
            if isinstance(error, TargetError) and obituary is not None:
                raise TargetError(obituary) from error
            raise

    @classmethod
    def _connect(
        cls,
        moto: Child,
        data: Child,
        keeping: Keeping | None,
        *,
        region: str,
        seed: int,
        control: ControlPlaneSettings,
        profiles: Path | None,
        keep_on: KeepOn,
    ) -> Planes:
        moto.tell(dataclasses.asdict(control if keeping is None else dataclasses.replace(control, hosts=True, beside=keeping.beside)))
        credentials = Credentials.made_up()
        core = credentials.session()
        check_region(core, region)
        session = boto3_session(core, region)
        moto_ready = moto.ready(_READY_WITHIN_S, keep_on)
        url = moto_ready["url"]
        clients = clients_for(session, region, url)
        link = make_private_link(clients.ec2, region)
        hosts = hosts_of(link, region, profiled_paths(profiles))
        ips = dict(zip(hosts, loopback_ips(len(hosts)), strict=True))
        keep_on()
        data.tell(_orders(url, region, seed, credentials, {path: (ips[path], host) for path, host in hosts.items()}, profiles, keeping))
        keep_on()
        # moto loads a service's model at its first request, and ten first requests at once would each load it.
        with explained("ask the control plane"):
            clients.sagemaker.list_endpoints(MaxResults=1)
        answer = data.ready(_READY_WITHIN_S, keep_on)
        here = dial = {path: f"{ips[path]}:{answer['ports'][path]}" for path in hosts}
        if keeping is not None:
            dial = {path: f"{keeping.ips[path]}:{answer['ports'][path]}" for path in hosts}
            names = {host: keeping.ips[path] for path, host in hosts.items()}
            keeping.attend(moto_ready, {"access_key": credentials.access_key, "secret_key": credentials.secret_key}, names)
        ca_pem, admin_port = answer["ca_pem"], answer["admin_port"]
        return cls(moto, data, clients, credentials, link, hosts, dial, here, ca_pem, admin_port, url, session, keeping)

    def client(self, service: str, attempts: int = 3) -> Any:
        """A client for another service of the control plane. attempts: of each call. Raises TargetError."""
        with explained(f"make a client for the emulated {service}"):
            return client_for(self.session, self.url, service, attempts)

    @property
    def children(self) -> tuple[Child, ...]:
        """All processes."""
        return (self.control, self.data) if self.keeping is None else (self.control, self.data, self.keeping.child)

    def obituary(self) -> str | None:
        """What has died, and how; None while all live."""
        return _obituary(self.children)

    @contextlib.contextmanager
    def blaming_the_dead(self) -> Iterator[None]:
        """Where a TargetError is but the consequence of a process's death, name that process instead."""
        try:
            yield
        except TargetError as error:
            obituary = self.obituary()
            if obituary is None:
                raise
            raise TargetError(f"{obituary} — start the run again") from error

    def ask_data_plane(self, path: str, **query: Any) -> tuple[HTTPMessage, bytes]:
        """GET something from the data plane's admin port: headers and body. Raises TargetError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=_ASK_TIMEOUT_S)
        with contextlib.closing(connection), self.blaming_the_dead():
            try:
                connection.request("GET", f"{path}?{urlencode(query)}")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise TargetError(f"the data plane's admin port {self.admin_port} does not answer: {error}") from error
            if response.status != 200:
                raise TargetError(f"the data plane answers {response.status} to {path}: {body.decode(errors='replace')}")
            return response.headers, body

    def close(self) -> None:
        """End all processes, and with them the hosts."""
        end_all(self.children)


def _obituary(children: Iterable[Child]) -> str | None:
    died = [obituary for child in children if (obituary := child.obituary())]
    return "; ".join(died) or None


def _orders(
    url: str,
    region: str,
    seed: int,
    credentials: Credentials,
    listen: Mapping[str, tuple[str, str]],
    profiles: Path | None,
    keeping: Keeping | None,
) -> dict[str, Any]:
    """What the data plane is told. listen: by network path, address and name."""
    identity = {"access_key": credentials.access_key, "secret_key": credentials.secret_key, "lent": keeping is not None}
    orders: dict[str, Any] = {"control_plane": url, "region": region, "seed": seed, "credentials": identity}
    beside = {} if keeping is None else keeping.ips
    orders["listen"] = {path: {"ip": ip, "names": [host], "beside": beside.get(path)} for path, (ip, host) in listen.items()}
    orders["namespace"] = None if keeping is None else keeping.namespace
    return orders | ({"profiles": str(profiles)} if profiles else {})

"""Network: what a keeper's hosts are on. Namespaces at a switch where this host permits them, loopback addresses elsewhere.

A switch in a namespace joins the hosts and what they ask, moto and the data plane, whose sockets for them are in a namespace too: this
host's own network has no part in it. What goes to a network path that has a round-trip time is passed on by the switch to the delay
line, and comes back to the hosts' second addresses over it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tailgate.errors import TargetError
from tailgate.targets.emulated.network import loopback_ips
from tailgate.vantage.emulated import namespaces
from tailgate.vantage.emulated.addresses import DELAYED, GATEWAY, HOSTS, METADATA_IP, SWITCH, delayed_ip, host_ip, path_ip
from tailgate.vantage.emulated.files import OWN_FILES
from tailgate.vantage.emulated.namespaces import Namespace

DELAYED_DEVICE = "delayed"
_DEVICE = "account"
_APART = ("unshare", "--pid", "--mount", "--uts", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")


@dataclass(frozen=True, slots=True)
class Berth:
    """Where a host is put. inside: what a command is run by in its network. metadata: address of its metadata service, port 0 for a free
    one. isolated: whether processes, files and network are its own. index: to be given back.
    """

    index: int
    ip: str
    metadata: tuple[str, int]
    inside: tuple[str, ...]
    isolated: bool

    @property
    def command(self) -> tuple[str, ...]:
        """What the host's first process is started by."""
        return (*self.inside, *_APART) if self.isolated else ()


class HostNetwork(Protocol):
    """What hosts are on. kind: `namespaces` or `loopback`. gateway: where they find moto. ips: of the network paths, by name.

    namespace: where these addresses are, by its path; None for this host's own network.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102  # told above

    @property
    def gateway(self) -> str: ...  # noqa: D102

    @property
    def ips(self) -> Mapping[str, str]: ...  # noqa: D102

    @property
    def namespace(self) -> str | None: ...  # noqa: D102

    def berth(self, mac: str | None) -> Berth:
        """A place for one more host. Raises TargetError where there is none left."""
        ...

    def free(self, berth: Berth) -> None:
        """The host is gone."""
        ...

    def close(self) -> None:
        """Take it all away."""
        ...


class LoopbackNetwork:
    """Hosts that are processes with loopback addresses of their own; files and processes are this host's."""

    kind = "loopback"
    gateway = "127.0.0.1"
    namespace = None

    def __init__(self, paths: Sequence[str]) -> None:
        self.ips = dict(zip(paths, loopback_ips(len(paths)), strict=True))

    def berth(self, mac: str | None) -> Berth:  # noqa: ARG002  # the protocol's
        """An address that nobody has."""
        ip = loopback_ips(1)[0]
        return Berth(0, ip, (ip, 0), (), isolated=False)

    def free(self, berth: Berth) -> None:
        """Nothing was taken."""

    def close(self) -> None:
        """Nothing was made."""


class NamespaceNetwork:
    """Hosts that are network namespaces. delayed: the network paths that have a round-trip time. Raises TargetError."""

    kind = "namespaces"
    gateway = GATEWAY

    def __init__(self, paths: Sequence[str], delayed: Sequence[str]) -> None:
        self.ips = {path: path_ip(index) for index, path in enumerate(paths)}
        self._delayed_ips = [self.ips[path] for path in delayed]
        self._namespaces: dict[int, Namespace] = {}
        self.account, self.switch = Namespace(), Namespace()
        try:
            namespaces.run(self.switch.entering(*_APART, *OWN_FILES))  # containers permit networks and refuse this
            self._plug_in([ip for path, ip in self.ips.items() if path not in delayed])
        except TargetError:
            self.close()
            raise

    @property
    def namespace(self) -> str:
        """Of what hosts ask."""
        return self.account.path

    def join_delay_line(self) -> None:
        """Lead the delayed paths over it, once both its devices are there. Raises TargetError."""
        self.account.ip(
            f"link set {DELAYED_DEVICE} up",
            *(f"addr add {ip}/32 dev {DELAYED_DEVICE}" for ip in self._delayed_ips),
            f"route add {DELAYED} dev {DELAYED_DEVICE}",
        )
        self.switch.ip(
            f"link set {DELAYED_DEVICE} up",
            *(f"route add {ip}/32 dev {DELAYED_DEVICE}" for ip in self._delayed_ips),
            f"route add {DELAYED} dev hosts",
        )
        self.switch.forward()

    def berth(self, mac: str | None) -> Berth:
        """A namespace at the switch. Raises TargetError."""
        index = next((index for index in HOSTS if index not in self._namespaces), None)
        if index is None:
            raise TargetError(f"the emulation has room for {len(HOSTS)} hosts")
        own = self._namespaces[index] = Namespace()
        try:
            self._wire(own, index, mac)
        except TargetError:
            own.close()
            del self._namespaces[index]
            raise
        return Berth(index, host_ip(index), (METADATA_IP, 80), tuple(own.entering()), isolated=True)

    def free(self, berth: Berth) -> None:
        """Its cable at the switch goes with the namespace, whose end the kernel sees to in its own time: so it goes first."""
        with contextlib.suppress(TargetError):
            self.switch.ip(f"link del host{berth.index}")
        self._namespaces.pop(berth.index).close()

    def close(self) -> None:
        """Hold none of it any longer."""
        for each in (*self._namespaces.values(), self.switch, self.account):
            each.close()

    def _plug_in(self, near: Sequence[str]) -> None:
        self.account.ip(
            *("link set lo up", f"link add {_DEVICE} type veth peer name uplink netns {self.switch.path}"),
            *(f"addr add {GATEWAY}/25 dev {_DEVICE}", *(f"addr add {ip}/32 dev {_DEVICE}" for ip in near), f"link set {_DEVICE} up"),
        )
        self.switch.ip(
            *("link set lo up", "link add hosts type bridge", "link set uplink master hosts", "link set uplink up"),
            *(f"addr add {SWITCH}/25 dev hosts", "link set hosts up"),
        )

    def _wire(self, own: Namespace, index: int, mac: str | None) -> None:
        cable = f"host{index}"
        self.switch.ip(
            f"link add {cable} type veth peer name eth0 netns {own.path}", f"link set {cable} master hosts", f"link set {cable} up"
        )
        second = f"addr add {delayed_ip(index)}/32 dev eth0"
        over = f"via {SWITCH} src {delayed_ip(index)}"
        own.ip(
            *("link set lo up", f"addr add {METADATA_IP}/32 dev lo"),
            *((f"link set eth0 address {mac}",) if mac else ()),
            *(f"addr add {host_ip(index)}/25 dev eth0", "link set eth0 up"),
            *((second,) if self._delayed_ips else ()),
            *(f"route add {ip}/32 {over}" for ip in self._delayed_ips),
        )


@functools.cache
def namespaces_refused() -> str | None:
    """Why hosts cannot be namespaces here, found out by trying; None where they can."""
    why = namespaces.missing()
    if why is None:
        try:
            NamespaceNetwork([], []).close()
        except TargetError as error:
            return str(error)
    return why


def open_network(paths: Sequence[str], delayed: Sequence[str], *, wanted: bool = True) -> tuple[HostNetwork, str]:
    """Namespaces where they are wanted, or loopback with the reason why. Raises TargetError where paths are to be delayed and cannot be."""
    why = namespaces.missing() if wanted else "as asked"
    if why is None:
        try:
            return NamespaceNetwork(paths, delayed), ""
        except TargetError as error:
            why = str(error)
    if delayed:
        raise TargetError(f"no network path can have a round-trip time here: {why}; measure without, or where namespaces are permitted")
    return LoopbackNetwork(paths), why if sys.platform == "linux" else f"{sys.platform} has no network namespaces"

"""What hosts are on where the machine permits namespaces, and where it does not."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tailgate.errors import TargetError
from tailgate.vantage.emulated.network import NamespaceNetwork, namespaces_refused, open_network

ROOT = Path(__file__).parents[4]
TELL = """
from tailgate.vantage.emulated.network import open_network
network, why = open_network(["public"], [])
network.close()
print(network.kind, why)
"""


@pytest.fixture
def namespaces() -> None:
    """Skips where they are not permitted."""
    if (why := namespaces_refused()) is not None:
        pytest.skip(why)


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("right", ["sys_admin", "net_admin"])
def test_without_the_right_to_namespaces_hosts_are_on_loopback_and_the_reason_is_told(right: str) -> None:
    """As in a container: root alone is not enough."""
    command = ["setpriv", f"--bounding-set=-{right}", sys.executable, "-c", TELL]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert told.startswith("loopback ")
    assert "not permitted" in told


def test_loopback_has_an_address_of_its_own_for_each_path_and_each_host() -> None:
    """And no delay: without namespaces a path's round-trip time is refused, not forgotten."""
    network, why = open_network(["public", "privatelink"], [], wanted=False)
    with closing(network):
        berths = [network.berth(None) for _ in range(3)]
        ips = [*network.ips.values(), *(berth.ip for berth in berths)]
        assert all(ipaddress.ip_address(ip).is_loopback for ip in ips)
        assert (network.kind, why) == ("loopback", "as asked")
        assert not any(berth.isolated for berth in berths)
    with pytest.raises(TargetError, match="round-trip time"):
        open_network(["public"], ["public"], wanted=False)


@pytest.mark.usefixtures("namespaces")
def test_a_berth_that_is_free_again_is_given_to_the_next() -> None:
    """Each has an address of its own meanwhile; all of it is gone once the network is closed."""
    network = NamespaceNetwork(["public"], [])
    held = Path(network.namespace).stat().st_ino
    assert held in networks_held()
    with closing(network):
        first, second = network.berth(None), network.berth(None)
        assert first.ip != second.ip
        network.free(first)
        assert network.berth(None).ip == first.ip
    assert held not in networks_held()


def networks_held() -> set[int]:
    """Networks that this process holds open, as the kernel calls them."""
    held = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # what lists them is among them
            if str(each.readlink()).startswith("net:"):
                held.add(each.stat().st_ino)
    return held

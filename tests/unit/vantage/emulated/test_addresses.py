"""Who has which address in a network of emulated hosts."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.vantage.emulated.addresses import HOSTS, NETWORKS, Network


@given(st.sampled_from(NETWORKS))
def test_all_addresses_differ_and_are_of_the_range_for_benchmarks(number: int) -> None:
    """This host's, the switch's, each path's, and two of each host; those behind the delay line are one route."""
    network = Network(number)
    delayed = [network.delayed_ip(index) for index in HOSTS]
    all_ips = [network.gateway, network.switch, *(network.path_ip(index) for index in range(60)), *map(network.host_ip, HOSTS), *delayed]
    assert len(set(all_ips)) == len(all_ips)
    whole = ipaddress.ip_network(f"{network.prefix}.0/24")
    assert whole.subnet_of(ipaddress.ip_network("198.18.0.0/15"))
    assert all(ipaddress.ip_address(ip) in whole for ip in all_ips)
    route = ipaddress.ip_network(network.delayed)
    assert {ip for ip in all_ips if ipaddress.ip_address(ip) in route} == set(delayed)


@given(st.sampled_from(NETWORKS))
def test_a_device_has_a_name_that_linux_takes(number: int) -> None:
    """At most 15 characters, that of the delay line included."""
    assert len(Network(number).device + "d") <= 15


def test_networks_do_not_overlap() -> None:
    """Sessions run side by side."""
    assert len({Network(number).prefix for number in NETWORKS}) == len(NETWORKS) == 512


def test_there_are_addresses_for_sixty_paths() -> None:
    """More is refused."""
    with pytest.raises(ValueError, match="60"):
        Network(0).path_ip(60)

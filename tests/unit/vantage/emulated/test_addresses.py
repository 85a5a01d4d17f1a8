"""Who has which address in a network of emulated hosts."""

from __future__ import annotations

import ipaddress

import pytest

from tailgate.vantage.emulated.addresses import DELAYED, GATEWAY, HOSTS, SWITCH, delayed_ip, host_ip, path_ip


def test_all_addresses_differ_and_are_of_the_range_for_benchmarks() -> None:
    """Moto's, the switch's, each path's, and two of each host; those behind the delay line are one route."""
    delayed = [delayed_ip(index) for index in HOSTS]
    all_ips = [GATEWAY, SWITCH, *map(path_ip, range(60)), *map(host_ip, HOSTS), *delayed]
    assert len(set(all_ips)) == len(all_ips)
    assert all(ipaddress.ip_address(ip) in ipaddress.ip_network("198.18.0.0/24") for ip in all_ips)
    route = ipaddress.ip_network(DELAYED)
    assert {ip for ip in all_ips if ipaddress.ip_address(ip) in route} == set(delayed)


def test_there_are_addresses_for_sixty_paths() -> None:
    """More is refused."""
    with pytest.raises(ValueError, match="60"):
        path_ip(60)

"""What network drivers count, asked of this host's own."""

from __future__ import annotations

import socket
import sys

import pytest

from tailgate.generator import allowance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ethtool is Linux's")


def test_an_interface_that_is_not_there_counts_nothing() -> None:
    """Nor does one whose driver does not say, such as loopback."""
    assert allowance.statistics("no-such-device") == {}
    assert allowance.statistics("lo") == {}


def test_each_interface_of_this_host_tells_names_and_numbers() -> None:
    """Whatever its driver is."""
    for _, name in socket.if_nameindex():
        for key, value in allowance.statistics(name).items():
            assert key.isprintable()
            assert 0 <= value < 1 << 64


def test_of_all_that_is_counted_the_allowances_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names that the ENA driver has for them, over all interfaces; without one of these nothing is told."""
    counted = {
        "ens5": {"tx_timeout": 9, "bw_in_allowance_exceeded": 1, "bw_out_allowance_exceeded": 20, "pps_allowance_exceeded": 300},
        "ens6": {"conntrack_allowance_exceeded": 4000, "conntrack_allowance_available": 10**6},
    }
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "ens5"), (3, "ens6")])
    monkeypatch.setattr(allowance, "statistics", lambda interface: counted.get(interface, {}))
    assert allowance.exceeded() == 4321
    counted.clear()
    assert allowance.exceeded() is None

"""What the data plane may be told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tailgate.errors import PlanError, TargetError
from tailgate.targets.emulated.orders import Listener, Orders
from tailgate.targets.emulated.sigv4 import Credentials

TOLD: dict[str, Any] = {
    "control_plane": "http://127.0.0.1:5000",
    "region": "eu-west-1",
    "credentials": {"access_key": "AKID", "secret_key": "very-secret"},
    "seed": 3,
    "listen": {"public": {"ip": "127.0.0.2", "names": ["runtime.sagemaker.eu-west-1.amazonaws.com"]}},
}


def test_orders_are_read_as_told() -> None:
    """Every part; a session token and a file of profiles may be left out."""
    orders = Orders.from_json(json.dumps(TOLD | {"profiles": "/p.toml"}))
    assert orders.credentials == Credentials("AKID", "very-secret", None)
    assert orders.listen == {"public": Listener("127.0.0.2", ("runtime.sagemaker.eu-west-1.amazonaws.com",))}
    assert (orders.seed, orders.profiles) == (3, Path("/p.toml"))
    assert Orders.from_json(json.dumps(TOLD)).profiles is None


@pytest.mark.parametrize("ip", ["0.0.0.0", "192.168.1.2", "198.20.0.1", "::", "here", "8.8.8.8", ""])  # noqa: S104  # it is refused
def test_only_loopback_is_listened_on(ip: str) -> None:
    """Nothing of the emulation can be reached from outside the host."""
    told = copy.deepcopy(TOLD)
    told["listen"]["public"]["ip"] = ip
    with pytest.raises(TargetError, match="loopback addresses only"):
        Orders.from_json(json.dumps(told))


def test_another_address_is_listened_on_in_a_namespace_alone() -> None:
    """Hosts of the emulation dial it there; in this host's own network it would be open to others."""
    told = copy.deepcopy(TOLD)
    told["listen"]["public"]["beside"] = "198.18.0.2"
    with pytest.raises(TargetError, match="loopback addresses only"):
        Orders.from_json(json.dumps(told))
    orders = Orders.from_json(json.dumps(told | {"namespace": "/proc/1/ns/net"}))
    assert (orders.listen["public"].beside, orders.namespace) == ("198.18.0.2", "/proc/1/ns/net")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        "very-secret",
        '"very-secret"',
        json.dumps(TOLD | {"listen": 3}),
        json.dumps(TOLD | {"credentials": {"secret": "very-secret"}}),
    ],
)
def test_orders_that_cannot_be_meant_are_refused_without_quoting_a_secret(line: str) -> None:
    """The line holds credentials, so the error says what is wrong in general only."""
    with pytest.raises(PlanError) as refusal:
        Orders.from_json(line)
    assert "very-secret" not in str(refusal.value)


def test_an_unknown_key_is_named() -> None:
    """A misspelt order is not silently without effect."""
    with pytest.raises(PlanError, match=r"unknown keys: profile$"):
        Orders.from_json(json.dumps(TOLD | {"profile": "/p.toml"}))

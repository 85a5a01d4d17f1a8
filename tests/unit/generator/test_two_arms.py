"""Two arms in one run: real servers, the real child, and a seeded coin between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate import FRESH, Poisson
from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.plan.arms import coin
from tailgate.samples import Error, Samples
from tests.unit.generator.serving import KEYS, Served, generators, rows_once_each, serving

LOAD = Poisson(per_s=150, for_s=1.5, warmup_s=0.3, seed=3)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """One over TLS, one over plain HTTP."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0]) as first, serving(folders[1], tls=False) as second:
        yield first, second


def paired(first: Served, second: Served, *, load: Poisson = LOAD, seed: int = 4, **query: object) -> Order:
    """An order for both servers; query: what the second is asked for beside."""
    return replace(first.order(load), second=second.address(**query), arm_seed=seed)


def arrived(samples: Samples, arm: int) -> int:
    """How many requests of an arm were sent."""
    return int(np.isfinite(samples.of_arm(arm).send_lag_s).sum())


def test_each_request_goes_where_the_coin_says(servers: tuple[Served, Served]) -> None:
    """In due order the samples' arms are the coin's; each server saw its own, and each connection belongs to one arm."""
    order = paired(*servers)
    samples = drive(order)
    assert samples.faults == ()
    assert samples.errors() == {}
    assert rows_once_each(samples, order)
    assert samples.arm.tolist() == coin(len(samples), 4).tolist()
    assert [len(server.truth()["arrived"]) for server in servers] == [arrived(samples, arm) for arm in (0, 1)]
    assert (samples.header.address, samples.header.second_address) == tuple(address.url for address in order.addresses)
    assert (samples.records["connection"] % 2 == samples.arm).all()
    assert set(samples.records["connection"]) <= set(samples.connections["number"])
    assert len(set(samples.connections["number"])) == len(samples.connections) >= 2 * order.connections  # more where a host is slow
    opened_over_tls = samples.connections["tls_s"] > 0
    assert (opened_over_tls == (samples.connections["number"] % 2 == 0)).all()


def test_a_difference_between_the_servers_is_in_the_response_times(servers: tuple[Served, Served]) -> None:
    """The second takes 20 ms to serve; every one of its requests shows it, and the first's median does not."""
    samples = drive(paired(*servers, ms=20))
    first, second = (samples.of_arm(arm).service_s for arm in (0, 1))
    assert second.min() >= 0.02
    assert np.median(second) - np.median(first) > 0.01
    assert samples.of_arm(1).header.address == samples.header.second_address


def test_each_arm_is_signed_for_its_own_region(servers: tuple[Served, Served]) -> None:
    """Credentials are one caller's; the region and the host are the address's."""
    order = paired(*servers, load=Poisson(100, 0.5, 0), sign="sagemaker")
    order = replace(order, address=servers[0].address(sign="sagemaker"), second=replace(order.addresses[1], region="eu-west-1"))
    samples = drive(order, environment=KEYS)
    assert samples.errors() == {}
    for server, region in zip(servers, ("ap-northeast-1", "eu-west-1"), strict=True):
        requests = server.truth()["requests"]
        assert requests
        assert all(f"/{region}/sagemaker/aws4_request" in request for request in requests)
        assert all(f"Host: {request.split('Host: ')[1].splitlines()[0]}".endswith(str(server.port)) for request in requests)


def test_fresh_connections_are_each_arms_own(servers: tuple[Served, Served]) -> None:
    """One for each request, numbered so that no number means two."""
    order = paired(*servers, load=replace(LOAD, connections=FRESH))
    samples = drive(order)
    assert samples.errors() == {}
    assert len(set(samples.records["connection"])) == len(samples)
    assert (samples.connection_rows >= 0).all()
    assert (samples.records["connection"] % 2 == samples.arm).all()


def test_an_arm_that_fails_does_not_spoil_the_others_times(servers: tuple[Served, Served]) -> None:
    """Its requests are failures with infinite times; the other's have theirs."""
    samples = drive(paired(*servers, status=503))
    first, second = (samples.of_arm(arm) for arm in (0, 1))
    assert second.errors() == {"server error": len(second)}
    assert np.isinf(second.response_s).all()
    assert first.errors() == {}
    assert np.isfinite(first.response_s).all()


def test_a_server_that_dies_takes_only_its_own_arm_along(servers: tuple[Served, Served]) -> None:
    """From then on that arm's requests find no connection; none is lost, and the other arm goes on."""
    order = paired(*servers, load=Poisson(150, 2, 0, seed=3), act="die", every="60")
    samples = drive(order)
    assert rows_once_each(samples, order)
    first, second = (samples.of_arm(arm) for arm in (0, 1))
    assert first.errors() == {}
    assert {Error(error) for error in second.records["error"]} >= {Error.NONE, Error.CONNECT_FAILED}
    assert second.failed[-20:].all()


@pytest.mark.parametrize("gone", [0, 1])
def test_an_address_that_does_not_answer_is_named(servers: tuple[Served, Served], gone: int) -> None:
    """Whichever of the two: nothing is measured, and no process is left."""
    order = paired(*servers)
    servers[gone].process.kill()
    servers[gone].process.wait()
    with pytest.raises(GeneratorError, match=rf"{servers[gone].port}.*refused"):
        drive(order)
    assert generators() == []


def test_ticks_tell_of_both_arms_together(servers: tuple[Served, Served]) -> None:
    """What was sent, at which rate, and how long it took."""
    ticks = []
    drive(paired(*servers, load=Poisson(200, 1.6, 0, seed=1)), on_tick=ticks.append)
    assert ticks
    assert ticks[-1].sent >= ticks[-1].done > 100


RINGING = """
from types import SimpleNamespace as Some
import tailgate.generator.__main__
from tailgate.generator.arms import Arms
served = []
def arm(name, next_due_s):
    return Some(dispatcher=Some(next_due_s=next_due_s, dispatch=lambda: served.append(name)))
arms = Arms.__new__(Arms)
for due_s in ((2.0, 1.0), (1.0, 2.0), (float("inf"), 3.0)):
    arms._arms = [arm("first", due_s[0]), arm("second", due_s[1])]
    arms._ring()
print(*served)
"""


def test_a_late_generator_favours_neither_arm() -> None:
    """When it rings late, the arm whose request has waited longest goes first, or one would always wait for the other's."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = subprocess.run([sys.executable, "-c", RINGING], capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert run.stdout.split() == ["second", "first", "first", "second", "second", "first"]

"""An agent in a process of its own, a session that orders load from it, and moto's S3 between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tailgate.connection_table import connections_path
from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate
from tests.emulated.agents import Agent, agent_at
from tests.emulated.conftest import REGION, Moto
from tests.unit.generator.serving import KEYS, Served, rows_once_each, serving


@pytest.fixture(scope="module")
def agent(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One that is ready, for all tests here."""
    with agent_at(moto, "tailgate/hosts/session/i-1/", tmp_path_factory.mktemp("agent")) as agent:
        yield agent


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """Somebody to ask."""
    with serving(tmp_path) as served:
        yield served


def test_samples_arrive_as_the_host_wrote_them_with_their_connections(agent: Agent, server: Served) -> None:
    """Every request that was sent is a row here, each row refers to a connection that is in the table, and ticks came on the way."""
    ticks = []
    order = server.order(ConstantRate(200, 4, 1), sign="sagemaker")
    samples = drive(order, start=agent.post.start, environment=KEYS, on_tick=ticks.append)
    assert samples.faults == ()
    assert len(samples) == 1000 == len(server.truth()["arrived"])
    assert rows_once_each(samples, order)
    assert len(ticks) >= 3
    assert samples.host
    assert set(samples.records["connection"]) <= set(samples.connections["number"])
    assert connections_path(order.samples).is_file()


def test_one_post_carries_out_orders_one_after_the_other(agent: Agent, server: Served) -> None:
    """Each has its own samples, whatever the one before left."""
    first = drive(server.order(ConstantRate(100, 1, 0)), start=agent.post.start)
    second = drive(replace(server.order(ConstantRate(100, 0.5, 0)), samples=server.folder / "second.samples"), start=agent.post.start)
    assert (len(first), len(second)) == (100, 50)
    assert first.faults == second.faults == ()


def test_a_load_ends_early_there_once_enough_is_seen_here(agent: Agent, server: Served) -> None:
    """The looks that end it are made here, of ticks that come by letter."""
    samples = drive(server.order(ConstantRate(50, 30, 0)), start=agent.post.start, stop_early=lambda _: 2.0)
    assert samples.enough_s == 2.0
    assert samples.stopped_s is not None
    assert samples.stopped_s < 15
    assert samples.faults == ()


def test_a_load_that_cannot_begin_says_why_and_where(agent: Agent, server: Served) -> None:
    """The host's sentence, with its name."""
    address = replace(server.address(), dial=None, url="https://nowhere.tailgate.invalid/")
    with pytest.raises(GeneratorError, match=r"host i-1: .*nowhere\.tailgate\.invalid"):
        drive(server.order(address=address), start=agent.post.start)


def test_what_only_the_host_can_say_is_asked_of_it(agent: Agent) -> None:
    """What names lead to there, and that it is no EC2 instance; an absent name has no address."""
    assert "127.0.0.1" in agent.post.addresses_of("localhost")
    assert agent.post.addresses_of("nowhere.tailgate.invalid") == []
    assert agent.post.instance() is None
    assert agent.post.facts["versions"]["locust"]  # type: ignore[index]


def test_the_harness_is_measured_where_it_is(agent: Agent, server: Served) -> None:
    """The responder that answers at once is on the host, beside the generator."""
    with agent.post.null(region=REGION, tls=True, signed=True) as endpoint:
        order = replace(server.order(ConstantRate(500, 0.5, 0)), address=endpoint.addresses["public"])
        samples = drive(order, start=agent.post.start, environment=endpoint.environment)
    assert samples.faults == ()
    assert samples.errors() == {}


def test_a_post_that_is_closed_dismisses_its_agent(agent: Agent) -> None:
    """It ends by itself, and says how."""
    agent.post.close()
    assert agent.process.wait(20) == 0

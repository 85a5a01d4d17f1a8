"""What becomes of a load when its host's agent dies or hangs, its session goes silent, or a letter is changed on its way."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailgate.errors import GeneratorError, TargetError
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate
from tests.emulated.agents import BUCKET, Agent, Slow, agent_at, eventually
from tests.emulated.conftest import Moto
from tests.unit.generator.serving import Served, generators, rows_once_each, serving


@pytest.fixture
def agent(moto: Moto, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Agent]:
    """One that is ready."""
    with agent_at(moto, f"tailgate/hosts/{request.node.name}/i-1/", tmp_path) as agent:
        yield agent


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """Somebody to ask."""
    with serving(tmp_path) as served:
        yield served


def test_an_agent_that_is_killed_is_named_within_fifteen_seconds_and_its_samples_are_doubted(agent: Agent, server: Served) -> None:
    """Its generator dies with it; what had come until then is kept, and stands for nothing."""
    killed_s = 0.0

    def kill(_tick: object) -> None:
        nonlocal killed_s
        if not killed_s:
            killed_s = time.monotonic()
            agent.process.kill()

    samples = drive(server.order(ConstantRate(100, 60, 0)), start=agent.post.start, on_tick=kill)
    assert time.monotonic() - killed_s < 15
    assert any("host i-1 has given no sign of life" in fault for fault in samples.faults)
    assert 0 < len(samples) < 6000
    with pytest.raises(GeneratorError, match="host i-1 has given no sign of life"):
        drive(server.order(), start=agent.post.start)
    with pytest.raises(TargetError, match="host i-1 has given no sign of life"):
        agent.post.addresses_of("localhost")


def test_a_generator_that_dies_there_is_told_with_its_host(agent: Agent, server: Served) -> None:
    """Its agent sees it end, and says how; the host is good for the next load."""

    def kill(_tick: object) -> None:
        for generator in generators():
            generator.kill()

    samples = drive(server.order(ConstantRate(100, 60, 0)), start=agent.post.start, on_tick=kill)
    assert any("host i-1: generator" in fault and "SIGKILL" in fault for fault in samples.faults)
    again = drive(server.order(ConstantRate(100, 0.5, 0)), start=agent.post.start)
    assert len(again) == 50
    assert again.faults == ()


def test_an_agent_that_hangs_is_missed_like_a_dead_one(agent: Agent, server: Served) -> None:
    """As a host that was stopped, or whose network is gone."""

    def stop(_tick: object) -> None:
        agent.process.send_signal(signal.SIGSTOP)

    try:
        samples = drive(server.order(ConstantRate(100, 60, 0)), start=agent.post.start, on_tick=stop)
    finally:
        agent.process.send_signal(signal.SIGCONT)
    assert any("no sign of life" in fault for fault in samples.faults)


def test_an_agent_whose_session_goes_silent_ends_its_generator_and_itself(moto: Moto, tmp_path: Path, server: Served) -> None:
    """Nobody would ever stop it."""
    with agent_at(moto, "tailgate/hosts/silent/i-1/", tmp_path, "--alone-after", "6") as agent:
        agent.post.start(server.order(ConstantRate(50, 60, 0)), {})
        assert eventually(generators, 20)
        agent.post._mail.close()  # as when the session dies: no letter, no sign of life
        assert agent.process.wait(30) == 3
    assert "nobody has spoken to this host" in (tmp_path / "agent.log").read_text()


def test_s3_on_a_bad_day_costs_time_and_no_sample(moto: Moto, tmp_path: Path, server: Served) -> None:
    """Letters come late, and what S3 does not answer is asked again; the host is not taken for dead."""
    with agent_at(moto, "tailgate/hosts/slow/i-1/", tmp_path, seen_through=lambda s3: Slow(s3, 0.7)) as agent:
        order = server.order(ConstantRate(100, 8, 0))
        samples = drive(order, start=agent.post.start)
    assert samples.faults == ()
    assert len(samples) == 800 == len(server.truth()["arrived"])
    assert rows_once_each(samples, order)


def test_a_letter_that_was_changed_on_its_way_is_refused_and_named(agent: Agent, server: Served) -> None:
    """Samples of which a byte is another are no samples."""
    generator = agent.post.start(server.order(ConstantRate(50, 30, 0)), {})
    with generator:
        tampered = f"{agent.prefix}out/000004"
        agent.s3.put_object(Bucket=BUCKET, Key=tampered, Body=b'{"letter": 4, "sha256": "0"}\n')
        assert eventually(lambda: not (generator.events(0.1), generator.running)[1], 30)
        assert f"s3://{BUCKET}/{tampered} is refused" in generator.obituary

"""Several hosts share one load: their samples are one run's, without loss; whichever is lost, its name is told and nothing passes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate, Poisson
from tailgate.samples import Samples
from tailgate.vantage import Post
from tests.emulated.fleets import Fleet, fleet_of
from tests.emulated.hosts import emulated_hosts, in_namespaces, wait
from tests.unit.generator.serving import rows_once_each

LONG = ConstantRate(per_s=100, for_s=60, warmup_s=0)
WORKER, GENERATOR, AGENT = "tailgate.generator.workers.worker", "tailgate.generator", "tailgate.vantage.agent"
TOLD_WITHIN_S = 15.0


@pytest.fixture(params=["namespaces", "loopback"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """Three hosts."""
    with emulated_hosts(namespaces=request.param == "namespaces") as hosts:
        if request.param == "namespaces":
            in_namespaces(hosts)
        with fleet_of(hosts, 3, tmp_path) as fleet:
            yield fleet


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Fleet]:
    """Two hosts that a test may take apart."""
    with emulated_hosts() as hosts, fleet_of(in_namespaces(hosts), 2, tmp_path) as fleet:
        yield fleet


def test_hosts_share_a_load_and_no_request_is_lost(fleet: Fleet) -> None:
    """Each due time has its one row; the server saw as many; and the next load has a token and workers of its own."""
    with fleet.post() as post:
        assert post.name == "emulated 3 × ec2 m5.large euw1-az1"
        seen = 0
        for workers in (1, 2):
            order = fleet.order(Poisson(per_s=300, for_s=2, warmup_s=0.5, seed=workers), workers)
            samples = drive(order, start=post.start)
            assert samples.faults == ()
            assert rows_once_each(samples, order)
            seen += len(samples)
        assert len(fleet.server.truth()["arrived"]) == seen
        assert all(not fleet.processes(one, WORKER) for one in fleet.ids)


def test_what_answers_on_the_first_host_is_asked_by_that_host_alone(pair: Fleet) -> None:
    """The floor under a fleet is one host's; the load after it is everybody's again."""
    with pair.post() as post:
        with post.null(region="eu-west-1", tls=False, signed=False) as endpoint:
            asked = replace(pair.order(ConstantRate(per_s=100, for_s=0.5, warmup_s=0)), address=endpoint.addresses["public"])
            samples = drive(asked, start=post.start, environment=endpoint.environment)
            assert samples.faults == ()
            assert len(samples) == 50
        order = pair.order(ConstantRate(per_s=100, for_s=0.5, warmup_s=0))
        assert "; worker 2 within " in drive(order, start=post.start).header.clock


@pytest.fixture
def loads(pair: Fleet) -> Iterator[Callable[[Callable[[], object]], tuple[Samples, float]]]:
    """Drives a long load from both hosts, something befalls it amid that; the samples, and how long after they were there."""
    with pair.post() as post:
        yield lambda befall: amid(pair, post, befall)


def amid(fleet: Fleet, post: Post, befall: Callable[[], object]) -> tuple[Samples, float]:
    """Once a second of the load is over."""
    at_s = 0.0

    def on_tick(_: object) -> None:
        nonlocal at_s
        if not at_s:
            befall()
            at_s = time.monotonic()

    samples = drive(fleet.order(LONG), start=post.start, on_tick=on_tick)
    return samples, time.monotonic() - at_s


def cable(fleet: Fleet, host: str, state: str) -> None:
    """Of one host: `down` or `up`."""
    inside(fleet, host, "ip", "link", "set", "eth0", state)


def inside(fleet: Fleet, host: str, *command: str) -> None:
    """Run it in a host's network."""
    within = ["nsenter", "-t", str(fleet.hosts.pid(host)), "-n", *command]
    subprocess.run(within, check=True)


MASTER, OTHER = 0, 1
DEATHS = {
    "its worker": (OTHER, lambda fleet, host: fleet.processes(host, WORKER)[0].kill()),
    "its agent": (OTHER, lambda fleet, host: fleet.processes(host, AGENT)[0].kill()),
    "the host": (OTHER, lambda fleet, host: os.kill(fleet.hosts.pid(host), signal.SIGKILL)),
    "its network": (OTHER, lambda fleet, host: cable(fleet, host, "down")),
    "the master": (MASTER, lambda fleet, host: fleet.processes(host, GENERATOR)[0].kill()),
    "the master's host": (MASTER, lambda fleet, host: os.kill(fleet.hosts.pid(host), signal.SIGKILL)),
    "the master's network": (MASTER, lambda fleet, host: cable(fleet, host, "down")),
}


@pytest.mark.parametrize("death", DEATHS)
def test_what_dies_amid_a_load_is_named_and_the_run_is_doubted(
    pair: Fleet, loads: Callable[..., tuple[Samples, float]], death: str
) -> None:
    """Within fifteen seconds, by its host; what had come until then is kept, and the other host's worker ends."""
    place, befall = DEATHS[death]
    victim, left = pair.ids[place], pair.ids[1 - place]
    samples, after_s = loads(lambda: befall(pair, victim))
    assert any(victim in fault for fault in samples.faults), samples.faults
    assert after_s < TOLD_WITHIN_S
    assert 0 < len(samples) < 6000
    wait(lambda: not pair.processes(left, WORKER) and not pair.processes(left, GENERATOR), 20.0)


def test_a_worker_that_dies_leaves_its_hosts_good_for_the_next_load(pair: Fleet) -> None:
    """Each load has processes of its own; only a host that is lost is lost for good."""
    with pair.post() as post:
        samples, _ = amid(pair, post, lambda: pair.processes(pair.ids[OTHER], WORKER)[0].kill())
        assert samples.faults
        order = pair.order(ConstantRate(per_s=100, for_s=0.5, warmup_s=0))
        again = drive(order, start=post.start)
        assert again.faults == ()
        assert len(again) == 50


def test_a_host_that_is_lost_before_the_load_refuses_it_by_name(pair: Fleet) -> None:
    """Nobody waits for workers that cannot come."""
    with pair.post() as post:
        os.kill(pair.hosts.pid(pair.ids[OTHER]), signal.SIGKILL)
        began_s = time.monotonic()
        with pytest.raises(GeneratorError, match=f"host {pair.ids[OTHER]} has given no sign of life"):
            drive(pair.order(LONG), start=post.start)
        assert time.monotonic() - began_s < TOLD_WITHIN_S


def test_hosts_that_may_not_reach_each_other_are_told_what_lets_them(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A security group of one's own that lets nobody in."""
    monkeypatch.setattr("tailgate.vantage.fleet_generator.JOIN_WITHIN_S", 3.0)
    with pair.post() as post:
        for one in pair.ids:  # letters go by the gateway, the server by an address of its own
            other = next(each for each in pair.ids if each != one)
            inside(pair, one, "ip", "route", "add", "blackhole", f"{pair.ip_of(other)}/32")
        with pytest.raises(GeneratorError, match="security group has to let them reach each other"):
            drive(pair.order(LONG), start=post.start)


def test_the_token_is_in_no_command_line_and_no_workers_environment(pair: Fleet) -> None:
    """Others on a host could read it there."""
    seen: list[str] = []

    def look(_: object) -> None:
        for one in pair.ids:
            seen.extend(repr((process.cmdline(), process.environ())) for process in pair.processes(one, WORKER))

    with pair.post() as post:
        drive(pair.order(ConstantRate(per_s=50, for_s=2.5, warmup_s=0)), start=post.start, on_tick=look)
    assert len(seen) >= 2
    assert not any("TAILGATE_TOKEN" in one for one in seen)


UPLINK, BODY, RATE_PER_S, LASTS_S = "12mbit", b"x" * 16_000, 130, 6.0  # 17 Mbit/s: more than one uplink, less than two


def answered_in_time(fleet: Fleet, hosts: int) -> float:
    """Share of a load's requests whose answers were there before the load was over, from so many hosts."""
    with fleet.post(hosts) as post:
        order = replace(fleet.order(ConstantRate(RATE_PER_S, LASTS_S, warmup_s=0)), payloads=(BODY,))
        samples = drive(order, start=post.start)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    return float(np.mean(samples.due_s + samples.response_s < LASTS_S + 0.5))


def test_two_hosts_hold_a_rate_that_one_cannot(pair: Fleet) -> None:
    """Each has a network allowance, as on EC2, that the load exceeds and half of it does not. No request is lost either way."""
    try:
        for one in pair.ids:
            inside(pair, one, *f"tc qdisc add dev eth0 root tbf rate {UPLINK} burst 32k latency 200ms".split())
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"this kernel bounds no device's rate: {error}")
    assert answered_in_time(pair, 1) < 0.9
    assert answered_in_time(pair, 2) > 0.98

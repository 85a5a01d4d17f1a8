"""Load from an emulated host: the endpoints answer there as here, and a delay line adds its round-trip time and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from tailgate import EndpointSpec, Poisson
from tailgate.generator.drive import drive, local_child
from tailgate.generator.followed import Generator
from tailgate.generator.order import Order
from tailgate.samples import Samples
from tailgate.targets import Endpoint
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings, instances_at
from tailgate.vantage.emulated.network import namespaces_refused
from tests.emulated.hosts import wait

pytestmark = pytest.mark.alone

ROUND_TRIP_S, ALLOWED_S = 0.002, 0.0003
ROUNDS = 5
NEAR, FAR = "public", "privatelink"  # the same times of its own, in the profiles of these tests
PROFILES = """
[network_path.public]
minimum_ms = [4.0, "made up"]
typical_extra_ms = [0.01, "made up"]
sigma = [0.01, "made up"]
[network_path.privatelink]
minimum_ms = [4.0, "made up"]
typical_extra_ms = [0.01, "made up"]
sigma = [0.01, "made up"]
[outlier]
probability = [0.0, "made up"]
minimum_ms = [0.0, "made up"]
span_ms = [0.0, "made up"]
[generic]
minimum_ms = [0.1, "made up"]
typical_extra_ms = [0.01, "made up"]
sigma = [0.01, "made up"]
[instance_type."ml.m5.large"]
vcpus = [2, "made up"]
minimum_ms = [0.1, "made up"]
typical_extra_ms = [0.01, "made up"]
sigma = [0.01, "made up"]
"""


@dataclass
class Emulation:
    """An emulation with a host whose path FAR is delayed, and an endpoint in service."""

    target: EmulatedTarget
    endpoint: Endpoint
    pid: int
    folder: Path

    def order(self, path: str, second: str | None = None, *, here: bool = False) -> Order:
        """Load that reveals a path's time, to one address or divided between two; at the addresses that load from this host dials."""
        addresses = self.endpoint.addresses
        if here:
            dial = self.target.start().dial_here
            addresses = {path: replace(address, dial=dial[path]) for path, address in addresses.items()}
        load = Poisson(per_s=100, for_s=4, warmup_s=0.5, seed=3)
        samples = self.folder / f"{path}-{second}.samples"
        return Order(addresses[path], load, (b"{}",), samples, second=addresses[second] if second else None)

    def from_here(self, path: str) -> Samples:
        """Driven by this host."""
        return self._driven(self.order(path, here=True), "")

    def from_host(self, path: str, second: str | None = None) -> Samples:
        """Driven from the emulated host's network, with this host's credentials."""
        return self._driven(self.order(path, second), f"nsenter -t {self.pid} -n")

    def _driven(self, order: Order, within: str) -> Samples:
        """Before all others on this host, as the data plane is: what is compared is networks."""
        wrapper = self.folder / "python"
        wrapper.write_text(f'#!/bin/sh\nexec chrt --rr 5 {within} {sys.executable} "$@"\n')
        wrapper.chmod(0o755)

        def start(order: Order, environment: Mapping[str, str]) -> Generator:
            with patch("tailgate.generator.child.sys.executable", str(wrapper)):
                return local_child(order, environment)

        return drive(order, environment=self.endpoint.environment, start=start)


def may_go_first() -> bool:
    """Whether real-time priority is granted, without which a busy host's own delays are larger than what is asked here."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


@pytest.fixture(scope="module")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    if (why := namespaces_refused()) is not None or not may_go_first():
        pytest.skip(why or "nobody may go before others on this host")
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "profiles.toml").write_text(PROFILES)
    settings = HostSettings({FAR: ROUND_TRIP_S})
    with EmulatedTarget(deploy_s=0.1, profiles=folder / "profiles.toml", hosts=settings) as target:
        planes = target.start()
        ec2 = planes.client("ec2")
        launched = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        wait(lambda: all(each["pid"] for each in instances_at(planes.url)))
        pid = next(each["pid"] for each in instances_at(planes.url) if each["instance_id"] == launched)
        os.sched_setscheduler(planes.data.pid, os.SCHED_RR, os.sched_param(5))
        with target.open(EndpointSpec("hosts", instance_type="ml.m5.large")) as endpoint:
            yield Emulation(target, endpoint, pid, folder)


def quantiles_s(samples: Samples, arm: int = 0) -> np.ndarray:
    """p50 and p99 of the answers to one arm's requests, all of which were answered."""
    assert not samples.faults
    of_arm = samples.of_arm(arm)
    assert not of_arm.failed.any()
    return np.quantile(of_arm.after_warmup().service_s, (0.5, 0.99))


def assert_apart(differ: Callable[[], np.ndarray], expected_s: float) -> None:
    """p50 and p99 differ by this, ± .3 ms, by the median of several times: of a single one a neighbour's burst is most of the p99."""
    found = [differ() for _ in range(ROUNDS)]
    apart_s = np.median(found, axis=0)
    assert np.abs(apart_s - expected_s).max() < ALLOWED_S, f"{apart_s * 1e3} ms, median of {np.array(found) * 1e3}"


def test_an_endpoint_answers_a_host_as_it_answers_this_one(emulation: Emulation) -> None:
    """Within .3 ms: a namespace, its cable and its switch add next to nothing."""
    assert_apart(lambda: quantiles_s(emulation.from_host(NEAR)) - quantiles_s(emulation.from_here(NEAR)), 0.0)


def test_a_delay_line_adds_its_round_trip_time_for_the_host_alone(emulation: Emulation) -> None:
    """Between host and here."""
    assert_apart(lambda: quantiles_s(emulation.from_host(FAR)) - quantiles_s(emulation.from_here(FAR)), ROUND_TRIP_S)


def test_two_paths_of_one_run_differ_by_the_delay_line(emulation: Emulation) -> None:
    """A fair coin sends each request over one or the other, so that what drifts meets both."""

    def differ() -> np.ndarray:
        samples = emulation.from_host(NEAR, FAR)
        return quantiles_s(samples, 1) - quantiles_s(samples, 0)

    assert_apart(differ, ROUND_TRIP_S)

"""Hosted stages: accounts whose EC2 instances are emulated hosts, and sessions that launch theirs there, as they do on AWS.

The bundle of the code that they run is a small one: of this package, and of a line by which the host's Python finds here what else
there is. What a whole one needs, and that a wrong one is refused, has tests of its own (tests/emulated/test_ec2_hosts.py).
"""

from __future__ import annotations

import os
import signal
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tailgate.aws.names import RUN_TAG
from tailgate.child import Child, end_all
from tailgate.targets.emulated.keeping import HostSettings, Keeping, instances_at
from tailgate.vantage.ec2 import bundle
from tailgate.vantage.ec2.closure import closure
from tailgate.vantage.ec2.platforms import platform_of
from tests.faults.cells import MEASURED, REGION, Ended, Stage

PROFILE = "faults-hosts"
CREDENTIALS = {"access_key": "AKIAFAULTSHOSTSFAULT", "secret_key": "faults/hosts+secret"}
RUNTIME = f"runtime.sagemaker.{REGION}.amazonaws.com"
ASKING = f"""
import pathlib
import pytest
from tailgate import Budget, Case, ConstantRate, EndpointSpec

SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")
CASE = Case(SPEC, payload=b"[1]", load=ConstantRate(per_s=10, for_s=1), budget=Budget.of("p50 <= 5s"))

@pytest.mark.latency
@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_ranker(measure, case):
    with pytest.raises((Exception, pytest.fail.Exception), match="host i-.* refused the connection"):
        measure(case)
    pathlib.Path("{MEASURED}").write_text("a host was asked to, and said that nobody is there")
"""
"""Its host is asked for a load, and tells that no SageMaker is there."""


class HostedStage(Stage):
    """Where a session's load comes from hosts. cache: where its bundle lies already."""

    def __init__(self, moto_url: str, account: str, folder: Path, cache: Path) -> None:
        super().__init__(moto_url, account, folder)
        self._moto_url = moto_url
        self.suite = ASKING
        self.before = self.books.furnish_hosts(PROFILE)
        self._cache = cache

    def play(self, *options: str, variables: Mapping[str, str] | None = None) -> Ended:
        """As any session, with hosts."""
        hosts = (
            "--latency-vantage",
            "ec2",
            "--latency-host-profile",
            PROFILE,
            "--latency-host-type",
            "m5.large",
            "--latency-max-usd",
            "50",
        )
        return super().play(*hosts, *options, variables={"XDG_CACHE_HOME": str(self._cache), **(variables or {})})

    def hosts(self) -> list[dict[str, Any]]:
        """The session's, as EC2 describes them."""
        ours = [{"Name": "tag-key", "Values": [RUN_TAG]}]
        reservations = self.books.ask("ec2").describe_instances(Filters=ours)["Reservations"]
        return [each for reservation in reservations for each in reservation["Instances"]]

    def up(self) -> bool:
        """Whether they have all booted."""
        pids = {each["instance_id"]: each["pid"] for each in instances_at(self._moto_url)}
        return all(pids.get(each["InstanceId"]) for each in self.hosts())

    def lose_hosts(self) -> None:
        """As when they lose power: the first process of each is gone, and so is all else on it."""
        ids = {each["InstanceId"] for each in self.hosts()}
        for each in instances_at(self._moto_url):
            if each["instance_id"] in ids:
                os.kill(int(each["pid"]), signal.SIGKILL)


@contextmanager
def hosted_moto(minute_s: float = 60.0) -> Iterator[str]:
    """The url of a control plane whose instances are hosts. minute_s: how long a minute of their `shutdown` lasts."""
    keeping = Keeping.start(HostSettings(minute_s=minute_s), ["public"])
    moto = Child("control plane", "tailgate.targets.emulated.control_plane")
    try:
        moto.tell({"simulation": {"deploy_s": 0.3, "delete_s": 0.1}, "hosts": True, "beside": keeping.beside})
        ready = moto.ready(60.0)
        keeping.attend(ready, CREDENTIALS, {RUNTIME: keeping.ips["public"]})
        yield ready["url"]
    finally:
        end_all([keeping.child, moto])


def small_bundle(cache: Path) -> None:
    """Put one into a cache where sessions find it."""
    folder = cache / "tailgate" / "bundles"
    folder.mkdir(parents=True)
    own, platform = bundle._own_files(), platform_of("x86_64")
    there = sysconfig.get_paths()["purelib"]
    line = f"import site\nsite.addsitedir({there!r})\n".encode()
    bundle.write_archive(folder / f"{bundle._fingerprint(platform, own, closure())}.tar.gz", {**own, "sitecustomize.py": line})

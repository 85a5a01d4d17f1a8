"""Fleets of emulated hosts for tests: agents in namespaces of their own, letters through moto's S3, a server that they all reach."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from tailgate.generator.order import Order
from tailgate.plan.case import Case
from tailgate.plan.load import Load
from tailgate.plan.vantage import VantageSpec
from tailgate.targets.emulated.keeping import instances_at
from tailgate.vantage import Post
from tailgate.vantage.hosts import Host, Meeting
from tailgate.vantage.launched import LaunchedVantage
from tests.emulated.hosts import REGION, Hosts, wait
from tests.unit.generator.serving import Served, serving

BUCKET = "letters"
AGENT = f"nohup {sys.executable} -m tailgate.vantage.agent --region {REGION} --mailbox"


@dataclass
class Launched:
    """What launches a fleet's hosts in an emulation that is there: a stand-in for what does so on EC2."""

    hosts: Hosts
    ids: Sequence[str]
    emulated: bool = True
    status: str = "starting agents"

    def examine(self, cases: Sequence[Case]) -> None:
        """All can be had."""

    def interrupt(self) -> None:
        """It takes a moment only."""

    def open_s3(self) -> Any:
        """For letters."""
        return self.hosts.client("s3")

    @contextmanager
    def launched(self) -> Iterator[tuple[Meeting, Sequence[Host]]]:
        """An agent on each, as a bootstrap would start it. The hosts are the test's."""
        meeting = Meeting(BUCKET, REGION, secrets.token_hex(4))
        with contextlib.suppress(self.hosts.s3.exceptions.BucketAlreadyOwnedByYou):
            self.hosts.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for one in self.ids:
            self.hosts.out(one, f"{AGENT} {shlex.quote(meeting.url_of(one))} > agent.log 2>&1 &")
        ips = {each["instance_id"]: each["private_ip"] for each in instances_at(self.hosts.url)}
        yield meeting, [Host(one, ips[one], "euw1-az1", "m5.large", "ami-0123456789abcdef0") for one in self.ids]


@dataclass
class Fleet:
    """Hosts, and whom they ask."""

    hosts: Hosts
    ids: Sequence[str]
    server: Served

    @contextmanager
    def post(self, count: int | None = None) -> Iterator[Post]:
        """The post of all hosts, or of the first so many."""
        ids = self.ids[:count]
        with LaunchedVantage(VantageSpec("ec2", count=len(ids)), Launched(self.hosts, ids)).open() as post:
            yield post

    def order(self, load: Load, workers: int = 1) -> Order:
        """At the server, by an address that the hosts reach."""
        address = replace(self.server.address(), dial=f"{self.hosts.keeping.ips['public']}:{self.server.port}")
        return replace(self.server.order(load, address=address), workers=workers)

    def ip_of(self, instance_id: str) -> str:
        """A host's own address."""
        return next(str(each["private_ip"]) for each in instances_at(self.hosts.url) if each["instance_id"] == instance_id)

    def processes(self, instance_id: str, module: str) -> list[psutil.Process]:
        """Those of a host that run a module."""
        return [one for one in psutil.Process(self.hosts.pid(instance_id)).children(recursive=True) if module in command_of(one)]


def command_of(process: psutil.Process) -> list[str]:
    """Nothing of one that is gone, though perhaps nobody has reaped it."""
    with contextlib.suppress(psutil.Error):
        return list(process.cmdline())
    return []


@contextmanager
def fleet_of(hosts: Hosts, count: int, folder: Path) -> Iterator[Fleet]:
    """So many hosts, and a server."""
    ids = [hosts.launch() for _ in range(count)]
    wait(lambda: all(hosts.ping(one) == "Online" for one in ids))
    namespace = f"@{hosts.keeping.namespace}" if hosts.keeping.namespace is not None else ""
    with serving(folder, tls=False, at=f"127.0.0.1,{hosts.keeping.ips['public']}{namespace}") as server:
        yield Fleet(hosts, ids, server)
    hosts.ec2.terminate_instances(InstanceIds=list(ids))

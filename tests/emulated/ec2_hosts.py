"""Hosts as they are launched on AWS, at an emulation to which boto3's own settings lead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tailgate.aws.custody.reaper import Reaping
from tailgate.aws.waiting import Patience
from tailgate.plan.vantage import VantageSpec
from tailgate.targets.deploying import Deploying
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.registry import Settings
from tailgate.vantage.ec2.ground import Ground
from tailgate.vantage.ec2.hosts import Ec2Hosts, Pace
from tests.faults.aws_proxy import AwsProxy

REGION = "eu-west-1"
SESSIONS = (f"run-{number}" for number in count(1))
QUICK = Pace(*(Patience(0.1, 90.0),) * 4)


@dataclass
class Ec2Account:
    """An account at moto, asked by an unmodified boto3 through a proxy. target: the emulation whose hosts its instances are."""

    target: EmulatedTarget
    proxy: AwsProxy
    reports: Path
    profile: str = field(init=False)
    bucket: str = field(init=False)

    def __post_init__(self) -> None:
        furnished = self.target.furnished()
        self.profile, self.bucket = furnished.instance_profile, furnished.bucket

    def client(self, service: str) -> Any:
        """Of the account, not through the proxy."""
        return self.target.start().client(service)

    def hosts(self, **asked: Any) -> Ec2Hosts:
        """What launches them for a session of its own: a token is of one launch."""
        spec = VantageSpec("ec2", **{"instance_profile": self.profile} | asked)
        settings = Settings("existing", REGION, next(SESSIONS), deploying=Deploying(owner="ann"), reports=self.reports)
        ground = Ground(settings, Reaping(interval_s=0.1, patience_s=60.0, settle_s=0.5))
        return Ec2Hosts(spec, ground, lambda case: case.network_path == "public", QUICK)

    def instances(self) -> list[dict[str, Any]]:
        """All that are not terminated."""
        found = [each for reservation in self.client("ec2").describe_instances()["Reservations"] for each in reservation["Instances"]]
        return [each for each in found if each["State"]["Name"] != "terminated"]

    def left(self) -> list[str]:
        """What is there of any session: instances, groups, objects, ledgers."""
        groups = self.client("ec2").describe_security_groups()["SecurityGroups"]
        left = [each["InstanceId"] for each in self.instances()] + [each["GroupName"] for each in groups if each["GroupName"] != "default"]
        left += [each["Key"] for each in self.client("s3").list_objects_v2(Bucket=self.bucket).get("Contents", ())]
        return left + [path.name for path in self.reports.rglob("*.jsonl")]


@contextmanager
def ec2_account(target: EmulatedTarget, reports: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2Account]:
    """Where boto3's settings lead, as long as the block lasts."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    planes = target.start()
    with AwsProxy(planes.url) as proxy:
        settings = {"AWS_ENDPOINT_URL": proxy.url, "AWS_REGION": REGION, "NO_PROXY": "*", "AWS_EC2_METADATA_DISABLED": "true"}
        keys = {"AWS_ACCESS_KEY_ID": planes.credentials.access_key, "AWS_SECRET_ACCESS_KEY": planes.credentials.secret_key}
        for name, value in (settings | keys).items():
            monkeypatch.setenv(name, value)
        yield Ec2Account(target, proxy, reports)

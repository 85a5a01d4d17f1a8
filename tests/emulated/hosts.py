"""An emulation with hosts, as tests use it: keeper and moto as processes, boto3 unmodified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tailgate.child import Child, end_all
from tailgate.targets.emulated.keeping import HostSettings, Keeping, instances_at

REGION = "eu-west-1"
CREDENTIALS = {"access_key": "AKIAEMULATEDEMULATED", "secret_key": "an/emulated+secret"}
PATIENCE_S = 60.0


@dataclass
class Hosts:
    """A running emulation. role: the name of an instance profile whose agents may report."""

    keeping: Keeping
    moto: Child
    url: str
    role: str = "hosts"

    def __post_init__(self) -> None:
        namespace = self.keeping.namespace
        self.network = None if namespace is None else Path(namespace).stat().st_ino
        self.ec2, self.ssm, self.s3, self.iam = (self.client(service) for service in ("ec2", "ssm", "s3", "iam"))

    def make_role(self) -> None:
        """Have an instance profile of that name."""
        self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument="{}")
        self.iam.create_instance_profile(InstanceProfileName=self.role)
        self.iam.add_role_to_instance_profile(InstanceProfileName=self.role, RoleName=self.role)

    def client(self, service: str) -> Any:
        """A boto3 client."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=20, proxies={})
        keys = {"aws_access_key_id": CREDENTIALS["access_key"], "aws_secret_access_key": CREDENTIALS["secret_key"]}
        return boto3.Session().client(service, region_name=REGION, endpoint_url=self.url, config=config, **keys)

    def launch(self, **more: Any) -> str:
        """An instance with the role, not waited for."""
        asked = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large"}
        asked |= {"IamInstanceProfile": {"Name": self.role}} | more
        launched: str = self.ec2.run_instances(**asked)["Instances"][0]["InstanceId"]
        return launched

    def online(self, **more: Any) -> str:
        """An instance that takes commands."""
        instance_id = self.launch(**more)
        wait(lambda: self.ping(instance_id) == "Online")
        return instance_id

    def ping(self, instance_id: str) -> str | None:
        """How Systems Manager has it; None where it does not know it."""
        filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
        found = self.ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
        return found[0]["PingStatus"] if found else None

    def state(self, instance_id: str) -> str:
        """How EC2 has it."""
        state: str = self.described(instance_id)["State"]["Name"]
        return state

    def described(self, instance_id: str) -> dict[str, Any]:
        """What EC2 has of it."""
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        return found

    def pid(self, instance_id: str) -> int:
        """Of its first process."""
        return next(int(each["pid"]) for each in instances_at(self.url) if each["instance_id"] == instance_id)

    def send(self, instance_id: str, *lines: str, **parameters: list[str]) -> str:
        """A command, not waited for."""
        asked = {"commands": list(lines)} | parameters
        sent = self.ssm.send_command(InstanceIds=[instance_id], DocumentName="AWS-RunShellScript", Parameters=asked)
        return str(sent["Command"]["CommandId"])

    def invocation(self, command_id: str, instance_id: str) -> dict[str, Any]:
        """How it stands with a command."""
        wait(lambda: self._exists(command_id, instance_id))
        told: dict[str, Any] = self.ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        return told

    def run(self, instance_id: str, *lines: str, **parameters: list[str]) -> dict[str, Any]:
        """A command, and what became of it."""
        command_id = self.send(instance_id, *lines, **parameters)
        wait(lambda: self.invocation(command_id, instance_id)["Status"] not in ("Pending", "InProgress"))
        return self.invocation(command_id, instance_id)

    def out(self, instance_id: str, *lines: str) -> str:
        """What a command that succeeds writes."""
        told = self.run(instance_id, *lines)
        assert told["Status"] == "Success", told
        return str(told["StandardOutputContent"]).strip()

    def _exists(self, command_id: str, instance_id: str) -> bool:
        try:
            self.ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        except self.ssm.exceptions.InvocationDoesNotExist:
            return False
        return True

    def end(self) -> None:
        """All of it."""
        end_all([self.keeping.child, self.moto])


@contextmanager
def emulated_hosts(paths: Sequence[str] = ("public",), **more: Any) -> Iterator[Hosts]:
    """An emulation with hosts, for as long as the block lasts. more: of its HostSettings."""
    keeping = Keeping.start(HostSettings(**more), paths)
    moto = Child("control plane", "tailgate.targets.emulated.control_plane", last_lines=20)
    try:
        moto.tell({"hosts": True, "beside": keeping.beside})
        ready = moto.ready(60.0)
        url = ready["url"]
        keeping.attend(ready, CREDENTIALS, {"runtime.example": keeping.ips["public"]})
        hosts = Hosts(keeping, moto, url)
        hosts.make_role()
        yield hosts
    finally:
        end_all([keeping.child, moto])


def in_namespaces(hosts: Hosts) -> Hosts:
    """Skips where hosts are not namespaces."""
    if hosts.keeping.kind != "namespaces":
        pytest.skip(f"hosts are not network namespaces here: {hosts.keeping.why}")
    return hosts


def wait(holds: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Until it holds."""
    until_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until_s, "it did not come about"
        time.sleep(0.05)

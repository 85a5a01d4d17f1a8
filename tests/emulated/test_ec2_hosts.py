"""Hosts as on AWS: launched, made ready from one bundle, driven by letters, and gone; at emulated hosts, by an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tailgate import ConstantRate, EndpointSpec
from tailgate.errors import TargetError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings
from tailgate.vantage.ec2 import hosts as ec2_hosts
from tailgate.vantage.ec2.bundle import Bundle, bundle_for
from tailgate.vantage.ec2.platforms import Platform, platform_of
from tailgate.vantage.launched import LaunchedVantage
from tests.emulated.ec2_hosts import REGION, Ec2Account, ec2_account
from tests.faults.aws_proxy import ALL, FIRST, answer_lost, refused


@pytest.fixture(scope="module")
def target() -> Iterator[EmulatedTarget]:
    with EmulatedTarget(region=REGION, deploy_s=0.1, hosts=HostSettings()) as target:
        yield target


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Made once for all of them."""
    return bundle_for(platform_of("x86_64"), tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def aws(target: EmulatedTarget, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2Account]:
    """Nothing is left in it by any of these tests."""

    def made(platform: Platform) -> Bundle:
        assert platform == platform_of("x86_64")
        return bundle

    monkeypatch.setattr(ec2_hosts, "bundle_for", made)
    with ec2_account(target, tmp_path, monkeypatch) as account:
        yield account
        assert account.left() == []


def test_a_load_comes_from_a_host_that_has_the_bundle_alone(aws: Ec2Account, target: EmulatedTarget, tmp_path: Path) -> None:
    """Its own Python, its role's credentials; what it sent and what the data plane answered is here. Then nothing is left."""
    hosts = aws.hosts()
    vantage = LaunchedVantage(hosts._asked, hosts)
    vantage.examine([])
    with target.open(EndpointSpec("ranker")) as endpoint, vantage.open() as post:
        (instance,) = aws.instances()
        assert instance["MetadataOptions"]["HttpTokens"] == "required"
        assert "KeyName" not in instance
        (group,) = aws.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["tailgate-hosts-*"]}])[
            "SecurityGroups"
        ]
        assert group["IpPermissions"] == []
        order = Order(endpoint.addresses["public"], ConstantRate(40, 2, 0), (b"{}",), tmp_path / "samples")
        samples = drive(order, start=post.start, environment={"AWS_REGION": REGION})
        assert post.name.startswith("ec2 m5.2xlarge euw1-az")
    assert samples.faults == ()
    assert len(samples) == 80
    assert not samples.failed.any()


def test_a_bundle_with_a_wrong_checksum_is_refused(aws: Ec2Account, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the host, before anything of it is run; the error names host and step."""
    monkeypatch.setattr(ec2_hosts, "bundle_for", lambda _: replace(bundle, sha256="0" * 64))
    with (
        pytest.raises(
            TargetError,
            match=r"host i-\w+ could not be made ready: step 'check the bundle' failed with code 1: .*FAILED.*permitted was not looked at",
        ),
        aws.hosts().launched(),
    ):
        pass


def test_hosts_whose_launch_was_answered_to_nobody_are_found_again(aws: Ec2Account) -> None:
    """Asked again, the token makes them no second time."""
    lost = aws.proxy.harm("ec2.RunInstances", answer_lost, FIRST)
    with aws.hosts().launched() as (_, hosts):
        assert lost.fired == 1
        assert [each["InstanceId"] for each in aws.instances()] == [host.instance_id for host in hosts]


def test_hosts_that_came_about_unseen_go_by_their_tag(aws: Ec2Account) -> None:
    """Where no answer ever came."""
    lost = aws.proxy.harm("ec2.RunInstances", answer_lost, ALL)
    with pytest.raises(TargetError, match="could not launch"), aws.hosts().launched():
        pass
    assert lost.fired > 1


def test_a_refused_launch_leaves_nothing(aws: Ec2Account) -> None:
    """The security group that was made before is gone as well."""
    aws.proxy.harm("ec2.RunInstances", refused(400, "VcpuLimitExceeded", "You have requested more vCPU capacity"), ALL)
    with pytest.raises(TargetError, match=r"launch 1 × m5.2xlarge .*VcpuLimitExceeded"), aws.hosts().launched():
        pass


def test_what_is_created_is_noted_before(aws: Ec2Account) -> None:
    """In a ledger of the hosts' own session."""
    with aws.hosts().launched():
        (ledger,) = aws.reports.rglob("*.jsonl")
        noted = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert noted[0]["session"].endswith("-hosts")
    assert [line["creating"] for line in noted[1:]] == ["security_group", "instance", "s3_prefix"]
    assert not ledger.exists()

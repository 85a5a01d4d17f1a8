"""The policies of hosts, and of whoever launches them, held against the calls that a proxy saw of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tailgate.aws.pricing import PriceList
from tailgate.errors import TargetError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.plan.load import ConstantRate
from tailgate.targets import Address
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings
from tailgate.vantage.ec2.profile import _ANYWHERE as ANYWHERE
from tailgate.vantage.launched import LaunchedVantage
from tests.emulated.agents import agent_at
from tests.emulated.conftest import REGION
from tests.emulated.ec2_hosts import REGION as EC2_REGION
from tests.emulated.ec2_hosts import Ec2Account, ec2_account
from tests.faults.aws_proxy import AwsProxy, Call, after
from tests.faults.hosted import HostedStage, hosted_moto, small_bundle
from tests.faults.test_policies import actions, lets, matches, needed, resource_of, statements, words
from tests.faults.weighing import allows, asked_of
from tests.unit.generator.serving import KEYS

PREFIX = "tailgate/hosts/session/i-1/"


def asked_by_the_host(call: Call) -> bool:
    """Whether the host's side makes such a call: it writes its letters and signs of life, and reads the session's."""
    side = "/out/" if call.operation.startswith("Put") else "/in/"
    return call.service == "sagemaker-runtime" or side in call.request.target


def test_a_host_is_allowed_what_its_agent_and_its_generator_do(moto_url: str, tmp_path: Path) -> None:
    """One that reads letters, of which most are not there yet, writes its own, and asks an endpoint; and what Run Command takes."""
    with AwsProxy(moto_url) as proxy:
        address = Address(url=f"{proxy.url}/endpoints/ranker/invocations", region=REGION, network_path="public", sign="sagemaker")
        order = Order(address, ConstantRate(per_s=10, for_s=2, warmup_s=0), (b"[1]",), tmp_path / "run.samples")
        with agent_at(cast(Any, SimpleNamespace(url=proxy.url)), PREFIX, tmp_path) as agent:
            samples = drive(order, start=agent.post.start, environment=KEYS)
    assert len(samples) == 20
    calls = [call for call in proxy.calls if asked_by_the_host(call)]
    assert {call.name for call in calls} == {"s3.GetObject", "s3.PutObject", "sagemaker-runtime.InvokeEndpoint"}
    absent = {"s3:ListBucket"} if any(call.status == 404 for call in calls) else set()  # without it S3 calls them forbidden
    assert actions("host-role") == needed(calls) | absent | set(ANYWHERE)
    assert proxy.unknown == []


def test_a_host_reads_and_writes_below_our_prefix_alone() -> None:
    """And no more of the bucket than its list."""
    resources = {action: words(each["Resource"]) for each in statements("host-role") for action in words(each["Action"])}
    for action in ("s3:GetObject", "s3:PutObject"):
        assert resources[action] == ["arn:aws:s3:::sagemaker-*/tailgate/hosts/*"]


@pytest.fixture(scope="module")
def launching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """The calls of whoever launched two hosts and sent them letters; and of whoever would have, in a subnet from which nobody gets out.

    The bucket keeps versions.
    """
    with (
        pytest.MonkeyPatch.context() as patched,
        EmulatedTarget(region=EC2_REGION, deploy_s=0.1, hosts=HostSettings()) as target,
        ec2_account(target, tmp_path_factory.mktemp("launching"), patched) as account,
    ):
        account.client("s3").put_bucket_versioning(Bucket=account.bucket, VersioningConfiguration={"Status": "Enabled"})
        hosts = account.hosts(count=2)
        vantage = LaunchedVantage(hosts._asked, hosts)
        vantage.examine([])
        with vantage.open() as post:
            assert post.addresses_of("localhost")
        PriceList(EC2_REGION).of(["m5.2xlarge"])  # as the session's ceiling does
        with pytest.raises(TargetError, match="ssmmessages"):
            account.hosts(subnet=_secluded(account)).examine([])
        yield list(account.proxy.calls)
        assert account.proxy.unknown == []


def _secluded(account: Ec2Account) -> str:
    """A subnet without a way out."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"])


def test_whoever_launches_hosts_is_allowed_what_that_takes(launching: list[Call]) -> None:
    """No less, no more."""
    matches(launching, "hosts")


def created(launching: list[Call]) -> list[tuple[str, str, dict[str, str]]]:
    """What the creating calls ask IAM for."""
    return [asked for call in launching if call.name in ("ec2.RunInstances", "ec2.CreateSecurityGroup") for asked in asked_of(call)]


def test_conditions_hold_for_what_is_created(launching: list[Call]) -> None:
    """Tags, IMDSv2, encrypted disks: as the calls have them."""
    policy, asked = statements("hosts"), created(launching)
    assert {action for action, *_ in asked} == {"ec2:RunInstances", "ec2:CreateSecurityGroup", "ec2:CreateTags"}
    assert [one for one in asked if not allows(policy, *one)] == []


@pytest.mark.parametrize(
    ("key", "of"),
    [
        ("aws:RequestTag/tailgate:run", ("instance", "network-interface", "security-group", "volume")),
        ("aws:RequestTag/tailgate:owner", ("instance",)),
        ("aws:RequestTag/tailgate:expires-at", ("instance",)),
        ("ec2:MetadataHttpTokens", ("instance",)),
        ("ec2:Encrypted", ("volume",)),
        ("ec2:CreateAction", ("instance", "network-interface", "security-group", "volume")),
    ],
)
def test_without_what_a_condition_asks_for_nothing_is_created(launching: list[Call], key: str, of: tuple[str, ...]) -> None:
    """The same calls without a tag, with the old metadata service, with a disk that anybody can read, tagging what is there already."""
    verbs = ("ec2:CreateTags",) if key == "ec2:CreateAction" else ("ec2:RunInstances", "ec2:CreateSecurityGroup")
    bound = {
        (resource.split(":")[-1].split("/")[0])
        for action, resource, context in created(launching)
        if action in verbs and key in context and not _allowed_without(key, action, resource, context)
    }
    assert bound == set(of)


def _allowed_without(key: str, action: str, resource: str, context: dict[str, str]) -> bool:
    return allows(statements("hosts"), action, resource, {name: value for name, value in context.items() if name != key})


@pytest.mark.parametrize(
    ("action", "tag"),
    [
        ("ec2:TerminateInstances", "aws:ResourceTag/tailgate:run"),
        ("ssm:SendCommand", "ssm:resourceTag/tailgate:run"),
    ],
)
def test_only_what_carries_our_tags_is_terminated_and_commanded(action: str, tag: str) -> None:
    """An instance of somebody else's is neither."""
    instance = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0"
    assert allows(statements("hosts"), action, instance, {tag: "run-1"})
    assert not allows(statements("hosts"), action, instance, {})


def test_its_role_is_handed_to_ec2_alone() -> None:
    """And no other role."""
    passing = "iam:PassRole", "arn:aws:iam::123456789012:role/tailgate-host"
    assert allows(statements("hosts"), *passing, {"iam:PassedToService": "ec2.amazonaws.com"})
    assert not allows(statements("hosts"), *passing, {"iam:PassedToService": "lambda.amazonaws.com"})
    assert not allows(statements("hosts"), passing[0], f"{passing[1]}-admin", {"iam:PassedToService": "ec2.amazonaws.com"})


def test_a_session_that_deploys_and_launches_needs_no_more_than_both_policies(tmp_path: Path) -> None:
    """One that ends well and one that is killed, after which its reapers delete."""
    small_bundle(tmp_path / "cache")
    calls: list[Call] = []
    with hosted_moto() as url:
        for number, deadly in enumerate((False, True)):
            (folder := tmp_path / f"stage-{number}").mkdir()
            stage = HostedStage(url, f"{310000000000 + number}", folder, tmp_path / "cache")
            if deadly:
                stage.proxy.harm("ec2.RunInstances", after(stage.kill))
            ended = stage.play()
            stage.clear()
            assert not ended.left, ended.said
            calls += stage.proxy.calls
    assert {"ec2.RunInstances", "ec2.TerminateInstances", "pricing.GetProducts"} <= {call.name for call in calls}
    both, roles = ("sagemaker", "hosts"), {"iam:PassRole"}
    asked = {(action, resource_of(call)) for call in calls for action in needed([call]) - roles}
    assert [one for one in asked if not any(lets(policy, *one) for policy in both)] == []

"""A VPC of moto's, and what a session does in it: fixtures. moto is a process, boto3 unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tailgate.aws.custody.ledger import Ledger
from tailgate.aws.names import ownership_tags
from tailgate.aws.network import own_link
from tailgate.aws.network.paths_of_session import Maker, Network
from tailgate.aws.waiting import Patience
from tailgate.child import Child
from tests.faults.aws_proxy import AwsProxy

REGION = "eu-central-1"
ZONES = ("eu-central-1a", "eu-central-1b")
URL = f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/r/invocations"
PATIENCE = Patience(interval_s=0.05, timeout_s=10.0)
NAME = own_link.link_name("run-1")
PRIVATE = ("privatelink", "privatelink-same-zone", "privatelink-other-zone")


@dataclass
class Vpc:
    """A VPC with a subnet in each of two zones, and a way to the internet."""

    ec2: Any
    id: str
    subnets: tuple[str, ...]
    gateway: str

    def route_out(self) -> None:
        """Give its main route table an internet gateway."""
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["RouteTables"]
        self.ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)

    def links(self) -> list[dict[str, Any]]:
        """Its interface endpoints."""
        found: list[dict[str, Any]] = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["VpcEndpoints"]
        return found

    def groups(self) -> list[dict[str, Any]]:
        """Its security groups, but for the one that every VPC has."""
        found = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.id]}])["SecurityGroups"]
        return [group for group in found if group["GroupName"] != "default"]


@pytest.fixture(scope="module")
def vpc_moto_url() -> Iterator[str]:
    """A control plane whose interface endpoints are pending, and deleting, for a while."""
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"vpc_endpoint_pending_s": 0.15})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def ec2_calls(vpc_moto_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[AwsProxy]:
    """Each call recorded, some of them harmed; each test in an account of its own. DNS knows all names of interface endpoints."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    account = f"{abs(hash(request.node.name)) % 10**12:012d}"
    with AwsProxy(vpc_moto_url, account=account) as proxy:
        settings = {"AWS_ENDPOINT_URL_EC2": proxy.url, "AWS_REGION": REGION}
        settings |= {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "any"}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("tailgate.aws.network.outlook.addresses_of", resolved)
        yield proxy
        assert proxy.unknown == []


def resolved(host: str) -> list[str]:
    """As DNS would, with private DNS off."""
    if ".vpce." not in host:
        return ["52.94.1.1"]
    zones = [f"10.0.{number}.9" for number, zone in enumerate(ZONES) if f"-{zone}." in host]
    return zones or ["10.0.0.9", "10.0.1.9"]


@pytest.fixture
def vpc(ec2_calls: AwsProxy) -> Iterator[Vpc]:
    """Somebody's VPC."""
    ec2 = boto3.Session().client("ec2", endpoint_url=ec2_calls.upstream, region_name=REGION)
    ec2.meta.events.register("before-send.ec2", lambda request, **_: request.headers.__setitem__("x-moto-account-id", ec2_calls.account))
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = [ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone) for number, zone in enumerate(ZONES)]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc_id, InternetGatewayId=gateway)
    yield Vpc(ec2, vpc_id, tuple(each["Subnet"]["SubnetId"] for each in made), gateway)
    ec2.close()


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    """A session's, with its ledger."""
    with Ledger.begin(tmp_path, "run-1", REGION) as ledger:
        yield Maker("run-1", ownership_tags("run-1", "ann", datetime.now(UTC) + timedelta(hours=1)), ledger)


def network_of(vpc: Vpc | None = None, **changes: Any) -> Network:
    """The client's side, with both subnets named."""
    return Network(REGION, **{"client_subnets": vpc.subnets if vpc else (), "patience": PATIENCE, "makes": True} | changes)


def left_in(maker: Maker) -> list[tuple[str, str]]:
    assert isinstance(maker.ledger, Ledger)
    return [(entry.kind, entry.name) for entry in maker.ledger.left()]

"""Network: an address of its own on loopback for each network path, and the emulated VPC behind PrivateLink."""

from __future__ import annotations

import random
import socket
from collections.abc import Container
from typing import Any
from urllib.parse import urlsplit

from tailgate.aws.network.network_paths import PUBLIC, private_by_zone
from tailgate.aws.network.private_link import PrivateLink, ensure_private_link
from tailgate.aws.refusals import explained
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError, nearest

_ZONES = 2
_PATIENCE = Patience(interval_s=0.05, timeout_s=30.0)


def loopback_ips(count: int) -> list[str]:
    """Different addresses of 127.0.0.0/8 where the system has them all (Linux), 127.0.0.1 for each elsewhere."""
    # 127.0.x.y is left alone: resolvers and Debian's own host name live there.
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])] = None  # noqa: S311  # no secret
    return [ip if _usable(ip) else "127.0.0.1" for ip in drawn]


def _usable(ip: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
        return True


def check_region(session: Any, region: str) -> None:
    """Refuse a region in which botocore knows no SageMaker. Raises TargetError with the nearest one."""
    known = [name for partition in session.get_available_partitions() for name in session.get_available_regions("sagemaker", partition)]
    if region not in known:
        raise TargetError(f"region '{region}' is not one of AWS's{nearest(region, known)}")


def make_private_link(ec2: Any, region: str) -> PrivateLink:
    """A VPC with a subnet in each of two zones, and an interface endpoint for the runtime in it. Raises TargetError."""
    with explained("make the emulated VPC"):
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:_ZONES]
        vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet_ids = [
            ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for index, zone in enumerate(zones)
        ]
    return ensure_private_link(ec2, region, vpc_id, subnet_ids, patience=_PATIENCE)


def client_zone(link: PrivateLink) -> str:
    """The zone that the client is said to be in: the first that the interface endpoint has."""
    return next(iter(link.zonal))


def hosts_of(link: PrivateLink, region: str, profiled: Container[str]) -> dict[str, str]:
    """The host name of each network path for which there are service times."""
    private = {path: urlsplit(origin).hostname or "" for path, origin in private_by_zone(link, client_zone(link)).origins.items()}
    hosts = {PUBLIC: f"runtime.sagemaker.{region}.amazonaws.com", **private}
    return {path: host for path, host in hosts.items() if path in profiled}

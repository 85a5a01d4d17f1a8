"""Shim: moto 5.2.5's EC2, mended so that interface VPC endpoints have the names that AWS gives them.

moto gives one DnsEntry made of the service's name as it stands; AWS gives a regional name, one per availability zone,
and, with private DNS, the service's public name.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Iterable
from typing import Any

from moto.ec2 import models
from moto.ec2.exceptions import DependencyViolationError

from tailgate.targets.emulated.shim_instances import Instances

_LETTERS = string.ascii_lowercase + string.digits


class Ec2(Instances):
    """moto's backend for EC2, whose interface endpoints are pending for a while, have proper names, and hold their groups."""

    __module__ = models.__name__  # moto finds a service's routes beside the module of its backend

    pending_s = 0.0

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._available_at_s: dict[str, float] = {}
        self._gone_at_s: dict[str, float] = {}

    def create_vpc_endpoint(self, *args: Any, **kwargs: Any) -> Any:
        """Create a VPC endpoint; an interface endpoint gets its DNS names and is pending."""
        made = super().create_vpc_endpoint(*args, **kwargs)
        if (made.vpc_endpoint_type or "").lower() == "interface":
            zones = {self.get_subnet(subnet_id).availability_zone for subnet_id in made.subnet_ids or ()}
            made.dns_entries = dns_entries(made.id, made.service_name, zones, private=bool(made.private_dns_enabled))
            made.state = "pending"
            self._available_at_s[made.id] = time.monotonic() + self.pending_s
        return made

    def describe_vpc_endpoints(self, *args: Any, **kwargs: Any) -> Any:
        """Describe VPC endpoints as they are now."""
        self._advance()
        return super().describe_vpc_endpoints(*args, **kwargs)

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        """Begin deletion: an interface endpoint is deleting for a while, then forgotten; moto keeps it for ever."""
        super().delete_vpc_endpoints(vpce_ids)
        for each in self.vpc_end_points.values():
            if each.state == "deleted":
                each.state = "deleting"
                self._gone_at_s[each.id] = time.monotonic() + self.pending_s
        self._advance()

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Delete a security group; refused while an interface endpoint is in it, as on AWS."""
        self._advance()
        if any(group_id in each.security_group_ids for each in self.vpc_end_points.values()):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        super().delete_security_group(name, group_id)

    def _advance(self) -> None:
        """Let moto's book say what is there now."""
        now_s = time.monotonic()
        for each in list(self.vpc_end_points.values()):
            if each.state == "pending" and now_s >= self._available_at_s[each.id]:
                each.state = "available"
            elif each.state == "deleting" and now_s >= self._gone_at_s[each.id]:
                del self.vpc_end_points[each.id]


def dns_entries(endpoint_id: str, service_name: str, zones: Iterable[str], *, private: bool) -> list[dict[str, str]]:
    """The DnsEntries of an interface endpoint, as DescribeVpcEndpoints lists them: regional, zonal, private.

    `com.amazonaws.us-east-1.sagemaker.runtime` answers to `ID-SUFFIX.runtime.sagemaker.us-east-1.vpce.amazonaws.com`.
    Suffix and hosted zones are made up, like the ids.
    """
    region, *labels = service_name.removeprefix("cn.").removeprefix("com.amazonaws.").split(".")
    domain = "amazonaws.com.cn" if service_name.startswith("cn.") else "amazonaws.com"
    service = ".".join(reversed(labels))
    own = f"{endpoint_id}-{_random(8)}"
    hosts = [own, *(f"{own}-{zone}" for zone in sorted(zones))]
    zone_id = "Z" + _random(13).upper()
    entries = [{"dns_name": f"{host}.{service}.{region}.vpce.{domain}", "hosted_zone_id": zone_id} for host in hosts]
    if private:
        entries.append({"dns_name": f"{service}.{region}.{domain}", "hosted_zone_id": "Z" + _random(20).upper()})
    return entries


def mend_ec2(pending_s: float, *, kept: bool = False) -> None:
    """Put the mended backend in moto's place, process-wide. To be called once, before the first request.

    pending_s: how long an interface endpoint is pending. kept: whether instances are hosts that a keeper makes and removes.
    """
    Ec2.pending_s, Ec2.kept = pending_s, kept
    models.ec2_backends.backend = Ec2


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))

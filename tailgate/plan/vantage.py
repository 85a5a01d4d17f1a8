"""Vantage: where load is to be sent from, as it is asked for. Pure data: this host, or hosts that are launched beside the endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import check_one_of, is_whole, shown

LOCAL, EC2 = "local", "ec2"
KINDS = (LOCAL, EC2)

AUTO = "auto"
"""The count that is as many as the loads take."""

MOST_HOSTS = 100
"""More would ask for 800 000 requests a second: nobody means that."""

_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "instance_type": (re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+"), "an EC2 instance type, such as m5.2xlarge"),
    "subnet": (re.compile(r"subnet-[0-9a-f]{8,17}"), "a subnet's id, subnet-…"),
    "zone": (re.compile(r"[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+[a-z]|[a-z]{3,5}[0-9]+-az[0-9]+"), "a zone, us-east-1a, or its id, use1-az6"),
    "image": (re.compile(r"ami-[0-9a-f]{8,17}"), "an image's id, ami-…"),
    "instance_profile": (re.compile(r"(arn:[^\s:]+:iam::[0-9]{12}:instance-profile/)?[\w+=,.@/-]{1,128}", re.ASCII), "an instance profile"),
    "security_group": (re.compile(r"sg-[0-9a-f]{8,17}"), "a security group's id, sg-…"),
    "bucket": (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "a bucket's name"),
}


@dataclass(frozen=True, slots=True)
class VantageSpec:
    """Where load comes from. kind: `local`, this host, or `ec2`, hosts of the session's own. Raises PlanError.

    The rest is of those hosts. subnet, zone: where they are; of neither is said, the default VPC's first subnet that has the type.
    zone: its name or its id. image: None for the current Amazon Linux. instance_profile: its name or ARN, by which they reach S3 and
    SSM, and sign. security_group: instead of one that is made for them. bucket: through which orders and samples go. workers:
    processes on each. sized: count is left to the loads (`auto`), and 1 until these are known (plan/fleet_size.py).
    """

    kind: str = LOCAL
    instance_type: str = "m5.2xlarge"
    count: int = 1
    subnet: str | None = None
    zone: str | None = None
    image: str | None = None
    instance_profile: str | None = None
    security_group: str | None = None
    bucket: str | None = None
    workers: int = 1
    sized: bool = False

    def __post_init__(self) -> None:
        check_one_of("vantage kind", self.kind, KINDS)
        if not is_whole(self.count, 1, MOST_HOSTS):
            raise PlanError(f"vantage count is {shown(self.count)}; it is how many hosts share a load, from 1 to {MOST_HOSTS}, or '{AUTO}'")
        if isinstance(self.instance_type, str) and self.instance_type.startswith("ml."):
            raise PlanError(f"vantage instance_type is '{self.instance_type}', SageMaker's name; hosts are EC2's: {self.instance_type[3:]}")
        for name, (form, description) in _FORMS.items():
            value = getattr(self, name)
            if (value is not None or name == "instance_type") and not (isinstance(value, str) and form.fullmatch(value)):
                raise PlanError(f"vantage {name} is {shown(value)}; it is {description}")
        if self.subnet is not None and self.zone is not None:
            raise PlanError(f"vantage names both subnet {self.subnet} and zone {self.zone}; a subnet is in one zone: name one of them")
        given = [field.name for field in fields(self) if field.name != "kind" and getattr(self, field.name) != field.default]
        if self.kind == LOCAL and given:
            of_others = f"{', '.join(given)} would be of others"
            raise PlanError(f"vantage 'local' is this host, and {of_others}; leave that out, or say --latency-vantage ec2")

    @property
    def remote(self) -> bool:
        """Whether load comes from other hosts than this one."""
        return self.kind != LOCAL


_HERE_ONLY = {"null": "the responder", "process": "the model server"}
_LOOPBACK = ("127.", "localhost", "::1")

FIELDS = tuple(field.name for field in fields(VantageSpec) if field.name not in ("kind", "workers", "sized"))
"""What is said of hosts, by name."""

HERE = VantageSpec()


def check_vantage(spec: VantageSpec, target_kind: str, url: str | None = None) -> None:
    """Refuse load from other hosts for what only this one can ask. url: what target `url` asks. Raises PlanError."""
    if not spec.remote:
        return
    if target_kind in _HERE_ONLY:
        why = f"{_HERE_ONLY[target_kind]} of target '{target_kind}' is on this host, for this host alone"
        raise PlanError(f"--latency-vantage {spec.kind}: {why}; say --latency-vantage {LOCAL}")
    if target_kind == "url" and (urlsplit(url or "").hostname or "").startswith(_LOOPBACK):
        raise PlanError(f"--latency-vantage {spec.kind}: {url} is each host's own; give a url that others reach, or say {LOCAL}")


def vantage_from(table: Mapping[str, Any]) -> VantageSpec:
    """From a plan's table `[vantage]`; without a kind it is of hosts. Raises PlanError naming key and value."""
    for key in table:
        if key not in ("kind", *FIELDS):
            raise PlanError(f"vantage: unknown key '{key}'{nearest(key, ('kind', *FIELDS))}")
    return spec_of({"kind": EC2, **table})


def spec_of(given: Mapping[str, Any]) -> VantageSpec:
    """From what was said by field, where a count may be `auto`. Raises PlanError."""
    if given.get("count") != AUTO:
        return VantageSpec(**given)
    return VantageSpec(**{**given, "count": 1, "sized": True})

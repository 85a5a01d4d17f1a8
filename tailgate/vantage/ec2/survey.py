"""Survey: whether hosts can be had as asked for, found out by questions alone. What is wrong is said before anything is launched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.custody.kinds import Services
from tailgate.aws.network.client_place import Subnet
from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import code_of, is_denied
from tailgate.aws.stored import usual_bucket
from tailgate.errors import CapacityError, PlanError, TargetError
from tailgate.plan.vantage import VantageSpec
from tailgate.vantage.ec2.profile import find_profile
from tailgate.vantage.ec2.site import Image, Site
from tailgate.vantage.ec2.ways import Ways, ways_of

_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
_STANDARD = re.compile(r"([acdhimrtz]|im|is)\d")
"""Families that the quota below is of."""

_QUOTA = "L-1216C47A"
_ALL = "standard (A, C, D, H, I, M, R, T, Z) instances on demand"


def survey(spec: VantageSpec, region: str, account: str, services: Services, *, asks_public: bool) -> Site:
    """Where and of what the hosts will be. asks_public: whether they have to reach SageMaker's public name.

    Raises PlanError for what is asked wrongly, CapacityError, TargetError.
    """
    ec2 = services("ec2")
    architecture, vcpus = _described(ec2, spec.instance_type)
    subnet = _subnet(ec2, spec, region)
    bucket = spec.bucket or usual_bucket(region, account)
    check_bucket(services("s3"), bucket, region, account)
    profile, of_profile = find_profile(services, spec.instance_profile, bucket)
    ways = ways_of(ec2, region, subnet)
    _check_ways(ways, asks_public=asks_public)
    note = _check_quota(services, spec, vcpus)
    image = _image(services, spec, architecture)
    notes = (*of_profile, *ways.notes, *([note] if note else ()))
    return Site(
        spec.instance_type,
        architecture,
        vcpus,
        spec.count,
        image,
        subnet,
        ways.needs_public_address,
        profile,
        bucket,
        account,
        spec.security_group,
        notes,
    )


def check_bucket(s3: Any, bucket: str, region: str, account: str) -> None:
    """Refuse a bucket that is not there, another's, or another region's, which a private subnet does not reach. Raises TargetError."""
    how = f"make one ('aws s3 mb s3://{bucket} --region {region}'), or name yours: --latency-host-bucket"
    with permitted("s3:ListBucket", f"look at the bucket {bucket}, through which orders and samples go"):
        try:
            answer = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchBucket"):
                raise TargetError(f"there is no bucket {bucket}, through which orders and samples are to go; {how}") from error
            if code_of(error) == "403":
                denied = "it is another account's, or s3:ListBucket is not permitted"
                raise TargetError(f"the bucket {bucket} may not be looked at ({denied}); {how}") from error
            if code_of(error) not in ("301", "400"):
                raise
            headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
    where = headers.get("x-amz-bucket-region", region)
    if where != region:
        raise TargetError(f"the bucket {bucket} is in {where}, and hosts in {region} may reach their own region's alone; {how}")


def _described(ec2: Any, instance_type: str) -> tuple[str, int]:
    """Architecture and vCPUs."""
    with permitted("ec2:DescribeInstanceTypes", f"look at the instance type {instance_type}"):
        try:
            (found,) = ec2.describe_instance_types(InstanceTypes=[instance_type])["InstanceTypes"]
        except ClientError as error:
            if code_of(error) != "InvalidInstanceType":
                raise
            raise PlanError(f"there is no instance type {instance_type} in this region; check --latency-host-type") from None
    known = [each for each in found["ProcessorInfo"]["SupportedArchitectures"] if each in ("x86_64", "arm64")]
    if not known:
        raise PlanError(f"hosts of type {instance_type} run neither x86_64 nor arm64; take another: --latency-host-type")
    return known[0], int(found["VCpuInfo"]["DefaultVCpus"])


def _subnet(ec2: Any, spec: VantageSpec, region: str) -> Subnet:
    """The one that is named, or the zone's, or the default VPC's first that has the type. Raises TargetError, PlanError."""
    if spec.subnet is not None:
        subnet = _named(ec2, spec.subnet, region)
        zones = _zones_with(ec2, spec.instance_type)
        if subnet.zone not in zones:
            where = f"{spec.subnet} is in {subnet.zone} ({subnet.zone_id})"
            raise TargetError(f"{where}, which has no {spec.instance_type}; {_elsewhere(zones)}, or of another type: --latency-host-type")
        return subnet
    candidates = _subnets(ec2, _of_zone(spec.zone) if spec.zone is not None else {"default-for-az": "true"})
    own = [each for each, is_default in candidates if is_default] or [each for each, _ in candidates]
    if not own:
        what = f"zone {spec.zone}" if spec.zone is not None else "the default VPC"
        raise TargetError(f"there is no subnet in {what} in {region} for these credentials; name one: --latency-host-subnet subnet-…")
    if spec.zone is not None and len(own) > 1:
        several = ", ".join(sorted(each.id for each in own))
        raise PlanError(f"there are {len(own)} subnets in zone {spec.zone}; say which: --latency-host-subnet, of {several}")
    zones = _zones_with(ec2, spec.instance_type)
    with_type = sorted((each for each in own if each.zone in zones), key=lambda each: each.zone)
    if not with_type:
        where = f"zone {spec.zone}" if spec.zone is not None else "the zones of the default VPC's subnets"
        raise TargetError(f"{where} has no {spec.instance_type}; {_elsewhere(zones)}, or of another type: --latency-host-type")
    return with_type[0]


def _named(ec2: Any, subnet_id: str, region: str) -> Subnet:
    with permitted("ec2:DescribeSubnets", f"look at the subnet {subnet_id}"):
        try:
            (found,) = ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"]
        except ClientError as error:
            if not code_of(error).startswith("InvalidSubnetID"):
                raise
            check = "check --latency-host-subnet, the region (--latency-region) and the account (AWS_PROFILE)"
            raise TargetError(f"there is no subnet {subnet_id} in {region} for these credentials; {check}") from error
    return _read(found)


def _of_zone(zone: str) -> dict[str, str]:
    return {"availability-zone-id" if "-az" in zone else "availability-zone": zone}


def _subnets(ec2: Any, filters: dict[str, str]) -> list[tuple[Subnet, bool]]:
    """With whether each is its zone's default."""
    wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    with permitted("ec2:DescribeSubnets", "look for a subnet"):
        pages = ec2.get_paginator("describe_subnets").paginate(Filters=wanted)
        return [(_read(each), bool(each.get("DefaultForAz"))) for page in pages for each in page["Subnets"]]


def _read(found: Any) -> Subnet:
    return Subnet(found["SubnetId"], found["VpcId"], found["AvailabilityZone"], found.get("AvailabilityZoneId"), found.get("CidrBlock", ""))


def _zones_with(ec2: Any, instance_type: str) -> frozenset[str]:
    wanted = [{"Name": "instance-type", "Values": [instance_type]}]
    with permitted("ec2:DescribeInstanceTypeOfferings", f"ask which zones have {instance_type}"):
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(LocationType="availability-zone", Filters=wanted)
        return frozenset(each["Location"] for page in pages for each in page["InstanceTypeOfferings"])


def _elsewhere(zones: frozenset[str]) -> str:
    return f"launch in {', '.join(sorted(zones))}, which have it" if zones else "no zone of this region has it"


def _check_ways(ways: Ways, *, asks_public: bool) -> None:
    missing = ways.missing(asks_public=asks_public)
    if missing:
        names = ", ".join(missing)
        lacking = (
            f"{ways.subnet.id} has no way to the internet (route table {ways.table}), and hosts there lack these VPC endpoints: {names}"
        )
        made = "s3 as a gateway endpoint of that route table, the others as interface endpoints with private DNS"
        instead = "or name a subnet with a NAT or internet gateway: --latency-host-subnet"
        raise TargetError(f"{lacking}; make them in {ways.subnet.vpc_id} ({made}), {instead}")


def _check_quota(services: Services, spec: VantageSpec, vcpus: int) -> str | None:
    """Refuse what the quota cannot hold even when nothing else runs; why it was not looked at, where not. Raises CapacityError."""
    if not _STANDARD.match(spec.instance_type):
        return None
    try:
        with permitted("servicequotas:GetServiceQuota", "ask how many instances may run"):
            quota = services("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=_QUOTA)["Quota"]["Value"]
    except TargetError as error:
        denied = isinstance(error.__cause__, ClientError) and is_denied(error.__cause__)
        return "the quota of instances was not looked at: " + ("servicequotas:GetServiceQuota is denied" if denied else "nobody answered")
    wanted = spec.count * vcpus
    if wanted > quota:
        asked = f"{spec.count} × {spec.instance_type} have {wanted} vCPUs, and this account may have {quota:g} of {_ALL}"
        raise CapacityError(f"{asked} (quota {_QUOTA}); ask for more in the Service Quotas console, or take fewer or smaller hosts")
    return None


def _image(services: Services, spec: VantageSpec, architecture: str) -> Image:
    image_id = spec.image or _current(services, architecture)
    with permitted("ec2:DescribeImages", f"look at the image {image_id}"):
        try:
            images: Sequence[Any] = services("ec2").describe_images(ImageIds=[image_id])["Images"]
        except ClientError as error:
            if not code_of(error).startswith("InvalidAMIID"):
                raise
            images = ()
    if not images:
        raise TargetError(f"there is no image {image_id} in this region for these credentials; check --latency-host-image")
    found = images[0]
    if found.get("Architecture", architecture) != architecture:
        is_of = f"the image {image_id} is of {found['Architecture']}, and {spec.instance_type} of {architecture}"
        raise PlanError(f"{is_of}; name another with --latency-host-image, or another type: --latency-host-type")
    root = found.get("RootDeviceName") or "/dev/xvda"
    disks = [each.get("Ebs", {}).get("VolumeSize", 0) for each in found.get("BlockDeviceMappings", ()) if each.get("DeviceName") == root]
    return Image(image_id, root, max(disks, default=0))


def _current(services: Services, architecture: str) -> str:
    """The current Amazon Linux, by AWS's public parameter."""
    name = _PARAMETER.format(architecture=architecture)
    with permitted("ssm:GetParameter", f"look for the current image ({name})"):
        return str(services("ssm").get_parameter(Name=name)["Parameter"]["Value"])

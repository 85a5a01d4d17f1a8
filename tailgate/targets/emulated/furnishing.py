"""Furnishing: what an account has that launches hosts on AWS, made in the emulated one, where nobody has it yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tailgate.aws.refusals import explained
from tailgate.aws.stored import usual_bucket

INSTANCE_PROFILE = "tailgate-emulated-hosts"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What hosts are launched with. bucket: through which letters and bundles go."""

    instance_profile: str
    bucket: str


def furnish(client: Callable[[str], Any], region: str, account: str) -> Furnishing:
    """An instance profile with a role, a bucket, and a way from the default VPC to the internet. Raises TargetError.

    client: gives a boto3 client of a service. To be called once for each emulated account.
    """
    bucket = usual_bucket(region, account)
    with explained("furnish the emulated account for hosts"):
        iam, s3, ec2 = client("iam"), client("s3"), client("ec2")
        iam.create_role(RoleName=INSTANCE_PROFILE, AssumeRolePolicyDocument=json.dumps(_TRUST))
        iam.create_instance_profile(InstanceProfileName=INSTANCE_PROFILE)
        iam.add_role_to_instance_profile(InstanceProfileName=INSTANCE_PROFILE, RoleName=INSTANCE_PROFILE)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **where)
        vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        gateway_id = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
        ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    return Furnishing(INSTANCE_PROFILE, bucket)

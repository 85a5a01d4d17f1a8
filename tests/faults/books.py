"""Books: all that is in an account at moto, asked for directly and not through anything of ours; and somebody else's things in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tailgate.aws.names import ownership_tags

OTHERS = "production-ranker", "tailgate-looks-like-ours-0123456789", "tailgate-ranker-another-tool"
"""Endpoints, configurations, models of somebody else: of another name, of a name like ours without tags, with another's tags."""

_ACCOUNT: ContextVar[str] = ContextVar("account")
_TAGS: dict[str, list[dict[str, str]]] = {
    OTHERS[0]: [{"Key": "team", "Value": "search"}],
    OTHERS[1]: [],
    OTHERS[2]: [{"Key": "tailgate:run", "Value": "r"}, {"Key": "owner", "Value": "another tool"}],
}


class Books:
    """An account's books at a moto server, in one region. Cheap to make: clients are shared."""

    def __init__(self, url: str, account: str, region: str) -> None:
        self.account, self.region = account, region
        self._client = lambda service: _client(service, url, region)

    def ask(self, service: str) -> Any:
        """A client for the account; to be used at once, by the thread that asked."""
        _ACCOUNT.set(self.account)
        return self._client(service)

    def everything(self) -> dict[str, str]:
        """By kind and name, what each thing is like."""
        return {key: json.dumps(about, sort_keys=True, default=str) for look in _LOOKS for key, about in look(self)}

    def role(self, name: str, service: str) -> str:
        """The ARN of a new role that a service may assume."""
        allowed = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        arn: str = self.ask("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        return arn

    def schedules(self) -> list[dict[str, Any]]:
        """All schedules, as they are."""
        scheduler = self.ask("scheduler")
        return [scheduler.get_schedule(Name=one["Name"]) for one in scheduler.list_schedules()["Schedules"]]

    def furnish(self) -> dict[str, str]:
        """Put somebody else's things there; returns everything."""
        sagemaker, s3 = self.ask("sagemaker"), self.ask("s3")
        role = self.role("somebody-elses", "sagemaker")
        for name in OTHERS:
            tags = _TAGS[name]
            variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "i"}, Tags=tags)
            sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
            sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        s3.create_bucket(Bucket=self.bucket, **where)
        for key in ("models/production.tar.gz", "tailgate/notes.txt", "tailgate/somebody/0123456789abcdef/model.tar.gz"):
            s3.put_object(Bucket=self.bucket, Key=key, Body=b"theirs", Tagging="team=search" if "somebody" in key else "")
        self._furnish_network()
        return self.everything()

    def keep_versions(self) -> None:
        """From now on the bucket only hides what is deleted."""
        self.ask("s3").put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def leave_hosts(self, run: str) -> None:
        """Leave what a session does whose load came from hosts, and that died: an instance, and letters."""
        tags = [{"Key": key, "Value": value} for key, value in ownership_tags(run, "ann", datetime.now(UTC) - timedelta(hours=1)).items()]
        told = [{"ResourceType": "instance", "Tags": [*tags, {"Key": "Name", "Value": "tailgate-hosts-0123456789"}]}]
        self.ask("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=told)
        for name in ("marker", "i-1/in/000001"):
            tagging = urlencode({tag["Key"]: tag["Value"] for tag in tags if name == "marker"})
            self.ask("s3").put_object(Bucket=self.bucket, Key=f"tailgate/hosts/{run}/{name}", Body=b"", Tagging=tagging)

    def furnish_hosts(self, profile: str) -> dict[str, str]:
        """Put there what hosts are launched with, and a host and letters of somebody else's; returns everything.

        profile: the name of the instance profile and its role.
        """
        ec2, iam = self.ask("ec2"), self.ask("iam")
        self.role(profile, "ec2")
        iam.create_instance_profile(InstanceProfileName=profile)
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=profile)
        (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc["VpcId"])
        table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"][0]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        like_ours = _tagged("instance", [{"Key": "Name", "Value": "tailgate-hosts-0123456789"}])
        ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=like_ours)
        self.ask("s3").put_object(Bucket=self.bucket, Key="tailgate/hosts/somebody-elses/i-1/in/000001", Body=b"theirs")
        return self.everything()

    def _furnish_network(self) -> None:
        """Interface endpoints and security groups that are not ours, in a VPC of their own; one of each has a name like ours."""
        ec2 = self.ask("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        for name in OTHERS:
            tags = [*_TAGS[name], {"Key": "Name", "Value": name}]
            ec2.create_security_group(GroupName=name, Description="theirs", VpcId=vpc, TagSpecifications=_tagged("security-group", tags))
            ec2.create_vpc_endpoint(
                VpcEndpointType="Interface",
                ServiceName=f"com.amazonaws.{self.region}.sagemaker.runtime",
                VpcId=vpc,
                SubnetIds=[subnet],
                PrivateDnsEnabled=False,
                TagSpecifications=_tagged("vpc-endpoint", tags),
            )

    @property
    def subnet(self) -> str:
        """A subnet that nothing is in, of the default VPC."""
        found: str = self.ask("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"]
        return found

    @property
    def bucket(self) -> str:
        """The bucket that SageMaker's SDK would use."""
        return f"sagemaker-{self.region}-{self.account}"


def _of_sagemaker(books: Books) -> Iterator[tuple[str, Any]]:
    client = books.ask("sagemaker")
    for verb, stem in (("endpoint", "Endpoint"), ("endpoint_config", "EndpointConfig"), ("model", "Model")):
        for page in client.get_paginator(f"list_{verb}s").paginate():
            for one in page[f"{stem}s"]:
                try:
                    tags = client.list_tags(ResourceArn=one[f"{stem}Arn"])["Tags"]
                except ClientError:  # it went since it was listed
                    continue
                yield (
                    f"{verb} {one[f'{stem}Name']}",
                    {"created": one["CreationTime"], "tags": tags, "goes": one.get("EndpointStatus") == "Deleting"},
                )


def _of_s3(books: Books) -> Iterator[tuple[str, Any]]:
    client = books.ask("s3")
    for bucket in client.list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}", bucket["CreationDate"]
        for one in client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ()):
            try:
                tags = client.get_object_tagging(Bucket=bucket["Name"], Key=one["Key"])["TagSet"]
            except ClientError:  # it went since it was listed
                continue
            yield f"s3_object {bucket['Name']}/{one['Key']}", {"etag": one["ETag"], "tags": tags}


def _of_hosts(books: Books) -> Iterator[tuple[str, Any]]:
    """Instances as long as they are not terminated, and volumes that no instance has."""
    client = books.ask("ec2")
    for one in (each for reservation in client.describe_instances()["Reservations"] for each in reservation["Instances"]):
        if one["State"]["Name"] != "terminated":
            yield f"instance {_name_of(one) or one['InstanceId']}", {"id": one["InstanceId"], "tags": one.get("Tags", [])}
    for one in client.describe_volumes()["Volumes"]:
        if not one["Attachments"]:
            yield f"volume {one['VolumeId']}", {}


def _of_scheduler(books: Books) -> Iterator[tuple[str, Any]]:
    for one in books.ask("scheduler").list_schedules()["Schedules"]:
        yield f"schedule {one['Name']}", one


def _of_ec2(books: Books) -> Iterator[tuple[str, Any]]:
    client = books.ask("ec2")
    for one in client.describe_vpc_endpoints()["VpcEndpoints"]:
        if one["State"].lower() not in ("deleting", "deleted"):
            yield f"vpc_endpoint {_name_of(one) or one['VpcEndpointId']}", {"id": one["VpcEndpointId"], "tags": one.get("Tags", [])}
    for one in client.describe_security_groups()["SecurityGroups"]:
        about = {"id": one["GroupId"], "rules": one["IpPermissions"], "tags": one.get("Tags", [])}
        yield f"security_group {one['GroupName']}{'' if one['GroupName'] != 'default' else ' ' + one['GroupId']}", about


def _tagged(kind: str, tags: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tags}]


def _name_of(described: dict[str, Any]) -> str | None:
    return next((tag["Value"] for tag in described.get("Tags", ()) if tag["Key"] == "Name"), None)


_LOOKS: tuple[Callable[[Books], Iterator[tuple[str, Any]]], ...] = (_of_sagemaker, _of_s3, _of_scheduler, _of_ec2, _of_hosts)


@cache
def _client(service: str, url: str, region: str) -> Any:
    session = boto3.Session("AKIABOOKS", "any", region_name=region)
    client = session.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}, proxies={}))

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = _ACCOUNT.get()

    client.meta.events.register("before-send", name_account)
    return client

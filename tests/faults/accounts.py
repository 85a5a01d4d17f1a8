"""Accounts of moto's, one for each test, in which sessions have left what `tailgate sweep` finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from tailgate.aws.names import as_tag_list, ownership_tags
from tests.faults.aws_proxy import AwsProxy

REGION = "eu-central-1"
HOUR = timedelta(hours=1)
ACCOUNTS = iter(range(100000000001, 100000000100))
OURS = ("endpoint", "endpoint_config", "model")


class Account:
    """What is in an account."""

    def __init__(self, proxy: AwsProxy) -> None:
        self._proxy = proxy
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of somebody's, not the sweep's."""
        key = service, region
        if key not in self._clients:
            config = Config(proxies={})
            self._clients[key] = boto3.client(service, region_name=region, endpoint_url=self._proxy.url, config=config)
        return self._clients[key]

    def make(self, name: str, tags: dict[str, str], region: str = REGION) -> str:
        """Model, configuration and endpoint of a name."""
        sagemaker, listed = self.client("sagemaker", region), as_tag_list(tags)
        role = "arn:aws:iam::123456789012:role/r"
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "i"}, ExecutionRoleArn=role, Tags=listed)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=listed)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=listed)
        return name

    def names(self, region: str = REGION) -> list[str]:
        """All that is there: one name for each thing."""
        sagemaker = self.client("sagemaker", region)
        names = [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]]
        names += [each["EndpointConfigName"] for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
        names += [each["ModelName"] for each in sagemaker.list_models()["Models"]]
        return sorted(names + [each["Name"] for each in self.client("scheduler", region).list_schedules()["Schedules"]])


def tags(run: str = "run-1", lasts: timedelta = -HOUR, owner: str = "ann") -> dict[str, str]:
    return ownership_tags(run, owner, datetime.now(UTC) + lasts)

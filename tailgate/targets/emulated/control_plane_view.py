"""The control plane as the data plane sees it: which endpoints there are, asked through boto3. Blocking, for a thread."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from tailgate.errors import TargetError
from tailgate.targets.emulated.deployment import Deployment, VariantPlan, deploy
from tailgate.targets.emulated.profiles import Profiles
from tailgate.targets.emulated.sigv4 import Credentials

_TIMEOUT_S = 5.0


class ControlPlaneLostError(TargetError):
    """The control plane cannot be asked."""


class ControlPlaneSlowError(ControlPlaneLostError):
    """The control plane has not answered in time; it may yet be there."""


class ControlPlaneView:
    """Describes endpoints. url: the control plane's."""

    def __init__(self, url: str, region: str, credentials: Credentials, profiles: Profiles, seed: int) -> None:
        self._url, self._profiles, self._seed = url, profiles, seed
        self._client = _client(url, region, credentials)

    def describe(self, name: str, known: Deployment | None = None) -> Deployment | None:
        """The endpoint of that name, None when there is none.

        Where its description is still that of `known`, the instances, and their queues, are the ones of `known`.
        Raises ControlPlaneLostError.
        """
        try:
            endpoint = self._client.describe_endpoint(EndpointName=name)
            version = (endpoint["EndpointConfigName"], str(endpoint["CreationTime"]), str(endpoint["LastModifiedTime"]))
            status = endpoint["EndpointStatus"]
            if known is not None and known.version == version:
                return dataclasses.replace(known, status=status)
            config = self._client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 400:
                return None
            raise ControlPlaneLostError(f"{self._url} answers {error}") from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise ControlPlaneSlowError(f"{self._url} has not answered within {_TIMEOUT_S:.0f} s") from error
        except BotoCoreError as error:
            raise ControlPlaneLostError(f"{self._url} cannot be reached; likely its process has died ({error})") from error
        return deploy(name, status, version, [_plan(variant) for variant in config["ProductionVariants"]], self._profiles, self._seed)


def _plan(variant: dict[str, Any]) -> VariantPlan:
    """A production variant as DescribeEndpointConfig has it. One without an instance type is serverless: a generic type's."""
    return VariantPlan(
        variant["VariantName"],
        variant.get("InstanceType", "ml.serverless"),
        variant.get("InitialInstanceCount", 1),
        variant.get("RoutingConfig", {}).get("RoutingStrategy", "RANDOM"),
        variant.get("InitialVariantWeight", 1.0),
    )


def _client(url: str, region: str, credentials: Credentials) -> Any:
    """A client for the control plane that goes through no proxy and is deaf to anybody's AWS configuration."""
    unset = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(botocore_session=botocore.session.Session(session_vars=unset))
    config = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2}, proxies={})
    keys = {"aws_access_key_id": credentials.access_key, "aws_secret_access_key": credentials.secret_key}
    return session.client("sagemaker", region_name=region, endpoint_url=url, config=config, **keys)

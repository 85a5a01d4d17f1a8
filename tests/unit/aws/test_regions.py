"""Where calls and invocations go, in regions of each partition: FIPS and dual-stack are honoured by every client that is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointProviderError

from tailgate.aws.clients import invocation_url, open_client

SWITCHES = {"fips": "AWS_USE_FIPS_ENDPOINT", "dualstack": "AWS_USE_DUALSTACK_ENDPOINT"}
RUNTIME = {
    "us-east-1": {
        (): "runtime.sagemaker.us-east-1.amazonaws.com",
        ("fips",): "runtime-fips.sagemaker.us-east-1.amazonaws.com",
        ("dualstack",): "runtime.sagemaker.us-east-1.api.aws",
        ("fips", "dualstack"): "runtime.sagemaker-fips.us-east-1.api.aws",
    },
    "eu-central-1": {
        (): "runtime.sagemaker.eu-central-1.amazonaws.com",
        ("fips",): "runtime-fips.sagemaker.eu-central-1.amazonaws.com",
        ("dualstack",): "runtime.sagemaker.eu-central-1.api.aws",
        ("fips", "dualstack"): "runtime.sagemaker-fips.eu-central-1.api.aws",
    },
    "ap-northeast-1": {
        (): "runtime.sagemaker.ap-northeast-1.amazonaws.com",
        ("fips",): "runtime-fips.sagemaker.ap-northeast-1.amazonaws.com",
        ("dualstack",): "runtime.sagemaker.ap-northeast-1.api.aws",
        ("fips", "dualstack"): "runtime.sagemaker-fips.ap-northeast-1.api.aws",
    },
    "us-gov-west-1": {
        (): "runtime.sagemaker.us-gov-west-1.amazonaws.com",
        ("fips",): "runtime.sagemaker.us-gov-west-1.amazonaws.com",  # each of this region's is FIPS
        ("dualstack",): "runtime.sagemaker.us-gov-west-1.api.aws",
        ("fips", "dualstack"): "runtime.sagemaker-fips.us-gov-west-1.api.aws",
    },
    "cn-north-1": {
        (): "runtime.sagemaker.cn-north-1.amazonaws.com.cn",
        ("fips",): "runtime.sagemaker-fips.cn-north-1.amazonaws.com.cn",
        ("dualstack",): "runtime.sagemaker.cn-north-1.api.amazonwebservices.com.cn",
        ("fips", "dualstack"): "runtime.sagemaker-fips.cn-north-1.api.amazonwebservices.com.cn",
    },
}
QUESTIONS: Mapping[str, Callable[[Any], object]] = {
    "sagemaker": lambda client: client.list_models(),
    "s3": lambda client: client.head_bucket(Bucket="b" * 8),
    "ec2": lambda client: client.describe_vpcs(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_roles(),
    "scheduler": lambda client: client.list_schedules(),
    "cloudwatch": lambda client: client.list_metrics(),
}
CASES = [(region, chosen) for region in RUNTIME for chosen in [(), ("fips",), ("dualstack",), ("fips", "dualstack")]]


class AskedError(Exception):
    """Instead of an answer: the host that was about to be asked."""


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No configuration but the test's own."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", *SWITCHES.values()):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": str(tmp_path / "none")}.items():
        monkeypatch.setenv(name, value)


def choose(monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, ...]) -> None:
    for switch in chosen:
        monkeypatch.setenv(SWITCHES[switch], "true")


@pytest.mark.parametrize(("region", "chosen"), CASES)
def test_invocations_go_where_an_unmodified_client_would_send_them(
    monkeypatch: pytest.MonkeyPatch, region: str, chosen: tuple[str, ...]
) -> None:
    """By the name that botocore's rules give to region, FIPS and dual-stack."""
    choose(monkeypatch, chosen)
    assert invocation_url(region, "ranker") == f"https://{RUNTIME[region][chosen]}/endpoints/ranker/invocations"


@pytest.mark.parametrize("service", QUESTIONS)
def test_each_client_of_ours_goes_where_it_is_told(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """In each region to a FIPS host by both protocols, or botocore refuses; where all of a partition's are FIPS, none is called so."""
    choose(monkeypatch, ("fips", "dualstack"))
    for region in RUNTIME:
        host = host_of(service, region)
        assert host is None or "fips" in host or region == "us-gov-west-1", host
        assert host is None or ".api." in host or "dualstack" in host, host
        assert host is not None or (service, region) == ("s3", "cn-north-1")


def host_of(service: str, region: str) -> str | None:
    """The host that a client of ours asks; None where botocore knows of none. Nothing is sent."""

    def catch(request: Any, **_: Any) -> AWSResponse:
        raise AskedError(urlsplit(request.url).hostname)

    client = open_client(service, region, attempts=1)
    client.meta.events.register("before-send", catch)
    try:
        QUESTIONS[service](client)
    except AskedError as asked:
        return str(asked)
    except EndpointProviderError:
        return None
    finally:
        client.close()
    raise AssertionError("nobody was asked")

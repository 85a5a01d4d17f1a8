"""The proxy knows each call of an unmodified boto3, and does to it what was said, in each of AWS's protocols."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.model import Shape
from botocore.serialize import create_serializer

from tailgate.child import Child
from tests.faults.aws_calls import SERVICES, Request, model_of, named
from tests.faults.aws_proxy import ALL, AwsProxy, after, answer_lost, before, delayed, refused, rewritten, throttled, unreachable

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 0.0}})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def proxy(moto_url: str) -> Iterator[AwsProxy]:
    with AwsProxy(moto_url) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: AwsProxy) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, attempts: int = 1) -> Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, proxies={})
        session = boto3.Session("AKIAEXAMPLE", "any", region_name=REGION)
        made.append(session.client(service, endpoint_url=proxy.url, config=config))
        return made[-1]

    yield make
    for each in made:
        each.close()


def least(shape: Shape | None) -> Any:
    """The smallest parameters that a shape allows."""
    match shape and shape.type_name:
        case None | "map":
            return {}
        case "structure":
            return {name: least(shape.members[name]) for name in shape.required_members}
        case "list":
            return [least(shape.member)]
        case "string":
            return (shape.enum or ["x"])[0]
        case "boolean":
            return True
        case "blob":
            return b"x"
        case _:
            return 1


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_known_by_its_request(service: str) -> None:
    """As botocore itself writes it, but for the deprecated ones whose successors have the same method and path."""
    model = model_of(service)
    serializer = create_serializer(model.metadata["protocol"], include_validation=False)
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential=A/20200101/{REGION}/{model.signing_name}/aws4_request, SignedHeaders=host"}
    mistaken = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        written = serializer.serialize_to_request(least(operation.input_shape), operation)
        query = written["query_string"] if isinstance(written["query_string"], str) else urlencode(written["query_string"])
        target = written["url_path"] + (("&" if "?" in written["url_path"] else "?") + query if query else "")
        body = urlencode(written["body"]).encode() if isinstance(written["body"], dict) else written["body"] or b""
        headers = {key.lower(): value for key, value in written["headers"].items()} | signed
        found = named(Request(written["method"], target, headers, body if isinstance(body, bytes) else body.encode()))
        if (found.service, found.operation) != (service, name) and not operation.deprecated:
            mistaken[name] = found.operation
    assert mistaken == ({"ListDirectoryBuckets": "ListBuckets"} if service == "s3" else {})


CALLS = {
    "sagemaker.ListModels": lambda client: client.list_models(),
    "s3.ListBuckets": lambda client: client.list_buckets(),
    "ec2.DescribeVpcs": lambda client: client.describe_vpcs(),
    "sts.GetCallerIdentity": lambda client: client.get_caller_identity(),
    "iam.ListRoles": lambda client: client.list_roles(),
    "cloudwatch.GetMetricData": lambda client: client.get_metric_data(
        MetricDataQueries=[], StartTime=datetime(2026, 1, 1, tzinfo=UTC), EndTime=datetime(2026, 1, 2, tzinfo=UTC)
    ),
}


@pytest.mark.parametrize("operation", CALLS)
def test_the_nth_call_is_harmed_and_no_other(proxy: AwsProxy, client: Callable[..., Any], operation: str) -> None:
    """The second is refused in the protocol's own words; first and third are carried out; all are on record."""
    asked = client(operation.partition(".")[0])
    fault = proxy.harm(operation, refused(400, "Odd", "for a reason"), nth=(2,))
    CALLS[operation](asked)
    with pytest.raises(ClientError, match=r"\(Odd\).*for a reason") as refusal:
        CALLS[operation](asked)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    CALLS[operation](asked)
    assert fault.fired == 1
    assert [(call.name, call.status, call.harmed) for call in proxy.calls] == [
        (operation, 200, False),
        (operation, 400, True),
        (operation, 200, False),
    ]


def test_a_throttle_is_taken_for_one_and_repeated(proxy: AwsProxy, client: Callable[..., Any]) -> None:
    """By botocore's own retries, which the record shows."""
    fault = proxy.harm("sagemaker.ListModels", throttled, nth=range(1, 3))
    client("sagemaker", attempts=3).list_models()
    assert fault.fired == 2
    assert [call.status for call in proxy.calls] == [400, 400, 200]


def test_a_lost_answer_was_carried_out_and_an_unreachable_service_carried_nothing_out(proxy: AwsProxy, client: Callable[..., Any]) -> None:
    """Both look the same to the caller."""
    s3 = client("s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    proxy.harm("s3.CreateBucket", unreachable)
    proxy.harm("s3.CreateBucket", answer_lost)
    for _ in range(2):
        with pytest.raises(ConnectionClosedError):
            s3.create_bucket(Bucket="there", **where)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["there"]
    assert [call.status for call in proxy.calls[:2]] == [None, None]


def test_something_may_happen_before_or_after_a_call(proxy: AwsProxy, client: Callable[..., Any]) -> None:
    """And where it was the client's death, nobody is answered."""
    ec2 = client("ec2")
    seen: list[int] = []

    def vpcs() -> None:
        seen.append(len(ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.7.0.0/16"]}])["Vpcs"]))

    proxy.harm("ec2.CreateVpc", before(vpcs))
    proxy.harm("ec2.CreateVpc", after(vpcs))
    ec2.create_vpc(CidrBlock="10.7.0.0/16")
    ec2.create_vpc(CidrBlock="10.7.0.0/16")
    assert seen == [0, 2]
    proxy.harm("ec2.CreateVpc", before(lambda: False))
    with pytest.raises(ConnectionClosedError):
        ec2.create_vpc(CidrBlock="10.7.0.0/16")
    vpcs()
    assert seen[-1] == 2


def test_parameters_may_be_rewritten(proxy: AwsProxy, client: Callable[..., Any]) -> None:
    """So an endpoint can be made to fail that knows nothing of tests."""
    sagemaker = client("sagemaker")
    proxy.harm("sagemaker.CreateModel", rewritten(lambda body: body | {"ModelName": "other"}))
    sagemaker.create_model(ModelName="mine", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"})
    assert [model["ModelName"] for model in sagemaker.list_models()["Models"]] == ["other"]


def test_each_account_has_its_own_books(moto_url: str) -> None:
    """What one user of moto makes, another does not see."""
    with AwsProxy(moto_url, account="111111111111") as one, AwsProxy(moto_url, account="222222222222") as other:
        seen = []
        for proxy in (one, other):
            client = boto3.client("sagemaker", region_name=REGION, endpoint_url=proxy.url, aws_access_key_id="A", aws_secret_access_key="b")
            if proxy is one:
                client.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::1:role/rrrrrrrr", PrimaryContainer={"Image": "i"})
            seen.append(len(client.list_models()["Models"]))
            client.close()
        assert seen == [1, 0]


def test_the_network_may_be_gone_for_a_while(proxy: AwsProxy, client: Callable[..., Any]) -> None:
    """Any call, whatever its operation."""
    fault = proxy.harm("*", unreachable, nth=ALL)
    sts = client("sts")
    with pytest.raises(ConnectionClosedError):
        sts.get_caller_identity()
    with pytest.raises(ConnectionClosedError):
        client("iam").list_roles()
    fault.nth = ()
    began_s = time.monotonic()
    proxy.harm("sts.GetCallerIdentity", delayed(0.2))
    assert sts.get_caller_identity()["Account"]
    assert time.monotonic() - began_s >= 0.2
    assert fault.fired == 2

"""Target existing by answers that botocore's own service model has checked, and by errors in AWS's words."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailgate.aws.clients import invocation_url
from tailgate.aws.connecting import profile_region
from tailgate.errors import PlanError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets.attaching import Attaching
from tailgate.targets.existing import ExistingTarget

REGION = "eu-west-1"
SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/ranker"
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
VARIANT = {"VariantName": "AllTraffic", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1, "CurrentWeight": 1.0}
CONFIGURED = {"VariantName": "AllTraffic", "ModelName": "ranker-7", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
NAMED = {"EndpointName": "ranker"}


def described(**changes: Any) -> dict[str, Any]:
    """DescribeEndpoint's answer."""
    known = {"EndpointName": "ranker", "EndpointArn": ARN, "EndpointConfigName": "ranker-7", "EndpointStatus": "InService"}
    return {**known, "CreationTime": WHEN, "LastModifiedTime": WHEN, "ProductionVariants": [VARIANT]} | changes


def configured(**changes: Any) -> dict[str, Any]:
    """DescribeEndpointConfig's answer, of one variant."""
    variants = [CONFIGURED | changes]
    return {"EndpointConfigName": "ranker-7", "EndpointConfigArn": ARN, "ProductionVariants": variants, "CreationTime": WHEN}


@functools.cache
def aws() -> boto3.Session:
    """One for all clients: it reads the service's model once."""
    return boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="none")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """What SageMaker answers, in its order; neither AWS nor its settings on this host are asked for anything."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    client = aws().client("sagemaker", region_name=REGION)
    monkeypatch.setattr("tailgate.targets.existing.open_reader", lambda _region: client)
    monkeypatch.setattr("tailgate.aws.network.outlook.addresses_of", lambda _host: ["52.94.1.1"])
    with Stubber(client) as stubber:
        yield stubber


def target(**changes: Any) -> ExistingTarget:
    """Attached with a rate of 100/s."""
    return ExistingTarget(replace(Attaching(most_per_s=100), **changes), region=REGION)


@contextmanager
def refused(said: str) -> Iterator[None]:
    """A TargetError that says so."""
    with pytest.raises(TargetError, match=said):
        yield


def test_the_runtimes_own_address_is_asked_and_no_path_that_nobody_named(stub: Stubber) -> None:
    """The only variant needs no header: requests are those that its callers send."""
    stub.add_response("describe_endpoint", described(), NAMED)
    stub.add_response("describe_endpoint_config", configured(), {"EndpointConfigName": "ranker-7"})
    with target().open(SPEC) as endpoint:
        assert {path: address.url for path, address in endpoint.addresses.items()} == {
            "public": "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/ranker/invocations"
        }
        assert (endpoint.addresses["public"].sign, endpoint.addresses["public"].headers) == ("sagemaker", {})
        assert "--latency-vpc-endpoint" in endpoint.elsewhere["privatelink"]
        assert endpoint.environment == {}
        assert "123456789012" not in str(endpoint)


def test_the_interface_endpoint_that_was_named_is_the_other_path(stub: Stubber) -> None:
    """By its own DNS name, so both paths can be asked from one host."""
    stub.add_response("describe_endpoint", described(), NAMED)
    stub.add_response("describe_endpoint_config", configured())
    with target(private_link="https://vpce-1.example").open(SPEC) as endpoint:
        assert endpoint.addresses["privatelink"].url == "https://vpce-1.example/endpoints/ranker/invocations"


def test_an_only_variant_of_another_name_is_the_one(stub: Stubber) -> None:
    """The console calls it `variant-name-1`, and a case need not know."""
    stub.add_response("describe_endpoint", described(ProductionVariants=[VARIANT | {"VariantName": "variant-name-1"}]), NAMED)
    stub.add_response("describe_endpoint_config", configured(VariantName="variant-name-1"))
    with target().open(SPEC) as endpoint:
        assert endpoint.found == replace(SPEC, variant="variant-name-1")


def test_without_leave_to_see_the_configuration_it_goes_on_and_says_so(stub: Stubber) -> None:
    """Instance types are known from there alone."""
    stub.add_response("describe_endpoint", described(ProductionVariants=[VARIANT | {"CurrentInstanceCount": 3}]), NAMED)
    stub.add_client_error("describe_endpoint_config", "AccessDeniedException", "not authorized", 400)
    with target().open(SPEC) as endpoint:
        assert endpoint.found == replace(SPEC, instance_count=3)
        assert endpoint.provenance["instance_type"] == "not known"
        assert any("sagemaker:DescribeEndpointConfig is denied" in note for note in endpoint.notes)


@pytest.mark.parametrize(
    "status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting", "OutOfService", "UpdateRollbackFailed"]
)
def test_an_endpoint_that_is_not_in_service_is_refused_with_its_status(stub: Stubber, status: str) -> None:
    """What is being changed has no one latency."""
    stub.add_response("describe_endpoint", described(EndpointStatus=status), NAMED)
    with refused(f"endpoint ranker in eu-west-1 is {status}: "), target().open(SPEC):
        pass


def test_a_failed_one_says_why(stub: Stubber) -> None:
    """In SageMaker's own words."""
    stub.add_response("describe_endpoint", described(EndpointStatus="Failed", FailureReason="The image has no /ping."), NAMED)
    with refused(r"is Failed \(The image has no /ping\): it never came into service"), target().open(SPEC):
        pass


@pytest.mark.parametrize(
    ("variant", "changes", "said"),
    [
        ({"VariantName": "AllTraffic", "CurrentServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}, {}, "is serverless"),
        (VARIANT, {"AsyncInferenceConfig": {"OutputConfig": {}}}, "answers asynchronously"),
        (
            VARIANT,
            {"ProductionVariants": [VARIANT | {"VariantName": name} for name in ("blue", "green")]},
            "no variant 'AllTraffic'; allowed: blue, green",
        ),
    ],
)
def test_what_no_case_can_ask_is_refused(stub: Stubber, variant: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    """Serverless, asynchronous, or several variants of which none was named."""
    stub.add_response("describe_endpoint", described(ProductionVariants=[variant]) | changes, NAMED)
    stub.add_response("describe_endpoint_config", configured())
    with refused(said), target().open(SPEC):
        pass


@pytest.mark.parametrize(("absent", "said"), [("ModelName", "hosts inference components"), ("InstanceType", "instances of several types")])
def test_a_variant_that_is_not_one_model_on_one_type_is_refused(stub: Stubber, absent: str, said: str) -> None:
    """Each request would fail for want of a name, or the runs would be filed under a type that half of them did not meet."""
    stub.add_response("describe_endpoint", described(), NAMED)
    told = configured()
    told["ProductionVariants"] = [{key: value for key, value in CONFIGURED.items() if key != absent}]
    stub.add_response("describe_endpoint_config", told)
    with refused(said), target().open(SPEC):
        pass


def test_the_region_is_the_profiles_and_asked_for_where_it_names_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not us-east-1: an endpoint that exists is somewhere."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    config.write_text("[default]\nregion = eu-west-3\n")
    assert profile_region() == "eu-west-3"
    config.write_text("[default]\n")
    with pytest.raises(PlanError, match="--latency-region"):
        profile_region()
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(PlanError, match=r"profile \(nobodys\).*check AWS_PROFILE"):
        profile_region()


def test_a_clock_that_is_off_is_told_by_how_much(stub: Stubber) -> None:
    """AWS's message speaks of signatures; its answer's Date shows the skew."""
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=900), usegmt=True)
    meta = {"HTTPHeaders": {"date": date}}
    text = "Signature not yet current: 20260301T121500Z is still later than 20260301T120500Z"
    stub.add_client_error("describe_endpoint", "InvalidSignatureException", text, 403, response_meta=meta)
    with refused(r"this host's clock is (899|90\d) s ahead of AWS's"), target().open(SPEC):
        pass


def test_expired_credentials_say_so(stub: Stubber) -> None:
    """And what to do."""
    stub.add_client_error("describe_endpoint", "ExpiredTokenException", "The security token included in the request is expired", 403)
    with refused("have expired; renew them"), target().open(SPEC):
        pass


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"EndpointConfigName": "ranker-8"}, "config ranker-7 → ranker-8"),
        ({"LastModifiedTime": WHEN + timedelta(minutes=1)}, "last modified"),
        ({"ProductionVariants": [VARIANT | {"CurrentWeight": 0.5}]}, "weight 1, RANDOM → AllTraffic: 1 instance, weight 0.5"),
        ({"EndpointStatus": "Updating"}, "is Updating"),
    ],
)
def test_what_was_changed_amid_a_run_is_told(stub: Stubber, changes: dict[str, Any], said: str | None) -> None:
    """Another config, a touch that was taken back, a weight; nothing where all is as before."""
    stub.add_response("describe_endpoint", described(), NAMED)
    stub.add_response("describe_endpoint_config", configured())
    stub.add_response("describe_endpoint", described(**changes), NAMED)
    attached = target()
    with attached.open(SPEC) as endpoint:
        told = attached.changes(endpoint)
    assert len(told) == (said is not None)
    assert said is None or said in told[0]


def test_credentials_that_expire_amid_a_run_make_it_doubtful(stub: Stubber) -> None:
    """It cannot be told any more whether the endpoint stayed as it was."""
    stub.add_response("describe_endpoint", described(), NAMED)
    stub.add_response("describe_endpoint_config", configured())
    stub.add_client_error("describe_endpoint", "ExpiredTokenException", "expired", 403)
    attached = target()
    with attached.open(SPEC) as endpoint:
        assert "stayed as it was cannot be told" in attached.changes(endpoint)[0]


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "runtime.sagemaker.us-east-1.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "runtime-fips.sagemaker.us-east-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "runtime.sagemaker.us-east-1.api.aws"),
        ({"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://127.0.0.1:9/base"}, "127.0.0.1:9/base"),
    ],
)
def test_the_address_is_the_one_that_boto3_would_ask(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], host: str) -> None:
    """FIPS, dual-stack and endpoint urls, without a word sent."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert invocation_url("us-east-1", "ranker").partition("://")[2] == f"{host}/endpoints/ranker/invocations"

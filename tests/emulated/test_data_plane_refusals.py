"""What the data plane refuses, in the words and the form in which SageMaker does; by an unmodified boto3 client."""

from __future__ import annotations

import datetime
import http.client
import json
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from tailgate.models import constant
from tailgate.targets.emulated.messages import MAX_BODY_BYTES

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane, Moto

ANSWER = constant.answer(b"")


def test_an_asynchronous_invocation_is_refused(runtime: Any, endpoint: str) -> None:
    """Emulated endpoints have no AsyncInferenceConfig."""
    with pytest.raises(runtime.exceptions.ValidationError, match="does not support asynchronous inference"):
        runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation="s3://bucket/key")


@pytest.mark.parametrize("excess", [1, 10_000_000])
def test_a_body_above_the_limit_is_refused_with_413(runtime: Any, endpoint: str, excess: int) -> None:
    """Plain text without a code, so that boto3 makes the status the code; the connection lives on."""
    with pytest.raises(ClientError) as refusal:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=bytes(MAX_BODY_BYTES + excess))
    assert refusal.value.response["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 6291456 bytes."}
    assert runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"].read() == ANSWER


def test_an_unknown_endpoint_is_a_validation_error_in_aws_words(runtime: Any) -> None:
    """As quoted in many an issue thread."""
    with pytest.raises(runtime.exceptions.ValidationError) as refusal:
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"{}")
    assert refusal.value.response["Error"]["Message"] == "Endpoint nobody of account 123456789012 not found."


WRONG = {
    "secret": ({"aws_secret_access_key": "another"}, "InvalidSignatureException"),
    "access key": ({"aws_access_key_id": "AKIAOTHER"}, "UnrecognizedClientException"),
    "region": ({"region_name": "eu-west-1"}, "InvalidSignatureException"),
    "token": ({"aws_session_token": "uncalled for"}, "UnrecognizedClientException"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_request_that_is_not_authentic_is_refused_as_sagemaker_does(data_plane: DataPlane, endpoint: str, what: str) -> None:
    """403 with the code that boto3 reports, which is none that it models."""
    changes, code = WRONG[what]
    with pytest.raises(ClientError) as refusal:
        data_plane.client(**changes).invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    assert type(refusal.value) is ClientError
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_stale_signature_is_refused(runtime: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed six minutes ago."""
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *arguments: now(*arguments) - datetime.timedelta(minutes=6))
    with pytest.raises(ClientError, match=r"Signature expired: .* is now earlier than .* - 5 min"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")


def test_a_session_token_is_asked_for_where_the_credentials_have_one(
    start_data_plane: Callable[..., DataPlane], moto: Moto, endpoint: str
) -> None:
    """With it the request is authentic, without it not."""
    keys = {"access_key": "AKIATEMPORARY", "secret_key": "secret", "session_token": "token"}
    plane = start_data_plane(moto.url, credentials=keys)
    given = {"aws_access_key_id": "AKIATEMPORARY", "aws_secret_access_key": "secret"}
    plane.client(**given, aws_session_token="token").invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        plane.client(**given).invoke_endpoint(EndpointName=endpoint, Body=b"{}")


def test_an_anonymous_request_is_refused(data_plane: DataPlane, endpoint: str) -> None:
    """No Authorization header at all."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    connection = http.client.HTTPSConnection(*data_plane.address(), context=context, timeout=5)
    connection.request("POST", f"/endpoints/{endpoint}/invocations", b"{}")
    response = connection.getresponse()
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(response.read()) == {"message": "Missing Authentication Token"}
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/endpoints/ranker/invocations"), ("POST", "/endpoints/ranker"), ("POST", "/"), ("DELETE", "/endpoints/ranker/x")],
)
def test_an_operation_that_the_runtime_lacks_is_named_unknown(data_plane: DataPlane, method: str, path: str) -> None:
    """A 404, and the connection lives on."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    connection = http.client.HTTPSConnection(*data_plane.address(), context=context, timeout=5)
    for _ in range(2):
        connection.request(method, path)
        response = connection.getresponse()
        assert (response.status, response.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
        response.read()
    connection.close()

"""Refusals: each kind of error from AWS becomes a sentence with what was tried, what was seen, what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from tailgate.aws.clients import invocation_url, open_client
from tailgate.aws.refusals import NameTakenError, explained, is_absent, is_in_progress, is_throttled
from tailgate.errors import CapacityError, TargetError


def client_error(code: str, message: str = "some message") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateEndpoint")


@pytest.mark.parametrize(
    ("code", "message", "kind", "advice"),
    [
        ("ResourceLimitExceeded", "The account-level service limit …", CapacityError, "ask for more, or choose another instance type"),
        ("InsufficientInstanceCapacity", "none left", CapacityError, "choose another instance type"),
        ("ValidationException", 'Cannot create already existing endpoint "arn".', NameTakenError, "left untouched"),
        ("ValidationException", "1 validation error detected", TargetError, "1 validation error detected"),
        ("ExpiredTokenException", "expired", TargetError, "renew them"),
        ("UnrecognizedClientException", "who?", TargetError, "renew them"),
        ("AccessDeniedException", "not authorized to perform sagemaker:CreateEndpoint", TargetError, "add the action to their policy"),
        ("UnauthorizedOperation", "no", TargetError, "add the action to their policy"),
        ("ThrottlingException", "Rate exceeded", TargetError, "fewer endpoints side by side"),
        ("Whatever", "odd", TargetError, "Whatever: odd"),
    ],
)
def test_a_refusal_is_a_sentence(code: str, message: str, kind: type[TargetError], advice: str) -> None:
    """It begins with what was tried, holds AWS's own code and words, and ends in what to do; the original is its cause."""
    with pytest.raises(TargetError) as told, explained("create the endpoint e"):
        raise client_error(code, message)
    assert type(told.value) is kind
    assert str(told.value).startswith(f"could not create the endpoint e: {code}: {message}")
    assert advice in str(told.value)
    assert isinstance(told.value.__cause__, ClientError)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "no AWS credentials were found; set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), r"http://127\.0\.0\.1:9.*check this host's network"),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:9"), "check region, network and credentials"),
    ],
)
def test_what_never_reached_aws_is_a_sentence_too(error: Exception, said: str) -> None:
    """No credentials and no connection are TargetErrors as well."""
    with (
        pytest.raises(TargetError, match=f"could not delete the model m: .*{said}"),
        explained("delete the model m"),
    ):
        raise error


def test_an_answer_without_an_error_is_told_all_the_same() -> None:
    """A body that is no AWS error at all does not become a KeyError."""
    with pytest.raises(TargetError, match="no message"), explained("x"):
        raise ClientError({}, "CreateEndpoint")


def test_validation_exceptions_are_told_apart_by_their_words() -> None:
    """SageMaker has one code for absent, taken, busy and invalid; another code with the same words is none of them."""
    absent = 'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".'
    busy = 'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".'
    assert is_absent(client_error("ValidationException", absent))
    assert not is_absent(client_error("ValidationException", busy))
    assert not is_absent(client_error("AccessDenied", absent))
    assert is_in_progress(client_error("ValidationException", busy))
    assert not is_in_progress(client_error("ValidationException", absent))
    assert is_throttled(client_error("ThrottlingException"))
    assert not is_throttled(client_error("ValidationException"))


@pytest.mark.parametrize(
    ("variable", "value", "seen"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", "Invalid endpoint: nonsense"),
        ("AWS_ENDPOINT_URL", "http://[bad", "AWS_ENDPOINT_URL_<SERVICE>"),
        ("AWS_MAX_ATTEMPTS", "abc", "AWS_MAX_ATTEMPTS"),
        ("AWS_PROFILE", "nobody", "(nobody) could not be found"),
    ],
)
def test_a_setting_of_botos_that_is_not_of_its_form_is_explained(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, seen: str
) -> None:
    """botocore raises a bare ValueError for some, which is no better than for others."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(TargetError) as refused, explained("find the runtime's address"):
        invocation_url("eu-west-1", "ranker")
    assert seen in str(refused.value)
    if variable != "AWS_MAX_ATTEMPTS":  # which clients of ours do not go by
        with pytest.raises(TargetError), explained("open a client"):
            open_client("sagemaker", "eu-west-1").close()

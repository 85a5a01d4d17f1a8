"""Waiting for endpoints: what ends it, what it says, and that it can be stopped. Answers are botocore's Stubber's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailgate.aws.waiting import Patience, StoppedError
from tailgate.errors import CapacityError, TargetError
from tailgate.targets.sagemaker.coming_up import wait_in_service

AT_ONCE = Patience(interval_s=0.0, timeout_s=60.0)


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="A", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield client, stubber


def answer(stubber: Stubber, statuses: Sequence[str], **more: str) -> None:
    for status in statuses:
        times = {"CreationTime": datetime.now(UTC), "LastModifiedTime": datetime.now(UTC)}
        arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
        described = {"EndpointName": "e", "EndpointArn": arn, "EndpointStatus": status, **times, **more}
        stubber.add_response("describe_endpoint", described, {"EndpointName": "e"})


def test_waiting_ends_when_the_endpoint_is_in_service(stubbed: tuple[Any, Stubber]) -> None:
    """Every status on the way is told, in order, with seconds that never go back; the description is returned."""
    client, stubber = stubbed
    statuses = ["Creating", "Creating", "Updating", "SystemUpdating", "RollingBack", "InService"]
    answer(stubber, statuses)
    told: list[tuple[str, float]] = []
    described = wait_in_service(client, "e", AT_ONCE, lambda status, waited_s: told.append((status, waited_s)))
    assert described["EndpointStatus"] == "InService"
    assert [status for status, _ in told] == statuses
    seconds = [waited_s for _, waited_s in told]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"])
def test_every_status_that_leads_nowhere_ends_the_wait(stubbed: tuple[Any, Stubber], status: str) -> None:
    """botocore's waiter would go on for an hour at most of them."""
    client, stubber = stubbed
    answer(stubber, ["Creating", status])
    with pytest.raises(TargetError, match=f"endpoint e ended as {status}") as ended:
        wait_in_service(client, "e", AT_ONCE)
    assert not isinstance(ended.value, CapacityError)


def test_a_failure_is_told_with_its_reason(stubbed: tuple[Any, Stubber]) -> None:
    """SageMaker's own words reach the reader."""
    client, stubber = stubbed
    answer(stubber, ["Failed"], FailureReason="The container did not pass the ping health check.")
    with pytest.raises(TargetError, match="did not pass the ping health check"):
        wait_in_service(client, "e", AT_ONCE)


@pytest.mark.parametrize(
    "reason",
    [
        "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry later.",
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.",
    ],
)
def test_want_of_capacity_is_told_apart(stubbed: tuple[Any, Stubber], reason: str) -> None:
    """Both spellings seen on AWS are a reason to skip, so a CapacityError."""
    client, stubber = stubbed
    answer(stubber, ["Creating", "Failed"], FailureReason=reason)
    with pytest.raises(CapacityError, match="Unable to provision"):
        wait_in_service(client, "e", AT_ONCE)


def test_patience_ends(stubbed: tuple[Any, Stubber]) -> None:
    """The last answer is in the sentence, with a likely cause."""
    client, stubber = stubbed
    answer(stubber, ["Creating"])
    with pytest.raises(TargetError, match=r"still Creating after 0 s.*/ping"):
        wait_in_service(client, "e", Patience(interval_s=1.0, timeout_s=0.0))


def test_an_endpoint_that_vanishes_ends_the_wait(stubbed: tuple[Any, Stubber]) -> None:
    """Somebody else deleted it."""
    client, stubber = stubbed
    answer(stubber, ["Creating"])
    stubber.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "arn".')
    with pytest.raises(TargetError, match="could not describe the endpoint e: ValidationException: Could not find"):
        wait_in_service(client, "e", AT_ONCE)


def test_a_stop_ends_the_wait_at_once(stubbed: tuple[Any, Stubber]) -> None:
    """An hour's interval does not matter: the stop is heard while sleeping."""
    client, stubber = stubbed
    answer(stubber, ["Creating"])
    stop = Event()
    began_s = time.monotonic()
    with pytest.raises(StoppedError):
        wait_in_service(client, "e", Patience(3600.0, 7200.0), lambda *_: stop.set(), stop)
    assert time.monotonic() - began_s < 60


def test_a_stop_before_the_beginning_asks_nothing(stubbed: tuple[Any, Stubber]) -> None:
    """No call is made: the stubber has no answer to give."""
    client, _ = stubbed
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        wait_in_service(client, "e", AT_ONCE, None, stop)


def test_the_last_round_begins_when_the_time_is_up() -> None:
    """What becomes true during the last pause is still seen."""
    rounds = list(Patience(interval_s=10.0, timeout_s=0.05).rounds())
    assert rounds[0] < 0.05 <= rounds[-1]


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500)])
def test_a_question_that_goes_unanswered_is_asked_again(stubbed: tuple[Any, Stubber], code: str, status: int) -> None:
    """A deployment of ten minutes is not given up because AWS was busy for a second."""
    client, stubber = stubbed
    answer(stubber, ["Creating"])
    for _ in range(10):
        stubber.add_client_error("describe_endpoint", code, "later", status)
    answer(stubber, ["InService"])
    assert wait_in_service(client, "e", Patience(0.0, 60.0, silence_s=30.0))["EndpointStatus"] == "InService"


@pytest.mark.parametrize(("code", "silence_s"), [("AccessDeniedException", 30.0), ("ThrottlingException", 0.0)])
def test_what_will_not_be_answered_otherwise_is_raised_at_once(stubbed: tuple[Any, Stubber], code: str, silence_s: float) -> None:
    """And so is everything where no silence is borne: the emulation's processes are on this host."""
    client, stubber = stubbed
    stubber.add_client_error("describe_endpoint", code, "no", 400)
    with pytest.raises(TargetError, match=code):
        wait_in_service(client, "e", Patience(0.0, 60.0, silence_s=silence_s))

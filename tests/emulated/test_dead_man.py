"""The dead-man's switch at moto's EventBridge Scheduler, by an unmodified boto3."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from botocore.validate import ParamValidator

from tailgate.aws.custody.kinds import Services
from tailgate.aws.custody.ledger import Ledger
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.custody.schedules import SCHEDULE
from tailgate.aws.names import ownership_tags
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.targets import Endpoint
from tailgate.targets.sagemaker.dead_man import Switch, armed, guarded, request_of
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY, Moto

NAME = "tailgate-ranker-3f9a0c27d1"
ROLE = "arn:aws:iam::123456789012:role/dead-man"
EXPIRES_AT = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=4)
SWITCH = Switch(NAME, EXPIRES_AT, ROLE, ownership_tags("run-1", "ann", EXPIRES_AT))
UNARMED = Switch(NAME, EXPIRES_AT, None, SWITCH.tags)
AT_ONCE = Patience(0.0, 5.0)


@pytest.fixture
def scheduler(moto: Moto) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    client = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION).client("scheduler", endpoint_url=moto.url, config=config)
    yield client
    for one in client.list_schedules()["Schedules"]:
        client.delete_schedule(Name=one["Name"])
    client.close()


@pytest.fixture
def services(scheduler: Any) -> Services:
    return {"scheduler": scheduler}.__getitem__


@pytest.fixture
def custody(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.begin(tmp_path, "run-1", REGION) as ledger:
        yield ledger


def schedules(scheduler: Any) -> list[str]:
    return [one["Name"] for one in scheduler.list_schedules()["Schedules"]]


def test_it_calls_for_deletion_at_the_expiry_and_goes_with_the_endpoint(scheduler: Any, services: Services, custody: Ledger) -> None:
    """One time, in UTC, as the named role, and gone once the endpoint is: from AWS and from the ledger."""
    with armed(services, SWITCH, custody) as unarmed:
        assert unarmed is None
        assert [entry.kind for entry in custody.left()] == [SCHEDULE]
        found = scheduler.get_schedule(Name=NAME)
        assert found["ScheduleExpression"] == f"at({EXPIRES_AT:%Y-%m-%dT%H:%M:%S})"
        assert (found["ScheduleExpressionTimezone"], found["ActionAfterCompletion"]) == ("UTC", "DELETE")
        assert found["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint"
        assert found["Target"]["RoleArn"] == ROLE
        assert json.loads(found["Target"]["Input"]) == {"EndpointName": NAME}
    assert schedules(scheduler) == []
    assert custody.left() == ()


@pytest.mark.parametrize("dies", [False, True])
def test_it_stays_armed_while_its_endpoint_may_be_there(scheduler: Any, services: Services, custody: Ledger, dies: bool) -> None:
    """Whatever ends the session: as long as the ledger does not call the endpoint gone."""
    with contextlib.suppress(ZeroDivisionError), armed(services, SWITCH, custody):
        custody.about_to_create("endpoint", NAME)
        if dies:
            raise ZeroDivisionError
    assert schedules(scheduler) == [NAME]
    assert {entry.kind for entry in custody.left()} == {SCHEDULE, "endpoint"}


def test_without_a_role_nothing_is_armed_and_the_record_says_what_that_means(scheduler: Any, services: Services, custody: Ledger) -> None:
    """Said plainly, with the option that would change it; and so in each verdict, where a role was named in vain."""
    with armed(services, UNARMED, custody) as unarmed:
        assert unarmed is not None
        assert unarmed.startswith("no dead-man: if this host loses power, the endpoint costs money until `tailgate sweep --delete` is run")
        assert "--latency-dead-man-role" in unarmed
        endpoint = guarded(Endpoint(NAME, {}, True, {"region": REGION}), UNARMED, unarmed)
        assert endpoint.provenance == {"region": REGION, "dead_man": unarmed}
        assert endpoint.notes == ()
        assert guarded(endpoint, SWITCH, unarmed).notes == (unarmed,)
        assert schedules(scheduler) == []
        assert custody.left() == ()
    assert guarded(endpoint, SWITCH, None).provenance["dead_man"].startswith("armed for 20")


def test_missing_permission_is_no_reason_not_to_measure(scheduler: Any, services: Services, custody: Ledger) -> None:
    """It is said with the two actions that it takes; nothing is left in the ledger."""
    with Stubber(scheduler) as stubber:
        stubber.add_client_error("create_schedule", "AccessDeniedException", "User: … is not authorized to perform: iam:PassRole on …")
        stubber.add_client_error("delete_schedule", "AccessDeniedException", "no")
        with armed(services, SWITCH, custody) as unarmed:
            assert unarmed is not None
            assert "scheduler:CreateSchedule, and iam:PassRole on arn:aws:iam::123456789012:role/dead-man" in unarmed
            assert custody.left() == ()


def test_a_role_that_the_scheduler_may_not_take_ends_it_before_the_endpoint_is_created(
    scheduler: Any, services: Services, custody: Ledger
) -> None:
    """Somebody named it, so they reckon with it. A create whose answer was lost is taken back."""
    scheduler.create_schedule(**request_of(SWITCH))
    with Stubber(scheduler) as stubber:
        stubber.add_client_error("create_schedule", "ValidationException", "The execution role you provide must allow AWS EventBridge …")
        stubber.add_response("delete_schedule", {}, {"Name": NAME, "GroupName": "default"})
        stubber.add_client_error("get_schedule", "ResourceNotFoundException", "gone")
        with pytest.raises(TargetError, match="could not arm the dead-man's switch of the endpoint tailgate-ranker-3f9a0c27d1: Valid"):
            armed(services, SWITCH, custody).__enter__()
    assert custody.left() == ()


def test_somebody_elses_schedule_of_that_name_is_left_alone(scheduler: Any, services: Services, custody: Ledger) -> None:
    """The name is taken, so the switch cannot be armed, and what is there is not ours."""
    scheduler.create_schedule(**request_of(SWITCH) | {"Description": "somebody's"})
    with pytest.raises(TargetError, match="could not arm"):
        armed(services, SWITCH, custody).__enter__()
    assert scheduler.get_schedule(Name=NAME)["Description"] == "somebody's"
    assert custody.left() == ()


def test_one_whose_first_answer_was_lost_is_our_own(scheduler: Any, services: Services, custody: Ledger) -> None:
    """botocore asks again and hears that the name is taken; it stays in the ledger, and goes at the end."""
    scheduler.create_schedule(**request_of(SWITCH))
    with armed(services, SWITCH, custody) as unarmed:
        assert unarmed is None
        assert [entry.kind for entry in custody.left()] == [SCHEDULE]
    assert schedules(scheduler) == []


def test_a_sweep_knows_it_by_its_description(scheduler: Any, services: Services) -> None:
    """A schedule cannot carry tags. Another's, whatever its name and description, is not ours; deleting what is absent is done."""
    kind = KINDS[SCHEDULE]
    scheduler.create_schedule(**request_of(SWITCH))
    for number, description in enumerate(("", "[]", "{}", '{"tailgate:run": 1}', "tailgate")):
        scheduler.create_schedule(**request_of(SWITCH) | {"Name": f"tailgate-{number}", "Description": description})
    found = {one.name: one for one in kind.listed(services)}
    assert [one.name for one in found.values() if one.is_ours] == [NAME]
    assert (found[NAME].expires_at, dict(found[NAME].tags)) == (EXPIRES_AT, SWITCH.tags)
    assert kind.tags(services, NAME) == SWITCH.tags
    kind.delete(services, NAME, AT_ONCE)
    kind.delete(services, NAME, AT_ONCE)
    assert kind.tags(services, NAME) is None
    with pytest.raises(ClientError):
        scheduler.get_schedule(Name=NAME)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_request_is_valid_by_the_service_model_in_each_partition(scheduler: Any, partition: str) -> None:
    """The target is in the role's partition; an owner as long as a tag may be fits."""
    switch = Switch(NAME, EXPIRES_AT, ROLE.replace("aws", partition, 1), ownership_tags("run-1", "o" * 256, EXPIRES_AT))
    request = request_of(switch)
    assert request["Target"]["Arn"].split(":")[1] == partition
    shape = scheduler.meta.service_model.operation_model("CreateSchedule").input_shape
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert len(request["Description"]) <= shape.members["Description"].metadata["max"]

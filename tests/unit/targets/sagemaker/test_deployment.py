"""Creating and deleting by name, where AWS is slow, refuses or loses an answer. Answers are botocore's Stubber's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailgate.aws.clients import Clients, open_clients
from tailgate.aws.custody import delete
from tailgate.aws.refusals import NameTakenError
from tailgate.aws.waiting import Patience, StoppedError
from tailgate.errors import CapacityError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets.sagemaker import create
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.deployment import Conduct, deployed

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
AT_ONCE = Patience(interval_s=0.0, timeout_s=60.0)
CONDUCT = Conduct(deploying=AT_ONCE, deleting=AT_ONCE)
SPEC = EndpointSpec("ranker", instance_type="ml.c6i.xlarge", instance_count=2, routing="LEAST_OUTSTANDING_REQUESTS", variant="blue")
DEPLOYMENT = Deployment("n", SPEC, {"Image": "i"}, "arn:aws:iam::123456789012:role/r", {"tailgate:run": "r1"})
TAGS = [{"Key": "tailgate:run", "Value": "r1"}]
VARIANT = {
    "VariantName": "blue",
    "ModelName": "n",
    "InstanceType": "ml.c6i.xlarge",
    "InitialInstanceCount": 2,
    "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
}


@dataclasses.dataclass
class Script:
    """What AWS is asked, in order, and answers; anything else fails the test."""

    clients: Clients
    stubber: Stubber

    def model(self) -> None:
        """CreateModel succeeds."""
        wanted = {"ModelName": "n", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": DEPLOYMENT.role_arn, "Tags": TAGS}
        self.stubber.add_response("create_model", {"ModelArn": f"{ARN}:model/n"}, wanted)

    def config(self) -> None:
        """CreateEndpointConfig succeeds."""
        wanted = {"EndpointConfigName": "n", "ProductionVariants": [VARIANT], "Tags": TAGS}
        self.stubber.add_response("create_endpoint_config", {"EndpointConfigArn": f"{ARN}:endpoint-config/n"}, wanted)

    def endpoint(self) -> None:
        """CreateEndpoint succeeds."""
        wanted = {"EndpointName": "n", "EndpointConfigName": "n", "Tags": TAGS}
        self.stubber.add_response("create_endpoint", {"EndpointArn": f"{ARN}:endpoint/n"}, wanted)

    def status(self, status: str) -> None:
        """DescribeEndpoint gives this status."""
        times = {"CreationTime": datetime.now(UTC), "LastModifiedTime": datetime.now(UTC)}
        described = {"EndpointName": "n", "EndpointArn": f"{ARN}:endpoint/n", "EndpointStatus": status, **times}
        self.stubber.add_response("describe_endpoint", described, {"EndpointName": "n"})

    def refuse(self, operation: str, message: str, code: str = "ValidationException") -> None:
        """A call is refused."""
        self.stubber.add_client_error(operation, code, message)

    def gone(self, resource: delete.Resource) -> None:
        """A thing is deleted and then not found."""
        self.stubber.add_response(f"delete_{resource.verb}", {}, {resource.key: "n"})
        self.refuse(f"describe_{resource.verb}", f"Could not find {resource.title} x")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    monkeypatch.setattr(create, "_REPEATING", Patience(interval_s=0.0, timeout_s=60.0))
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="A", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield Script(Clients("us-east-1", creating=client, sagemaker=client, ec2=None), stubber)
        stubber.assert_no_pending_responses()


def test_an_endpoint_is_made_used_and_unmade_in_order(script: Script) -> None:
    """Model, configuration, endpoint; endpoint, configuration, model; each with the spec's own fields and tags."""
    script.model()
    script.config()
    script.endpoint()
    script.status("InService")
    for resource in (delete.ENDPOINT, delete.ENDPOINT_CONFIG, delete.MODEL):
        script.gone(resource)
    with deployed(script.clients, DEPLOYMENT, CONDUCT) as described:
        assert described["EndpointStatus"] == "InService"


def test_what_is_not_visible_yet_is_asked_for_again(script: Script) -> None:
    """CreateEndpoint reads the new configuration eventually consistently; a throttled call was not carried out either."""
    script.model()
    script.refuse("create_endpoint_config", "Could not find model x")
    script.config()
    script.refuse("create_endpoint", "Could not find endpoint configuration x")
    script.refuse("create_endpoint", "Rate exceeded", "ThrottlingException")
    script.endpoint()
    script.status("InService")
    for resource in delete.ALL:
        script.gone(resource)
    with deployed(script.clients, DEPLOYMENT, CONDUCT):
        pass


def test_what_stays_invisible_is_an_error_in_the_end(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience with eventual consistency ends, and the last refusal is told."""
    monkeypatch.setattr(create, "_REPEATING", Patience(interval_s=0.0, timeout_s=0.0))
    script.refuse("create_model", "Could not find model data")
    with pytest.raises(TargetError, match="could not create the model n: ValidationException: Could not find model data"):
        create.create_model(script.clients.creating, DEPLOYMENT)


def test_a_create_that_failed_is_deleted_all_the_same(script: Script) -> None:
    """The answer may have been lost while the work was done: what was begun is deleted, what was not begun is not."""
    script.model()
    script.refuse("create_endpoint_config", "internal", "InternalFailure")
    script.refuse("delete_endpoint_config", "Could not find endpoint configuration x")
    script.gone(delete.MODEL)
    with pytest.raises(TargetError, match="could not create the endpoint configuration n"), deployed(script.clients, DEPLOYMENT, CONDUCT):
        pytest.fail("there is no endpoint")


def test_what_was_there_before_is_left_alone(script: Script) -> None:
    """An endpoint of the same name is somebody else's: only our own model and configuration go."""
    script.model()
    script.config()
    script.refuse("create_endpoint", f'Cannot create already existing endpoint "{ARN}:endpoint/n".')
    script.gone(delete.ENDPOINT_CONFIG)
    script.gone(delete.MODEL)
    with pytest.raises(NameTakenError, match="left untouched"), deployed(script.clients, DEPLOYMENT, CONDUCT):
        pytest.fail("there is no endpoint")


def test_a_quota_is_a_reason_to_skip(script: Script) -> None:
    """ResourceLimitExceeded is a CapacityError, and leaves nothing behind."""
    script.model()
    script.config()
    script.refuse("create_endpoint", "The account-level service limit …", "ResourceLimitExceeded")
    script.refuse("delete_endpoint", "Could not find endpoint x")
    script.gone(delete.ENDPOINT_CONFIG)
    script.gone(delete.MODEL)
    with pytest.raises(CapacityError), deployed(script.clients, DEPLOYMENT, CONDUCT):
        pytest.fail("there is no endpoint")


def test_a_stop_before_the_first_create_creates_nothing(script: Script) -> None:
    """No call is made at all: the stubber has no answer to give."""
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError, match="as asked"), deployed(script.clients, DEPLOYMENT, dataclasses.replace(CONDUCT, stop=stop)):
        pytest.fail("there is no endpoint")


def test_an_error_inside_is_raised_and_a_failed_deletion_noted_on_it(script: Script) -> None:
    """What went wrong first is what people must see; what is left behind must not be lost either."""
    script.model()
    script.config()
    script.endpoint()
    script.status("InService")
    script.refuse("delete_endpoint", "not you", "AccessDeniedException")
    script.gone(delete.ENDPOINT_CONFIG)
    script.gone(delete.MODEL)
    with pytest.raises(ZeroDivisionError) as raised, deployed(script.clients, DEPLOYMENT, CONDUCT):
        _ = 1 / 0
    assert "could not delete the endpoint n: AccessDeniedException" in raised.value.__notes__[0]


def test_deletion_waits_until_creating_has_ended(script: Script) -> None:
    """SageMaker refuses to delete what is being created; the wish is repeated, and Deleting is waited out."""
    script.refuse("delete_endpoint", 'Cannot update in-progress endpoint "x".')
    script.refuse("delete_endpoint", 'Cannot update in-progress endpoint "x".')
    script.stubber.add_response("delete_endpoint", {})
    script.status("Deleting")
    script.status("Deleting")
    script.refuse("describe_endpoint", "Could not find endpoint x")
    delete.delete(script.clients.sagemaker, delete.ENDPOINT, "n", AT_ONCE)


def test_a_deletion_goes_on_where_aws_is_busy(script: Script) -> None:
    """Failures of its own and throttles pass, as long as patience bears silence; then they are told as they are."""
    for code, http in (("InternalFailure", 500), ("ThrottlingException", 400), ("ServiceUnavailable", 503)):
        script.stubber.add_client_error("delete_endpoint", code, "busy", http_status_code=http)
    script.stubber.add_response("delete_endpoint", {})
    script.stubber.add_client_error("describe_endpoint", "InternalFailure", "busy", http_status_code=500)
    script.refuse("describe_endpoint", "Could not find endpoint x")
    delete.delete(script.clients.sagemaker, delete.ENDPOINT, "n", dataclasses.replace(AT_ONCE, silence_s=60.0))
    script.stubber.add_client_error("delete_endpoint", "InternalFailure", "busy", http_status_code=500)
    with pytest.raises(TargetError, match="could not delete the endpoint n: InternalFailure: busy"):
        delete.delete(script.clients.sagemaker, delete.ENDPOINT, "n", AT_ONCE)


@pytest.mark.parametrize("accepted", [True, False])
def test_what_is_still_there_when_patience_ends_is_told_with_the_command_to_type(script: Script, accepted: bool) -> None:
    """The sentence says whether deletion was accepted, and how to do it by hand."""
    if accepted:
        script.stubber.add_response("delete_endpoint", {})
        script.status("Deleting")
    else:
        script.refuse("delete_endpoint", "Cannot update in-progress endpoint x")
    seen = "deletion was accepted" if accepted else "refused while it is being created"
    with pytest.raises(TargetError, match=rf"{seen}.*aws sagemaker delete-endpoint --endpoint-name n"):
        delete.delete(script.clients.sagemaker, delete.ENDPOINT, "n", Patience(0.0, 0.0))


def test_one_that_cannot_be_deleted_does_not_spare_the_others(script: Script) -> None:
    """Each is tried; the error names all that is left."""
    script.refuse("delete_endpoint", "no", "AccessDeniedException")
    script.gone(delete.ENDPOINT_CONFIG)
    script.refuse("delete_model", "no", "AccessDeniedException")
    with pytest.raises(TargetError, match=r"could not delete the endpoint n: .*; could not delete the model n: ") as left:
        delete.delete_all(script.clients.sagemaker, "n", AT_ONCE)
    assert isinstance(left.value.__cause__, ExceptionGroup)


def test_deleting_what_does_not_exist_is_done_already(script: Script) -> None:
    """Deletion is by name and may be repeated by whoever comes next."""
    for resource in delete.ALL:
        script.refuse(f"delete_{resource.verb}", f"Could not find {resource.title} x")
    delete.delete_all(script.clients.sagemaker, "n", AT_ONCE)


def test_creates_are_not_retried_by_botocore_and_the_rest_is() -> None:
    """A create repeated unseen would come back as "already existing"."""
    session = boto3.Session(aws_access_key_id="A", aws_secret_access_key="b")
    clients = open_clients(session, "eu-west-1")
    attempts = {name: getattr(clients, name).meta.config.retries["total_max_attempts"] for name in ("creating", "sagemaker", "ec2")}
    assert attempts == {"creating": 1, "sagemaker": 3, "ec2": 3}
    assert clients.sagemaker.meta.endpoint_url == "https://api.sagemaker.eu-west-1.amazonaws.com"


class Noted:
    """A ledger that remembers what it was told, and when a client was asked."""

    def __init__(self, client: Any) -> None:
        self.course: list[str] = []
        client.meta.events.register("before-parameter-build.sagemaker.*", lambda model, **_: self.course.append(model.name))

    def about_to_create(self, kind: str, name: str) -> None:
        """Remember."""
        self.course.append(f"note {kind} {name}")

    def gone(self, kind: str, name: str) -> None:
        """Remember."""
        self.course.append(f"{kind} {name} gone")


def test_each_thing_is_noted_before_it_is_created_and_when_it_is_gone(script: Script) -> None:
    """A crash at any moment finds what may exist in the ledger; what is another's is struck out again."""
    noted = Noted(script.clients.sagemaker)
    script.model()
    script.config()
    script.refuse("create_endpoint", f'Cannot create already existing endpoint "{ARN}:endpoint/n".')
    script.gone(delete.ENDPOINT_CONFIG)
    script.refuse("delete_model", "no", "AccessDeniedException")
    with pytest.raises(NameTakenError), deployed(script.clients, DEPLOYMENT, CONDUCT, noted):
        pytest.fail("there is no endpoint")
    creates = ["note model n", "CreateModel", "note endpoint_config n", "CreateEndpointConfig", "note endpoint n", "CreateEndpoint"]
    deletes = ["DeleteEndpointConfig", "DescribeEndpointConfig", "endpoint_config n gone", "DeleteModel"]
    assert noted.course == [*creates, "endpoint n gone", *deletes]

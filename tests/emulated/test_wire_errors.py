"""Every error that botocore knows of the runtime, as an unmodified boto3 client meets it.

The lists come from botocore's own service model: an error that a later botocore adds fails here until it can be had.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.config
import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

from tailgate.targets.emulated.wire_errors import ON_DEMAND

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane

MODEL = botocore.session.Session().get_service_model("sagemaker-runtime")
DECLARED = [(operation, shape.name) for operation in MODEL.operation_names for shape in MODEL.operation_model(operation).error_shapes]
STREAMED = [shape.name for shape in MODEL.shape_for("ResponseStream").members.values() if shape.metadata.get("exception")]
INVOKE = {
    "InvokeEndpoint": lambda client, **arguments: client.invoke_endpoint(Body=b"{}", **arguments),
    "InvokeEndpointAsync": lambda client, **arguments: client.invoke_endpoint_async(InputLocation="s3://bucket/key", **arguments),
    "InvokeEndpointWithResponseStream": lambda client, **arguments: client.invoke_endpoint_with_response_stream(Body=b"{}", **arguments),
}


def refused(client: Any, operation: str, **arguments: Any) -> ClientError:
    """The error that a call raises."""
    with pytest.raises(ClientError) as refusal:
        INVOKE[operation](client, **arguments)
    return refusal.value


def test_the_model_still_has_the_operations_that_are_emulated() -> None:
    """A new operation in botocore's model is noticed, and no list below is empty by mistake."""
    assert set(MODEL.operation_names) == set(INVOKE)
    assert len(DECLARED) >= 15
    assert set(STREAMED) >= {"ModelStreamError", "InternalStreamFailure"}


@pytest.mark.parametrize(("operation", "name"), DECLARED, ids=[f"{operation}-{name}" for operation, name in DECLARED])
def test_a_declared_error_raises_its_own_class_with_code_status_and_members(runtime: Any, endpoint: str, operation: str, name: str) -> None:
    """For each operation and each error it declares: class, code, HTTP status, request id and every member of its shape."""
    shape = MODEL.shape_for(name)
    asked = f"before-stream:{name}" if name in STREAMED else name
    error = refused(runtime, operation, EndpointName=endpoint, CustomAttributes=f"tailgate-fault={asked}")
    assert type(error) is getattr(runtime.exceptions, name)
    assert error.response["Error"]["Code"] == name
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata.get("error", {}).get("httpStatusCode", 400)
    assert error.response["ResponseMetadata"]["RequestId"]
    for member in shape.members:
        assert error.response[member] not in (None, ""), member
    assert error.response["Message"] == error.response["Error"]["Message"]


@pytest.mark.parametrize("name", STREAMED)
def test_an_error_amid_a_stream_comes_after_a_part_of_the_answer(runtime: Any, endpoint: str, name: str) -> None:
    """The status is 200, a part arrives, then the stream raises botocore's EventStreamError with the error's code."""
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"{}", CustomAttributes=f"tailgate-fault={name}")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    parts: list[Any] = []
    with pytest.raises(EventStreamError) as failure:
        parts.extend(response["Body"])
    response["Body"].close()
    assert parts == [{"PayloadPart": {"Bytes": b'{"prediction": 1}'}}]
    assert failure.value.response["Error"]["Code"] == name
    assert failure.value.response["Error"]["Message"]


@pytest.mark.parametrize("name", STREAMED)
def test_an_error_amid_a_stream_carries_every_member_of_its_shape(runtime: Any, endpoint: str, name: str) -> None:
    """botocore's exception drops all but the message, so the event itself is read, by botocore's own decoder."""
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"{}", CustomAttributes=f"tailgate-fault={name}")
    events = EventStreamBuffer()
    events.add_data(b"".join(response["Body"]._raw_stream.stream()))
    part, error = list(events)
    assert (part.headers[":event-type"], part.payload) == ("PayloadPart", b'{"prediction": 1}')
    assert error.headers[":message-type"] == "exception"
    assert error.headers[":exception-type"] == name
    parsed = json.loads(error.payload)
    assert set(parsed) == set(MODEL.shape_for(name).members)
    assert all(parsed.values())


def test_a_model_error_tells_what_the_model_said_and_where_its_log_is(runtime: Any, endpoint: str) -> None:
    """424 with the model's own status and message, the log stream, and the sentence that AWS makes of them."""
    error = refused(runtime, "InvokeEndpoint", EndpointName=endpoint, CustomAttributes="tailgate-fault=ModelError").response
    assert (error["OriginalStatusCode"], error["OriginalMessage"]) == (500, "The emulated model was asked for an error.")
    assert error["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{endpoint}")
    assert error["Message"].startswith('Received server error (500) from AllTraffic with message "The emulated model')


def test_a_throttle_is_an_unmodelled_400_without_a_text(runtime: Any, endpoint: str) -> None:
    """As SageMaker does it: botocore knows no such shape, so a plain ClientError, whose message is null on the wire."""
    error = refused(runtime, "InvokeEndpoint", EndpointName=endpoint, CustomAttributes="tailgate-fault=ThrottlingException")
    assert type(error) is ClientError
    assert error.response["Error"] == {"Code": "ThrottlingException", "Message": None}
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("code", sorted(ON_DEMAND))
def test_every_error_on_demand_arrives_as_what_was_asked_for(runtime: Any, endpoint: str, code: str) -> None:
    """Also those that botocore does not model keep their code and status."""
    error = refused(runtime, "InvokeEndpoint", EndpointName=endpoint, CustomAttributes=f"trace=1; tailgate-fault={code}")
    assert error.response["Error"]["Code"] == code
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == ON_DEMAND[code].status


def test_retries_see_the_same_error_again(data_plane: DataPlane, endpoint: str) -> None:
    """A client that is left its retries makes three attempts at a throttle: this is the second that it hides."""
    config = botocore.config.Config(retries={"total_max_attempts": 3, "mode": "standard"})
    client = data_plane.client(config=config)
    error = refused(client, "InvokeEndpoint", EndpointName=endpoint, CustomAttributes="tailgate-fault=ThrottlingException")
    assert error.response["ResponseMetadata"]["RetryAttempts"] == 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("ThrottlingExeption", "did you mean 'ThrottlingException'?"),
        ("stall=soon", "write a number of seconds"),
        ("stall=-1", "write a number of seconds"),
        ("stall=nan", "write a number of seconds"),
        ("", "allowed: "),
        ("ModelStreamError", "comes amid a stream"),
    ],
)
def test_a_fault_that_cannot_be_meant_is_a_validation_error_that_says_so(runtime: Any, endpoint: str, asked: str, told: str) -> None:
    """A misspelt fault does not pass for a healthy answer."""
    error = refused(runtime, "InvokeEndpoint", EndpointName=endpoint, CustomAttributes=f"tailgate-fault={asked}")
    assert type(error) is runtime.exceptions.ValidationError
    assert told in str(error)

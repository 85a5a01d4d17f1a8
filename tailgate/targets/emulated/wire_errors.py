"""Wire errors: what SageMaker's runtime says when it does not answer, in the bytes that it says it with.

Codes, statuses and members are those of botocore's `sagemaker-runtime` model. Texts are AWS's where a public issue thread
quotes them, and marked (unverified) where none was found.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from tailgate.targets.emulated.event_stream import exception_event
from tailgate.targets.emulated.messages import MAX_BODY_BYTES, Answer, respond

ACCOUNT = "123456789012"
"""The account of everything emulated; moto's."""

MODEL_TIMEOUT_S = 60.0
"""How long SageMaker waits for a model."""

_TRY_AGAIN = "Try your request again."


@dataclass(frozen=True, slots=True)
class WireError:
    """One error. code: None where AWS names none, and sends the message as plain text. members: beside the message.

    modelled: botocore knows its shape, whose message member is spelt `Message`; all others are spelt `message`.
    """

    code: str | None
    status: int
    message: str | None
    members: Mapping[str, object] = field(default_factory=dict)
    modelled: bool = True

    def answer(self, *, keep_alive: bool = True) -> Answer:
        """The error as an HTTP response."""
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        if self.code is None:
            return respond(self.status, headers | {"Content-Type": "text/plain"}, (self.message or "").encode(), keep_alive=keep_alive)
        headers |= {"x-amzn-ErrorType": self.code, "Content-Type": "application/json"}
        return respond(self.status, headers, self._body(), keep_alive=keep_alive)

    def event(self) -> bytes:
        """The error as it comes amid an event stream whose status has long been 200."""
        return exception_event(str(self.code), self._body())

    def _body(self) -> bytes:
        return json.dumps({**self.members, "Message" if self.modelled else "message": self.message}).encode()


def denied(code: str, message: str) -> WireError:
    """A request that is not authentic."""
    return WireError(code, 403, message, modelled=False)


def invalid(message: str) -> WireError:
    """A request that cannot be meant."""
    return WireError("ValidationError", 400, message)


def unknown_operation() -> WireError:
    """A path or method that the runtime does not have."""
    return WireError("UnknownOperationException", 404, None, modelled=False)


def endpoint_not_found(name: str) -> WireError:
    """An endpoint that does not exist (text as quoted in aws/amazon-sagemaker-examples#293)."""
    return invalid(f"Endpoint {name} of account {ACCOUNT} not found.")


def endpoint_not_in_service(name: str, status: str) -> WireError:
    """An endpoint that exists but does not serve (text unverified)."""
    return invalid(f"Endpoint {name} of account {ACCOUNT} is not in service: its status is {status}.")


def endpoint_not_asynchronous(name: str) -> WireError:
    """An asynchronous invocation; emulated endpoints have no AsyncInferenceConfig (text unverified)."""
    return invalid(f"Endpoint {name} of account {ACCOUNT} does not support asynchronous inference.")


def variant_not_found(name: str, variant: str) -> WireError:
    """A target variant that the endpoint does not have (text unverified)."""
    return invalid(f"Variant {variant} not found for endpoint {name} of account {ACCOUNT}.")


def payload_too_large() -> WireError:
    """A body above the limit: plain text without a code, so that boto3 makes its status, 413, the code.

    As quoted in aws/sagemaker-python-sdk#171, with today's limit.
    """
    return WireError(None, 413, f"HTTP content length exceeded {MAX_BODY_BYTES} bytes.")


def throttled() -> WireError:
    """Too many requests: a 400 with no text at all, which botocore does not model (opensearch-project/ml-commons#2429)."""
    return WireError("ThrottlingException", 400, None, modelled=False)


def control_plane_lost(why: str) -> WireError:
    """The emulation's own trouble: it cannot be known whether the endpoint exists."""
    return WireError("InternalFailure", 500, f"The emulated control plane cannot be asked for the endpoint: {why}")


def model_error(region: str, endpoint: str, variant: str, status: int, message: str) -> WireError:
    """The model answered with an error, or (status 0) not at all. Texts as in aws/amazon-sagemaker-examples#407."""
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    whose = "client" if 400 <= status < 500 else "server"
    text = (
        f'Received {whose} error ({status}) from {variant} with message "{message}". See https://{region}.console.aws.amazon.com/'
        f"cloudwatch/home?region={region}#logEventViewer:group={group} in account {ACCOUNT} for more information."
    )
    members = {
        "ErrorCode": f"{whose.upper()}_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}",
        "OriginalMessage": message,
        "OriginalStatusCode": status,
    }
    return WireError("ModelError", 424, text, members)


def model_timed_out(region: str, endpoint: str, variant: str) -> WireError:
    """The model took longer than MODEL_TIMEOUT_S (aws/amazon-sagemaker-examples#1407)."""
    message = (
        f"Your invocation timed out while waiting for a response from container {variant}. Review the latency metrics for each "
        "container in Amazon CloudWatch, resolve the issue, and try again."
    )
    return model_error(region, endpoint, variant, 0, message)


ON_DEMAND: Mapping[str, WireError] = {
    error.code: error
    for error in (
        throttled(),
        invalid("The emulated endpoint was asked for a ValidationError."),
        WireError("InternalDependencyException", 530, f"Your request caused an exception with an internal dependency. {_TRY_AGAIN}"),
        WireError("InternalFailure", 500, f"An internal failure occurred. {_TRY_AGAIN}"),
        WireError("ModelNotReadyException", 429, f"The model is not ready for inference requests. {_TRY_AGAIN}"),
        WireError("ServiceUnavailable", 503, f"The service is unavailable. {_TRY_AGAIN}"),
        denied("AccessDeniedException", "User is not authorized to perform: sagemaker:InvokeEndpoint"),
        denied("ExpiredTokenException", "The security token included in the request is expired"),
    )
    if error.code
}
"""Errors that can be asked for, by code, beside ModelError, whose text depends on whom it befalls."""

IN_STREAM: Mapping[str, WireError] = {
    "ModelStreamError": WireError(
        "ModelStreamError", 400, "An error occurred while streaming the response body.", {"ErrorCode": "StreamBroken"}
    ),
    "InternalStreamFailure": WireError("InternalStreamFailure", 400, f"The stream processing failed. {_TRY_AGAIN}"),
}
"""Errors that come amid a response stream; 400 is their status where they come before it (API reference)."""

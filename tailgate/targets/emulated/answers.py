"""Answers: what an endpoint says to an invocation that it has taken in. Pure.

It is the model that ships with tailgate that answers; the user's own is not run. A streamed answer is one part.
"""

from __future__ import annotations

import uuid

from tailgate.models import constant
from tailgate.targets.emulated import event_stream, wire_errors
from tailgate.targets.emulated.faults import MODEL_ERROR, WRONG_ANSWER, Fault
from tailgate.targets.emulated.messages import Answer, Ending, Request, respond

PLAIN = "invocations"
STREAMED = "invocations-response-stream"
ASYNCHRONOUS = "async-invocations"

_WRONG_ANSWER = b'{"prediction": "wrong"}'
_FAILURE = "The emulated model was asked for an error."
_BROKEN_OFF = {
    "reset": Answer(0, b"", Ending.RESET),
    "close": Answer(0, b"", Ending.CLOSE),
    "garbage": Answer(0, b"\x00\xff this is no HTTP \xff\x00\r\n\r\n", Ending.CLOSE),
}


def answer(request: Request, operation: str, region: str, endpoint: str, variant: str, fault: Fault) -> Answer:
    """The model's answer, or what was asked for in its place."""
    if fault.kind in _BROKEN_OFF:
        return _BROKEN_OFF[fault.kind]
    if fault.kind == MODEL_ERROR:
        return wire_errors.model_error(region, endpoint, variant, 500, _FAILURE).answer(keep_alive=request.keep_alive)
    body = _WRONG_ANSWER if fault.kind == WRONG_ANSWER else constant.answer(request.body)
    headers = {"x-amzn-RequestId": str(uuid.uuid4()), "x-Amzn-Invoked-Production-Variant": variant}
    if operation == STREAMED:
        headers |= {"X-Amzn-SageMaker-Content-Type": constant.CONTENT_TYPE, "Content-Type": event_stream.CONTENT_TYPE}
        error = wire_errors.IN_STREAM.get(fault.kind)
        body = event_stream.payload_part(body) + (error.event() if error else b"")
    else:
        headers["Content-Type"] = constant.CONTENT_TYPE
    return respond(200, headers, body, keep_alive=request.keep_alive, chunked=operation == STREAMED)

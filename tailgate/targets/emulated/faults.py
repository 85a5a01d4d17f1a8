"""Faults: what a caller may ask to go wrong with its own request. A convention of the emulator, unknown to AWS.

It rides in SageMaker's own free-form header, so that an unmodified client can send it:

    X-Amzn-SageMaker-Custom-Attributes: tailgate-fault=FAULT        (boto3: CustomAttributes="tailgate-fault=FAULT")

beside other attributes, separated by semicolons. FAULT is one of

    an error's code      ThrottlingException, ModelNotReadyException, ServiceUnavailable, …: that error, at once;
                         ModelError after the time that an answer would have taken
    ModelStreamError, InternalStreamFailure      amid the stream of a streaming invocation, after a part of the answer;
                         with `before-stream:` in front of the code, as the HTTP error of any invocation
    reset, close         the connection, instead of an answer and at its time: by RST, or in an orderly way
    garbage              bytes that are no HTTP, and the end of the connection
    wrong-answer         a 200 whose body is not the model's
    stall=SECONDS        the right answer, that much later
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tailgate.errors import nearest
from tailgate.targets.emulated.wire_errors import IN_STREAM, ON_DEMAND, WireError, invalid

HEADER = "x-amzn-sagemaker-custom-attributes"
MODEL_ERROR = "ModelError"
CONNECTION_FAULTS = ("reset", "close", "garbage")
WRONG_ANSWER = "wrong-answer"

_KEY = "tailgate-fault"
_BEFORE_STREAM = "before-stream:"
_LONGEST_STALL_S = 3600.0
_NAMES = (*ON_DEMAND, *IN_STREAM, MODEL_ERROR, *CONNECTION_FAULTS, WRONG_ANSWER, "stall=SECONDS")


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall go wrong. kind: a name as in this module's text, or empty where only error or stall_s speak."""

    kind: str = ""
    error: WireError | None = None
    stall_s: float = 0.0


def fault_asked_for(custom_attributes: str | None) -> Fault | None:
    """The fault in a Custom-Attributes header, if there is one. What cannot be meant is itself a ValidationError."""
    for attribute in (custom_attributes or "").split(";"):
        key, _, value = attribute.strip().partition("=")
        if key == _KEY:
            return _fault(value)
    return None


def _fault(name: str) -> Fault:
    if name in ON_DEMAND:
        return Fault(error=ON_DEMAND[name])
    if name.removeprefix(_BEFORE_STREAM) in IN_STREAM:
        code = name.removeprefix(_BEFORE_STREAM)
        return Fault(kind=code) if code == name else Fault(error=IN_STREAM[code])
    if name in (MODEL_ERROR, WRONG_ANSWER, *CONNECTION_FAULTS):
        return Fault(kind=name)
    stall, _, seconds = name.partition("=")
    if stall == "stall":
        return _stall(seconds)
    return Fault(error=invalid(f"{_KEY} is '{name}'{nearest(name, _NAMES)}"))


def _stall(seconds: str) -> Fault:
    try:
        stall_s = float(seconds)
    except ValueError:
        stall_s = math.nan
    if 0 <= stall_s <= _LONGEST_STALL_S:
        return Fault(stall_s=stall_s)
    return Fault(error=invalid(f"{_KEY} is 'stall={seconds}'; write a number of seconds from 0 to {_LONGEST_STALL_S:.0f}, as stall=2.5"))

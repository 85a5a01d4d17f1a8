"""Which of AWS's operations an HTTP request is, as botocore's own service models tell; and an error as its protocol writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import OperationModel, ServiceModel

SERVICES = ("sagemaker", "sagemaker-runtime", "s3", "ec2", "sts", "iam", "scheduler", "cloudwatch", "pricing", "ssm", "service-quotas")
"""The services that the code asks, as boto3 calls them."""

_LIKE_ANOTHER = frozenset({"ListDirectoryBuckets"})  # the method and path of ListBuckets, at another host


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came. headers: names in lower case. target: path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Named:
    """What a request is: `sagemaker`, `CreateModel`, in the protocol `json`."""

    service: str
    operation: str
    protocol: str


def named(request: Request) -> Named:
    """The operation that is asked for. Raises LookupError where no model knows it."""
    services = _signed_for(request)
    path = urlsplit(request.target).path
    if target := request.headers.get("x-amz-target"):
        prefix, _, operation = target.rpartition(".")
        owner = next(name for name in services if model_of(name).metadata.get("targetPrefix") == prefix)
        return Named(owner, operation, "json")
    if found := re.fullmatch(r"/service/(\w+)/operation/(\w+)", path):
        owner = next(name for name in services if model_of(name).metadata.get("targetPrefix") == found[1])
        return Named(owner, found[2], "smithy-rpc-v2-cbor")
    for name in services:
        protocol = model_of(name).metadata["protocol"]
        if protocol in ("query", "ec2") and (action := parse_qs(request.body.decode()).get("Action")):
            return Named(name, action[0], protocol)
    fitting = [(weight, name, operation) for name in services for weight, operation in _rest_operations(name, request)]
    if not fitting:
        raise LookupError(f"no operation of {', '.join(services)} is {request.method} {request.target}")
    _, name, operation = max(fitting)
    return Named(name, operation, model_of(name).metadata["protocol"])


def refusal(protocol: str, status: int, code: str, message: str) -> Answer:
    """An error as AWS writes it in a protocol."""
    said = {"__type": code, "message": message}
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case "json":
            return Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said).encode())
        case "rest-json":
            return Answer(status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, json.dumps(said).encode())
        case "smithy-rpc-v2-cbor":
            pairs = b"".join(_cbor_text(word) for pair in said.items() for word in pair)
            return Answer(status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, b"\xa2" + pairs)
        case "query":
            xml = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>0</RequestId></ErrorResponse>"
        case "ec2":
            xml = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>0</RequestID></Response>"
        case _:
            xml = f"<Error>{error}<RequestId>0</RequestId></Error>"
    return Answer(status, {"Content-Type": "text/xml"}, xml.encode())


@cache
def model_of(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return _session().get_service_model(service)


@cache
def _session() -> Any:
    return botocore.session.Session()


def _signed_for(request: Request) -> list[str]:
    """The services that share the name for which the request is signed; all where it is not signed."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", request.headers.get("authorization", ""))
    return [name for name in SERVICES if scope is None or model_of(name).signing_name == scope[1]]


def _rest_operations(service: str, request: Request) -> Iterator[tuple[int, str]]:
    """The operations of a REST service that the request may be, each with how much of it they explain."""
    path, query = urlsplit(request.target).path, parse_qs(urlsplit(request.target).query, keep_blank_values=True)
    for operation in _by_method(service).get(request.method, ()):
        template, _, fixed = operation.http["requestUri"].partition("?")
        matched = _pattern(template).fullmatch(path)
        wanted = parse_qs(fixed, keep_blank_values=True)
        needed = list(_needed(operation))
        there = all(name in (query if where == "querystring" else request.headers) for where, name in needed)
        if matched and there and all(query.get(key) == value for key, value in wanted.items()):
            yield len(template) + 100 * (len(wanted) + len(needed)), operation.name


@cache
def _by_method(service: str) -> dict[str, list[OperationModel]]:
    model = model_of(service)
    found: dict[str, list[OperationModel]] = {}
    if model.metadata["protocol"].startswith("rest-"):
        for name in model.operation_names:
            operation = model.operation_model(name)
            if not operation.deprecated and name not in _LIKE_ANOTHER:
                found.setdefault(operation.http["method"], []).append(operation)
    return found


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """`/{Bucket}/{Key+}` as a regular expression."""
    parts = re.split(r"(\{\w+\+?\})", template)
    return re.compile(
        "".join((".+" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts) + "/?"
    )


def _needed(operation: OperationModel) -> Iterator[tuple[str, str]]:
    """The required members that travel in query or headers: where, and under which name."""
    shape = operation.input_shape
    for name in shape.required_members if shape is not None else ():
        wire = shape.members[name].serialization
        if wire.get("location") in ("querystring", "header"):
            yield wire["location"], wire["name"] if wire["location"] == "querystring" else wire["name"].lower()


def _cbor_text(word: str) -> bytes:
    """A text of less than 65536 bytes, in CBOR."""
    return b"\x79" + len(word.encode()).to_bytes(2, "big") + word.encode()

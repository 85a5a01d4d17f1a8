"""Weighs a policy's statements as IAM does, as far as examples/iam goes: action, resource, and three operators of conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from tests.faults.aws_proxy import Call

_PARTS = {  # what a call of EC2's is about, beside what it tags, as the Service Authorization Reference tells
    "RunInstances": ("image", "instance", "network-interface", "security-group", "subnet", "volume"),
    "CreateSecurityGroup": ("security-group", "vpc"),
}
_PLACES = {"image": "arn:aws:ec2:eu-west-1::image/ami-1"}


def allows(statements: Sequence[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether any statement does. context: the condition keys that the request has, each with its value."""
    return any(
        action in _words(each["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in _words(each["Resource"]))
        and _holds(each.get("Condition", {}), context)
        for each in statements
    )


def asked_of(call: Call) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What a call of EC2's that creates asks IAM for: action, resource, condition keys; tags that it gives are asked for apart."""
    said = {name: values[0] for name, values in parse_qs(call.request.body.decode()).items()}
    tags = dict(_tags(said))
    for part in _PARTS[call.operation]:
        context = {f"aws:RequestTag/{key}": value for key, value in tags.get(part, {}).items()}
        if part == "instance":
            context["ec2:MetadataHttpTokens"] = said.get("MetadataOptions.HttpTokens", "optional")
        if part == "volume":
            context["ec2:Encrypted"] = said.get("BlockDeviceMapping.1.Ebs.Encrypted", "false")
        yield f"ec2:{call.operation}", _arn(part), context
    for part, given in tags.items():
        keys = {f"aws:RequestTag/{key}": value for key, value in given.items()}
        yield "ec2:CreateTags", _arn(part), keys | {"ec2:CreateAction": call.operation}


def _arn(part: str) -> str:
    return _PLACES.get(part, f"arn:aws:ec2:eu-west-1:123456789012:{part}/x-0123456789abcdef0")


def _tags(said: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The tags that a request gives, by kind of resource."""
    for name, kind in said.items():
        if name.startswith("TagSpecification.") and name.endswith(".ResourceType"):
            stem = f"{name.removesuffix('.ResourceType')}.Tag."
            keys = {one.split(".")[3]: key for one, key in said.items() if one.startswith(stem) and one.endswith(".Key")}
            yield kind, {key: said[f"{stem}{number}.Value"] for number, key in keys.items()}


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(_OPERATORS[operator](context, key, value) for operator, each in conditions.items() for key, value in each.items())


_OPERATORS = {
    "StringEquals": lambda context, key, value: context.get(key) in _words(value),
    "Bool": lambda context, key, value: context.get(key) == value,
    "Null": lambda context, key, value: (key not in context) == (value == "true"),
}


def _words(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

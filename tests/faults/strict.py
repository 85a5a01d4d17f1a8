"""What botocore's service models say of parameters and responses beyond what botocore itself checks: patterns, lengths, enums."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.history import get_global_history_recorder
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from tests.faults.aws_calls import SERVICES, model_of


class Keeper:
    """A handler of botocore's own history: every call of every client of this process, and every response as it was parsed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def emit(self, event_type: str, payload: Any, source: str) -> None:  # noqa: ARG002  # botocore passes it
        """Keep it as a line of JSON."""
        if event_type == "API_CALL":
            self._keep({"call": [payload["service"], payload["operation"]], "params": payload["params"]})
        elif event_type == "PARSED_RESPONSE":
            self._keep({"response": payload})

    def _keep(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, default=_plain) + "\n")
        self._file.flush()


def keep_history(path: Path) -> None:
    """From now on keep every call of this process."""
    recorder = get_global_history_recorder()
    recorder.add_handler(Keeper(path))
    recorder.enable()


def calls_in(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Service, operation and parameters of each call that was kept."""
    for line in path.read_text().splitlines():
        kept = json.loads(line)
        if "call" in kept:
            yield kept["call"][0], kept["call"][1], kept["params"]


def faults_of(service: str, operation: str, params: Any) -> list[str]:
    """What is not as the service's model wants it; the service by boto3's name."""
    shape = model_of(service).operation_model(operation).input_shape
    if shape is None:
        return [] if not params else [f"{operation} takes no parameters"]
    report = ParamValidator().validate(params, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(_faults(shape, params, operation))


def known(service: str) -> bool:
    """Whether the tests know the service by this name."""
    return service in SERVICES


def _faults(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if name in shape.members:
                yield from _faults(shape.members[name], inner, f"{where}.{name}")
            else:
                yield f"{where} has no member {name}"
    elif isinstance(shape, ListShape):
        for number, inner in enumerate(value):
            yield from _faults(shape.member, inner, f"{where}[{number}]")
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from _faults(shape.key, key, f"{where} key")
            yield from _faults(shape.value, inner, f"{where}[{key}]")
    if isinstance(value, str | list | dict):
        yield from _of_length(shape, value, where)
    if isinstance(value, str):
        yield from _of_text(shape, value, where)


def _of_length(shape: Shape, value: Any, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if shape.type_name in ("string", "list", "map") and (len(value) < least or (most is not None and len(value) > most)):
        yield f"{where} has length {len(value)}, allowed are {least} to {most}: {value!r}"


def _of_text(shape: Shape, value: str, where: str) -> Iterator[str]:
    pattern, enum = shape.metadata.get("pattern"), getattr(shape, "enum", None)
    if enum and value not in enum:
        yield f"{where} is {value!r}, which is none of the model's {len(enum)}"
    if pattern is not None and re.fullmatch(_as_python(pattern), value) is None:
        yield f"{where} is {value!r}, which does not match {pattern}"


def _as_python(pattern: str) -> str:
    r"""A pattern of the models, which are Java's: `\p{L}` is any letter."""
    pattern = pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s").replace(r"\p{L}\p{N}", r"\w").replace(r"\p{L}", r"\w")
    return pattern.replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d").replace(r"\P{C}", r"\s\S").replace(r"\p{M}", "").replace(r"\p{S}", "")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else "not kept"

"""Expect: what a right answer looks like. A 200 with a wrong body is an exceedance, not a success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import check_is, shown


@dataclass(frozen=True, slots=True)
class Expect:
    """A check of each answer; the status must be 2xx in any case.

    body: the exact bytes. contains: bytes that occur in the body. json: the JSON document, as canonical text.
    """

    body: bytes | None = None
    contains: bytes | None = None
    json: str | None = None

    @classmethod
    def of(cls, /, **fields: Any) -> Expect:
        """From plain values: `Expect.of(json={"prediction": 1})`, `Expect.of(contains="prediction")`. Raises PlanError."""
        for key in fields:
            if key not in cls.__dataclass_fields__:
                raise PlanError(f"expect: unknown key '{key}'{nearest(key, cls.__dataclass_fields__)}")
        if not fields:
            raise PlanError("expect: name body, contains or json")
        built: dict[str, Any] = {}
        for key, value in fields.items():
            if key == "json":
                built[key] = _written(value)
            else:
                built[key] = value if isinstance(value, bytes) else _encoded(key, value)
        return cls(**built)

    def __post_init__(self) -> None:
        for key in ("body", "contains"):
            check_is(f"expect: {key}", getattr(self, key), (bytes, type(None)), f"bytes; for a text write Expect.of({key}=...)")
        check_is("expect: json", self.json, (str, type(None)), "canonical text; for a document write Expect.of(json=...)")

    def holds(self, body: bytes) -> bool:
        """Whether a response's body is the right answer. Never raises: garbage is a wrong answer."""
        if self.body is not None and body != self.body:
            return False
        if self.contains is not None and self.contains not in body:
            return False
        if self.json is not None:
            try:
                return canonical(json.loads(body)) == self.json
            except (ValueError, RecursionError):  # no JSON, or NaN, which only Python takes for some
                return False
        return True

    def fields(self) -> dict[str, str]:
        """The plain form, for orders and records: bytes as latin-1 text."""
        plain = {"body": self.body, "contains": self.contains}
        texts = {key: value.decode("latin-1") for key, value in plain.items() if value is not None}
        return texts | ({"json": self.json} if self.json is not None else {})

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Expect:
        """The inverse of `fields`."""
        return cls(**{key: value if key == "json" else value.encode("latin-1") for key, value in fields.items()})  # type: ignore[arg-type]  # the key decides the type


def canonical(document: object) -> str:
    """A JSON document as one text, whatever its key order and spacing. Raises ValueError for NaN and infinity."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _written(document: object) -> str:
    try:
        return canonical(document)
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError(f"expect: json is {shown(document)}; it is what JSON can say ({error}): write dates as texts, and no nan") from None


def _encoded(key: str, value: object) -> bytes:
    check_is(f"expect: {key}", value, str, "a text or bytes")
    try:
        return str(value).encode()
    except UnicodeEncodeError:
        raise PlanError(f"expect: {key} is {shown(value)}, which UTF-8 cannot say; give the bytes") from None

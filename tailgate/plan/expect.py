"""Expect: what a right answer looks like. A 200 with a wrong body is an exceedance, not a success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailgate.errors import PlanError, nearest


@dataclass(frozen=True, slots=True)
class Expect:
    """A check of each answer; the status must be 2xx in any case.

    body: the exact bytes. contains: bytes that occur in the body. json: the JSON document, as canonical text.
    """

    body: bytes | None = None
    contains: bytes | None = None
    json: str | None = None

    @classmethod
    def of(cls, **fields: Any) -> Expect:
        """From plain values: `Expect.of(json={"prediction": 1})`, `Expect.of(contains="prediction")`. Raises PlanError."""
        for key in fields:
            if key not in cls.__dataclass_fields__:
                raise PlanError(f"expect: unknown key '{key}'{nearest(key, cls.__dataclass_fields__)}")
        if not fields:
            raise PlanError("expect: name body, contains or json")
        built: dict[str, Any] = {}
        for key, value in fields.items():
            if key == "json":
                built[key] = canonical(value)
            elif isinstance(value, str | bytes):
                built[key] = value.encode() if isinstance(value, str) else value
            else:
                raise PlanError(f"expect: {key} is {value!r}; it is a text")
        return cls(**built)

    def holds(self, body: bytes) -> bool:
        """Whether a response's body is the right answer. Never raises: garbage is a wrong answer."""
        if self.body is not None and body != self.body:
            return False
        if self.contains is not None and self.contains not in body:
            return False
        if self.json is not None:
            try:
                return canonical(json.loads(body)) == self.json
            except (ValueError, RecursionError):
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
    """A JSON document as one text, whatever its key order and spacing."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))

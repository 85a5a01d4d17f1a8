"""Letters: what passes between a session and a host's agent, one object in a bucket each. Pure.

A letter is one line of JSON, `{"letter": NUMBER, "sha256": "…"}`, and its content, of which that is the SHA-256: another line of
JSON with what it is about, its fields and the lengths of its parts, then the parts' bytes, one after the other. Numbers count up
from 1 in each direction, so that none is missed, and the one that should be next is asked for by its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tailgate.errors import GeneratorError

MOST_PART_BYTES = 8 << 20
"""Of one letter's parts: what a slow way takes a few seconds for, and may have to be sent again."""


class LetterError(GeneratorError):
    """A letter is not what was written; nothing that depends on it can be trusted."""


@dataclass(frozen=True, slots=True)
class Letter:
    """about: what it is. fields: plain values. parts: bytes by name, such as `samples`."""

    number: int
    about: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def sealed(letter: Letter) -> bytes:
    """The object's bytes."""
    lengths = {name: len(part) for name, part in letter.parts.items()}
    content = json.dumps({"about": letter.about, "fields": dict(letter.fields), "parts": lengths}).encode() + b"\n"
    content += b"".join(letter.parts.values())
    seal = {"letter": letter.number, "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(seal).encode() + b"\n" + content


def opened(raw: bytes, number: int, name: str) -> Letter:
    """The inverse. name: the object's, for the sentence. Raises LetterError where it is not the letter of this number, as written."""
    seal, _, content = raw.partition(b"\n")
    told = _json(seal)
    digest = hashlib.sha256(content).hexdigest()
    if told.get("letter") != number or told.get("sha256") != digest:
        of = f"letter {told.get('letter')}, sha256 {str(told.get('sha256'))[:12]}…" if told else "no letter"
        raise LetterError(
            f"{name} is refused: it says that it is {of}, and is {len(raw)} bytes with sha256 {digest[:12]}… where letter {number} should "
            "be; it was damaged on its way, or somebody else writes there: measure again"
        )
    line, _, rest = content.partition(b"\n")
    found = _json(line)
    try:
        parts, at = {}, 0
        for part, length in found["parts"].items():
            parts[part], at = rest[at : at + length], at + length
        return Letter(number, found["about"], found["fields"], parts)
    except (KeyError, TypeError, AttributeError) as error:
        raise LetterError(f"{name} is refused: it lacks {error}; its host runs another version of tailgate") from None


def _json(line: bytes) -> dict[str, Any]:
    """The object that a line holds; an empty one where it holds none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

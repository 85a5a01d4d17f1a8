"""Messages: an HTTP request that was read, and what is written for it. Pure."""

from __future__ import annotations

import enum
import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.client import responses

MAX_BODY_BYTES = 6_291_456
"""SageMaker's limit for the body of a synchronous invocation."""


@dataclass(slots=True)
class Request:
    """One request. first_s, complete_s: when its first and its last bytes were read, on the monotonic clock.

    headers: by lower-case name, repeated ones joined by commas. too_large: the body was above MAX_BODY_BYTES and thrown away.
    """

    first_s: float
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete_s: float = 0.0
    keep_alive: bool = False
    too_large: bool = False


class Ending(enum.Enum):
    """What becomes of the connection after an answer. RESET loses what has not been delivered yet."""

    KEEP = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written for one request. status: 0 where the payload is no HTTP response."""

    status: int
    payload: bytes
    ending: Ending = Ending.KEEP


def respond(status: int, headers: Mapping[str, str], body: bytes, *, keep_alive: bool = True, chunked: bool = False) -> Answer:
    """A whole response. chunked: the body is sent as one chunk, as for a transfer whose length is not known ahead."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Date: {_date(int(time.time()))}")
    lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}")
    lines.append("Connection: keep-alive" if keep_alive else "Connection: close")
    if chunked:
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    payload = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
    return Answer(status, payload, Ending.KEEP if keep_alive else Ending.CLOSE)


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)

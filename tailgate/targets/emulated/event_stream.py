"""Event stream: AWS's binary framing of the events in a response (application/vnd.amazon.eventstream). Pure.

A message is its length, its headers' length, a checksum of both, headers, payload, and a checksum of it all; integers are
big-endian, checksums CRC-32. Source: "Event stream encoding", Amazon Transcribe Developer Guide; Smithy's specification.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_STRING = 7
_FRAMING_BYTES = 16  # two lengths and two checksums


def payload_part(payload: bytes) -> bytes:
    """A part of the model's answer."""
    return _message({":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream"}, payload)


def exception_event(code: str, payload: bytes) -> bytes:
    """A modelled error amid the stream; payload: its members, as JSON."""
    return _message({":message-type": "exception", ":exception-type": code, ":content-type": "application/json"}, payload)


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    block = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", _FRAMING_BYTES + len(block) + len(payload), len(block))
    framed = prelude + _checksum(prelude) + block + payload
    return framed + _checksum(framed)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _STRING, len(text)) + text


def _checksum(covered: bytes) -> bytes:
    return struct.pack(">I", binascii.crc32(covered))

"""A bucket in memory, for tests with a scripted clock: what S3's client does for a mailbox, and its failures when they are asked for."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


@dataclass
class Bucket:
    """objects: by key. fails: how many of the next calls come to nothing."""

    objects: dict[str, bytes] = field(default_factory=dict)
    fails: int = 0
    calls: list[tuple[str, str]] = field(default_factory=list)

    def put_object(self, **asked: Any) -> dict[str, Any]:
        """As S3's."""
        self._called("put", asked["Key"])
        self.objects[asked["Key"]] = asked["Body"]
        return {}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """As S3's."""
        self._called("get", asked["Key"])
        if asked["Key"] not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "The specified key does not exist."}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[asked["Key"]])}

    def _called(self, verb: str, key: str) -> None:
        self.calls.append((verb, key))
        if self.fails:
            self.fails -= 1
            raise ReadTimeoutError(endpoint_url="https://s3")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """What it shows, seconds."""
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        """Move it on."""
        self.now_s += seconds


def eventually(holds: Callable[[], object], within_s: float) -> bool:
    """Whether something comes true."""
    until_s = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < until_s:
        time.sleep(0.02)
    return bool(held)

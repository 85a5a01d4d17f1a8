"""Mailbox: where a session and a host's agent leave letters for each other, below one prefix of a bucket. Used by both sides.

    in/000001    letters to the host, out/000001 letters from it: vantage/letters.py
    in/alive     written every few seconds by whoever is alive: how often, and how many letters it has written
    out/alive

A question that S3 does not answer is asked again by whoever asks: silence is measured there, not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.aws.refusals import code_of, is_denied
from tailgate.errors import PlanError, TargetError
from tailgate.vantage.letters import Letter, opened, sealed

ALIVE = "alive"
TO_HOST, FROM_HOST = "in", "out"

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_LIST = "; without s3:ListBucket S3 says so of an object that is not there yet, too"


class MailError(TargetError):
    """S3 did not do what was asked; it may when it is asked again."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Of life. beat: counts up. written: the number of the last letter."""

    beat: int
    written: int


class Mailbox:
    """One side's. s3: a client with short time-outs, safe to share between threads. writes: TO_HOST or FROM_HOST; it reads the other."""

    def __init__(self, s3: Any, bucket: str, prefix: str, *, writes: str) -> None:
        self._s3, self.bucket, self.prefix = s3, bucket, prefix
        self._writes, self._reads = writes, FROM_HOST if writes == TO_HOST else TO_HOST

    def put(self, letter: Letter) -> None:
        """Write a letter; once it is there it stays as it is, and writing it again does no harm. Raises MailError."""
        self._put(f"{self._writes}/{letter.number:06d}", sealed(letter))

    def get(self, number: int) -> Letter | None:
        """The letter of this number, None where it is not there yet. Raises MailError, LetterError."""
        raw = self._get(name := f"{self._reads}/{number:06d}")
        return None if raw is None else opened(raw, number, f"s3://{self.bucket}/{self.prefix}{name}")

    def beat(self, sign: Sign) -> None:
        """Give a sign of life. Raises MailError."""
        self._put(f"{self._writes}/{ALIVE}", json.dumps({"beat": sign.beat, "written": sign.written}).encode())

    def last_sign(self) -> Sign | None:
        """The other side's, None where there is none yet, or it cannot be read. Raises MailError."""
        raw = self._get(f"{self._reads}/{ALIVE}")
        try:
            told: Mapping[str, Any] = json.loads(raw or b"null")
            return Sign(int(told["beat"]), int(told["written"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    def _put(self, name: str, raw: bytes) -> None:
        try:
            self._s3.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=raw)
        except (ClientError, BotoCoreError) as error:
            raise self._trouble("written to", name, error) from error

    def _get(self, name: str) -> bytes | None:
        try:
            raw: bytes = self._s3.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise self._trouble("read from", name, error) from error
        except (BotoCoreError, OSError) as error:
            raise self._trouble("read from", name, error) from error
        return raw

    def _trouble(self, doing: str, name: str, error: Exception) -> MailError:
        hint = _NO_LIST if isinstance(error, ClientError) and is_denied(error) and doing == "read from" else ""
        return MailError(f"s3://{self.bucket}/{self.prefix}{name} cannot be {doing} ({error}){hint}")


def place_of(url: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://BUCKET/PREFIX/`. Raises PlanError."""
    split = urlsplit(url)
    prefix = split.path.strip("/")
    if split.scheme != "s3" or not split.netloc or not prefix:
        raise PlanError(f"'{url}' is no place for letters; it is s3://BUCKET/PREFIX/")
    return split.netloc, f"{prefix}/"

"""Signing: SigV4, byte for byte as botocore signs, with everything cached that does not change between requests.

AWS General Reference, "Signature Version 4 signing process". Per request remain one hash and one HMAC: the derived
key lasts a day, the HMAC's key schedule as long, the head of the canonical request a second, the body's hash a run.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from botocore.auth import SIGNED_HEADERS_BLACKLIST
from botocore.utils import normalize_url_path

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs: an access key, its secret, and the session's token where the credentials are temporary."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Signer:
    """Signs requests that differ in body and time only.

    path, query: as they are sent. headers: all that will be sent, but for those that signing adds; those that
    botocore leaves unsigned are left unsigned here.
    """

    def __init__(
        self, keys: Keys, *, region: str, service: str, path: str, query: str, headers: Mapping[str, str], method: str = "POST"
    ) -> None:
        self.keys, self._method = keys, method
        self._region, self._service = region, service
        self._path, self._query = quote(normalize_url_path(path), safe="/~"), _canonical_query(query)
        self._headers = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        self._headers = {name: value for name, value in self._headers.items() if name not in SIGNED_HEADERS_BLACKLIST}
        if keys.token:
            self._headers["x-amz-security-token"] = " ".join(keys.token.split())
        self._signed = ";".join(sorted([*self._headers, "x-amz-date"]))
        self._day, self._second = "", -1
        self._date = self._scope = ""
        self._head = self._preamble = b""
        self._mac = hmac.new(b"", None, hashlib.sha256)

    def headers(self, body_sha256: str, now_s: float) -> dict[str, str]:
        """The headers that sign a body with this hash at a wall-clock time, as botocore's SigV4Auth sets them."""
        if int(now_s) != self._second:
            self._begin_second(int(now_s))
        canonical = hashlib.sha256(self._head + body_sha256.encode()).hexdigest()
        mac = self._mac.copy()
        mac.update(self._preamble + canonical.encode())
        credential = f"{_ALGORITHM} Credential={self.keys.access_key}/{self._scope}"
        signed = {"X-Amz-Date": self._date}
        if self.keys.token:
            signed["X-Amz-Security-Token"] = self.keys.token
        signed["Authorization"] = f"{credential}, SignedHeaders={self._signed}, Signature={mac.hexdigest()}"
        return signed

    def _begin_second(self, second: int) -> None:
        self._date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        if self._date[:8] != self._day:
            self._begin_day(self._date[:8])
        self._second = second
        headers = _canonical_headers({**self._headers, "x-amz-date": self._date}.items())
        self._head = f"{self._method}\n{self._path}\n{self._query}\n{headers}\n\n{self._signed}\n".encode()
        self._preamble = f"{_ALGORITHM}\n{self._date}\n{self._scope}\n".encode()

    def _begin_day(self, day: str) -> None:
        key = f"AWS4{self.keys.secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._mac = hmac.new(key, None, hashlib.sha256)
        self._scope = f"{day}/{self._region}/{self._service}/aws4_request"
        self._day = day


def _canonical_headers(headers: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name}:{value}" for name, value in sorted(headers))


def _canonical_query(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return "&".join(f"{key}={value}" for key, value in pairs)

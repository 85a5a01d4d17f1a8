"""Rendering: a request's bytes, made once a second and payload instead of once a request.

SigV4 tells time in whole seconds and has no nonce, so requests with equal bodies are equal within a second.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence

import tailgate
from tailgate.errors import GeneratorError
from tailgate.generator.credentials import Credentials
from tailgate.generator.route import Route
from tailgate.generator.signing import Keys, Signer
from tailgate.targets import Address

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_OURS = frozenset({"authorization", "content-length", "host", "transfer-encoding", "x-amz-date", "x-amz-security-token"})


class Renderer:
    """Renders the requests of one order: the address's method and the payload, signed where the address asks for it.

    Raises GeneratorError when one of the address's headers cannot be sent.
    """

    def __init__(
        self,
        address: Address,
        route: Route,
        payloads: Sequence[bytes],
        credentials: Credentials | None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._address, self._route, self._payloads = address, route, payloads
        self._credentials, self._wall = credentials, wall
        self._body_sha256 = [hashlib.sha256(payload).hexdigest() for payload in payloads]
        self._headers = _headers(address, route)
        self._signer: Signer | None = None
        self._second = -1
        self._requests: dict[int, bytes] = {}

    def render(self, payload: int) -> bytes:
        """The bytes of a request sent now, which carries one of the payloads, by index."""
        now_s = self._wall()
        if int(now_s) != self._second:
            self._requests.clear()
            self._second = int(now_s)
        request = self._requests.get(payload)
        if request is None:
            request = self._requests[payload] = self._fresh(payload, now_s)
        return request

    def _fresh(self, payload: int, now_s: float) -> bytes:
        body = self._payloads[payload]
        headers = {**self._headers, "Content-Length": str(len(body))}
        if self._credentials is not None and self._address.sign is not None:
            headers |= self._signer_of(self._credentials.keys, self._address.sign).headers(self._body_sha256[payload], now_s)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._address.method} {self._route.target} HTTP/1.1\r\n{lines}\r\n".encode() + body

    def _signer_of(self, keys: Keys, service: str) -> Signer:
        if self._signer is None or self._signer.keys != keys:
            route = self._route
            self._signer = Signer(
                keys,
                method=self._address.method,
                region=self._address.region,
                service=service,
                path=route.path,
                query=route.query,
                headers=self._headers,
            )
        return self._signer


def _headers(address: Address, route: Route) -> dict[str, str]:
    """All headers but those that depend on body and time; the address's own win over ours."""
    headers = {"Host": route.authority, "User-Agent": f"tailgate/{tailgate.__version__}", "Content-Type": address.content_type}
    spelled = {name.lower(): name for name in headers}
    for name, value in address.headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise GeneratorError(f"header {name!r} cannot be sent; names are tokens, and values hold no control characters")
        if name.lower() in _OURS:
            raise GeneratorError(f"header '{name}' is set by tailgate itself, from url, payload and credentials; leave it out")
        headers.pop(spelled.get(name.lower(), ""), None)
        headers[name] = value
        spelled[name.lower()] = name
    return headers

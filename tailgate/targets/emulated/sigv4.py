"""SigV4, the verifying side: is this request from somebody who holds the secret key, for this service, and fresh?

Source: "Signature Version 4 signing process", AWS General Reference. Refusals are in the words that AWS's services use;
of what they echo, the request's own Authorization header is left out.
"""

from __future__ import annotations

import calendar
import functools
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from tailgate.targets.emulated.messages import Request
from tailgate.targets.emulated.wire_errors import WireError, denied

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_FRESH_S = 300
_DIGITS = 12  # of a time in seconds since 1970
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
    "method. Consult the service documentation for details."
)
_EXPIRED = "The security token included in the request is expired"
_NO_SUCH_TOKEN = "The security token included in the request is invalid."  # noqa: S105  # AWS's sentence, no token


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one identity that may ask. Kept in memory, never shown.

    temporary: whether it asks with session tokens that end, as `token_until` makes them, instead of a lasting one. lent: whether some
    who ask have it with such a token, as emulated hosts have it from their role, beside those who have it for good.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    temporary: bool = False
    lent: bool = False

    def token_until(self, unix_s: int) -> str:
        """A session token that says itself when it ends, so that nobody has to keep it. A convention of the emulator."""
        return f"{unix_s}.{hmac.digest(self.secret_key.encode(), str(unix_s).encode(), 'sha256').hex()}"


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the Authorization header says."""

    access_key: str
    day: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str


class Verifier:
    """Checks signatures against one identity. wall_clock: seconds since 1970; signatures are stamped in its terms."""

    def __init__(
        self, credentials: Credentials, region: str, service: str = "sagemaker", wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials = credentials
        self._region, self._service = region, service
        self._wall_clock = wall_clock
        self._day_key = ("", b"")
        self._body_hash = (b"", hashlib.sha256(b"").hexdigest())

    def refusal(self, request: Request) -> WireError | None:
        """Why the request is not authentic, or None when it is."""
        claim = _claim(request)
        if isinstance(claim, WireError):
            return claim
        stamp = request.headers.get("x-amz-date", "")
        return (
            self._wrong_identity(claim, request)
            or self._wrong_scope(claim, stamp)
            or _unsigned_header(claim, request)
            or self._stale(stamp)
            or self._wrong_signature(claim, request, stamp)
        )

    def _wrong_identity(self, claim: _Claim, request: Request) -> WireError | None:
        token = request.headers.get("x-amz-security-token", "")
        ending = self._credentials.temporary or (self._credentials.lent and token != "")
        if ending and _equal(claim.access_key, self._credentials.access_key):
            return self._wrong_token(token)
        known = _equal(claim.access_key, self._credentials.access_key) & _equal(token, self._credentials.session_token or "")
        return None if known else denied("UnrecognizedClientException", _NO_SUCH_TOKEN)

    def _wrong_token(self, token: str) -> WireError | None:
        ends = token.partition(".")[0]
        if not (ends.isascii() and ends.isdigit() and len(ends) <= _DIGITS) or not _equal(token, self._credentials.token_until(int(ends))):
            return denied("UnrecognizedClientException", _NO_SUCH_TOKEN)
        return None if self._wall_clock() < int(ends) else denied("ExpiredTokenException", _EXPIRED)

    def _wrong_scope(self, claim: _Claim, stamp: str) -> WireError | None:
        wrong = None
        if claim.terminator != _TERMINATOR:
            wrong = f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{claim.terminator}'. "
        elif claim.service != self._service:
            wrong = f"Credential should be scoped to correct service: '{self._service}'. "
        elif claim.region != self._region:
            wrong = f"Credential should be scoped to a valid region, not '{claim.region}'. "
        elif claim.day != stamp[:8]:
            wrong = (
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{claim.day}' != '{stamp[:8]}'."
            )
        return denied("InvalidSignatureException", wrong) if wrong else None

    def _stale(self, stamp: str) -> WireError | None:
        now = int(self._wall_clock())
        try:
            signed_at = _second(stamp)
        except ValueError:
            return denied("IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.")
        if signed_at < now - _FRESH_S:
            message = f"Signature expired: {stamp} is now earlier than {_iso(now - _FRESH_S)} ({_iso(now)} - 5 min.)"
        elif signed_at > now + _FRESH_S:
            message = f"Signature not yet current: {stamp} is still later than {_iso(now + _FRESH_S)} ({_iso(now)} + 5 min.)"
        else:
            return None
        return denied("InvalidSignatureException", message)

    def _wrong_signature(self, claim: _Claim, request: Request, stamp: str) -> WireError | None:
        path, _, query = request.target.partition("?")
        canonical = [request.method, quote(path, safe="/~"), _canonical_query(query)]
        canonical += [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in claim.signed_headers]
        canonical += ["", ";".join(claim.signed_headers), self._hash_of(request.body)]
        hashed = hashlib.sha256("\n".join(canonical).encode("latin-1")).hexdigest()
        signed = f"{_ALGORITHM}\n{stamp}\n{claim.day}/{claim.region}/{claim.service}/{_TERMINATOR}\n{hashed}"
        expected = hmac.digest(self._key_of(claim.day), signed.encode("latin-1"), "sha256").hex()
        return None if _equal(claim.signature, expected) else denied("InvalidSignatureException", _MISMATCH)

    def _key_of(self, day: str) -> bytes:
        """The signing key of a day: four HMACs, so the latest is kept."""
        if self._day_key[0] != day:
            key = f"AWS4{self._credentials.secret_key}".encode()
            for part in (day, self._region, self._service, _TERMINATOR):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day_key = (day, key)
        return self._day_key[1]

    def _hash_of(self, body: bytes) -> str:
        """SHA-256 of a body. A load repeats its payload, and comparing costs a twentieth of hashing: the latest is kept."""
        if body != self._body_hash[0]:
            self._body_hash = (body, hashlib.sha256(body).hexdigest())
        return self._body_hash[1]


def _claim(request: Request) -> _Claim | WireError:
    """Read the Authorization header."""
    header = request.headers.get("authorization")
    if header is None:
        return denied("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    if algorithm != _ALGORITHM:
        return denied("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'. ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [
        f"Authorization header requires '{name}' parameter." for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)
    ]
    if "x-amz-date" not in request.headers:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        return denied("IncompleteSignatureException", " ".join(missing))
    scope = parts["Credential"].split("/")
    if len(scope) != 5:
        return denied(
            "IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        )
    access_key, day, region, service, terminator = scope
    return _Claim(access_key, day, region, service, terminator, tuple(parts["SignedHeaders"].split(";")), parts["Signature"])


def _unsigned_header(claim: _Claim, request: Request) -> WireError | None:
    """Host and all X-Amz headers have to be signed."""
    for name in ("host", *(name for name in request.headers if name.startswith("x-amz-"))):
        if name not in claim.signed_headers:
            shown = "'Host' or ':authority'" if name == "host" else f"'{name}'"
            return denied("InvalidSignatureException", f"{shown} must be a 'SignedHeader' in the AWS Authorization.")
    return None


def _canonical_query(query: str) -> str:
    return "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in query.split("&"))) if query else ""


def _equal(given: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how far they agree."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode("latin-1", "replace"))


@functools.lru_cache(maxsize=8)
def _second(stamp: str) -> int:
    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


def _iso(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))

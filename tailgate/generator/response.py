"""Responses: read off the wire by httptools, and told apart into the kinds of failure that samples know."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httptools

from tailgate.plan.expect import Expect
from tailgate.samples import Error

_KEPT_OF_ERRORS_BYTES = 65_536

_LONGEST_BODY_BYTES = 1 << 30
_LONGEST_HEAD_BYTES = 1 << 18
_FRAMING = 16
"""Bytes of the wire that a byte of the body may cost beside the head: a chunk of one byte takes seven."""


_LENGTHS_OF_TOLD = frozenset(map(len, (b"content-length", b"transfer-encoding", b"x-amzn-errortype", b"date")))

_CLOCK_SIGNS = (b"signature expired", b"signature not yet current")  # texts of InvalidSignatureException, whose code says no more
_NAMED = (
    (Error.THROTTLED, (b"throttling", b"throttledexception", b"toomanyrequests", b"requestlimitexceeded")),
    (Error.NOT_READY, (b"modelnotready",)),
)
_OF_THE_CALLER = (
    (Error.CLOCK_SKEW, (b"requesttimetooskewed", b"requestexpired")),
    (Error.EXPIRED_CREDENTIALS, (b"expiredtoken",)),
    (Error.DENIED, (b"accessdenied", b"unrecognizedclient", b"invalidclienttokenid", b"notauthorized", b"optinrequired")),
    (Error.DENIED, (b"invalidsignature", b"signaturedoesnotmatch", b"incompletesignature", b"missingauthenticationtoken")),
)
"""What AWS's error codes mean, lower case: those of any status, and those of a request that AWS did not pass on."""


class BadResponseError(Exception):
    """What came is no HTTP response."""


class ResponseReader:
    """Reads one connection's responses, one after another; after `feed` is true, its attributes tell of the response.

    status: of the final response, interim ones are passed over. length: of the body, bytes. keep_alive: whether the
    connection can carry another request. keep: whether the body is kept for a check of the answer; bodies of errors
    are kept in any case, as far as they are needed to tell their kind. date: when it was answered, by the server's clock.
    """

    __slots__ = (
        "_body",
        "_error_type",
        "_has_length",
        "_headers_seen",
        "_keep",
        "_parser",
        "_wire_bytes",
        "complete",
        "date",
        "keep_alive",
        "length",
        "status",
    )

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Expect the response to another request."""
        self.status = self.length = 0
        self.complete = self.keep_alive = False
        self._headers_seen = self._has_length = False
        self._body: list[bytes] | None = None
        self._error_type = self.date = b""
        self._wire_bytes = 0

    def feed(self, plain: bytes) -> bool:
        """Take what the server sent; true once the response is complete.

        Raises BadResponseError for what is no response, and for one whose head, trailer or body does not end.
        """
        self._wire_bytes += len(plain)
        try:
            self._parser.feed_data(plain)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.complete:
                raise BadResponseError(str(error)) from None
            self.keep_alive = False  # it answered, and then talked on: good for this request, for no other
        if not self.complete and self._wire_bytes > _LONGEST_HEAD_BYTES + _FRAMING * self.length:
            raise BadResponseError("a response that does not come to its end")
        return self.complete

    def end(self) -> bool:
        """The server closed the connection: true if that completes a response, as where its length was not told."""
        self.complete = self.complete or (self._headers_seen and not self._has_length)
        self.keep_alive = False
        return self.complete

    def close(self) -> None:
        """Let go of the parser, which refers back to this reader: garbage collection is off while load runs."""
        del self._parser

    @property
    def body(self) -> bytes:
        """The body, as far as it was kept."""
        return b"".join(self._body or ())

    @property
    def error_named(self) -> bytes:
        """What AWS calls an error, lower case: the code in its header, else all of its body, which holds it somewhere."""
        return self._error_type.lower() or self.body.lower()

    def on_message_begin(self) -> None:
        """httptools: another message begins; once complete, it is one that nobody asked for."""
        if self.complete:
            self.keep_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: one header."""
        if len(name) not in _LENGTHS_OF_TOLD:
            return
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._has_length = True
        elif name == b"x-amzn-errortype":
            self._error_type = value
        elif name == b"date":
            self.date = value

    def on_headers_complete(self) -> None:
        """httptools: the head is over."""
        if not self.complete:
            self._headers_seen = True
            self.status = self._parser.get_status_code()

    def on_body(self, chunk: bytes) -> None:
        """httptools: a piece of the body."""
        if self.complete:
            return
        self.length += len(chunk)
        if self.length > _LONGEST_BODY_BYTES:
            raise BadResponseError("a body that does not come to its end")
        if self._keep or (self.status >= 400 and self.length <= _KEPT_OF_ERRORS_BYTES):
            if self._body is None:
                self._body = []
            self._body.append(chunk)

    def on_message_complete(self) -> None:
        """httptools: the response is whole, unless it is an interim one such as 100 Continue."""
        if self.complete:
            return
        if self.status < 200:
            wire_bytes = self._wire_bytes
            self.begin()
            self._wire_bytes = wire_bytes
            return
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()


def classify(response: ResponseReader, expect: Expect | None) -> Error:
    """What kind of answer a complete response is."""
    status = response.status
    if 200 <= status < 300:
        return Error.NONE if expect is None or expect.holds(response.body) else Error.WRONG_ANSWER
    if 300 <= status < 400:
        return Error.REDIRECT
    return _failure(response) if 400 <= status < 600 else Error.BAD_RESPONSE


def _failure(response: ResponseReader) -> Error:
    """By AWS's name for it, where it has one, else by its status. What a model said (424) may itself name anything."""
    status, told = response.status, response.error_named
    if status == 424:
        return Error.MODEL_ERROR
    for error, names in (*_NAMED, *(_OF_THE_CALLER if status in (400, 401, 403) else ())):
        if any(name in told for name in names):
            skewed = error is Error.DENIED and any(sign in response.body.lower() for sign in _CLOCK_SIGNS)
            return Error.CLOCK_SKEW if skewed else error
    if status == 429:
        return Error.THROTTLED
    return Error.CLIENT_ERROR if status < 500 else Error.SERVER_ERROR


def seconds_ahead(date: bytes, now_s: float) -> float | None:
    """How far a wall clock that says now_s is ahead of a Date header; None where that is no date."""
    try:
        return now_s - parsedate_to_datetime(date.decode("ascii")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None

"""Responses are read as they come and told apart."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.generator import response as responses
from tailgate.generator.response import BadResponseError, ResponseReader, classify, seconds_ahead
from tailgate.plan.expect import Expect
from tailgate.samples import Error
from tailgate.targets.emulated.wire_errors import ON_DEMAND

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n3\r\nand\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nfourand"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def _read(wire: bytes, keep: bool = True) -> ResponseReader:
    reader = ResponseReader(keep)
    assert reader.feed(wire)
    return reader


@given(wire=st.sampled_from([CHUNKED, PLAIN, INTERIM]), cuts=st.lists(st.integers(1, 60), max_size=6))
def test_a_response_reads_the_same_however_it_is_cut(wire, cuts):
    """Packets end anywhere; only the last piece completes the response, with its whole body."""
    reader = ResponseReader(keep=True)
    bounds = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    outcomes = [reader.feed(wire[start:end]) for start, end in itertools.pairwise(bounds)]
    assert outcomes == [False] * (len(outcomes) - 1) + [True]
    assert (reader.status, reader.length, reader.body, reader.keep_alive) == (200, 7, b"fourand", True)


def test_one_reader_reads_one_response_after_another():
    """A kept-alive connection carries many; what one held does not leak into the next."""
    reader = _read(CHUNKED)
    reader.begin()
    assert reader.feed(EMPTY)
    assert (reader.status, reader.length, reader.body) == (204, 0, b"")


def test_a_body_without_length_ends_with_the_connection():
    """Its end is the server's closing, and not an error."""
    reader = ResponseReader(keep=True)
    assert not reader.feed(b"HTTP/1.1 200 OK\r\n\r\nall there is")
    assert reader.end()
    assert (reader.body, reader.keep_alive) == (b"all there is", False)


@pytest.mark.parametrize("wire", [b"", b"HTTP/1.1 200 OK\r\n", PLAIN[:-1], CHUNKED[:-5]])
def test_a_connection_closed_in_the_middle_is_no_response(wire):
    """A shorter body than was announced is not an answer."""
    reader = ResponseReader(keep=True)
    assert not reader.feed(wire)
    assert not reader.end()


@pytest.mark.parametrize(
    "wire", [PLAIN + PLAIN, PLAIN + b"\x00garbage", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]
)
def test_a_connection_with_more_than_one_answer_or_a_farewell_is_not_reused(wire):
    """The answer counts; the connection carries no further request."""
    reader = _read(wire)
    assert (reader.status, reader.keep_alive) == (200, False)
    assert reader.length in (0, 7)


@pytest.mark.parametrize(
    "wire", [b"\x00\x01", b"SSH-2.0-x\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"]
)
def test_what_is_no_response_is_refused(wire):
    """Garbage, another protocol, and a switch to another protocol that nobody asked for."""
    with pytest.raises(BadResponseError):
        ResponseReader(keep=True).feed(wire)


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        ("200 OK", "fine", Error.NONE),
        ("200 OK", "wrong", Error.WRONG_ANSWER),
        ("204 No Content", "", Error.WRONG_ANSWER),
        ("302 Found\r\nLocation: /", "", Error.REDIRECT),
        ("429 Slow", "", Error.THROTTLED),
        ("400 Bad\r\nx-amzn-ErrorType: ThrottlingException:http://x/", "", Error.THROTTLED),
        ("400 Bad", '{"__type":"ThrottlingException"}', Error.THROTTLED),
        ("503 Busy", '{"code":"ThrottlingException"}', Error.THROTTLED),
        ("400 Bad\r\nx-amzn-ErrorType: ValidationError", "", Error.CLIENT_ERROR),
        ("403 No", "", Error.CLIENT_ERROR),
        ("403 No", '{"message":"Forbidden"}', Error.CLIENT_ERROR),
        ("403 No\r\nx-amzn-ErrorType: AccessDeniedException", "", Error.DENIED),
        ("400 No", '{"__type":"com.amazon.coral.service#UnrecognizedClientException"}', Error.DENIED),
        ("403 No\r\nx-amzn-ErrorType: InvalidSignatureException", '{"message":"does not match"}', Error.DENIED),
        ("403 No\r\nx-amzn-ErrorType: InvalidSignatureException", '{"message":"Signature expired: is now earlier"}', Error.CLOCK_SKEW),
        ("403 No\r\nx-amzn-ErrorType: InvalidSignatureException", '{"message":"Signature not yet current: "}', Error.CLOCK_SKEW),
        ("403 No", "<Code>RequestTimeTooSkewed</Code>", Error.CLOCK_SKEW),
        ("403 No\r\nx-amzn-ErrorType: ExpiredTokenException:http://x/", "", Error.EXPIRED_CREDENTIALS),
        ("400 No", '{"__type":"ExpiredTokenException"}', Error.EXPIRED_CREDENTIALS),
        ("429 Wait\r\nx-amzn-ErrorType: ModelNotReadyException", "", Error.NOT_READY),
        ("429 Wait\r\nx-amzn-ErrorType: ThrottlingException", '{"message":"ModelNotReady"}', Error.THROTTLED),
        ("424 Model", '{"OriginalMessage":"ThrottlingException: AccessDenied, ExpiredToken"}', Error.MODEL_ERROR),
        ("500 Oh", '{"message":"AccessDenied"}', Error.SERVER_ERROR),
        ("503 Busy\r\nx-amzn-ErrorType: ServiceUnavailable", "", Error.SERVER_ERROR),
        ("424 Model", '{"OriginalStatusCode":500}', Error.MODEL_ERROR),
        ("500 Oh", "", Error.SERVER_ERROR),
        ("530 Dependency", "", Error.SERVER_ERROR),
        ("600 What", "", Error.BAD_RESPONSE),
    ],
)
def test_each_kind_of_answer_has_its_error(head, body, error):
    """SageMaker's own meanings of 424 and of throttling in disguise are told from other failures."""
    length = "" if head.startswith("204") else f"Content-Length: {len(body)}\r\n"
    reader = _read(f"HTTP/1.1 {head}\r\n{length}\r\n{body}".encode())
    assert classify(reader, Expect(contains=b"fine")) is error


ON_AWS = {
    "AccessDeniedException": Error.DENIED,
    "ExpiredTokenException": Error.EXPIRED_CREDENTIALS,
    "InternalDependencyException": Error.SERVER_ERROR,
    "InternalFailure": Error.SERVER_ERROR,
    "ModelNotReadyException": Error.NOT_READY,
    "ServiceUnavailable": Error.SERVER_ERROR,
    "ThrottlingException": Error.THROTTLED,
    "ValidationError": Error.CLIENT_ERROR,
}


@pytest.mark.parametrize("code", sorted(ON_DEMAND))
def test_each_error_of_the_runtime_has_its_kind(code):
    """In the bytes in which the emulation, checked by botocore, says it; one that is new there fails here."""
    assert classify(_read(ON_DEMAND[code].answer().payload), None) is ON_AWS[code]


@pytest.mark.parametrize(
    ("date", "ahead_s"),
    [
        (b"Thu, 26 Nov 2026 15:00:00 GMT", 341.0),
        (b"yesterday", None),
        (b"", None),
        (b"\xff", None),
        (b"Thu, 99 Nov 2026 15:00:00 GMT", None),
    ],
)
def test_a_date_tells_how_far_this_hosts_clock_is_ahead(date, ahead_s):
    """And what is no date tells nothing."""
    assert seconds_ahead(date, 1795705200.0 + 341.0) == ahead_s


def test_bodies_are_dropped_unless_an_answer_has_to_be_checked():
    """A long run of large answers needs no memory for them; their length is known all the same."""
    reader = _read(PLAIN, keep=False)
    assert (reader.length, reader.body) == (7, b"")
    assert classify(reader, None) is Error.NONE


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 60_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"y" * 300_000,
    ],
    ids=["headers", "header", "interim responses", "trailers", "chunk extension"],
)
def test_what_does_not_come_to_an_end_is_refused(wire):
    """After a quarter of a megabyte without anything for the body; a server cannot fill this host's memory."""
    reader = ResponseReader(keep=True)
    assert not reader.feed(wire[:65_536])
    with pytest.raises(BadResponseError):
        any(reader.feed(wire[start : start + 65_536]) for start in range(65_536, len(wire), 65_536))


def test_a_body_without_end_is_refused(monkeypatch):
    """At a length that no endpoint answers with, and well before rows could not hold it."""
    monkeypatch.setattr(responses, "_LONGEST_BODY_BYTES", 1000)
    reader = ResponseReader(keep=False)
    assert not reader.feed(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000)
    with pytest.raises(BadResponseError):
        reader.feed(b"x")


def test_small_chunks_are_no_excess():
    """Framing costs more than the body then; a megabyte of such a body is an answer all the same."""
    reader = ResponseReader(keep=True)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10):
        assert not reader.feed(b"0001\r\nx\r\n" * 10_000)
    assert reader.feed(b"0\r\n\r\n")
    assert reader.length == 100_000


_WORDS = [
    *(b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b"200 OK", b"100 Continue", b"101 Up", b"204 No", b"304 Same", b"503 Busy", b"\r\n", b"\n"),
    *(b"\r\n\r\n", b"Content-Length: 4", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: ", b"four"),
    *(
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"4\r\nfour\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffffff\r\n",
        b";x=1",
        b"Connection: close",
    ),
    *(
        b"Connection: Upgrade",
        b"Upgrade: h2c",
        b"Connection: keep-alive",
        b"x-amzn-ErrorType: ThrottlingException",
        b": ",
        b"\x00",
        b"\xff",
    ),
]
_MUTATED = st.builds(
    lambda wire, at, junk, cut: wire[: at % len(wire)] + junk + wire[at % len(wire) + cut :],
    st.sampled_from([CHUNKED, PLAIN, INTERIM, EMPTY, CHUNKED + PLAIN]),
    st.integers(0, 200),
    st.binary(max_size=4),
    st.integers(0, 8),
)
_WIRES = st.binary(max_size=200) | st.lists(st.sampled_from(_WORDS), max_size=24).map(b"".join) | _MUTATED


@settings(max_examples=1000, deadline=None)
@given(wires=st.lists(_WIRES, min_size=1, max_size=3), cuts=st.lists(st.integers(1, 400), max_size=5), ends=st.booleans())
def test_no_bytes_that_a_server_may_send_break_the_reader(wires, cuts, ends):
    """Whatever comes, and however it is cut: an answer or a BadResponseError, and numbers that a row can hold."""
    reader = ResponseReader(keep=True)
    for wire in wires:
        bounds, complete = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))}), False
        try:
            for start, end in itertools.pairwise(bounds):
                complete = reader.feed(wire[start:end])
        except BadResponseError:
            break
        complete = complete or (ends and reader.end())
        assert complete == reader.complete
        assert 0 <= reader.status <= 999
        assert len(reader.body) == reader.length <= len(wire)
        if complete:
            assert classify(reader, Expect(contains=b"four")) in Error
        if not (complete and reader.keep_alive):
            break
        reader.begin()
    reader.close()

"""One connection's HTTP, byte by byte: a transport that records stands in for the network."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.exchange import Connection
from tailgate.targets.emulated.messages import MAX_BODY_BYTES, Answer, Ending, Request, respond

GET = b"GET /%d HTTP/1.1\r\nHost: here\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\n"


class Recorder(asyncio.Transport):
    """Keeps what is written, and whether the connection lives and is read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False
        self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """asyncio: send."""
        self.written += data

    def close(self) -> None:
        """asyncio: close."""
        self.closing = True

    def is_closing(self) -> bool:
        """asyncio: whether it is closed."""
        return self.closing

    def pause_reading(self) -> None:
        """asyncio: stop reading."""
        self.paused = True

    def resume_reading(self) -> None:
        """asyncio: read on."""
        self.paused = False


class Client:
    """A connection to a server that answers when told to, or at once."""

    def __init__(self, reply: Callable[[Request], Answer] | None = None) -> None:
        self.transport = Recorder()
        self.requests: list[Request] = []
        self._reply = reply
        self.connection = Connection(self._serve)
        self.connection.connection_made(self.transport)

    def _serve(self, request: Request, connection: Connection) -> None:
        self.requests.append(request)
        if self._reply is not None:
            connection.answer(self._reply(request))

    def send(self, data: bytes, pieces: int | None = None) -> bytes:
        """Send, in pieces of that many bytes; returns all that was written to this client so far."""
        for start in range(0, len(data), pieces or len(data) or 1):
            self.connection.data_received(data[start : start + (pieces or len(data))])
        return self.transport.written


def echo(request: Request) -> Answer:
    return respond(200, {}, request.target.encode(), keep_alive=request.keep_alive)


def post(body: bytes, *headers: str) -> bytes:
    head = "".join(f"{header}\r\n" for header in ("POST / HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n" + body


HEADERS = st.dictionaries(
    st.from_regex(r"x-[a-z]{1,8}", fullmatch=True), st.from_regex(r"[!-~]{1,12}( [!-~]{1,12})?", fullmatch=True), max_size=4
)


@given(body=st.binary(max_size=400), headers=HEADERS, pieces=st.integers(1, 100), chunked=st.booleans())
def test_a_request_is_the_same_in_whatever_pieces_it_arrives(body: bytes, headers: dict[str, str], pieces: int, chunked: bool) -> None:
    """Method, target, headers and body, with a stated length or in chunks."""
    client = Client()
    framing = ["Transfer-Encoding: chunked"] if chunked else [f"Content-Length: {len(body)}"]
    if chunked:
        half = len(body) // 2
        framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part) + b"0\r\n\r\n"
    lines = ["POST /path?q=1 HTTP/1.1", "Host: here", *framing, *(f"{name.upper()}: {value}" for name, value in headers.items()), "", ""]
    client.send("\r\n".join(lines).encode() + (framed if chunked else body), pieces)
    (request,) = client.requests
    assert (request.method, request.target, request.body) == ("POST", "/path?q=1", body)
    assert headers.items() <= request.headers.items()
    assert request.keep_alive
    assert not request.too_large
    assert request.first_s <= request.complete_s <= time.monotonic()


@given(count=st.integers(1, 60), pieces=st.integers(1, 500))
def test_pipelined_requests_are_answered_in_their_order(count: int, pieces: int) -> None:
    """However the answers' times would have it."""
    client = Client(echo)
    written = client.send(b"".join(GET % number for number in range(count)), pieces)
    assert re.findall(rb"\r\n\r\n/(\d+)", written) == [b"%d" % number for number in range(count)]


def test_thousands_of_pipelined_requests_do_not_exhaust_the_stack() -> None:
    """Answers given at once do not nest."""
    assert Client(echo).send(GET % 7 * 5_000).count(b"HTTP/1.1 200 OK") == 5_000


def test_a_request_is_served_only_when_the_one_before_it_is_answered() -> None:
    """And while others wait, no more is read."""
    client = Client()
    client.send(GET % 1 + GET % 2 + GET % 3)
    assert [request.target for request in client.requests] == ["/1"]
    assert client.transport.paused
    for expected in (["/1", "/2"], ["/1", "/2", "/3"]):
        client.connection.answer(echo(client.requests[-1]))
        assert [request.target for request in client.requests] == expected
    client.connection.answer(echo(client.requests[-1]))
    assert not client.transport.paused


def test_the_first_byte_and_the_last_are_timed_apart() -> None:
    """A request that trickles in is not young when it is complete."""
    client = Client()
    client.send(post(b"body")[:10])
    time.sleep(0.02)
    client.send(post(b"body")[10:])
    (request,) = client.requests
    assert request.complete_s - request.first_s >= 0.02


@given(st.binary(min_size=1, max_size=200).filter(lambda noise: noise.strip(b"\r\n") != b""))
def test_noise_gets_a_400_or_silence_and_never_an_exception(noise: bytes) -> None:
    """What is no HTTP ends the connection at the latest when it cannot become HTTP any more."""
    client = Client(echo)
    client.send(b"\x00" + noise)
    assert client.transport.closing
    assert client.transport.written.startswith(BAD)


@given(noise=st.binary(max_size=100), position=st.integers(0, 60), pieces=st.integers(1, 50))
def test_a_damaged_request_never_raises(noise: bytes, position: int, pieces: int) -> None:
    """Noise put anywhere into a good request: an answer, a 400, or waiting for more."""
    good = post(b"body", "X-Some: thing")
    Client(echo).send(good[:position] + noise + good[position:], pieces)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\nX-Large: " + b"a" * 90_000,
        b"GET /" + b"a" * 90_000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %d\r\n" % (number, number) for number in range(9_000)),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"e" * 90_000,
    ],
    ids=["a header", "a target", "many headers", "a chunk extension"],
)
@pytest.mark.parametrize("pieces", [None, 1_000])
def test_a_head_without_end_is_refused(head: bytes, pieces: int | None) -> None:
    """After 64 kB of head, and one reading more, the connection is given up, so that nobody fills our memory."""
    client = Client(echo)
    assert client.send(head, pieces).startswith(BAD)
    assert client.transport.closing


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_a_head_that_cannot_be_meant_is_refused(head: bytes) -> None:
    """A 400, and the connection closed: where the next request would start is unknown."""
    client = Client(echo)
    assert client.send(head).startswith(BAD)
    assert client.transport.closing


def test_the_largest_body_is_served_and_one_byte_more_is_not() -> None:
    """The limit is SageMaker's; the rest of a body that is too large is read and thrown away, and the connection lives."""
    client = Client(echo)
    for size, too_large in ((MAX_BODY_BYTES, False), (MAX_BODY_BYTES + 1, True), (2, False)):
        client.send(post(bytes(size)), 100_000)
        assert client.requests[-1].too_large is too_large
        assert len(client.requests[-1].body) == (0 if too_large else size)
    assert not client.transport.closing


def test_a_chunked_body_is_counted_too() -> None:
    """Its length is known only when it is over."""
    client = Client(echo)
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 7 + b"0\r\n\r\n", 300_000)
    assert client.requests[0].too_large


def test_a_chunked_body_without_end_is_given_up() -> None:
    """It is not read for ever."""
    client = Client(echo)
    client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(70):
        client.send(b"100000\r\n" + bytes(0x100000) + b"\r\n")
    assert client.transport.closing


def test_a_body_that_is_not_worth_reading_is_refused_unread() -> None:
    """A gigabyte: the refusal comes after the head, and the connection closes."""
    client = Client(lambda request: respond(413, {}, b"", keep_alive=request.keep_alive))
    written = client.send(b"POST / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n" + bytes(1000))
    assert written.startswith(b"HTTP/1.1 413 ")
    assert client.transport.closing


def test_a_client_that_asks_for_leave_gets_it() -> None:
    """100 Continue comes after the head, the answer after the body."""
    client = Client(echo)
    sent = post(b"body", "Expect: 100-continue")
    assert client.send(sent[:-4]) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(sent[-4:]).count(b"HTTP/1.1 200 OK") == 1


def test_a_client_that_asks_for_leave_to_send_too_much_gets_none() -> None:
    """It is told at once, before it has sent a byte of the body."""
    client = Client(lambda request: respond(413 if request.too_large else 200, {}, b"", keep_alive=request.keep_alive))
    written = client.send(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1))
    assert written.startswith(b"HTTP/1.1 413 ")
    assert client.transport.closing


@pytest.mark.parametrize(
    ("version", "header", "kept"),
    [("1.1", "", True), ("1.1", "Connection: close", False), ("1.0", "", False), ("1.0", "Connection: keep-alive", True)],
)
def test_the_connection_is_kept_as_the_client_has_it(version: str, header: str, kept: bool) -> None:
    """HTTP/1.1 keeps it unless told not to, HTTP/1.0 the other way round."""
    client = Client(echo)
    client.send(f"GET / HTTP/{version}\r\nHost: here\r\n{header}{chr(13) + chr(10) if header else ''}\r\n".encode())
    assert client.transport.closing is not kept


def test_an_upgrade_is_answered_as_plain_http_and_then_the_connection_ends() -> None:
    """The other protocol is not spoken here, so nothing that follows is read."""
    client = Client(echo)
    written = client.send(b"GET /1 HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET % 2)
    assert written.count(b"HTTP/1.1") == 1
    assert client.transport.closing


def test_an_answer_to_somebody_who_has_gone_is_no_error() -> None:
    """Its time of writing is nan, and what else the client had sent is forgotten."""
    client = Client()
    client.send(GET % 1 + GET % 2)
    client.connection.connection_lost(None)
    assert math.isnan(client.connection.answer(echo(client.requests[0])))
    assert len(client.requests) == 1


def test_an_answer_can_end_the_connection() -> None:
    """What waits behind it is not served."""
    client = Client()
    client.send(GET % 1 + GET % 2)
    assert client.connection.answer(Answer(0, b"bye", Ending.CLOSE)) <= time.monotonic()
    assert (client.transport.written, client.transport.closing, len(client.requests)) == (b"bye", True, 1)


def test_good_requests_before_a_bad_one_are_still_answered() -> None:
    """In order: the answers, then the 400."""
    client = Client()
    client.send(GET % 1 + b"\x00\x00\x00\r\n\r\n")
    assert client.transport.written == b""
    client.connection.answer(echo(client.requests[0]))
    assert re.findall(rb"HTTP/1.1 (\d+)", client.transport.written) == [b"200", b"400"]
    assert client.transport.closing


def test_repeated_headers_are_joined() -> None:
    """As a signature's canonical form has them."""
    client = Client()
    client.send(b"GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\n\r\n")
    assert client.requests[0].headers["x-a"] == "1,2"

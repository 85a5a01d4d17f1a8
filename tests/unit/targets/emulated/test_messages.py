"""Responses, read by the standard library's client."""

from __future__ import annotations

import email.utils
import http.client
import io
import time
from typing import Any

import pytest

from tailgate.targets.emulated.messages import Answer, Ending, respond


def read(answer: Answer) -> tuple[http.client.HTTPResponse, bytes]:
    """The response and its body, beyond which nothing may have been sent."""
    wire = io.BytesIO(answer.payload)

    class Socket:
        def makefile(self, mode: str) -> io.BufferedIOBase:
            assert mode == "rb"
            return io.BufferedReader(Unclosed(), 1)

    class Unclosed(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return wire.readinto(buffer)

    response = http.client.HTTPResponse(Socket())  # type: ignore[arg-type]  # all that it needs of a socket
    response.begin()
    body = response.read()
    assert wire.read() == b""
    return response, body


@pytest.mark.parametrize("body", [b"", b"{}", bytes(70_000)])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("keep_alive", [False, True])
def test_a_response_is_read_as_it_was_meant(body: bytes, chunked: bool, keep_alive: bool) -> None:
    """Status, headers and body, with a stated length or chunked, and whether the connection is to be kept."""
    answer = respond(424, {"X-Own": "yes"}, body, keep_alive=keep_alive, chunked=chunked)
    response, received = read(answer)
    assert (response.status, response.reason, response.headers["X-Own"], received) == (424, "Failed Dependency", "yes", body)
    assert response.will_close is not keep_alive
    assert answer.ending is (Ending.KEEP if keep_alive else Ending.CLOSE)
    assert abs(email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()) < 10


def test_a_status_that_http_does_not_name_is_sent_all_the_same() -> None:
    """530 is SageMaker's own."""
    assert read(respond(530, {}, b""))[0].status == 530

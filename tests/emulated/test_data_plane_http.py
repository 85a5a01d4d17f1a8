"""Clients that do not behave: whatever they send, the data plane answers or closes, and serves everybody else."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane

ANONYMOUS = b"POST /endpoints/ranker/invocations HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"
PATIENCE_S = 5.0


@pytest.fixture
def client(data_plane: DataPlane) -> Iterator[ssl.SSLSocket]:
    """A raw TLS connection."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    with (
        socket.create_connection(data_plane.address(), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.2") as tls,
    ):
        yield tls


@pytest.fixture(autouse=True)
def still_serving(runtime: Any, endpoint: str) -> Iterator[None]:
    """After each of these tests, a well-behaved client gets its answer."""
    yield
    assert runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")["ResponseMetadata"]["HTTPStatusCode"] == 200


def read_to_the_end(client: socket.socket) -> bytes:
    """All that comes until the server closes, which it has to within seconds."""
    received = b""
    try:
        while part := client.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"HELO here\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    ],
    ids=["binary", "another protocol", "another version", "a negative length", "a header without a name"],
)
def test_what_is_no_http_gets_a_400_and_the_connection_closed(client: ssl.SSLSocket, noise: bytes) -> None:
    """At once, without waiting for more."""
    client.sendall(noise)
    assert read_to_the_end(client).startswith(b"HTTP/1.1 400 ")


def test_a_head_without_end_is_given_up(client: ssl.SSLSocket) -> None:
    """A header of a megabyte is not collected."""
    try:
        client.sendall(b"GET / HTTP/1.1\r\nX-Large: " + b"a" * 1_000_000)
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return  # closed before it was all sent
    assert read_to_the_end(client).startswith(b"HTTP/1.1 400 ")


def test_pipelined_requests_are_all_answered(client: ssl.SSLSocket) -> None:
    """A hundred at once on one connection."""
    client.sendall(ANONYMOUS * 99 + ANONYMOUS.replace(b"Host", b"Connection: close\r\nHost"))
    assert read_to_the_end(client).count(b"HTTP/1.1 403 Forbidden") == 100


def test_a_request_that_trickles_in_is_answered(client: ssl.SSLSocket) -> None:
    """Byte by byte, each in a record of its own."""
    for byte in ANONYMOUS.replace(b"Host", b"Connection: close\r\nHost"):
        client.sendall(bytes([byte]))
    assert read_to_the_end(client).startswith(b"HTTP/1.1 403 ")


def test_a_client_that_goes_away_amid_its_request_is_forgotten(data_plane: DataPlane) -> None:
    """Before or during the handshake, amid head or body, politely or by reset."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    for sent in (b"", ANONYMOUS[:20], ANONYMOUS[:-1], ANONYMOUS):
        for polite in (True, False):
            plain = socket.create_connection(data_plane.address(), timeout=PATIENCE_S)
            if not polite:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            if sent:
                plain = context.wrap_socket(plain, server_hostname="127.0.0.2")
                plain.sendall(sent)
            plain.close()


def test_a_client_that_closes_its_half_is_not_waited_for(client: ssl.SSLSocket) -> None:
    """Half-closed connections, which TLS does not know, end."""
    client.sendall(ANONYMOUS[:-1])
    client.shutdown(socket.SHUT_WR)
    began_s = time.monotonic()
    assert socket.socket.recv(client, 65536) is not None
    while socket.socket.recv(client, 65536):
        pass
    assert time.monotonic() - began_s < PATIENCE_S


def test_plain_text_at_the_tls_port_is_hung_up_on(data_plane: DataPlane) -> None:
    """Somebody forgot the s of https."""
    with socket.create_connection(data_plane.address(), timeout=PATIENCE_S) as client:
        client.sendall(ANONYMOUS)
        assert b"HTTP/1.1 200" not in read_to_the_end(client)


def test_a_silent_client_does_not_hold_up_the_others(data_plane: DataPlane, runtime: Any, endpoint: str) -> None:
    """Fifty connections that never shake hands, and the next request takes no longer for it."""
    began_s = time.monotonic()
    runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    usual_s = time.monotonic() - began_s
    silent = [socket.create_connection(data_plane.address(), timeout=PATIENCE_S) for _ in range(50)]
    began_s = time.monotonic()
    runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    assert time.monotonic() - began_s < max(2.0, 10 * usual_s)
    for client in silent:
        client.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300), position=st.integers(0, len(ANONYMOUS)), cut=st.integers(1, 100))
def test_a_damaged_request_never_brings_the_server_down(data_plane: DataPlane, noise: bytes, position: int, cut: int) -> None:
    """Noise anywhere in a request, sent in pieces, then the client is gone."""
    damaged = ANONYMOUS[:position] + noise + ANONYMOUS[position:]
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    with (
        socket.create_connection(data_plane.address(), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.2") as client,
    ):
        try:
            for start in range(0, len(damaged), cut):
                client.sendall(damaged[start : start + cut])
        except (ConnectionError, ssl.SSLError):
            pass
    assert data_plane.process.poll() is None

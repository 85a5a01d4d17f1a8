"""Rendered requests are what botocore would send, once a second."""

from __future__ import annotations

import dataclasses

import pytest

import tailgate
from tailgate.errors import GeneratorError
from tailgate.generator.rendering import Renderer
from tailgate.generator.route import route_of
from tailgate.generator.signing import Keys
from tailgate.targets import Address

ADDRESS = Address("https://Runtime.Test/endpoints/x/invocations?a=1", region="us-east-1", network_path="public", sign=None)


class ScriptedCredentials:
    """Keys that change when the test says so."""

    def __init__(self) -> None:
        self.keys = Keys("AKID", "secret", "token")


def _renderer(address: Address = ADDRESS, credentials=None, wall=lambda: 1_800_000_000.0) -> Renderer:
    return Renderer(address, route_of(address), (b'{"x":1}',), credentials, wall)


def test_an_unsigned_request_holds_host_type_length_and_the_payload():
    """The target keeps its query, the host is lower case without a default port, the body follows the head."""
    assert _renderer().render(0) == (
        b"POST /endpoints/x/invocations?a=1 HTTP/1.1\r\nHost: runtime.test\r\n"
        + f"User-Agent: tailgate/{tailgate.__version__}\r\n".encode()
        + b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"x":1}'
    )


def test_the_method_is_the_addresses():
    """A URL that is no invocation may be asked with GET; it then carries no body."""
    address = dataclasses.replace(ADDRESS, method="GET")
    assert Renderer(address, route_of(address), (b"",), None).render(0).startswith(b"GET /endpoints/x/invocations?a=1 HTTP/1.1\r\nHost: ")


def test_a_request_is_rendered_anew_when_the_second_changes():
    """A signature holds the time in whole seconds, so that bytes are shared within a second and not beyond."""
    now_s = 1_800_000_000.0
    renderer = _renderer(dataclasses.replace(ADDRESS, sign="sagemaker"), ScriptedCredentials(), lambda: now_s)
    first = renderer.render(0)
    now_s += 0.9
    assert renderer.render(0) is first
    now_s += 0.1
    assert renderer.render(0) != first


def test_renewed_credentials_sign_from_the_next_second_on():
    """Temporary credentials expire during long runs; their successors take over without a restart."""
    now_s, credentials = 1_800_000_000.0, ScriptedCredentials()
    renderer = _renderer(dataclasses.replace(ADDRESS, sign="sagemaker"), credentials, lambda: now_s)
    assert b"Credential=AKID/" in renderer.render(0)
    credentials.keys = Keys("AKNEW", "other")
    now_s += 1
    renewed = renderer.render(0)
    assert b"Credential=AKNEW/" in renewed
    assert b"X-Amz-Security-Token" not in renewed


def test_an_addresss_own_headers_win_over_ours():
    """Whatever their case: a caller may send another type or user agent, once."""
    request = _renderer(dataclasses.replace(ADDRESS, headers={"user-agent": "mine", "CONTENT-TYPE": "text/csv", "X-Extra": "1"})).render(0)
    head = request.partition(b"\r\n\r\n")[0]
    assert b"user-agent: mine" in head
    assert b"CONTENT-TYPE: text/csv" in head
    assert b"X-Extra: 1" in head
    assert head.lower().count(b"user-agent") == head.lower().count(b"content-type") == 1


@pytest.mark.parametrize(
    ("name", "value"), [("X-A\r\nX-B", "1"), ("X-A", "1\r\nX-B: 2"), ("", "1"), ("X A", "1"), ("Host", "b"), ("content-length", "1")]
)
def test_headers_that_would_break_the_request_are_refused(name, value):
    """Neither may a value smuggle in another header, nor a header contradict what the url and the payload say."""
    with pytest.raises(GeneratorError, match="header"):
        _renderer(dataclasses.replace(ADDRESS, headers={name: value}))


def test_each_payload_of_a_set_is_rendered_and_signed_as_if_it_were_the_only_one():
    """Length and body hash belong to the payload, and both are kept for as long as the second lasts."""
    address, credentials = dataclasses.replace(ADDRESS, sign="sagemaker"), ScriptedCredentials()
    bodies = (b'{"x":1}', b"", b"[" + b"1," * 500 + b"1]")
    several = Renderer(address, route_of(address), bodies, credentials, lambda: 1_800_000_000.0)
    for index, body in enumerate(bodies):
        alone = Renderer(address, route_of(address), (body,), credentials, lambda: 1_800_000_000.0)
        assert several.render(index) == alone.render(0)
        assert several.render(index) is several.render(index)

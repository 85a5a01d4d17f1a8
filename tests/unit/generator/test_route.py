"""The way to an address, and why it could not be taken."""

from __future__ import annotations

import ssl

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.route import route_of
from tailgate.targets import Address


def _address(url: str, dial: str | None = None) -> Address:
    return Address(url, region="us-east-1", network_path="public", dial=dial)


@pytest.mark.parametrize(
    ("url", "authority", "dial", "target"),
    [
        ("https://Runtime.Test/a?b=c", "runtime.test", ("runtime.test", 443), "/a?b=c"),
        ("https://runtime.test:443/a", "runtime.test", ("runtime.test", 443), "/a"),
        ("http://runtime.test:8080", "runtime.test:8080", ("runtime.test", 8080), "/"),
        ("http://[::1]:8080/a", "[::1]:8080", ("::1", 8080), "/a"),
    ],
)
def test_a_url_names_host_header_and_where_to_connect(url, authority, dial, target):
    """The Host header is as botocore signs it: lower case, and without a default port."""
    route = route_of(_address(url))
    assert (route.authority, route.dial, route.target) == (authority, dial, target)


def test_dial_changes_where_to_connect_and_nothing_else():
    """TLS, Host header and signature go on to name the url's host."""
    route = route_of(_address("https://runtime.test/a", dial="[::1]:8443"))
    assert (route.host, route.authority, route.dial) == ("runtime.test", "runtime.test", ("::1", 8443))
    assert "dialled ::1:8443" in route.where


@pytest.mark.parametrize(
    "url", ["ftp://a.test/", "a.test/x", "https:///x", "https://user:pw@a.test/", "https://a.test:99999/", "https://a.test/ü"]
)
def test_urls_that_cannot_be_meant_are_refused(url):
    """With the url in the sentence."""
    with pytest.raises(GeneratorError, match="url '"):
        route_of(_address(url))


@pytest.mark.parametrize("dial", ["127.0.0.1", ":80", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:65536"])
def test_dials_that_cannot_be_meant_are_refused(dial):
    """With what to write instead."""
    with pytest.raises(GeneratorError, match="ip:port"):
        route_of(_address("https://a.test/", dial))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens there"),
        (TimeoutError("no answer"), "firewall"),
        (ssl.SSLCertVerificationError("bad"), "not trusted"),
        (ssl.SSLError(1, "wrong version number"), "https address"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
    ],
)
def test_each_way_of_failing_to_connect_has_its_sentence(error, words):
    """What was seen, the likely cause, what to do; and where."""
    if isinstance(error, ssl.SSLError):  # as OpenSSL fills them in
        error.reason, error.verify_message = error.strerror, "self-signed certificate"
    sentence = route_of(_address("https://a.test/")).explain(error)
    assert words in sentence
    assert "a.test:443" in sentence

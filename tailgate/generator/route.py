"""Route: which host a request names, and which socket addresses that host has at the moment."""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tailgate.errors import GeneratorError
from tailgate.targets import Address

SocketAddress = tuple[int, Any]
"""Address family, and the address as sockets of that family take it."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class Route:
    """The way to an address.

    host, port: what the url says; TLS, Host header and signature speak of them. authority: the Host header.
    path, query: of the invocation. dial: host and port to connect to.
    """

    tls: bool
    host: str
    port: int
    authority: str
    path: str
    query: str
    dial: tuple[str, int]

    @property
    def target(self) -> str:
        """The request line's target: path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def where(self) -> str:
        """How errors name it: `host:port`, and where that was dialled if it was told."""
        dialled = f" (dialled {self.dial[0]}:{self.dial[1]})" if self.dial != (self.host, self.port) else ""
        return f"{self.host}:{self.port}{dialled}"

    def resolve(self) -> list[SocketAddress]:
        """The socket addresses to connect to, as the system's resolver orders them. Raises GeneratorError."""
        host, port = self.dial
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise GeneratorError(
                f"host '{host}' cannot be resolved ({error}); check the url's spelling and region, and this host's DNS"
            ) from None
        return [(family, address) for family, _, _, _, address in found]

    def timed_resolve(self) -> tuple[list[SocketAddress], float]:
        """The same, with the seconds that it took; 0 where there is no name to resolve. Raises GeneratorError."""
        began_s = time.monotonic()
        found = self.resolve()
        return found, time.monotonic() - began_s if self.dial == (self.host, self.port) else 0.0

    def explain(self, error: OSError) -> str:
        """Why a connection could not be opened: what was seen, the likely cause, what to do."""
        if isinstance(error, ConnectionRefusedError):
            return f"{self.where} refused the connection: nothing listens there; check the url's port, and that the endpoint is up"
        if isinstance(error, TimeoutError):
            return f"{self.where} did not answer ({error}): a firewall or security group, or a server that hangs; try it from this host"
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self.where} is not trusted ({error.verify_message}); "
                "check the url's host, or give the authority that signed it: `--ca FILE` on the command line, ca_pem in an address"
            )
        if isinstance(error, ssl.SSLError):
            return f"TLS with {self.where} failed ({error.reason or error}); check that it is an https address"
        return f"no connection to {self.where} ({error.strerror or error}); check the url, and this host's network"


def route_of(address: Address) -> Route:
    """The way to an address. Raises GeneratorError when its url or dial cannot be meant."""
    try:
        url = urlsplit(address.url)
        port = url.port
    except ValueError as error:
        raise GeneratorError(f"url '{address.url}' cannot be read ({error}); write https://host/path") from None
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or url.username is not None:
        raise GeneratorError(f"url '{address.url}' is not one of a host over http or https, such as https://host/path")
    if not _TARGET.fullmatch(url.path + url.query):
        raise GeneratorError(f"url '{address.url}': path and query hold only printable ASCII; write others as %XX")
    port = port or _DEFAULT_PORTS[url.scheme]
    dial = _dialled(address.dial) if address.dial is not None else (url.hostname, port)
    return Route(url.scheme == "https", url.hostname, port, _authority(url, port), url.path or "/", url.query, dial)


def _authority(url: SplitResult, port: int) -> str:
    """The Host header as botocore writes it, so that signatures agree: lower case, without a default port."""
    host = str(url.hostname)
    host = f"[{host}]" if ":" in host else host
    return host if port == _DEFAULT_PORTS[url.scheme] else f"{host}:{port}"


def _dialled(dial: str) -> tuple[str, int]:
    host, _, port = dial.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise GeneratorError(f"dial '{dial}' is not an address to connect to; write ip:port, such as 127.0.0.2:8443")
    return host.strip("[]"), int(port)

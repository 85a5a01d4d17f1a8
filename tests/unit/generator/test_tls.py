"""TLS over memory, against OpenSSL's own server side."""

from __future__ import annotations

import contextlib
import ssl

import pytest
import trustme

from tailgate.errors import GeneratorError
from tailgate.generator.tls import TlsLayer, trusting


class Peer:
    """The server's end of one connection."""

    def __init__(self, authority: trustme.CA, host: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def shake(self, wire: bytes) -> bytes:
        """Its part of the handshake."""
        self.incoming.write(wire)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.end.do_handshake()
        return self.outgoing.read()


def _established(host: str = "a.test") -> tuple[TlsLayer, Peer, bytes]:
    """Both ends after the handshake, and the session tickets that are on their way."""
    authority = trustme.CA()
    layer, peer = TlsLayer(trusting(authority.cert_pem.bytes().decode()), "a.test"), Peer(authority, host)
    layer.shake()
    layer.shake(peer.shake(layer.outgoing))
    tickets = peer.shake(layer.outgoing)
    assert layer.established
    return layer, peer, tickets


def test_session_tickets_on_an_idle_connection_are_no_answer():
    """TLS 1.3 servers send them after the handshake; they hold no plain bytes and end nothing."""
    layer, _, tickets = _established()
    assert tickets
    assert layer.decrypt(tickets) == b""
    assert not layer.ended


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 1_000_000])
def test_bytes_arrive_whole_both_ways(size):
    """Also where they fill many records, and however the wire cuts them."""
    layer, peer, tickets = _established()
    layer.decrypt(tickets)
    sent = bytes(index % 251 for index in range(size)) + b"."
    peer.incoming.write(layer.encrypt(sent))
    received = b""
    while len(received) < len(sent):
        received += peer.end.read(1 << 20)
    assert received == sent
    peer.end.write(sent)
    wire = peer.outgoing.read()
    third = len(wire) // 3
    assert layer.decrypt(wire[:third]) + layer.decrypt(wire[third:]) == sent


def test_the_servers_farewell_is_noticed():
    """After close_notify no answer can come, though the socket may stay open."""
    layer, peer, tickets = _established()
    peer.end.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        peer.end.unwrap()
    assert layer.decrypt(tickets + peer.outgoing.read()) == b"last"
    assert layer.ended


def test_another_hosts_certificate_is_refused():
    """Signed by a trusted authority, but for another name."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _established(host="b.test")


def test_authorities_that_are_no_certificates_are_refused():
    """With the name of the field in the sentence."""
    for text in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(GeneratorError, match="ca_pem"):
            trusting(text)

"""TLS over memory: OpenSSL never sees the socket, so the kernel's receive stamps and the hub's callbacks stay ours."""

from __future__ import annotations

import ssl

from tailgate.errors import GeneratorError

_RECORDS_BYTES = 1 << 16


def trusting(ca_pem: str | None) -> ssl.SSLContext:
    """A context that trusts the system's authorities, and those given as PEM text beside them.

    Certificates and host names are verified. Raises GeneratorError when the text holds no certificate.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise GeneratorError(f"ca_pem holds no certificate that can be read ({error}); give authorities as PEM text") from None
    return context


class TlsLayer:
    """One connection's TLS: bytes of the wire in, plain bytes out, and the other way round."""

    __slots__ = ("_incoming", "_object", "_outgoing", "ended", "established")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.established = False
        self.ended = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake(self, wire: bytes = b"") -> None:
        """Go on with the handshake, given what the server sent; `established` says whether it is over.

        What is to be sent then waits in `outgoing`, an alert too where this raises ssl.SSLError.
        """
        self._incoming.write(wire)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.established = True

    def encrypt(self, plain: bytes) -> bytes:
        """The wire's bytes for a request."""
        written = self._object.write(plain)
        while written < len(plain):
            written += self._object.write(memoryview(plain)[written:])
        return self._outgoing.read()

    def decrypt(self, wire: bytes) -> bytes:
        """The plain bytes in what the server sent: none for a session ticket or part of a record.

        After the server's farewell `ended` is true. Raises ssl.SSLError on bytes that are not TLS.
        """
        incoming = self._incoming
        incoming.write(wire)
        plain = self._read()
        while incoming.pending or self._object.pending():
            more = self._read()
            if not more:
                break
            plain += more
        return plain

    @property
    def outgoing(self) -> bytes:
        """What TLS itself wants sent: handshake, alerts, key updates."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def _read(self) -> bytes:
        try:
            plain = self._object.read(_RECORDS_BYTES)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:
            plain = b""
        self.ended = not plain
        return plain

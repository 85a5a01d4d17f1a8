"""Certificates: an authority made for one process and forgotten with it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

import trustme


class Authority:
    """A throw-away certificate authority. ca_pem: its certificate, for those who are to trust it."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="tailgate emulation")
        self.ca_pem = self._authority.cert_pem.bytes().decode()

    def server_context(self, identities: Sequence[str]) -> ssl.SSLContext:
        """TLS 1.3 for a server known by these DNS names and IP addresses."""
        leaf = self._authority.issue_cert(*identities)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if not hasattr(os, "memfd_create"):
            leaf.configure_cert(context)  # by way of a temporary file, deleted at once
            return context
        # OpenSSL loads keys from files only: this one is memory, and has a name just in this process.
        with os.fdopen(os.memfd_create("leaf"), "wb") as file:
            file.write(leaf.private_key_and_cert_chain_pem.bytes())
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
        return context

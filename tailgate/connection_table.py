"""Connection table: what opening each connection of a run took, and where it led; beside the samples.

A connections file lies beside its samples file, under the same name with the suffix `.connections`. It is one line
`tailgate-connections 1`, one line of JSON (the layout of a record), then records of CONNECTION.itemsize bytes,
little-endian, in the order in which connections were open. Like the samples it is written while the load runs, a
connection's record before any record of a request it carried; an incomplete last record is dropped on reading.
"""

from __future__ import annotations

import ipaddress
import json
import struct
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tailgate.errors import SamplesError

MAGIC = b"tailgate-connections 1\n"
SUFFIX = ".connections"

CONNECTION_STRUCT = struct.Struct("<Idfff16s")
CONNECTION = np.dtype(
    [
        ("number", "<u4"),  # of the connection in its run, from 0; those that never were open have no record
        ("opened_s", "<f8"),  # when it could carry a request, seconds from the run's start; negative: opened ahead
        ("dns_s", "<f4"),  # the resolution of the host's name that it was the first to use; 0: dialled, or known before
        ("tcp_s", "<f4"),  # from the SYN to the connection being established
        ("tls_s", "<f4"),  # the handshake after that; 0 over plain HTTP
        ("remote", "u1", (16,)),  # the remote IPv6 address; IPv4 as ::ffff:a.b.c.d
    ]
)


def no_connections() -> NDArray[np.void]:
    """The table of a run of which it is not known."""
    return np.empty(0, dtype=CONNECTION)


def connections_path(samples: Path) -> Path:
    """Where the connections of a samples file are written."""
    return samples.with_suffix(SUFFIX)


@lru_cache(maxsize=256)
def pack_address(host: str) -> bytes:
    """A numeric IP address as the table holds it, without the zone that a link-local one may name."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return (b"\0" * 10 + b"\xff\xff" + address.packed) if address.version == 4 else address.packed


def address_text(packed: bytes) -> str:
    """A remote address as people write it, the inverse of `pack_address`."""
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)


def write_layout(file: BinaryIO) -> None:
    """Begin a connections file."""
    file.write(MAGIC + json.dumps({"record": CONNECTION.descr}).encode() + b"\n")


def read_connections(samples: Path) -> NDArray[np.void]:
    """The connections of a samples file, by number, dtype CONNECTION; none where no such file lies beside it.

    Raises SamplesError when the file is damaged.
    """
    path = connections_path(samples)
    try:
        with path.open("rb") as file:
            layout = _layout(path, file.readline(64), file.readline(1 << 16))
            stored = np.fromfile(file, dtype=layout)
    except FileNotFoundError:
        return no_connections()
    except OSError as error:
        raise SamplesError(f"connections {path} cannot be read: {error.strerror}") from None
    table = np.zeros(len(stored), dtype=CONNECTION)
    for name in set(layout.names or ()) & set(CONNECTION.names or ()):
        table[name] = stored[name]
    return table[np.argsort(table["number"], kind="stable")]


def _layout(path: Path, magic: bytes, line: bytes) -> np.dtype[np.void]:
    if magic != MAGIC:
        raise SamplesError(f"{path} is not a connections file of format 1; delete it to read the samples without, or use a newer tailgate")
    try:
        layout = np.dtype([(name, code, *map(tuple, shape)) for name, code, *shape in json.loads(line)["record"]])
        if layout.hasobject or "number" not in (layout.names or ()):
            raise ValueError("no layout of connections")
        return layout
    except (ValueError, KeyError, TypeError) as error:
        raise SamplesError(f"connections {path}: the header is damaged ({error!r}); delete it to read the samples without") from None

"""Allowance: packets beyond what an EC2 instance's network may carry, which its hypervisor queued or dropped, as its driver counts them.

Sources: "Monitor network performance for ENA settings", Amazon EC2 User Guide; linux/ethtool.h. Other drivers, and other systems,
count nothing of that name, and nothing is told.
"""

from __future__ import annotations

import array
import contextlib
import socket
import struct
import sys
from collections.abc import Mapping

_SIOCETHTOOL = 0x8946
_GET_STRINGS, _GET_COUNT, _GET_VALUES = 0x1B, 0x37, 0x1D
_STATISTICS = 1  # the set of strings that name statistics
_NAME_BYTES, _MOST = 32, 4096
_SUFFIX = "_allowance_exceeded"


def exceeded() -> float | None:
    """Packets since boot, over all interfaces and kinds (bandwidth in and out, packets, connections); None where nobody counts them."""
    counts = [value for interface in _interfaces() for name, value in statistics(interface).items() if name.endswith(_SUFFIX)]
    return float(sum(counts)) if counts else None


def statistics(interface: str) -> Mapping[str, int]:
    """What the driver of a network interface counts, by its own names; nothing where it does not say."""
    if sys.platform != "linux":
        return {}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        count = _count(asking, interface)
        if not 0 < count <= _MOST:
            return {}
        strings = _asked(asking, interface, struct.pack("=III", _GET_STRINGS, _STATISTICS, count), count * _NAME_BYTES)[12:]
        values = struct.unpack_from(f"={count}Q", _asked(asking, interface, struct.pack("=II", _GET_VALUES, count), count * 8), 8)
        raw = [strings[at : at + _NAME_BYTES] for at in range(0, len(strings), _NAME_BYTES)]
        return {name.partition(b"\0")[0].decode("ascii", "replace"): value for name, value in zip(raw, values, strict=True)}
    return {}


def _count(asking: socket.socket, interface: str) -> int:
    """How many statistics there are."""
    answer = _asked(asking, interface, struct.pack("=IIQ", _GET_COUNT, 0, 1 << _STATISTICS), 4)
    known, count = struct.unpack_from("=QI", answer, 8)
    return count if known else 0


def _asked(asking: socket.socket, interface: str, question: bytes, room: int) -> bytes:
    """What the kernel makes of a question of ethtool's with room for the answer behind it."""
    import fcntl  # not everywhere

    held = array.array("B", question + bytes(room))
    fcntl.ioctl(asking, _SIOCETHTOOL, struct.pack("16sP", interface.encode(), held.buffer_info()[0]))
    return held.tobytes()


def _interfaces() -> list[str]:
    try:
        return [name for _, name in socket.if_nameindex() if name != "lo"]
    except OSError:
        return []

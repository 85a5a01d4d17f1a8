"""Turn: the only measuring place on a host, for all its users: who does what others would measure holds it meanwhile.

On Linux it is an abstract Unix socket's name. It has no folder, so no TMPDIR moves it and no file stands in its way, and
no owner, so every user can take it; the kernel frees it with its holder, however that ends. Elsewhere it is a locked file
in /tmp. Containers with a network of their own have a place of their own.
"""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tailgate.errors import TargetError

NAME = "tailgate-measuring"
_LOOK_EVERY_S = 0.05
_EVERYBODY = 0o666


@contextmanager
def turn(waiting: Callable[[float], None], name: str | None = None) -> Iterator[None]:
    """Hold the place while the block runs; it cannot be held twice, not by one process either.

    waiting: told every 0.05 s how long it has lasted, in seconds; what it raises ends the waiting. Raises TargetError
    where the place cannot be had at all. name: of another place than everybody's.
    """
    name = name or NAME
    since_s = time.monotonic()
    while (held := _taken(name)) is None:
        waiting(time.monotonic() - since_s)
        time.sleep(_LOOK_EVERY_S)
    with held:
        yield


@contextmanager
def turns(waiting: Callable[[float], None], names: Iterable[str]) -> Iterator[None]:
    """Hold several places, taken in one order by everybody, so that no two wait for each other. The rest as in `turn`."""
    with ExitStack() as held:
        for name in sorted(set(names)):
            held.enter_context(turn(waiting, name))
        yield


def _taken(name: str) -> AbstractContextManager[object] | None:
    """What holds the place until it is left; None while somebody else does."""
    try:
        return bound_name(name) if sys.platform == "linux" else locked_file(Path("/tmp", f"{name}.lock"))  # noqa: S108  # the same for all users
    except OSError as error:
        raise TargetError(
            f"the measuring place of this host ({name}) cannot be taken: {error.strerror or error}; "
            "without it measurements would disturb each other, so nothing was measured: make it accessible to this user"
        ) from error


def bound_name(name: str) -> AbstractContextManager[object] | None:
    """A socket that has the abstract name; None where another has it. Raises OSError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(f"\0{name}")
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return bound


def locked_file(path: Path) -> AbstractContextManager[object] | None:
    """A lock of the file, which everybody may take; None where another has it. Raises OSError."""
    try:
        return FileLock(path, mode=_EVERYBODY).acquire(blocking=False)
    except Timeout:
        return None

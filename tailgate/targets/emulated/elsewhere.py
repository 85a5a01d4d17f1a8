"""Elsewhere: sockets and devices that are made in another network namespace, and used from this process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

_CLONE_NEWNET = 0x40000000

Made = TypeVar("Made")


def made_in(namespace: str | None, make: Callable[[], Made]) -> Made:
    """What `make` makes in a namespace, by its path; None for this process's own. Raises OSError, or what `make` raises.

    A namespace is a thread's, so it is entered by one that ends; what it opened stays there.
    """
    if namespace is None:
        return make()
    made: list[Made | Exception] = []

    def there() -> None:
        try:
            _enter(namespace)
            made.append(make())
        except Exception as error:
            made.append(error)

    thread = Thread(target=there)
    thread.start()
    thread.join()
    if isinstance(made[0], Exception):
        raise made[0]
    return made[0]


def _enter(namespace: str) -> None:
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), namespace)
    finally:
        os.close(descriptor)

"""Mail: where work on a host sends its letters from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Mail(Protocol):
    """The host's side of a correspondence."""

    @property
    def unwritten(self) -> int:
        """How many are still on their way."""
        ...

    def send(self, about: str, parts: Mapping[str, bytes] | None = None, **fields: Any) -> int:
        """Send one."""
        ...

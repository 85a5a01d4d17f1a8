"""Remote workers: a host's workers for a master on another, as seen from here. Their samples go to the master."""

from __future__ import annotations

from collections.abc import Callable

from tailgate.vantage.letters import Letter


class RemoteWorkers:
    """host: as people know it. send: writes a letter to it. trouble: why it cannot be followed any more, if so.

    Whoever reads the host's letters gives `receive` those about this order.
    """

    def __init__(self, host: str, number: int, send: Callable[..., object], trouble: Callable[[], str | None]) -> None:
        self.host = host
        self._number, self._send, self._trouble = number, send, trouble
        self._ended = False
        self.failed: str | None = None
        """How one of them died, in a sentence with its last words."""

    @property
    def lost(self) -> str | None:
        """Why their host cannot be followed any more."""
        return self._trouble()

    def receive(self, letter: Letter) -> None:
        """Take a letter about this order, in whatever thread."""
        if letter.fields.get("failed") is not None:
            self.failed = f"{self.host}: {letter.fields['failed']}"
        self._ended = True

    def end(self) -> None:
        """Have them ended at once, if they live."""
        if not self._ended:
            self._ended = True
            self._send("end", order=self._number)

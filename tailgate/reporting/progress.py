"""Progress: what is going on right now, as a bar on a terminal and as plain lines elsewhere.

A board is told `show(case, text, share)` as often as anybody likes. It writes to a duplicate of the process's real
standard output, so that pytest's capturing does not swallow it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

PLAIN_EVERY_S = 5.0


class Board(Protocol):
    """Where progress is shown."""

    def show(self, case: str, text: str, share: float) -> None:
        """Say what is being done for a case now; share is how much of it is done, 0 to 1."""
        ...

    def pause(self) -> None:
        """Take what is drawn away, because somebody else is about to write; the next `show` brings it back."""
        ...

    def close(self) -> None:
        """Take it away for good."""
        ...


class TerminalBoard:
    """A board on a stream: one bar per case in a terminal, a line every few seconds elsewhere.

    column: how far somebody else has written on the current line; the bars go below it, and the cursor goes back.
    """

    def __init__(self, stream: TextIO, column: Callable[[], int] = lambda: 0) -> None:
        self._stream = stream
        self._column = column
        self._console = Console(file=stream, highlight=False)
        self._lock = threading.RLock()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._left_at = 0
        self._said: dict[str, tuple[str, float]] = {}

    def show(self, case: str, text: str, share: float) -> None:
        """Draw the case's bar; on a plain stream, write a line when the first word changes or five seconds have passed."""
        with self._lock:
            if self._console.is_terminal:
                self._draw(case, text, share)
            else:
                self._say_now_and_then(case, text)

    def pause(self) -> None:
        """Erase the bars and put the cursor back where it was."""
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
                if self._left_at:
                    self._stream.write(f"\x1b[1A\x1b[{self._left_at}C")
                    self._stream.flush()
            self._bars, self._tasks, self._left_at = None, {}, 0

    def close(self) -> None:
        """Erase the bars and let go of the stream."""
        with self._lock:
            self.pause()
            self._stream.close()

    def _draw(self, case: str, text: str, share: float) -> None:
        if self._bars is None:
            self._left_at = self._column() % self._console.width
            self._stream.write("\n" if self._left_at else "")
            columns = (TextColumn("  {task.description}", markup=False), BarColumn(20), TextColumn("{task.fields[text]}", markup=False))
            self._bars = Progress(*columns, console=self._console, transient=True, auto_refresh=False)
            self._bars.start()
        if case not in self._tasks:
            self._tasks[case] = self._bars.add_task(case, total=1.0, text=text)
        self._bars.update(self._tasks[case], completed=min(share, 1.0), text=text)
        self._bars.refresh()

    def _say_now_and_then(self, case: str, text: str) -> None:
        phase, now_s = text.split(" ", 1)[0], time.monotonic()
        last_phase, last_s = self._said.get(case, ("", -PLAIN_EVERY_S))
        if phase != last_phase or now_s - last_s >= PLAIN_EVERY_S:
            self._stream.write(f"{'' if self._said or not self._column() else chr(10)}  {case}: {text}\n")
            self._stream.flush()
            self._said[case] = (phase, now_s)


class SilentBoard:
    """A board for sessions without a terminal."""

    def show(self, case: str, text: str, share: float) -> None:
        """Show nothing."""

    def pause(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing is held."""


class RelayBoard:
    """A board in a worker process: what it is told goes to the process that owns the terminal, if that one listens."""

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def show(self, case: str, text: str, share: float) -> None:
        """Pass it on; a message lost is a moment less on the screen, nothing more."""
        if self._address is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(json.dumps([case, text, share]).encode(), self._address)

    def pause(self) -> None:
        """Nothing to do: the owner of the terminal knows when somebody writes."""

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


class Relay:
    """The other end: hears what RelayBoards are told and shows it on a board of this process."""

    def __init__(self, board: Board) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tailgate-"))
        self.address = str(self._folder / "progress")
        self._board = board
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._thread = threading.Thread(target=self._listen, name="tailgate progress", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and leave nothing in the file system."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"[]", self.address)
        self._thread.join(2.0)
        self._socket.close()
        with contextlib.suppress(OSError):
            Path(self.address).unlink()
            self._folder.rmdir()

    def _listen(self) -> None:
        while message := json.loads(self._socket.recv(65536)):
            self._board.show(*message)

"""Progress: bars on a real pseudo-terminal, plain lines elsewhere, and the way from a worker to the terminal's owner."""

import io
import os
import pty
import time
from pathlib import Path

import pytest

from tailgate.reporting import progress
from tailgate.reporting.progress import Relay, RelayBoard, TerminalBoard


class Noted:
    """A board that remembers what it was told."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, float]] = []

    def show(self, case: str, text: str, share: float) -> None:
        """Remember."""
        self.shown.append((case, text, share))

    def pause(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch):
    """A pseudo-terminal: the stream to write to, and a function that reads what arrived."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)

    def arrived() -> str:
        time.sleep(0.05)
        try:
            return os.read(ours, 1 << 16).decode()
        except BlockingIOError:
            return ""

    yield os.fdopen(theirs, "w", encoding="utf-8"), arrived
    os.close(ours)


def test_a_bar_is_drawn_below_what_others_wrote_and_the_cursor_goes_back(terminal) -> None:
    """pytest's half-written line is left as it was: the bar is erased and the cursor stands where it stood."""
    stream, arrived = terminal
    board = TerminalBoard(stream, column=lambda: 17)
    board.show("ranker", "driving 50/s, 10 s left", 0.25)
    drawn = arrived()
    assert drawn.startswith(("\r\n", "\n"))
    assert "ranker" in drawn
    assert "driving 50/s" in drawn
    board.pause()
    assert arrived().endswith("\x1b[1A\x1b[17C")
    board.pause()
    assert arrived() == "", "what is not drawn is not erased again"
    board.close()


def test_a_case_whose_name_looks_like_markup_is_drawn_as_it_is(terminal) -> None:
    """Rich's markup has no meaning in names."""
    stream, arrived = terminal
    board = TerminalBoard(stream)
    board.show("[red]ranker[/red]", "driving [bold]", 0.5)
    drawn = arrived()
    assert "[red]ranker[/red]" in drawn
    assert "driving [bold]" in drawn
    board.close()


def test_elsewhere_there_is_a_line_per_phase_and_then_one_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """No control codes in logs, and no flood: a line when the phase changes or five seconds have passed."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    board = TerminalBoard(stream)
    for second in range(12):
        now[0] = 100.0 + second
        board.show("ranker", f"{'deploying' if second < 2 else 'driving'} {second} s", 0.0)
    assert stream.getvalue().splitlines() == [
        "  ranker: deploying 0 s",
        "  ranker: driving 2 s",
        "  ranker: driving 7 s",
    ]
    assert "\x1b" not in stream.getvalue()


def test_what_a_worker_shows_arrives_at_the_owner_of_the_terminal() -> None:
    """Over a socket in a folder that goes away again."""
    noted = Noted()
    relay = Relay(noted)
    worker = RelayBoard(relay.address)
    worker.show("ranker", "driving ✓", 0.5)
    end_s = time.monotonic() + 5
    while not noted.shown and time.monotonic() < end_s:
        time.sleep(0.01)
    worker.close()
    relay.close()
    assert noted.shown == [("ranker", "driving ✓", 0.5)]
    assert not Path(relay.address).parent.exists()


@pytest.mark.parametrize("address", [None, "/nowhere/progress"])
def test_a_worker_whom_nobody_hears_goes_on(address: str | None) -> None:
    """Progress is a comfort: without a listener nothing fails."""
    board = RelayBoard(address)
    board.show("ranker", "driving", 0.1)
    board.close()

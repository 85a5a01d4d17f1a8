"""The measuring place of a host: one for all, whatever their environment, and free again however its holder ends."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tailgate import turn as module
from tailgate.errors import TargetError
from tailgate.turn import bound_name, locked_file, turn

HOLDER = """
import sys, time
from tailgate.turn import turn

with turn(lambda waited_s: None, sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


class GivenUpError(Exception):
    """Raised by whoever is tired of waiting."""


def give_up(waited_s: float) -> None:
    if waited_s > 0.3:
        raise GivenUpError


@pytest.fixture
def name() -> str:
    """A place that no real measurement on this host wants."""
    return f"tailgate-test-{secrets.token_hex(6)}"


@contextmanager
def holder(name: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the place, with another folder for temporary files."""
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, "-c", HOLDER, name], stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_two_processes_with_different_folders_for_temporary_files_have_one_place(name: str, tmp_path: Path) -> None:
    """TMPDIR is each user's, often each session's; the processors are everybody's."""
    with holder(name, tmp_path), pytest.raises(GivenUpError), turn(give_up, name):
        pytest.fail("measured beside another")


def test_a_killed_holders_place_is_free_at_once(name: str, tmp_path: Path) -> None:
    """The kernel lets go of it, whatever became of the process."""
    with holder(name, tmp_path) as process:
        process.kill()
        process.wait(10)
        began_s = time.monotonic()
        with turn(give_up, name):
            assert time.monotonic() - began_s < 2


def test_one_process_does_not_hold_it_twice_and_has_it_again_afterwards(name: str) -> None:
    """What deploys in a thread of its own waits for the measurement in another; an error frees the place."""
    with pytest.raises(GivenUpError), turn(give_up, name), turn(give_up, name):
        pytest.fail("held twice")
    with turn(give_up, name):
        pass


@pytest.mark.parametrize("way", ["name", "file"])
def test_both_ways_of_holding_exclude_others_until_they_are_left(way: str, name: str, tmp_path: Path) -> None:
    """An abstract name where there are such, a locked file elsewhere."""

    def take() -> object:
        return bound_name(name) if way == "name" else locked_file(tmp_path / "place.lock")

    held = take()
    assert held is not None
    with held:
        assert take() is None
    again = take()
    assert again is not None
    with again:
        pass


def test_everybody_may_take_the_file(tmp_path: Path) -> None:
    """Whoever makes it first, with whatever umask, does not keep the others out."""
    before = os.umask(0o077)
    try:
        held = locked_file(tmp_path / "place.lock")
        assert held is not None
        with held:
            assert (tmp_path / "place.lock").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_place_that_cannot_be_had_is_an_error_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not a raw OSError: what was tried, why it failed, what to do."""
    monkeypatch.setattr(module, "bound_name", lambda _: locked_file(tmp_path))
    with pytest.raises(TargetError, match=r"measuring place of this host.*Is a directory.*nothing was measured"), turn(give_up, name):
        pytest.fail("entered")

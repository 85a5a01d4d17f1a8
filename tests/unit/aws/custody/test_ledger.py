"""The ledger: on disk before anything is created, readable whatever a crash left of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.custody.ledger import Entry, Ledger, is_held, ledgers_in, read_ledger
from tailgate.aws.custody.resources import KINDS
from tailgate.errors import TargetError

SESSION = "20261122T093612Z-1f3a9c"
THINGS = st.tuples(st.sampled_from([*KINDS, "schedule"]), st.text(min_size=1, max_size=12))
STEPS = st.lists(st.tuples(st.booleans(), THINGS), max_size=12)


def named(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    return [(entry.kind, entry.name) for entry in entries]


def expected(steps: list[tuple[bool, tuple[str, str]]]) -> list[tuple[str, str]]:
    left: dict[tuple[str, str], None] = {}
    for creating, thing in steps:
        if creating:
            left[thing] = None
        else:
            left.pop(thing, None)
    return list(left)


def note(ledger: Ledger, steps: list[tuple[bool, tuple[str, str]]]) -> list[int]:
    """Note the steps; the file's size after each."""
    sizes = []
    for creating, thing in steps:
        (ledger.about_to_create if creating else ledger.gone)(*thing)
        sizes.append(ledger.path.stat().st_size)
    return sizes


@given(steps=STEPS)
def test_what_was_to_be_created_and_is_not_gone_is_left(steps: list[tuple[bool, tuple[str, str]]]) -> None:
    """In the order of creation, each once, whatever the names are, after any course of events."""
    with TemporaryDirectory() as folder, Ledger.begin(Path(folder), SESSION, "eu-central-1") as ledger:
        note(ledger, steps)
        account = read_ledger(ledger.path)
        assert sorted(named(account.left)) == sorted(expected(steps))
        assert (account.session, account.region, account.unreadable) == (SESSION, "eu-central-1", 0)


@given(steps=STEPS, share=st.floats(0, 1), more=THINGS)
def test_a_ledger_torn_at_any_byte_tells_all_that_may_exist(
    steps: list[tuple[bool, tuple[str, str]]], share: float, more: tuple[str, str]
) -> None:
    """Every line that was whole counts; a torn one was about nothing that was done; and what is noted afterwards is read."""
    with TemporaryDirectory() as folder:
        with Ledger.begin(Path(folder), SESSION, "eu-central-1") as ledger:
            head = ledger.path.stat().st_size
            sizes = [head, *note(ledger, steps)]
        at = round(share * sizes[-1])
        os.truncate(ledger.path, at)
        whole = [step for step, size in zip(steps, sizes[1:], strict=True) if size - 1 <= at]  # its newline may be missing
        assert sorted(named(read_ledger(ledger.path).left)) == sorted(expected(whole))
        assert read_ledger(ledger.path).session == SESSION
        with Ledger.resume(ledger.path) as again:
            again.about_to_create(*more)
            assert sorted(named(again.left())) == sorted(expected([*whole, (True, more)]))


@given(rubbish=st.lists(st.binary(max_size=30), max_size=5))
def test_rubbish_hides_nothing(rubbish: list[bytes]) -> None:
    """Lines that cannot be read are counted and passed over; they end with the line."""
    with TemporaryDirectory() as folder, Ledger.begin(Path(folder), SESSION, "eu-central-1") as ledger:
        ledger.about_to_create("model", "tailgate-a")
        with ledger.path.open("ab") as file:
            file.write(b"\n".join(b"\xff" + line.replace(b"\n", b"") for line in rubbish))
        ledger.about_to_create("endpoint", "tailgate-a")
        account = read_ledger(ledger.path)
        assert named(account.left) == [("model", "tailgate-a"), ("endpoint", "tailgate-a")]
        assert account.unreadable == len(rubbish)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """It names what is in an account."""
    with Ledger.begin(tmp_path / "ledger", SESSION, "us-east-1") as ledger:
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_it_is_synced_before_anything_can_be_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When about_to_create returns, the line was written and then synced, as seen from outside the process."""
    seen: list[str] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        seen.append(path.read_text().splitlines()[-1])
        fsync(descriptor)

    with Ledger.begin(tmp_path, SESSION, "us-east-1") as ledger:
        path = ledger.path
        monkeypatch.setattr(os, "fsync", watched)
        ledger.about_to_create("endpoint", "tailgate-a")
    assert [json.loads(line)["creating"] for line in seen] == ["endpoint"]


def test_what_cannot_be_written_down_is_not_created() -> None:
    """A full disk is an error that says so; what is gone, though, is gone."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    ledger = Ledger(full, os.open(full, os.O_RDWR))
    with pytest.raises(TargetError, match="endpoint tailgate-a was not created: it could not be written down in /dev/full"):
        ledger.about_to_create("endpoint", "tailgate-a")
    ledger.gone("endpoint", "tailgate-a")
    ledger.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """So is a session that has a ledger already: two never share one."""
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="what is not written down is not created"):
        Ledger.begin(tmp_path / "file" / "ledger", SESSION, "us-east-1")
    with Ledger.begin(tmp_path, SESSION, "us-east-1"), pytest.raises(TargetError, match="no ledger can be kept"):
        Ledger.begin(tmp_path, SESSION, "us-east-1")


def test_a_settled_ledger_goes_and_another_stays(tmp_path: Path) -> None:
    """A file in the folder says that something may be left."""
    with Ledger.begin(tmp_path, SESSION, "us-east-1") as ledger:
        ledger.about_to_create("model", "tailgate-a")
        assert not ledger.discard_if_settled()
        assert ledgers_in(tmp_path) == [ledger.path]
        ledger.gone("model", "tailgate-a")
        assert ledger.discard_if_settled()
    assert ledgers_in(tmp_path) == []
    assert ledgers_in(tmp_path / "absent") == []


def test_it_is_held_as_long_as_anybody_who_writes_to_it_lives(tmp_path: Path) -> None:
    """Session and reaper hold it together; it is free when the last of them died, however they died."""
    script = (
        "import sys; from pathlib import Path; from tailgate.aws.custody.ledger import Ledger\n"
        "ledger = Ledger.resume(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.read()"
    )
    with Ledger.begin(tmp_path, SESSION, "us-east-1") as ledger:
        with subprocess.Popen(
            [sys.executable, "-c", script, str(ledger.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()
            ledger.close()
            assert is_held(ledger.path)
            other.kill()
            other.wait()
        assert not is_held(ledger.path)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    """Endpoints deploy side by side."""
    with Ledger.begin(tmp_path, SESSION, "us-east-1") as ledger:
        with ThreadPoolExecutor(8) as crew:
            list(crew.map(lambda number: ledger.about_to_create("model", f"tailgate-{number}"), range(40)))
        assert {entry.name for entry in ledger.left()} == {f"tailgate-{number}" for number in range(40)}


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    """What cannot be understood is not acted on."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"ledger": 2}\n')
    with pytest.raises(TargetError, match="is of format 2"):
        read_ledger(path)

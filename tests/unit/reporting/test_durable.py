"""Whole or absent: what a kill in the middle of writing leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tailgate.reporting.durable import written_durably

WRITER = """
import sys, time
from pathlib import Path
from tailgate.reporting.durable import written_durably

with written_durably(Path(sys.argv[1])) as file:
    file.write(b"new, but not all of it")
    file.flush()
    print("half", flush=True)
    time.sleep(60)
"""


def test_a_writer_that_is_killed_leaves_the_former_file_as_it_was(tmp_path: Path) -> None:
    """SIGKILL between the first byte and the last: the old content is there, and nothing under the name but it."""
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout:
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir() if not entry.name.startswith(".")] == ["run.json"]


def test_an_error_in_the_block_leaves_nothing(tmp_path: Path) -> None:
    """Neither the file nor its temporary one."""
    with pytest.raises(TypeError), written_durably(tmp_path / "run.json") as file:
        file.write("no bytes")  # type: ignore[arg-type]  # the error that is wanted
    assert list(tmp_path.iterdir()) == []


def test_content_and_names_are_synced_before_and_after_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsync of the file, then the rename, then fsync of the folder: the order that survives a power cut."""
    seen: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        seen.append("folder" if os.path.samestat(os.fstat(descriptor), tmp_path.stat()) else "file")
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    with written_durably(tmp_path / "run.json") as file:
        file.write(b"content")
    assert seen == ["file", "rename", "folder"]
    assert (tmp_path / "run.json").read_bytes() == b"content"


def test_the_file_is_readable_by_whom_the_umask_allows(tmp_path: Path) -> None:
    """A record is not more private than any other file that the user makes."""
    former = os.umask(0o022)
    try:
        with written_durably(tmp_path / "run.json") as file:
            file.write(b"content")
    finally:
        os.umask(former)
    assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o644


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    """While one process writes versions over each other, another always reads a whole one."""
    path = tmp_path / "run.json"
    code = (
        "import sys\nfrom pathlib import Path\nfrom tailgate.reporting.durable import written_durably\n"
        "for number in range(60):\n"
        "    with written_durably(Path(sys.argv[1])) as file:\n"
        "        file.write(bytes([65 + number % 26]) * 300_000)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    seen = 0
    deadline = time.monotonic() + 60
    while writer.poll() is None and time.monotonic() < deadline:
        content = path.read_bytes() if path.exists() else b""
        if content:
            seen += 1
            assert len(content) == 300_000
            assert len(set(content)) == 1
    assert writer.wait(10) == 0
    assert seen > 0

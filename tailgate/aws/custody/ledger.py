"""Ledger: what a session is about to create, on disk before it is asked for, so that whoever comes next can delete it by name.

    reports/ledger/SESSION.jsonl

One JSON object a line. The first: `ledger` (format 1), `session`, `region`, `account`, `host`, `began_at`. Then `creating` (a kind of
resources.py) and `name`; or `gone` and `name`: it is seen to be gone, or was never ours. Times are UTC. A line is appended
and synced to disk before what it announces is done. So a line that a crash tore was no create's, and is passed over.
A file lies there as long as something may be left: the session that left nothing removes it. It is locked (flock(2),
shared) by all who write to it, so an unlocked one of this host is of a dead session; so is one that calls its session gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from tailgate.errors import TargetError

FOLDER = "ledger"
"""Its name beside `runs` in the reports folder."""

SUFFIX = ".jsonl"
FORMAT, SESSION = 1, "session"  # the reaper that takes over notes its session as gone
_OWNER_ONLY = 0o600  # it names what is in an account


class Book(Protocol):
    """Where creations are noted: a ledger, or nothing where nothing outlives the session."""

    def about_to_create(self, kind: str, name: str) -> None:
        """Note it before it is asked for. Raises TargetError where it cannot be noted: then it must not be created."""
        ...

    def gone(self, kind: str, name: str) -> None:
        """Note that it is gone, or never was ours. Raises nothing."""
        ...


class Blank:
    """A book that notes nothing: of a platform that ends with the session."""

    def about_to_create(self, kind: str, name: str) -> None:
        """Note nothing."""

    def gone(self, kind: str, name: str) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was to be created: its kind, its name, and when that was noted (UTC)."""

    kind: str
    name: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """A ledger as it is read. left: what is not gone, in the order of creation. unreadable: lines that were passed over.

    account: whose credentials made it all, host: where; None where not noted. over: the session is, as its reaper noted.
    """

    session: str
    region: str
    account: str | None
    left: tuple[Entry, ...]
    unreadable: int
    over: bool = False
    host: str | None = None


class Ledger:
    """A session's ledger, open for appending; a context manager that closes it. Thread-safe, and safe beside another process's."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lock = Lock()

    @classmethod
    def begin(cls, folder: Path, session: str, region: str, account: str | None = None) -> Ledger:
        """Make the session's ledger in the folder, which is made too. account: whose credentials they are.

        Raises TargetError where it cannot be written.
        """
        path = folder / f"{session}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ledger = cls(path, _opened(path, os.O_CREAT | os.O_EXCL))
            whose = {"region": region, "account": account, "host": platform.node()}
            ledger._append({"ledger": FORMAT, "session": session, **whose, "began_at": _now()})
            _sync_folder(folder)
        except OSError as error:
            raise TargetError(f"no ledger can be kept in {folder} ({error}): what is not written down is not created") from None
        return ledger

    @classmethod
    def resume(cls, path: Path) -> Ledger:
        """Go on with a ledger. Raises TargetError where it cannot be opened."""
        try:
            return cls(path, _opened(path))
        except OSError as error:
            raise TargetError(f"the ledger {path} cannot be opened ({error})") from None

    def about_to_create(self, kind: str, name: str) -> None:
        """Note on disk that this is about to be created. Raises TargetError where that fails."""
        try:
            self._append({"creating": kind, "name": name, "at": _now()})
        except OSError as error:
            raise TargetError(f"{kind} {name} was not created: it could not be written down in {self.path} ({error})") from None

    def gone(self, kind: str, name: str) -> None:
        """Note that it is gone, or never was ours. What cannot be noted is looked for once more by whoever comes next."""
        with suppress(OSError):
            self._append({"gone": kind, "name": name, "at": _now()})

    def left(self) -> tuple[Entry, ...]:
        """What may still be there, in the order of creation; nothing once another removed the settled file. Raises TargetError."""
        return read_ledger(self.path).left if self.path.exists() else ()

    def close(self) -> None:
        """Let go of the file. May be called again."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def discard_if_settled(self) -> bool:
        """Remove the file and close it, where nothing is left; whether it was so. Raises TargetError."""
        if self.left():
            return False
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.close()
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _append(self, fields: Mapping[str, object]) -> None:
        """One line, whole and on disk before this returns. What was torn before it is ended first. Raises OSError."""
        line = json.dumps(fields).encode() + b"\n"
        with self._lock:
            size = os.fstat(self._descriptor).st_size
            torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
            whole = b"\n" + line if torn else line
            if os.write(self._descriptor, whole) != len(whole):
                raise OSError("the disk took only a part of a line")
            os.fsync(self._descriptor)


def read_ledger(path: Path) -> Reading:
    """What a ledger says, torn or not. Raises TargetError where it cannot be read or is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise TargetError(f"the ledger {path} cannot be read ({error.strerror})") from None
    read = [_fields(line) for line in lines if line]
    head = next((fields for fields in read if "ledger" in fields), {})
    if head.get("ledger", FORMAT) != FORMAT:
        raise TargetError(f"the ledger {path} is of format {head['ledger']}, this tailgate reads {FORMAT}; use a later one")
    session, region = str(head.get("session", path.name.removesuffix(SUFFIX))), str(head.get("region", ""))
    account, host = (None if head.get(key) is None else str(head[key]) for key in ("account", "host"))
    over = any(fields.get("gone") == SESSION for fields in read)
    return Reading(session, region, account, _left(read), sum(not fields for fields in read), over, host)


def ledgers_in(folder: Path) -> list[Path]:
    """The ledgers in a folder, oldest session first; none where there is no folder."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())


def is_held(path: Path) -> bool:
    """Whether somebody writes to the ledger: its session lives, or is being cleaned up after. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _left(read: Iterable[Mapping[str, object]]) -> tuple[Entry, ...]:
    left: dict[tuple[str, str], Entry] = {}
    for fields in read:
        name = str(fields.get("name", ""))
        if "creating" in fields:
            kind = str(fields["creating"])
            left[kind, name] = Entry(kind, name, _time(fields.get("at")))
        elif "gone" in fields:
            left.pop((str(fields["gone"]), name), None)
    return tuple(left.values())


def _time(text: object) -> datetime:
    """When; long ago where that cannot be read."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        time = datetime.fromtimestamp(0, UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _fields(line: bytes) -> dict[str, object]:
    """A line's object; nothing where it is none, or lacks its name."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    whole = isinstance(fields, dict) and ("ledger" in fields or isinstance(fields.get("name"), str))
    return fields if whole else {}


def _opened(path: Path, more: int = 0) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | more, _OWNER_ONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _sync_folder(folder: Path) -> None:
    """Make the file's name last; a folder of a file system that knows no such thing is left as it is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Session folders: where the runs of one session lie until its benchmark JSON is written, and how long after.

    reports/
      runs/20261122T093612Z-1f3a9c/   one session: UTC time of its beginning, and six random hexadecimal digits
        session.lock                  held while the session lives
        NAME.json  NAME.samples       a run (run_file.py) and its raw samples (samples.py)
        NAME.connections              the connections that carried them (connection_table.py)
        ended                         made when a worker ended by itself, before its controller has saved its runs
        report.html                   its page (report/)
        summary.md                    the session in Markdown (markdown.py), of xdist's workers in the first one's folder
        saved                         JSON list of the run files that are in a benchmark JSON
      benchmarks/                     benchmark JSON, in pytest-benchmark's own storage layout

The controller of a session's workers holds their folders (`adopted`) from their end until it has saved their runs; a
folder that has just `ended` is left to it.

A session that died leaves runs that `saved` does not list; the next session that records takes them over. Retention:
raw samples of the newest 20 sessions, session folders of the newest 100, benchmark JSON for ever. Only files named as
above, in folders named as above, are ever removed: never a live session's, never a run that `saved` does not list.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from tailgate.connection_table import SUFFIX as CONNECTIONS_SUFFIX
from tailgate.errors import RecordError
from tailgate.reporting.durable import written_durably

RUNS, BENCHMARKS = "runs", "benchmarks"
_WORKER = "PYTEST_XDIST_WORKER"  # set in those whose controller saves their runs
LOCK, SAVED, ENDED = "session.lock", "saved", "ended"
REPORT, SUMMARY = "report.html", "summary.md"
RUN_SUFFIX, SAMPLES_SUFFIX = ".json", ".samples"
SESSIONS_WITH_SAMPLES, SESSIONS_KEPT = 20, 100
LONGEST_STEM_BYTES = 120

_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_UNSAFE = re.compile(r"[^\w.+=@-]+")
_LEFT_TO_ITS_CONTROLLER_S = 30.0  # between a worker's end and its controller's taking note of it
_HANDOVER_S = 2.0
_LOOK_S = 10.0  # another session holds a lock only while it looks whether its owner is alive


class SessionFolder:
    """One session's folder, and the lock that says it lives; a context manager that lets go of it.

    path: the folder. id: its name, which sorts by time. `begin` makes one.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self.id = path.name
        self._lock = lock

    @classmethod
    def begin(cls, reports: Path) -> SessionFolder:
        """Make this session's folder under `reports` and hold its lock. Raises RecordError where it cannot be made."""
        path = reports / RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        lock = _lock_of(path)
        try:
            path.mkdir(parents=True)
            lock.acquire(timeout=_LOOK_S)
        except (OSError, Timeout) as error:
            raise RecordError(f"no folder for this session's runs ({error}): a run that cannot be kept is not made") from None
        return cls(path, lock)

    def release(self) -> None:
        """Let go of the lock; a folder in which nothing was recorded goes away. Calling it again does nothing."""
        if not self._lock.is_locked:
            return
        if {entry.name for entry in self.path.iterdir()} == {LOCK}:
            _remove(self.path)
        elif _WORKER in os.environ and unsaved(self.path):
            with contextlib.suppress(OSError):
                (self.path / ENDED).touch()
        self._lock.release()

    def __enter__(self) -> SessionFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def stem(case_id: str, attempt: int = 1) -> str:
    """A run's file name without its suffix: the case's id, made safe for file systems and shells.

    What had to be changed, or cut after 120 bytes, is told apart by eight digits of the id's SHA-256; later attempts
    end in `~try2` and so on. `~` comes from nowhere else, so different ids and attempts have different stems.
    """
    safe = _UNSAFE.sub("-", case_id).strip("-.") or "case"
    safe = safe.encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
    if safe != case_id:
        safe += "~" + hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return safe if attempt == 1 else f"{safe}~try{attempt}"


def claim(folder: Path, case_id: str) -> str:
    """A stem for one more run of the case, which no other process has: its empty samples file is made at once.

    Raises RecordError when the folder cannot be written to.
    """
    attempt = 1
    while True:
        name = stem(case_id, attempt)
        try:
            (folder / f"{name}{SAMPLES_SUFFIX}").touch(exist_ok=False)
        except FileExistsError:
            attempt += 1
        except OSError as error:
            raise RecordError(f"{folder}: no samples file can be made there ({error.strerror}); nothing was measured") from None
        else:
            return name


def run_files(folder: Path) -> list[Path]:
    """The session's run files, by name."""
    return sorted(path for path in folder.glob(f"*{RUN_SUFFIX}") if not path.name.startswith("."))


def unsaved(folder: Path) -> list[Path]:
    """Those of them that are in no benchmark JSON yet."""
    saved = _saved(folder)
    return [path for path in run_files(folder) if path.name not in saved]


def mark_saved(files: Iterable[Path]) -> None:
    """Note that these run files are in a benchmark JSON now. Raises RecordError."""
    by_folder: dict[Path, set[str]] = {}
    for path in files:
        by_folder.setdefault(path.parent, set()).add(path.name)
    for folder, names in by_folder.items():
        try:
            with written_durably(folder / SAVED) as file:
                file.write(json.dumps(sorted(names | _saved(folder))).encode())
        except OSError as error:
            raise RecordError(f"{folder}: its runs cannot be marked as saved ({error}); the next session saves them again") from None


@contextlib.contextmanager
def adopted(folder: Path) -> Iterator[bool]:
    """Hold a worker's folder, which it is letting go of, while the block runs; whether it can be held: it may be elsewhere."""
    lock = _lock_of(folder)
    try:
        if folder.is_dir():
            lock.acquire(timeout=_HANDOVER_S)
    except (OSError, Timeout):
        yield False
        return
    with SessionFolder(folder, lock):
        yield lock.is_locked


@contextlib.contextmanager
def abandoned(reports: Path, but: Collection[Path] = ()) -> Iterator[list[Path]]:
    """The folders of sessions that died before all their runs were saved, oldest first, held while the block runs.

    but: folders that are the caller's own.
    """
    own = {folder.name for folder in but}
    with contextlib.ExitStack() as held:
        others = [folder for folder in _sessions(reports) if folder.name not in own and unsaved(folder) and not _just_ended(folder)]
        yield [folder for folder in others if held.enter_context(_if_dead(folder))]


def retire(reports: Path) -> None:
    """Remove what retention no longer keeps; what cannot be removed stays for the next time."""
    newest_first = _sessions(reports)[::-1]
    for folder in newest_first[SESSIONS_WITH_SAMPLES:]:
        with _if_dead(folder) as dead, contextlib.suppress(OSError):
            if dead and not unsaved(folder):
                for path in (*folder.glob(f"*{SAMPLES_SUFFIX}"), *folder.glob(f"*{CONNECTIONS_SUFFIX}")):
                    path.unlink()
    for folder in newest_first[SESSIONS_KEPT:]:
        with _if_dead(folder) as dead, contextlib.suppress(OSError):
            if dead and not unsaved(folder):
                _remove(folder)


def _sessions(reports: Path) -> list[Path]:
    """Session folders that we made, oldest first: real folders, named as we name them."""
    runs = reports / RUNS
    entries = runs.iterdir() if runs.is_dir() else ()
    return sorted(path for path in entries if _ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink())


def _saved(folder: Path) -> set[str]:
    """Names of the run files that are saved; a damaged mark counts as none, so that runs are rather saved twice."""
    try:
        names = json.loads((folder / SAVED).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def _just_ended(folder: Path) -> bool:
    """Whether it ended by itself so recently that its controller may not have taken note yet."""
    try:
        return time.time() - (folder / ENDED).stat().st_mtime < _LEFT_TO_ITS_CONTROLLER_S
    except OSError:
        return False


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder / LOCK, thread_local=False)


@contextlib.contextmanager
def _if_dead(folder: Path) -> Iterator[bool]:
    """Whether nobody holds the session's lock; if so it is held while the block runs."""
    lock = _lock_of(folder)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _remove(folder: Path) -> None:
    """Remove our files, then the folder unless somebody keeps something else in it. Raises OSError."""
    for pattern in (f"*{RUN_SUFFIX}", f"*{SAMPLES_SUFFIX}", f"*{CONNECTIONS_SUFFIX}", ".*.part", REPORT, SUMMARY, SAVED, ENDED, LOCK):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()

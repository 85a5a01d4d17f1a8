"""The sweep: what of ours is in a region, what of it is due to go, and its deletion.

It finds by asking each service (resources.py), and by the ledgers of sessions that died on this host. Only what carries all three
of our tags is ours. What is in use by a session that lives on this host is never due.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tailgate.aws import stored
from tailgate.aws.connecting import find_caller
from tailgate.aws.custody.host_kinds import prefixes_in
from tailgate.aws.custody.kinds import Found, Services, is_ours
from tailgate.aws.custody.ledger import Ledger, Reading, is_held, ledgers_in, read_ledger
from tailgate.aws.custody.removal import Thing, connect, remove_all
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.names import OWNER_TAG, RUN_TAG
from tailgate.aws.refusals import explained
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

_MOST_REFUSALS = 3
LIVES = "its session lives on this host"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to go besides what has expired: what is older, what is of a session. owner: whose alone, by name."""

    older_than_s: float | None = None
    run: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Something of ours. due: whether it is to go, and why, or why not. gone: whether it has been deleted. left: why it could not be."""

    region: str
    found: Found
    due: bool
    why: str
    gone: bool = False
    left: str | None = None

    @property
    def thing(self) -> Thing:
        """As removal takes it."""
        return Thing(self.found.kind, self.found.name, self.found.tags[RUN_TAG])


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger: where it is, what it says, whether somebody writes to it, and whether it is foreign: another host's, as far as is known."""

    path: Path
    reading: Reading
    held: bool
    foreign: bool = False

    @property
    def lives(self) -> bool:
        """Whether its session does; a dead one's reaper writes as well, and may be waiting for what a person can mend."""
        return self.held and not self.reading.over

    @property
    def dead(self) -> bool:
        """Whether its session is known to be dead: what it left is due."""
        return not self.lives and (not self.foreign or self.reading.over)


@dataclass(slots=True)
class Seen:
    """A region as it was looked at. settled: by ledger, entries of which nothing of ours is there. troubles: what could not be told."""

    region: str
    rows: list[Row] = field(default_factory=list)
    settled: dict[Path, list[Thing]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def read_books(folder: Path, run: str | None = None) -> tuple[list[Book], list[str]]:
    """The ledgers in a folder, and what is wrong with those that cannot be read. run: a session asked for by name, wherever it was."""
    books, troubles = [], []
    for path in ledgers_in(folder):
        try:
            held = is_held(path)
            reading = read_ledger(path)
            book = Book(path, reading, held, reading.host not in (None, platform.node()) and reading.session != run)
        except OSError as error:
            troubles.append(f"the ledger {path} cannot be read ({error.strerror})")
        except TargetError as error:
            troubles.append(str(error))
        else:
            books.append(book)
            if book.reading.unreadable > 1:  # one is a crash's; nothing was created for it
                troubles.append(f"{book.reading.unreadable} lines of the ledger {path} cannot be read; look at them")
    return books, troubles


def look(region: str, books: Sequence[Book], wish: Wish, now: datetime, buckets: Iterable[str] = ()) -> Seen:
    """What of ours is in the region, and which of it is due. buckets: where model data and letters of hosts may be besides SageMaker's
    usual bucket.

    Raises TargetError where nobody can be asked at all.
    """
    seen, services = Seen(region), connect(region)
    account = find_caller(region).account
    here = []
    for book in books:
        if book.reading.account not in (None, account):
            seen.troubles.append(f"the ledger {book.path} is of another account than these credentials; it was left alone")
        elif book.reading.region == region:
            here.append(book)
    found = _listed(services, seen)
    for bucket in buckets:
        with _telling(seen):
            stored_there = stored.listed(services("s3"), bucket, account)
            found += [Found(stored.KIND, name, changed_at.astimezone(UTC), tags) for name, changed_at, tags in stored_there]
            found += prefixes_in(services, bucket, account)
    for book in here:
        if book.dead:
            found += _noted(services, book, found, seen)
    living = {book.reading.session for book in books if book.lives}
    dead = {book.reading.session for book in books if book.dead}
    for one in found:
        if one.is_ours and wish.owner in (None, one.tags[OWNER_TAG]) and wish.run in (None, one.tags[RUN_TAG]):
            due, why = judged(one, wish, now, living, dead)
            seen.rows.append(Row(region, one, due, why))
    return seen


def judged(found: Found, wish: Wish, now: datetime, living: Collection[str], dead: Collection[str]) -> tuple[bool, str]:
    """Whether something of ours is due to go, and why or why not. Pure. living, dead: sessions of this host."""
    run, age = found.tags[RUN_TAG], now - found.created_at
    if run in living:
        return False, LIVES
    if wish.run == run:
        return True, "of the session asked for"
    if run in dead:
        return True, "its session died on this host"
    if found.expires_at is not None and found.expires_at <= now:
        return True, f"expired {_lasting(now - found.expires_at)} ago"
    if wish.older_than_s is not None and age >= timedelta(seconds=wish.older_than_s):
        return True, f"{_lasting(age)} old"
    if found.expires_at is None:
        return False, "its expiry cannot be read: --older-than or --run"
    return False, f"expires in {_lasting(found.expires_at - now)}"


def clear(seen: Seen, books: Iterable[Book], wait_s: float) -> Seen:
    """Delete what is due, strike it out of the ledgers, and remove those that are settled; the region as it is then. Raises nothing.

    wait_s: how long to wait for what cannot be deleted yet.
    """
    open_books = _opened(books, seen)
    by_session = {book.path.stem: book for book in open_books}
    things = [row.thing for row in seen.rows if row.due]

    def strike(thing: Thing) -> None:
        book = by_session.get(thing.run)
        if book is not None:
            book.gone(thing.kind, thing.name)

    removed = remove_all(things, lambda: connect(seen.region), Patience(2.0, wait_s), on_settled=strike, most_refusals=_MOST_REFUSALS)
    for book in open_books:
        with book:
            for thing in seen.settled.get(book.path, ()):
                book.gone(thing.kind, thing.name)
            book.discard_if_settled()
    gone = set(removed.gone)
    foreign = dict.fromkeys(removed.foreign, "its tags were changed meanwhile: it was left alone")
    rows = [replace(row, gone=row.thing in gone, left=(removed.left | foreign).get(row.thing)) for row in seen.rows]
    return replace(seen, rows=rows)


def _opened(books: Iterable[Book], seen: Seen) -> list[Ledger]:
    """The ledgers of dead sessions in the region, held so that nobody else sweeps them."""
    ledgers = []
    for book in books:
        if book.dead and not book.held and (book.reading.region == seen.region or not book.reading.left):
            try:
                ledgers.append(Ledger.resume(book.path))
            except TargetError as error:
                seen.troubles.append(str(error))
    return ledgers


def _listed(services: Services, seen: Seen) -> list[Found]:
    """All that may be ours, by asking each service; a kind that cannot be asked about is a trouble."""
    found: list[Found] = []
    for kind in KINDS.values():
        with _telling(seen):
            for one in kind.listed(services):
                found.append(one)  # noqa: PERF402  # what was listed before an error counts
    return found


def _noted(services: Services, book: Book, listed: Sequence[Found], seen: Seen) -> list[Found]:
    """What a dead session's ledger names and no listing showed, if it is there and ours; the rest of the ledger is settled."""
    session = book.reading.session
    known = {(one.kind, one.name) for one in listed if one.is_ours and one.tags[RUN_TAG] == session}
    found = []
    for entry in book.reading.left:
        if (entry.kind, entry.name) in known:
            continue
        with _telling(seen):
            if entry.kind not in KINDS:
                raise TargetError(f"the ledger {book.path} names a {entry.kind}, which this tailgate does not know; use a later one")
            tags = KINDS[entry.kind].tags(services, entry.name)
            if tags is not None and is_ours(tags) and tags[RUN_TAG] == session:
                found.append(Found(entry.kind, entry.name, entry.noted_at, tags))
            else:
                seen.settled.setdefault(book.path, []).append(Thing(entry.kind, entry.name, session))
    return found


@contextmanager
def _telling(seen: Seen) -> Iterator[None]:
    """What could not be asked goes to the troubles."""
    try:
        with explained("look for what is ours"):
            yield
    except TargetError as error:
        seen.troubles.append(str(error))


def _lasting(time: timedelta) -> str:
    """As people say it: `3 h`, `12 min`, `5 d`."""
    minutes = time.total_seconds() / 60
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"

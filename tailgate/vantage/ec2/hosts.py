"""Hosts: a session's, from the questions before they are launched to seeing that nothing is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.aws import stored_prefix
from tailgate.aws.custody.kinds import Services
from tailgate.aws.custody.ledger import Book
from tailgate.aws.custody.removal import Thing, remove_all
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.refusals import explained, is_passing
from tailgate.aws.waiting import Patience, StoppedError
from tailgate.errors import LeftBehindError, TargetError
from tailgate.plan.case import Case
from tailgate.plan.vantage import VantageSpec
from tailgate.vantage.ec2.bootstrap import Errand, failure_in, script_of
from tailgate.vantage.ec2.bundle import Bundle, bundle_for
from tailgate.vantage.ec2.commands import run_scripts, wait_online
from tailgate.vantage.ec2.ground import Ground
from tailgate.vantage.ec2.launch import hosts_name, launch, wait_running
from tailgate.vantage.ec2.platforms import platform_of
from tailgate.vantage.ec2.site import Site
from tailgate.vantage.ec2.survey import survey
from tailgate.vantage.hosts import Host, Meeting

_LIMIT_S = 300  # of the bootstrap: 35 MB from S3, and a package or none
_SETTLE_S = 10.0  # for so long a launch whose answer was lost may still come about
_MOST_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient it is. Waits are long on AWS: a minute until hosts run, another until they take commands."""

    running: Patience = field(default_factory=lambda: Patience(5.0, 300.0, share=0.1))
    online: Patience = field(default_factory=lambda: Patience(5.0, 300.0, share=0.1))
    ready: Patience = field(default_factory=lambda: Patience(2.0, _LIMIT_S + 120.0, share=0.1))
    going: Patience = field(default_factory=lambda: Patience(5.0, 600.0, share=0.1))


class Ec2Hosts:
    """Launches them; a `Launching`. asks_public: whether a case is asked over the public path of SageMaker's own name."""

    emulated = False

    def __init__(self, asked: VantageSpec, ground: Ground, asks_public: Callable[[Case], bool], pace: Pace | None = None) -> None:
        self.status = "launching hosts"
        self._asked, self._ground, self._asks_public = asked, ground, asks_public
        self._pace, self._stop = pace or Pace(), Event()
        self._public = False
        self._site: Site | None = None

    @property
    def site(self) -> Site | None:
        """What was found out; None before."""
        return self._site

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about, by questions alone. Raises PlanError, TargetError, CapacityError."""
        public = any(map(self._asks_public, cases))
        if self._site is None or (public and not self._public):
            self._public = self._public or public
            self._site = self._surveyed()

    def open_s3(self) -> Any:
        """A client for letters."""
        return self._ground.open_s3()

    def interrupt(self) -> None:
        """Give up launching, for good."""
        self._stop.set()

    @contextmanager
    def launched(self) -> Iterator[tuple[Meeting, Sequence[Host]]]:
        """All hosts, each with its agent started; on leaving they are gone, and their letters.

        Raises TargetError, CapacityError naming host and step; StoppedError; LeftBehindError.
        """
        begun: list[Thing] = []
        try:
            try:
                yield self._launch(begun)
            except BaseException as error:
                self._remove(begun, error)
                raise
            self._remove(begun, None)
        finally:
            self._ground.close()

    def _launch(self, begun: list[Thing]) -> tuple[Meeting, Sequence[Host]]:
        ground, stop, pace = self._ground, self._stop, self._pace
        site = self._site = self._site or self._surveyed()
        services, tags, book = ground.services(), ground.tags(), _Begun(ground.book(), begun, ground.session)
        meeting = Meeting(site.bucket, ground.region, ground.session)
        self.status = "making the hosts' bundle"
        bundle = bundle_for(platform_of(site.architecture))
        self._check_going()
        self.status = f"launching {site.count} × {site.instance_type}"
        ids = launch(services("ec2"), site, hosts_name(ground.session), tags, ground.minutes(), book, stop)
        url = self._upload(services("s3"), bundle, meeting, site.account, tags, book)
        described = wait_running(services("ec2"), ids, pace.running, stop)
        with _noting(site):
            self.status = "waiting for the hosts to take commands"
            wait_online(services("ssm"), services("ec2"), ids, pace.online, stop)
            self.status = "making the hosts ready"
            self._bootstrap(services, ids, meeting, bundle, url)
        self.status = "waiting for the hosts' agents"
        return meeting, [_host(each, site) for each in described]

    def _upload(self, s3: Any, bundle: Bundle, meeting: Meeting, account: str, tags: Mapping[str, str], book: Book) -> str:
        name = f"{meeting.bucket}/{meeting.prefix}"
        book.about_to_create(stored_prefix.KIND, name)
        stored_prefix.mark_prefix(s3, name, tags, owner=account)
        self.status = "uploading the hosts' bundle"
        key = f"{meeting.prefix}bundle/{bundle.name}"
        with explained(f"put the hosts' bundle to s3://{meeting.bucket}/{key}"), bundle.path.open("rb") as file:
            s3.put_object(Bucket=meeting.bucket, Key=key, Body=file, ExpectedBucketOwner=account)
        return f"s3://{meeting.bucket}/{key}"

    def _bootstrap(self, services: Services, ids: Sequence[str], meeting: Meeting, bundle: Bundle, url: str) -> None:
        errands = {each: Errand(url, bundle.sha256, bundle.python, meeting.url_of(each), meeting.region) for each in ids}
        scripts = {each: script_of(errand) for each, errand in errands.items()}
        ended = run_scripts(services("ssm"), services("ec2"), scripts, "tailgate: make ready", _LIMIT_S, self._pace.ready, self._stop)
        wrong = [
            f"host {each} could not be made ready: {failure_in(how.output, how.errors)} ({how.status})"
            for each, how in ended.items()
            if not how.well
        ]
        if wrong:
            raise TargetError("; ".join(wrong))

    def _surveyed(self) -> Site:
        ground = self._ground
        return survey(self._asked, ground.region, ground.account(), ground.services(), asks_public=self._public)

    def _check_going(self) -> None:
        if self._stop.is_set():
            raise StoppedError("hosts are not launched, as asked")

    def _remove(self, begun: Sequence[Thing], error: BaseException | None) -> None:
        """End all that was begun. Raises LeftBehindError; as a note where there is an error already."""
        if not begun:
            return
        self.status = "terminating the hosts"
        book = self._ground.book()
        removed = remove_all(
            begun,
            self._ground.services,
            self._pace.going,
            on_settled=lambda thing: book.gone(thing.kind, thing.name),
            settle_s=_SETTLE_S if _unanswered(error) else 0.0,
            most_refusals=_MOST_REFUSALS,
        )
        if removed.left:
            told = "; ".join(f"{KINDS[thing.kind].title} {thing.name}: {why}" for thing, why in removed.left.items())
            left = LeftBehindError(f"left behind in {self._ground.region}: {told}")
            if error is None:
                raise left
            error.add_note(str(left))


class _Begun:
    """A book that remembers what may exist, in the order in which it was begun."""

    def __init__(self, book: Book, begun: list[Thing], session: str) -> None:
        self._book, self._begun, self._session = book, begun, session

    def about_to_create(self, kind: str, name: str) -> None:
        self._book.about_to_create(kind, name)
        self._begun.append(Thing(kind, name, self._session))

    def gone(self, kind: str, name: str) -> None:
        self._book.gone(kind, name)
        self._begun.remove(Thing(kind, name, self._session))


@contextmanager
def _noting(site: Site) -> Iterator[None]:
    """Have errors say what could not be looked at before: the cause may be there."""
    try:
        yield
    except StoppedError:
        raise
    except TargetError as error:
        if not site.notes:
            raise
        raise type(error)(f"{error} (before: {'; '.join(site.notes)})") from error.__cause__ or error


def _unanswered(error: BaseException | None) -> bool:
    cause = error.__cause__ if error is not None else None
    return isinstance(cause, ClientError | BotoCoreError) and is_passing(cause)


def _host(described: Mapping[str, Any], site: Site) -> Host:
    zone = site.subnet.zone_id or site.subnet.zone
    return Host(described["InstanceId"], described["PrivateIpAddress"], zone, site.instance_type, site.image.id)

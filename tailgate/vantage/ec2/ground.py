"""Ground: where hosts are launched: AWS as boto3 is configured here, and custody of what a session creates there for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from tailgate.aws.billing import billed
from tailgate.aws.clients import open_client
from tailgate.aws.connecting import Caller, check_account, find_caller
from tailgate.aws.custody.custodian import Custody
from tailgate.aws.custody.kinds import Services
from tailgate.aws.custody.ledger import FOLDER, Book
from tailgate.aws.custody.reaper import AS_USUAL, Reaping
from tailgate.aws.custody.removal import connect
from tailgate.aws.names import ownership_tags
from tailgate.aws.own_instances import INSTANCE
from tailgate.aws.refusals import explained
from tailgate.plan.purse import HOSTS
from tailgate.targets.deploying import lasts_s
from tailgate.targets.registry import Settings

LETTERS_TIMEOUT_S = 3.0
_REPORTS = Path("reports")


class Ground:
    """A session's. Thread-safe. Asks nobody before something is asked of it.

    What it creates is a session of its own for tags, ledger and reaper: `RUN-hosts`. Hosts go at another time than endpoints.
    """

    def __init__(self, settings: Settings, reaping: Reaping = AS_USUAL) -> None:
        self._settings, self._reaping = settings, reaping
        self.region, self.session = settings.region, f"{settings.run_id}-hosts"
        self._lock = Lock()
        self._custody: Custody | None = None

    @cached_property
    def _services(self) -> Services:
        return connect(self.region)

    @cached_property
    def _caller(self) -> Caller:
        caller = find_caller(self.region)
        check_account(caller, self._settings.deploying.account)
        return caller

    def services(self) -> Services:
        """As boto3 is configured."""
        return self._services

    def open_s3(self) -> Any:
        """A client for letters. Raises TargetError."""
        with explained("read boto3's configuration"):
            return open_client("s3", self.region, attempts=1, timeout_s=LETTERS_TIMEOUT_S)

    def account(self) -> str:
        """The caller's. Raises PlanError where it is not the one that was allowed, TargetError."""
        return self._caller.account

    def book(self) -> Book:
        """A ledger and a reaper; what bills is told to the purse. Raises as `account`."""
        return billed(self._answerable(), self._settings.purse, HOSTS, INSTANCE)

    def _answerable(self) -> Custody:
        account = self.account()
        with self._lock:
            if self._custody is None:
                ledgers = (self._settings.reports or _REPORTS) / FOLDER
                self._custody = Custody(ledgers, self.session, self.region, account, self._reaping, self._expiry)
            return self._custody

    def tags(self) -> Mapping[str, str]:
        """Session, owner, expiry. Raises as `account`."""
        return ownership_tags(self.session, self._settings.deploying.owner or self._caller.name, self._expiry())

    def minutes(self) -> int:
        """Until all of it has expired."""
        return max(1, round((self._expiry() - datetime.now(UTC)).total_seconds() / 60))

    def close(self) -> None:
        """Where all is gone, no process and no file stays. Raises LeftBehindError."""
        with self._lock:
            custody, self._custody = self._custody, None
        if custody is not None:
            custody.end()

    def _expiry(self) -> datetime:
        purse = self._settings.purse
        return datetime.now(UTC) + timedelta(seconds=lasts_s(self._settings.deploying, 0.0 if purse is None else purse.planned_s))

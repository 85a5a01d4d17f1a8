"""Premises: what a session has on AWS: the account that it works in, clients, custody of what it creates, and the tags on all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

from tailgate.aws.billing import VPC_ENDPOINT, billed
from tailgate.aws.clients import Clients, clients_as_configured
from tailgate.aws.connecting import Caller, check_account, find_caller
from tailgate.aws.custody.custodian import Custody
from tailgate.aws.custody.kinds import Services
from tailgate.aws.custody.ledger import FOLDER
from tailgate.aws.custody.reaper import Reaping
from tailgate.aws.custody.removal import connect
from tailgate.aws.names import ownership_tags
from tailgate.aws.network.paths_of_session import Maker
from tailgate.aws.refusals import explained
from tailgate.aws.stored import usual_bucket
from tailgate.plan.purse import LINK, Purse
from tailgate.targets.deploying import Deploying, check_expiry, lasts_s
from tailgate.targets.sagemaker.model.model_data import ModelData, Shelf
from tailgate.targets.sagemaker.role import check_role


class Premises:
    """A session's. Each thing is found out, or begun, once, when it is first needed; whoever needs one is told what is wrong then.

    Thread-safe. reports: the folder in which a ledger says what is created, before it is. purse: what pays for it, if anything does.
    """

    def __init__(self, deploying: Deploying, region: str, run_id: str, *, reports: Path, reaping: Reaping, purse: Purse | None) -> None:
        self.region, self.run_id, self.purse = region, run_id, purse
        self._deploying, self._reports, self._reaping = deploying, reports, reaping
        self._lock = Lock()
        self._caller: Caller | None = None
        self._custody: Custody | None = None

    def caller(self) -> Caller:
        """Who we are, once it is known that everything may be done as asked. Raises PlanError, TargetError."""
        with self._lock:
            if self._caller is None:
                caller = find_caller(self.region)
                check_account(caller, self._deploying.account)
                check_role(self._deploying.role_arn, caller, self.region)
                self._caller = caller
            return self._caller

    def custody(self) -> Custody:
        """What answers for all that this session creates. Raises as `caller`."""
        caller = self.caller()
        with self._lock:
            if self._custody is None:
                ledgers = self._reports / FOLDER
                self._custody = Custody(ledgers, self.run_id, self.region, caller.account, self._reaping, self.expiry)
            return self._custody

    @cached_property
    def clients(self) -> Clients:
        """For SageMaker. Raises TargetError."""
        with explained("read boto3's configuration"):
            return clients_as_configured(self.region)

    @cached_property
    def services(self) -> Services:
        """For whatever else."""
        return connect(self.region)

    def check_expiry(self) -> None:
        """Refuse an expiry amid the session. Raises PlanError."""
        check_expiry(self._deploying, self._planned_s)

    def expiry(self) -> datetime:
        """When what is created now will have expired."""
        return datetime.now(UTC) + timedelta(seconds=lasts_s(self._deploying, self._planned_s))

    def tags(self, expires_at: datetime) -> dict[str, str]:
        """Of whatever is created. Raises as `caller`."""
        return ownership_tags(self.run_id, self._deploying.owner or self.caller().name, expires_at)

    def maker(self, tags: Mapping[str, str]) -> Maker:
        """Of an interface endpoint, which bills as well. Raises as `caller`."""
        return Maker(self.run_id, tags, billed(self.custody(), self.purse, LINK, VPC_ENDPOINT))

    def model_data(self) -> ModelData:
        """Where model data is put; asks nobody yet. Raises as `caller`."""
        account, tags = self.caller().account, self.tags(self.expiry())
        shelf = Shelf(self._deploying.bucket or usual_bucket(self.region, account), self.run_id, self.region, account, tags)
        return ModelData(self.services("s3"), shelf, self.custody())

    def close(self) -> None:
        """Keep no connection, and where all is gone, no process. May be called twice. Raises LeftBehindError naming what is left."""
        with self._lock:
            custody, self._custody = self._custody, None
        clients = self.__dict__.pop("clients", None)
        if clients is not None:
            clients.close()
        if custody is not None:
            custody.end()

    @property
    def _planned_s(self) -> float:
        return 0.0 if self.purse is None else self.purse.planned_s

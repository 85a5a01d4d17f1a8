"""The sagemaker target: endpoints that are deployed to AWS for the session, paid for, and deleted at its end.

boto3's own settings say where: profile, region, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, AWS_CA_BUNDLE, proxies. The
generator finds its credentials by botocore's own chain; none of them pass through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.purse import LINK, Purse
from tailgate.targets import Endpoint
from tailgate.targets.deploying import Deploying, check_expiry, lasts_s
from tailgate.targets.sagemaker import described
from tailgate.targets.sagemaker.addressing import addressed
from tailgate.targets.sagemaker.billing import VPC_ENDPOINT, billed, costs_by_name
from tailgate.targets.sagemaker.clients import Clients, clients_as_configured
from tailgate.targets.sagemaker.connecting import Caller, check_account, find_caller
from tailgate.targets.sagemaker.container import Containers
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.custody import Custody
from tailgate.targets.sagemaker.dead_man import Switch, armed, guarded
from tailgate.targets.sagemaker.deployment import Conduct, deployed
from tailgate.targets.sagemaker.facts import in_service
from tailgate.targets.sagemaker.kinds import Services
from tailgate.targets.sagemaker.ledger import FOLDER
from tailgate.targets.sagemaker.model_data import ModelData, Shelf
from tailgate.targets.sagemaker.names import ownership_tags, resource_name
from tailgate.targets.sagemaker.network import NOT_ASKED, Maker, Network
from tailgate.targets.sagemaker.reaper import AS_USUAL, Reaping
from tailgate.targets.sagemaker.refusals import explained
from tailgate.targets.sagemaker.removal import connect
from tailgate.targets.sagemaker.role import check_role
from tailgate.targets.sagemaker.steady import changes_since
from tailgate.targets.sagemaker.stored import usual_bucket
from tailgate.targets.sagemaker.waiting import Patience, Progress

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

_REPORTS = Path("reports")
_LONGEST_LOOK_S, _SILENCE_S = 10.0, 300.0
_DELETING_SILENCE_S, _SETTLE_S = 10.0, 5.0  # the reaper goes on after the one; nothing comes about after the other


def sagemaker_target(settings: Settings) -> SagemakerTarget:
    """The sagemaker target for the registry; asks nobody yet."""
    target = SagemakerTarget(
        settings.deploying, region=settings.region, run_id=settings.run_id, reports=settings.reports or _REPORTS, purse=settings.purse
    )
    target.network.name_link(settings.attaching.private_link)
    return target


class SagemakerTarget:
    """Endpoints of our own on AWS. Thread-safe. Asks nobody before `examine` or `open`. To be closed at the end.

    reports: the folder in which a ledger says what is created, before it is. reaping: how what a dead session left is deleted. purse:
    what pays for it, and keeps account. network: the ways to its endpoints; an interface endpoint is found, or made, as soon as a case
    asks for it.
    """

    kind = "sagemaker"

    def __init__(
        self,
        deploying: Deploying,
        *,
        region: str,
        run_id: str,
        reports: Path = _REPORTS,
        reaping: Reaping = AS_USUAL,
        purse: Purse | None = None,
    ) -> None:
        self._deploying, self._region, self._run_id, self._purse = deploying, region, run_id, purse
        self._on_progress: Callable[[EndpointSpec, str, float], None] | None = None
        self._stop = Event()
        self._lock = Lock()
        self._caller: Caller | None = None
        self._reports, self._reaping = reports, reaping
        self._custody: Custody | None = None
        self._containers = Containers(deploying, region, self._model_data)
        patience = Patience(_LONGEST_LOOK_S, deploying.patience_s, share=0.1)
        self.network = Network(region, client_subnets=deploying.client_subnets, patience=patience, stop=self._stop, makes=True)

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse, before anything is created, what cannot come about: credentials, account, role, models. Raises PlanError, TargetError."""
        specs = [case.spec for case in cases]
        check_expiry(self._deploying, self._planned_s)
        self._containers.admit(specs)  # which asks nobody, so it is first
        caller = self._examined()
        self._containers.examine(specs)
        self.network.examine(case.network_path for case in cases)
        if cases:
            self._custody_for(caller).stand_by()

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Deploy the spec's endpoint; on leaving it is deleted and seen to be gone.

        Raises TargetError, CapacityError; PlanError for what `examine` refuses, and what nobody planned and cannot be paid.
        """
        self._containers.admit([spec])
        caller = self._examined()
        if self._purse is not None:
            self._purse.begin_spec(spec, time.time())
        custody, expires_at = self._custody_for(caller), self._expiry()
        deployment = self._deployment(spec, caller, expires_at)
        switch = Switch(deployment.name, expires_at, self._deploying.dead_man_role_arn, deployment.tags)
        patience_s = self._deploying.patience_s
        conduct = Conduct(
            deploying=Patience(_LONGEST_LOOK_S, patience_s, share=0.1, silence_s=_SILENCE_S),
            deleting=Patience(_LONGEST_LOOK_S, patience_s, share=0.1, silence_s=_DELETING_SILENCE_S),
            on_progress=self._progress_of(spec),
            stop=self._stop,
            settle_s=_SETTLE_S,
        )
        began_s = time.monotonic()
        self.network.begin(self._maker(deployment.tags, custody))
        book = billed(custody, self._purse, spec)
        with armed(self._services, switch, custody) as unarmed, deployed(self._clients, deployment, conduct, book) as answer:
            bare = in_service(deployment, answer, self._region, self._purse, time.monotonic() - began_s)
            endpoint = addressed(bare, self.network, spec.variant)
            yield guarded(endpoint, switch, unarmed)

    def readdressed(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint over every path that was asked for until now, also since it was deployed. Raises TargetError."""
        if NOT_ASKED not in endpoint.elsewhere.values() or not self.network.wants_private:
            return endpoint
        caller = self._examined()
        self.network.begin(self._maker(self._tags(caller, self._expiry()), self._custody_for(caller)))
        return addressed(endpoint, self.network, next(address.variant for address in endpoint.addresses.values()))

    @property
    def _planned_s(self) -> float:
        return 0.0 if self._purse is None else self._purse.planned_s

    def _expiry(self) -> datetime:
        """When what is created now will have expired."""
        return datetime.now(UTC) + timedelta(seconds=lasts_s(self._deploying, self._planned_s))

    def changes(self, endpoint: Endpoint) -> tuple[str, ...]:
        """What was changed at the endpoint since it came into service: autoscaling, an update, somebody else. Raises nothing."""

        def look() -> described.Described:
            with explained(f"describe the endpoint {endpoint.name}"):
                return described.read_endpoint(self._clients.sagemaker.describe_endpoint(EndpointName=endpoint.name), self._region)

        return changes_since(endpoint, look, began="it came into service")

    def spent(self) -> Mapping[str, Mapping[str, object]]:
        """What each endpoint came to until now, by its name. Raises nothing."""
        return {} if self._purse is None else costs_by_name(self._purse, time.time())

    def watch(self, on_progress: Callable[[EndpointSpec, str, float], None]) -> None:
        """From now on tell this, from whatever thread deploys: spec, status, seconds since waiting began."""
        self._on_progress = on_progress

    def interrupt(self) -> None:
        """Give up what is being deployed, for good: waiting `open`s delete what they began and raise StoppedError."""
        self._stop.set()

    def close(self) -> None:
        """Nothing more is deployed; no connection is kept, and where all is gone, no process. May be called twice.

        Raises LeftBehindError naming what is left.
        """
        self.interrupt()
        with self._lock:
            custody, self._custody = self._custody, None
        clients = self.__dict__.pop("_clients", None)
        if clients is not None:
            clients.close()
        with ExitStack() as closing:
            if custody is not None:
                closing.callback(custody.end)
            closing.callback(self._containers.close)
            closing.callback(self.network.close)

    @cached_property
    def _clients(self) -> Clients:
        with explained("read boto3's configuration"):
            return clients_as_configured(self._region)

    @cached_property
    def _services(self) -> Services:
        return connect(self._region)

    def _custody_for(self, caller: Caller) -> Custody:
        """What answers for all that this session creates."""
        with self._lock:
            if self._custody is None:
                self._custody = Custody(self._reports / FOLDER, self._run_id, self._region, caller.account, self._reaping)
            return self._custody

    def _tags(self, caller: Caller, expires_at: datetime) -> dict[str, str]:
        return ownership_tags(self._run_id, self._deploying.owner or caller.name, expires_at)

    def _maker(self, tags: Mapping[str, str], custody: Custody) -> Maker:
        """Of an interface endpoint, which bills as well."""
        return Maker(self._run_id, tags, billed(custody, self._purse, LINK, VPC_ENDPOINT))

    def _model_data(self) -> ModelData:
        """Where model data is put for the session; asks nobody yet."""
        caller, expires_at = self._examined(), self._expiry()
        bucket = self._deploying.bucket or usual_bucket(self._region, caller.account)
        shelf = Shelf(bucket, self._run_id, self._region, caller.account, self._tags(caller, expires_at))
        return ModelData(self._services("s3"), shelf, self._custody_for(caller))

    def _examined(self) -> Caller:
        """The caller, once it is known that everything may be done as asked. Found out once. Raises PlanError, TargetError."""
        with self._lock:
            if self._caller is None:
                caller = find_caller(self._region)
                check_account(caller, self._deploying.account)
                check_role(self._deploying.role_arn, caller, self._region)
                self._caller = caller
            return self._caller

    def _deployment(self, spec: EndpointSpec, caller: Caller, expires_at: datetime) -> Deployment:
        deploying = self._deploying
        return Deployment(
            name=resource_name(spec, self._run_id),
            spec=spec,
            container=self._containers.of(spec),
            role_arn=deploying.role_arn or "",
            tags=self._tags(caller, expires_at),
            subnets=deploying.model_subnets,
            security_groups=deploying.model_security_groups,
        )

    def _progress_of(self, spec: EndpointSpec) -> Progress:
        def tell(status: str, elapsed_s: float) -> None:
            if self._on_progress is not None:
                self._on_progress(spec, status, elapsed_s)

        return tell

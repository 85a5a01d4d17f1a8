"""The sagemaker target: endpoints that are deployed to AWS for the session, paid for, and deleted at its end.

boto3's own settings say where: profile, region, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, AWS_CA_BUNDLE, proxies. The
generator finds its credentials by botocore's own chain; none of them pass through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tailgate.aws.billing import billed, costs_by_name
from tailgate.aws.custody.reaper import AS_USUAL, Reaping
from tailgate.aws.names import resource_name
from tailgate.aws.network.outlook import THIS_HOST, Outlook
from tailgate.aws.network.paths_of_session import NOT_ASKED, Network
from tailgate.aws.refusals import explained
from tailgate.aws.waiting import Patience, Progress
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.purse import Purse
from tailgate.targets import Endpoint
from tailgate.targets.deploying import Deploying
from tailgate.targets.sagemaker import described
from tailgate.targets.sagemaker.addressing import addressed
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.dead_man import Switch, armed, guarded
from tailgate.targets.sagemaker.deployment import Conduct, deployed
from tailgate.targets.sagemaker.facts import in_service
from tailgate.targets.sagemaker.model.container import Containers
from tailgate.targets.sagemaker.premises import Premises
from tailgate.targets.sagemaker.steady import changes_since

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

_REPORTS = Path("reports")
_LONGEST_LOOK_S, _SILENCE_S = 10.0, 300.0
_DELETING_SILENCE_S, _SETTLE_S = 10.0, 5.0  # the reaper goes on after the one; nothing comes about after the other


def sagemaker_target(settings: Settings) -> SagemakerTarget:
    """The sagemaker target for the registry; asks nobody yet."""
    target = SagemakerTarget(
        settings.deploying,
        region=settings.region,
        run_id=settings.run_id,
        reports=settings.reports or _REPORTS,
        purse=settings.purse,
        outlook=settings.outlook or THIS_HOST,
    )
    target.network.name_link(settings.attaching.private_link)
    return target


class SagemakerTarget:
    """Endpoints of our own on AWS. Thread-safe. Asks nobody before `examine` or `open`. To be closed at the end.

    reports: the folder in which a ledger says what is created, before it is. reaping: how what a dead session left is deleted. purse:
    what pays for it, and keeps account. network: the ways to its endpoints; an interface endpoint is found, or made, as soon as a case
    asks for it, as the outlook's host sees them.
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
        outlook: Outlook = THIS_HOST,
    ) -> None:
        self._deploying = deploying
        self._premises = Premises(deploying, region, run_id, reports=reports, reaping=reaping, purse=purse)
        self._on_progress: Callable[[EndpointSpec, str, float], None] | None = None
        self._stop = Event()
        self._containers = Containers(deploying, region, self._premises.model_data)
        patience = Patience(_LONGEST_LOOK_S, deploying.patience_s, share=0.1)
        self.network = Network(
            region, client_subnets=deploying.client_subnets, patience=patience, stop=self._stop, makes=True, outlook=outlook
        )

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse, before anything is created, what cannot come about: credentials, account, role, models. Raises PlanError, TargetError."""
        specs = [case.spec for case in cases]
        self._premises.check_expiry()
        self._containers.admit(specs)  # which asks nobody, so it is first
        self._premises.caller()
        self._containers.examine(specs)
        self.network.examine(case.network_path for case in cases)
        if cases:
            self._premises.custody().stand_by()

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Deploy the spec's endpoint; on leaving it is deleted and seen to be gone.

        Raises TargetError, CapacityError; PlanError for what `examine` refuses, and what nobody planned and cannot be paid.
        """
        self._containers.admit([spec])
        premises = self._premises
        premises.caller()
        if premises.purse is not None:
            premises.purse.begin_spec(spec, time.time())
        expires_at = premises.expiry()
        deployment = self._deployment(spec, premises.tags(expires_at))
        switch = Switch(deployment.name, expires_at, self._deploying.dead_man_role_arn, deployment.tags)
        began_s = time.monotonic()
        self.network.begin(premises.maker(deployment.tags))
        custody, conduct = premises.custody(), self._conduct(spec)
        book = billed(custody, premises.purse, spec)
        with armed(premises.services, switch, custody) as unarmed, deployed(premises.clients, deployment, conduct, book) as answer:
            bare = in_service(deployment, answer, premises.region, premises.purse, time.monotonic() - began_s)
            endpoint = addressed(bare, self.network, spec.variant)
            yield guarded(endpoint, switch, unarmed)

    def readdressed(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint over every path that was asked for until now, also since it was deployed. Raises TargetError."""
        if NOT_ASKED not in endpoint.elsewhere.values() or not self.network.wants_private:
            return endpoint
        self.network.begin(self._premises.maker(self._premises.tags(self._premises.expiry())))
        return addressed(endpoint, self.network, next(address.variant for address in endpoint.addresses.values()))

    def changes(self, endpoint: Endpoint) -> tuple[str, ...]:
        """What was changed at the endpoint since it came into service: autoscaling, an update, somebody else. Raises nothing."""
        premises = self._premises

        def look() -> described.Described:
            with explained(f"describe the endpoint {endpoint.name}"):
                return described.read_endpoint(premises.clients.sagemaker.describe_endpoint(EndpointName=endpoint.name), premises.region)

        return changes_since(endpoint, look, began="it came into service")

    def spent(self) -> Mapping[str, Mapping[str, object]]:
        """What each endpoint came to until now, by its name. Raises nothing."""
        purse = self._premises.purse
        return {} if purse is None else costs_by_name(purse, time.time())

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
        with ExitStack() as closing:
            closing.callback(self._premises.close)
            closing.callback(self._containers.close)
            closing.callback(self.network.close)

    def _conduct(self, spec: EndpointSpec) -> Conduct:
        patience_s = self._deploying.patience_s
        return Conduct(
            deploying=Patience(_LONGEST_LOOK_S, patience_s, share=0.1, silence_s=_SILENCE_S),
            deleting=Patience(_LONGEST_LOOK_S, patience_s, share=0.1, silence_s=_DELETING_SILENCE_S),
            on_progress=self._progress_of(spec),
            stop=self._stop,
            settle_s=_SETTLE_S,
        )

    def _deployment(self, spec: EndpointSpec, tags: Mapping[str, str]) -> Deployment:
        deploying = self._deploying
        return Deployment(
            name=resource_name(spec, self._premises.run_id),
            spec=spec,
            container=self._containers.of(spec),
            role_arn=deploying.role_arn or "",
            tags=tags,
            subnets=deploying.model_subnets,
            security_groups=deploying.model_security_groups,
        )

    def _progress_of(self, spec: EndpointSpec) -> Progress:
        def tell(status: str, elapsed_s: float) -> None:
            if self._on_progress is not None:
                self._on_progress(spec, status, elapsed_s)

        return tell

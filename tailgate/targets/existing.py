"""The existing target: endpoints that somebody else deployed. They are looked at and asked, and left as they are.

Permissions: sagemaker:DescribeEndpoint and sagemaker:InvokeEndpoint; with sagemaker:DescribeEndpointConfig instance types are
known as well. Where an interface endpoint is named by its id, ec2:DescribeVpcEndpoints; ec2:DescribeRouteTables tells by which way
the public arm beside it goes. The generator finds its credentials by botocore's own chain; none of them pass through here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tailgate.aws.clients import open_reader
from tailgate.aws.connecting import check_account, find_caller
from tailgate.aws.network.outlook import THIS_HOST, Outlook
from tailgate.aws.network.paths_of_session import Network
from tailgate.aws.refusals import explained, is_absent, is_denied
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.plan.case import Case, EndpointSpec
from tailgate.targets import Endpoint, Guard
from tailgate.targets.attaching import Attaching
from tailgate.targets.sagemaker import described
from tailgate.targets.sagemaker.addressing import addressed
from tailgate.targets.sagemaker.described import Described, Variant
from tailgate.targets.sagemaker.steady import changes_since

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

_NOTE = "somebody else's endpoint, measured as it was: others may ask it at the same time"
_TYPE_UNKNOWN = "instance type as the case says: sagemaker:DescribeEndpointConfig is denied, so nobody looked"
_PATIENCE = Patience(interval_s=1.0, timeout_s=120.0)
"""With an interface endpoint that was named while it is pending."""


def existing_target(settings: Settings) -> ExistingTarget:
    """The existing target for the registry; asks nobody yet."""
    said = settings.deploying
    return ExistingTarget(
        settings.attaching,
        region=settings.region,
        client_subnets=said.client_subnets,
        account=said.account,
        outlook=settings.outlook or THIS_HOST,
    )


class ExistingTarget:
    """Endpoints in service, attached to by name. Thread-safe. Raises nothing before one is opened.

    client_subnets: ids of this host's subnets, its own first, where its own metadata does not tell. account: the only one in which
    anything may be asked, None for any. outlook: of the host that load comes from.
    """

    kind = "existing"

    def __init__(
        self,
        attaching: Attaching,
        *,
        region: str,
        client_subnets: Sequence[str] = (),
        account: str | None = None,
        outlook: Outlook = THIS_HOST,
    ) -> None:
        self._attaching, self._region, self._account = attaching, region, account
        self._network = Network(region, named=attaching.private_link, client_subnets=client_subnets, patience=_PATIENCE, outlook=outlook)
        self._names: set[str] = set()
        self._account_is_right = account is None
        self._lock = Lock()

    def examine(self, _cases: Sequence[Case]) -> None:
        """Refuse credentials of an account that is not the one allowed; without one, nobody is asked. Raises PlanError, TargetError."""
        if not self._account_is_right:
            check_account(find_caller(self._region), self._account)
            self._account_is_right = True

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """The endpoint that the spec names, as it is; on leaving, nothing is done to it.

        Raises TargetError where it is absent, not in service, of another instance type or without the variant, records its
        requests, or cannot be looked at; PlanError where one endpoint was named for several.
        """
        self.examine(())
        with self._lock:
            self._names.add(spec.name)
            self._attaching.check_names(self._names)
        name = self._attaching.endpoint_of(spec.name)
        endpoint, looked = self._look(name)
        if endpoint.captures and not self._attaching.captured:
            raise TargetError(
                f"endpoint {name} captures data: this load's requests would be among those that are kept, and drift be seen where there "
                "is none; have capture turned off meanwhile, or say that it does no harm: --latency-allow-data-capture"
            )
        yield self._attached(endpoint, described.chosen(endpoint, spec), spec, looked)

    def changes(self, endpoint: Endpoint) -> tuple[str, ...]:
        """What was changed at the endpoint since it was attached to; that it cannot be told, where it cannot. Raises nothing."""
        return changes_since(
            endpoint, lambda: described.read_endpoint(self._describe(endpoint.name), self._region), began="it was attached to"
        )

    @cached_property
    def _client(self) -> Any:
        return open_reader(self._region)

    def _look(self, name: str) -> tuple[Described, bool]:
        """The endpoint, and whether its configuration could be looked at too. Raises TargetError."""
        endpoint = described.read_endpoint(self._describe(name), self._region)
        doing = f"describe the endpoint configuration {endpoint.config}"
        with explained(doing):
            try:
                config = self._client.describe_endpoint_config(EndpointConfigName=endpoint.config)
            except ClientError as error:
                if not (is_denied(error) or is_absent(error)):  # it may be deleted, once the endpoint is there
                    raise
                return endpoint, False
        return described.with_config(endpoint, config), True

    def _describe(self, name: str) -> dict[str, Any]:
        with explained(f"describe the endpoint {name}"), self._lock:
            try:
                found: dict[str, Any] = self._client.describe_endpoint(EndpointName=name)
            except ClientError as error:
                if not is_absent(error):
                    raise
                raise TargetError(
                    f"there is no endpoint '{name}' in {self._region} for these credentials; check its name (--latency-endpoint, "
                    "else what the case calls it), the region (--latency-region) and the account (AWS_PROFILE)"
                ) from None
        return found

    def _attached(self, endpoint: Described, variant: Variant, spec: EndpointSpec, looked: bool) -> Endpoint:
        if looked:
            described.check_one_model(variant, endpoint.name)
        found = described.found_spec(variant, spec, endpoint.name)
        differing = described.differences(spec, found)
        notes = [f"endpoint {endpoint.name}" + (f" has {', '.join(differing)}" if differing else "")]
        notes += [] if looked else [_TYPE_UNKNOWN]
        shadows = ", ".join(endpoint.shadows)
        notes += [f"shadow variants got a copy of each request: {shadows}"] if shadows else []
        own = {"variant": variant.name, "instance_count": str(variant.count), "routing": variant.routing, "note": _NOTE}
        own |= {"instance_type": variant.instance_type or "not known"} | ({"model": variant.model} if variant.model else {})
        attached = Endpoint(
            endpoint.name,
            {},
            deployed_by_us=False,
            provenance=endpoint.facts() | own,
            found=found,
            guard=Guard(self._attaching.most_per_s, self._attaching.abort_share),
            notes=tuple(notes),
        )
        headers = {"X-Amzn-SageMaker-Target-Variant": variant.name} if len(endpoint.variants) > 1 else {}
        return addressed(attached, self._network, variant.name, headers)

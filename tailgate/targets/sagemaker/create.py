"""Creating what an endpoint is made of: model, endpoint configuration, endpoint, all under one name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.names import as_tag_list
from tailgate.aws.refusals import explained, is_absent, is_throttled
from tailgate.aws.waiting import Patience
from tailgate.plan.case import EndpointSpec
from tailgate.targets.sagemaker.model.container import without_values
from tailgate.targets.sagemaker.role import refused_role

_REPEATING = Patience(interval_s=1.0, timeout_s=15.0)


@dataclass(frozen=True, slots=True)
class Deployment:
    """All that is told to SageMaker about one endpoint.

    name: of model, configuration and endpoint. container: a ContainerDefinition of the API. subnets, security_groups: the VPC
    that the container is in, none for SageMaker's own.
    """

    name: str
    spec: EndpointSpec
    container: Mapping[str, Any] = field(repr=False)  # its environment may hold secrets
    role_arn: str
    tags: Mapping[str, str]
    subnets: Sequence[str] = ()
    security_groups: Sequence[str] = ()


def create_model(client: Any, deployment: Deployment, stop: Event | None = None) -> None:
    """Create the model. Raises TargetError, also where the role may not be passed, NameTakenError, CapacityError."""
    network = {"Subnets": list(deployment.subnets), "SecurityGroupIds": list(deployment.security_groups)}

    def create() -> None:
        try:
            client.create_model(
                ModelName=deployment.name,
                PrimaryContainer=dict(deployment.container),
                ExecutionRoleArn=deployment.role_arn,
                Tags=as_tag_list(deployment.tags),
                **({"VpcConfig": network} if deployment.subnets else {}),
            )
        except ClientError as error:
            if (refused := refused_role(error, deployment.role_arn)) is not None:
                raise refused from error
            raise without_values(error, deployment.container) from None

    _create(create, f"create the model {deployment.name}", stop)


def create_endpoint_config(client: Any, deployment: Deployment, stop: Event | None = None) -> None:
    """Create the endpoint configuration: one variant on the spec's instances. Raises TargetError, NameTakenError, CapacityError."""
    spec = deployment.spec
    variant = {
        "VariantName": spec.variant,
        "ModelName": deployment.name,
        "InstanceType": spec.instance_type,
        "InitialInstanceCount": spec.instance_count,
        "RoutingConfig": {"RoutingStrategy": spec.routing},
    }
    _create(
        lambda: client.create_endpoint_config(
            EndpointConfigName=deployment.name, ProductionVariants=[variant], Tags=as_tag_list(deployment.tags)
        ),
        f"create the endpoint configuration {deployment.name}",
        stop,
    )


def create_endpoint(client: Any, deployment: Deployment, stop: Event | None = None) -> None:
    """Create the endpoint; it is not in service yet. Raises TargetError, NameTakenError, CapacityError."""
    _create(
        lambda: client.create_endpoint(EndpointName=deployment.name, EndpointConfigName=deployment.name, Tags=as_tag_list(deployment.tags)),
        f"create the endpoint {deployment.name}",
        stop,
    )


def _create(call: Callable[[], object], doing: str, stop: Event | None) -> None:
    """Repeat a create as long as it was certainly not carried out: it was throttled, or what it refers to is not visible yet.

    CreateEndpoint's reference: the read of what was just created is eventually consistent, and retrying is recommended.
    """
    with explained(doing):
        refused: ClientError | None = None
        for _ in _REPEATING.rounds(stop):
            try:
                call()
                return
            except ClientError as error:
                if not (is_throttled(error) or is_absent(error)):
                    raise
                refused = error
        if refused is not None:
            raise refused

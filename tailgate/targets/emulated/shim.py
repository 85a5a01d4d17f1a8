"""Shim: moto 5.2.5's SageMaker, mended where it differs from AWS in what a deployment meets.

moto's endpoints are InService at once, a second create silently replaces the first, deletion is instant, instance
types newer than its list are refused, and descriptions hold an empty DataCaptureConfig that its own model forbids.
"""

from __future__ import annotations

import time
from threading import RLock
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import get_service_model, utcnow
from moto.sagemaker import models
from moto.sagemaker.exceptions import SagemakerClientError, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from tailgate.aws.names import from_tag_list
from tailgate.errors import PlanError
from tailgate.targets.emulated.simulation import Life, Simulation


class SageMaker(models.SageMakerModelBackend):
    """moto's backend for SageMaker, with lives for its endpoints. One per account and region."""

    __module__ = models.__name__  # moto finds a service's routes beside the module of its backend

    default = Simulation()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lives: dict[str, Life] = {}
        self._lock = RLock()  # requests come in threads of their own, and looking before creating is two steps

    def create_model(self, model_name: str, *args: Any, **kwargs: Any) -> Any:
        """Create a model; a second one of the same name is refused, as on AWS."""
        with self._lock:
            self._refuse_taken("model", model_name, self._models)
            return super().create_model(model_name, *args, **kwargs)

    def create_endpoint_config(self, endpoint_config_name: str, *args: Any, **kwargs: Any) -> Any:
        """Create an endpoint configuration; a second one of the same name is refused, as on AWS."""
        with self._lock:
            self._refuse_taken("endpoint configuration", endpoint_config_name, self.endpoint_configs)
            return super().create_endpoint_config(endpoint_config_name, *args, **kwargs)

    def create_endpoint(self, endpoint_name: str, endpoint_config_name: str, tags: list[dict[str, str]]) -> Any:
        """Create an endpoint that is Creating at first; refused for a taken name or, if simulated, for want of quota."""
        try:
            simulation = Simulation.of(from_tag_list(tags), self.default)
        except PlanError as error:
            raise ValidationError(message=str(error)) from None
        with self._lock:
            self._advance(endpoint_name)
            self._refuse_taken("endpoint", endpoint_name, self.endpoints)
            if simulation.over_quota:
                raise _over_quota(self.describe_endpoint_config(endpoint_config_name)["ProductionVariants"][0])
            endpoint = super().create_endpoint(endpoint_name, endpoint_config_name, tags)
            self._lives[endpoint_name] = Life(simulation, time.monotonic())
            self._advance(endpoint_name)
            return endpoint

    def describe_endpoint(self, endpoint_name: str) -> dict[str, Any]:
        """Describe an endpoint as it is now."""
        with self._lock:
            self._advance(endpoint_name)
            return _without_empty_capture(super().describe_endpoint(endpoint_name))

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Begin deletion; while the endpoint is being created or deleted it is refused, as on AWS."""
        with self._lock:
            self._advance(endpoint_name)
            endpoint = self.endpoints.get(endpoint_name)
            if endpoint is not None and endpoint.endpoint_status in ("Creating", "Deleting"):
                raise ValidationError(message=f'Cannot update in-progress endpoint "{endpoint.arn}".')
            if endpoint is None:
                super().delete_endpoint(endpoint_name)  # refuses, in moto's words
            self._lives[endpoint_name].deleted_s = time.monotonic()
            self._advance(endpoint_name)

    def list_endpoints(self, *args: Any, **kwargs: Any) -> Any:
        """List endpoints as they are now."""
        with self._lock:
            for name in list(self._lives):
                self._advance(name)
            return super().list_endpoints(*args, **kwargs)

    def _refuse_taken(self, title: str, name: str, existing: dict[str, Any]) -> None:
        if name in existing:
            kind = title.replace(" configuration", "-config")
            arn = f"arn:{get_partition(self.region_name)}:sagemaker:{self.region_name}:{self.account_id}:{kind}/{name}"
            raise ValidationError(message=f'Cannot create already existing {title} "{arn}".')

    def _advance(self, name: str) -> None:
        """Let moto's book say what the endpoint's life says now."""
        life, endpoint = self._lives.get(name), self.endpoints.get(name)
        if life is None or endpoint is None:
            return
        status = life.status(time.monotonic())
        if status is None:
            del self._lives[name], self.endpoints[name]
        elif status != endpoint.endpoint_status:
            endpoint.endpoint_status = status
            endpoint.failure_reason = life.simulation.reason or None if status == "Failed" else None  # type: ignore[assignment]  # moto's own is always None
            endpoint.last_modified_time = utcnow()


def mend_sagemaker(default: Simulation) -> None:
    """Put the mended backend in moto's place, process-wide. To be called once, before the first request.

    default: how the life of an endpoint goes whose tags do not say.
    """
    SageMaker.default = default
    models.sagemaker_backends.backend = SageMaker
    for owner, name, method in (
        (models.FakeEndpointConfig, "validate_instance_type", _validate_instance_type),
        (SageMakerResponse, "describe_endpoint_config", _describe_endpoint_config),
    ):
        setattr(owner, name, method)


def _validate_instance_type(_config: Any, instance_type: str) -> None:
    """Refuse what SageMaker's service model does not list, in AWS's words; moto's own list ends in 2021."""
    allowed = _instance_types()
    if instance_type not in allowed:
        where = "Value '{}' at 'productionVariants.1.member.instanceType' failed to satisfy constraint"
        listed = ", ".join(allowed)
        raise ValidationError(
            message=f"1 validation error detected: {where.format(instance_type)}: Member must satisfy enum value set: [{listed}]"
        )


def _describe_endpoint_config(response: Any) -> Any:
    """Answer DescribeEndpointConfig. moto's own backend reads the empty capture when it creates an endpoint, so it goes only here."""
    described = response.sagemaker_backend.describe_endpoint_config(response._get_param("EndpointConfigName"))
    return ActionResult(_without_empty_capture(described))


def _instance_types() -> list[str]:
    enum: list[str] = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType").enum
    return enum


def _over_quota(variant: dict[str, Any]) -> SagemakerClientError:
    kind, count = variant["InstanceType"], variant["InitialInstanceCount"]
    return SagemakerClientError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{kind} for endpoint usage' is 0 Instances, with current utilization of 0 Instances and "
        f"a request delta of {count} Instances. Please use AWS Service Quotas to request an increase for this quota. "
        "If AWS Service Quotas is not available, contact AWS support to request an increase for this quota.",
    )


def _without_empty_capture(described: dict[str, Any]) -> dict[str, Any]:
    """Leave out DataCaptureConfig where none was asked for: AWS does, and its members are not optional."""
    return {key: value for key, value in described.items() if value or key != "DataCaptureConfig"}

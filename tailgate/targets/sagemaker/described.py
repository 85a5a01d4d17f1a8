"""Described: an endpoint as SageMaker tells of it, read once into plain facts. Pure: nothing here asks anybody.

From DescribeEndpoint come status, variants, counts, weights and routing; instance types are in DescribeEndpointConfig alone,
which not everybody may call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tailgate.errors import PlanError, TargetError, nearest
from tailgate.plan.case import EndpointSpec

DEFAULT_VARIANT = "AllTraffic"
_STEADY = ("status", "config", "last_modified", "variants")
"""Facts that tell whether what serves now is what served before."""

_WHAT_NOW = {
    "Creating": "it is being created: wait until it is in service",
    "Updating": "it is being updated: wait until that is over",
    "SystemUpdating": "AWS maintains it: wait until that is over",
    "RollingBack": "an update failed and is being rolled back: wait until that is over, then see why",
    "Deleting": "somebody deletes it",
    "Failed": "it never came into service",
    "OutOfService": "it takes no requests",
    "UpdateRollbackFailed": "an update failed, and so did its rollback: its owner has to delete it and deploy anew",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One production variant. instance_type: None where nobody may know. count: instances that serve now, None of a serverless one."""

    name: str
    instance_type: str | None
    count: int | None
    desired: int | None
    routing: str
    weight: float | None
    model: str | None

    @property
    def wording(self) -> str:
        """How people read it: `blue: 2 of 3 ml.m5.large, weight 0.9, RANDOM`."""
        count = f"{self.count}" if self.count == self.desired else f"{self.count} of {self.desired}"
        weight = "" if self.weight is None else f", weight {self.weight:g}"
        return f"{self.name}: {count} instance{'s' if count != '1' else ''}{weight}, {self.routing}"


@dataclass(frozen=True, slots=True)
class Described:
    """An endpoint in service, as it may be asked. captures: it records requests. shadows: variants that get a copy of each request."""

    name: str
    region: str
    config: str
    status: str
    last_modified: str
    variants: tuple[Variant, ...]
    captures: bool
    shadows: tuple[str, ...]

    def facts(self) -> dict[str, str]:
        """What a record says of it, and what must stay the same while it is measured; no account number."""
        known = {"endpoint": self.name, "config": self.config, "status": self.status, "last_modified": self.last_modified}
        known["variants"] = "; ".join(variant.wording for variant in self.variants)
        return known | ({"shadow_variants": ", ".join(self.shadows)} if self.shadows else {})


def read_endpoint(described: Mapping[str, Any], region: str) -> Described:
    """From DescribeEndpoint's answer. Raises TargetError where it is not in service, or answers no plain invocations."""
    name, status = described["EndpointName"], described["EndpointStatus"]
    if status != "InService":
        reason = described.get("FailureReason")
        why = f" ({reason.rstrip('.')})" if reason else ""
        raise TargetError(f"endpoint {name} in {region} is {status}{why}: {_WHAT_NOW.get(status, 'it is not in service')}")
    if described.get("AsyncInferenceConfig"):
        raise TargetError(f"endpoint {name} answers asynchronously: it has no response time to measure; name one for real-time inference")
    return Described(
        name,
        region,
        described["EndpointConfigName"],
        status,
        described["LastModifiedTime"].isoformat(),
        tuple(_variant(each) for each in described.get("ProductionVariants", ())),
        bool(described.get("DataCaptureConfig", {}).get("EnableCapture")),
        tuple(each["VariantName"] for each in described.get("ShadowProductionVariants", ())),
    )


def with_config(endpoint: Described, config: Mapping[str, Any]) -> Described:
    """The same with what only DescribeEndpointConfig's answer tells: instance types and models."""
    by_name = {each["VariantName"]: each for each in config.get("ProductionVariants", ())}
    return replace(endpoint, variants=tuple(_completed(variant, by_name.get(variant.name, {})) for variant in endpoint.variants))


def chosen(endpoint: Described, spec: EndpointSpec) -> Variant:
    """The variant that a spec means: by name, or the only one where it names none. Raises TargetError."""
    names = [variant.name for variant in endpoint.variants]
    if spec.variant not in names and not (spec.variant == DEFAULT_VARIANT and len(names) == 1):
        hint = nearest(spec.variant, names) if names else "; it has none"
        raise TargetError(
            f"endpoint {endpoint.name} has no variant '{spec.variant}'{hint}; "
            f'name one: EndpointSpec(…, variant="{names[0] if names else "NAME"}"), or case.at("{spec.name}", variant=…)'
        )
    variant = endpoint.variants[names.index(spec.variant) if spec.variant in names else 0]
    if variant.count is None:
        raise TargetError(f"variant {variant.name} of endpoint {endpoint.name} is serverless, and has no instances that a case could name")
    return variant


def check_one_model(variant: Variant, endpoint: str) -> None:
    """Refuse a variant whose configuration, having been looked at, names no model or no one instance type. Raises TargetError."""
    if variant.model is None:
        why = "it hosts inference components, which are asked by a name that no case can give"
    elif variant.instance_type is None:
        why = "it has instances of several types, and a case names one"
    else:
        return
    raise TargetError(f"variant {variant.name} of endpoint {endpoint} cannot be measured: {why}; name another endpoint")


def found_spec(variant: Variant, spec: EndpointSpec, endpoint: str) -> EndpointSpec:
    """The spec as it is really served, by the name that the case gave it. Raises TargetError for another instance type."""
    if variant.instance_type not in (None, spec.instance_type):
        raise TargetError(
            f"{spec.name}: the case says {spec.instance_type}, endpoint {endpoint} has {variant.instance_type}; runs would be filed "
            f'under the wrong type: measure case.on("{variant.instance_type}"), or name another endpoint'
        )
    try:
        return replace(spec, instance_count=variant.count or 1, routing=variant.routing, variant=variant.name)
    except PlanError as error:
        raise TargetError(f"endpoint {endpoint} cannot be described by a case: {error}") from None


def differences(spec: EndpointSpec, found: EndpointSpec) -> list[str]:
    """What is other than the case says and was measured all the same, as `3 instances (the case says 1)`."""
    pairs = [("{} instances", spec.instance_count, found.instance_count), ("routing {}", spec.routing, found.routing)]
    return [f"{text.format(there)} (the case says {said})" for text, said, there in pairs if said != there]


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """What differs between two sets of facts, as `config a → b`; nothing where what serves is the same."""
    return [f"{name.replace('_', ' ')} {before[name]} → {now[name]}" for name in _STEADY if name in before and before[name] != now[name]]


def _variant(described: Mapping[str, Any]) -> Variant:
    return Variant(
        described["VariantName"],
        None,
        described.get("CurrentInstanceCount"),
        described.get("DesiredInstanceCount", described.get("CurrentInstanceCount")),
        described.get("RoutingConfig", {}).get("RoutingStrategy", "RANDOM"),
        described.get("CurrentWeight"),
        None,
    )


def _completed(variant: Variant, config: Mapping[str, Any]) -> Variant:
    routing = config.get("RoutingConfig", {}).get("RoutingStrategy", variant.routing)
    return replace(variant, instance_type=config.get("InstanceType"), model=config.get("ModelName"), routing=routing)

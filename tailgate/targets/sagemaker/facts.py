"""Facts of an endpoint of our own: what its record says of it, before anything is said of the ways to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tailgate.aws.billing import billed_facts
from tailgate.plan.purse import Purse
from tailgate.targets import Endpoint
from tailgate.targets.deploying import WARMS_WITHIN_S
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.described import read_endpoint
from tailgate.targets.sagemaker.model.container import facts_of

_BURSTABLE = ("ml.t2.", "ml.t3.")
_BURST_REGIME = "burst regime: {} spends CPU credits, so a short run shows it better than it stays; a steady claim needs hours of load"


def in_service(deployment: Deployment, answer: Mapping[str, Any], region: str, purse: Purse | None, deploy_s: float) -> Endpoint:
    """The endpoint by DescribeEndpoint's answer, still without an address. deploy_s: how long it took to come into service."""
    spec = deployment.spec
    own = {"instance_type": spec.instance_type, "instance_count": str(spec.instance_count), "routing": spec.routing}
    own |= {"region": region, "deploy_s": f"{deploy_s:.0f}"} | facts_of(deployment.container)
    own |= {} if purse is None else billed_facts(purse, spec, deployment.name)
    own |= {"model_in_vpc": "yes"} if deployment.subnets else {}
    return Endpoint(
        deployment.name,
        {},
        deployed_by_us=True,
        provenance=read_endpoint(answer, region).facts() | own,
        notes=(_BURST_REGIME.format(spec.instance_type),) if spec.instance_type.startswith(_BURSTABLE) else (),
        warms_within_s=WARMS_WITHIN_S,
    )

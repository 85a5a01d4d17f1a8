"""Images: which container serves the shipped model, by region and instance type. The words are in images.toml beside this file."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Any

from tailgate.errors import TargetError
from tailgate.plan.regions import partition_by_region

_OWN = "name an image of your own that answers GET /ping and POST /invocations: --latency-image, or [models.NAME] in the plan"


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("tailgate.targets.sagemaker.model").joinpath("images.toml").read_text(encoding="utf-8"))


def constant_image(region: str, instance_type: str) -> str:
    """The image for the model `constant`, such as `683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3`.

    Raises TargetError for a region or a processor that no public source names one for.
    """
    table = _table()
    registry = table["registries"].get(region)
    domain = table["domains"].get(partition_by_region().get(region, ""))
    if registry is None or domain is None:
        raise TargetError(f"no public source says where SageMaker's scikit-learn container lies in {region}; {_OWN}")
    return f"{registry}.dkr.ecr.{region}.{domain}/{table['scikit_learn']['repository']}:{_tag(table['scikit_learn'], instance_type)}"


def _tag(container: dict[str, Any], instance_type: str) -> str:
    family, arm64 = instance_type.removeprefix("ml.").partition(".")[0], container["arm64"]
    if family in arm64["unverified"].split():
        raise TargetError(f"no public source says that SageMaker's scikit-learn container for Graviton runs on {instance_type}; {_OWN}")
    return str(arm64["tag"] if family in arm64["families"].split() else container["tag"])

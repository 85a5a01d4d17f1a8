"""Removal against moto as a process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tailgate.aws.custody.removal import Thing, remove_all
from tailgate.aws.names import as_tag_list, ownership_tags
from tailgate.aws.waiting import Patience

ONE_ROUND = Patience(interval_s=0.0, timeout_s=0.0)


def test_one_round_deletes_an_endpoint_and_what_it_is_made_of(moto: Any) -> None:
    """What can go at once does not wait for the next round."""
    name, tags = "tailgate-ranker-one-round", as_tag_list(ownership_tags("run", "owner", datetime.now(UTC)))
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker = moto.sagemaker
    sagemaker.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}, Tags=tags)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
    things = [Thing(kind, name, "run") for kind in ("model", "endpoint_config", "endpoint")]
    removed = remove_all(things, lambda: lambda _service: sagemaker, ONE_ROUND)
    assert removed.gone == things[::-1]
    assert not removed.left

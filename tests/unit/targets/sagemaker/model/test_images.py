"""The shipped model's container, by region and processor."""

from __future__ import annotations

import re

import pytest
from botocore.loaders import Loader

from tailgate.errors import TargetError
from tailgate.plan.instances import vcpus_by_type
from tailgate.plan.regions import partition_by_region
from tailgate.targets.sagemaker.model import images
from tailgate.targets.sagemaker.model.images import constant_image

TABLE = images._table()
REGIONS = sorted(TABLE["registries"])


@pytest.mark.parametrize("region", REGIONS)
def test_an_image_lies_in_its_regions_registry_under_its_partitions_domain(region: str) -> None:
    """The domain is what botocore itself calls the partition's; the URI is one that SageMaker's API takes."""
    image = constant_image(region, "ml.m5.large")
    account, _, rest = image.partition(".")
    partitions = Loader().load_data("partitions")["partitions"]
    (domain,) = {partition["outputs"]["dnsSuffix"] for partition in partitions if region in partition["regions"]}
    assert re.fullmatch("[0-9]{12}", account)
    assert rest == f"dkr.ecr.{region}.{domain}/sagemaker-scikit-learn:1.2-1-cpu-py3"
    assert len(image) <= 255


@pytest.mark.parametrize(
    ("region", "image"),
    [
        ("us-east-1", "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"),
        ("ap-northeast-1", "354813040037.dkr.ecr.ap-northeast-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"),
        ("cn-north-1", "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3"),
        ("us-gov-west-1", "414596584902.dkr.ecr.us-gov-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"),
        ("us-iso-east-1", "833128469047.dkr.ecr.us-iso-east-1.c2s.ic.gov/sagemaker-scikit-learn:1.2-1-cpu-py3"),
    ],
)
def test_images_are_those_that_sagemakers_own_sdk_names(region: str, image: str) -> None:
    """Five regions of four partitions, as the SDK's table has them."""
    assert constant_image(region, "ml.t2.xlarge") == image


@pytest.mark.parametrize("region", [*sorted(set(partition_by_region()) - set(REGIONS)), "mars-north-1"])
def test_a_region_without_a_known_registry_is_refused_with_what_to_do(region: str) -> None:
    """Nothing is guessed: an account that is not AWS's could hold anything."""
    with pytest.raises(TargetError, match=rf"{region}; name an image of your own .*--latency-image"):
        constant_image(region, "ml.m5.large")


def test_every_region_of_the_table_is_one_of_awss() -> None:
    """A misspelt one would be refused by nobody else."""
    assert set(REGIONS) <= set(partition_by_region())


def test_graviton_gets_its_own_image_and_unlisted_arm_processors_none() -> None:
    """The families are instance families; what is in no list is refused, as an image of another processor fails after minutes."""
    arm64 = TABLE["scikit_learn"]["arm64"]
    known = {instance_type.split(".")[1] for instance_type in vcpus_by_type()}
    families, unverified = set(arm64["families"].split()), set(arm64["unverified"].split())
    assert families | unverified <= known
    assert not families & unverified
    assert {family for family in known if re.fullmatch(r"[a-z]+[0-9]g[a-z]*", family)} <= families | unverified
    for family in families:
        assert constant_image("eu-west-1", f"ml.{family}.xlarge").endswith(":1.0-1-arm64-cpu-py3")
    for family in unverified:
        with pytest.raises(TargetError, match="--latency-image"):
            constant_image("eu-west-1", f"ml.{family}.xlarge")

"""Regions: the bundled words are those of AWS's own table."""

import json
from pathlib import Path

import botocore
import pytest

from tailgate.errors import PlanError
from tailgate.plan.regions import check_region, partition_by_region


def test_every_public_region_of_the_service_tables_is_known_with_its_partition() -> None:
    """Those of partitions aws, aws-cn and aws-us-gov in the installed botocore; ours may not lack one."""
    table = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text(encoding="utf-8"))
    published = {region: part["partition"] for part in table["partitions"] for region in part["regions"]}
    public = {region: name for region, name in published.items() if name in ("aws", "aws-cn", "aws-us-gov")}
    assert len(public) >= 38
    assert public.items() <= partition_by_region().items()


@pytest.mark.parametrize(
    ("written", "meant"), [("us-esat-1", "us-east-1"), ("AP-NORTHEAST-1", "ap-northeast-1"), ("eu-west1", "eu-west-1")]
)
def test_a_misspelt_region_is_refused_with_the_nearest(written: str, meant: str) -> None:
    """And with where it was said."""
    with pytest.raises(PlanError, match=f"AWS_REGION is '{written}', which is not known; did you mean '{meant}'"):
        check_region(written, "AWS_REGION")

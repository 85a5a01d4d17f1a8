"""Names and tags: valid for SageMaker whatever the spec, and the same for whoever knows spec and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import botocore.session
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.names import LONGEST_NAME, as_tag_list, from_tag_list, ownership_tags, resource_name
from tailgate.plan.case import EndpointSpec

SPEC = EndpointSpec("ranker", instance_type="ml.c6i.xlarge", instance_count=2)
SPEC_NAMES = st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", fullmatch=True).filter(lambda name: len(name) <= 63)
MODEL = botocore.session.get_session().get_service_model("sagemaker")


@given(name=SPEC_NAMES, run_id=st.text(max_size=40))
def test_every_spec_has_a_name_that_sagemaker_takes(name: str, run_id: str) -> None:
    """At most 63 characters of the pattern that models, configurations and endpoints share, and recognisably ours."""
    named = resource_name(EndpointSpec(name), run_id)
    assert len(named) <= LONGEST_NAME
    assert named.startswith(f"tailgate-{name[:20].rstrip('-')}")
    for shape in ("EndpointName", "EndpointConfigName", "ModelName"):
        assert re.fullmatch(MODEL.shape_for(shape).metadata["pattern"], named)


def test_the_same_spec_and_run_have_the_same_name() -> None:
    """Whoever knows both can delete by name; another process, with other hashes, computes the same one."""
    imports = "from tailgate.plan.case import EndpointSpec; from tailgate.aws.names import resource_name"
    script = f"{imports}; print(resource_name({SPEC!r}, 'run-1'))"
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    elsewhere = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert resource_name(replace(SPEC), "run-1") == elsewhere.stdout.strip()


def test_whatever_differs_has_another_name() -> None:
    """Another run and any other field of the spec make another name, so that nothing is shared by accident."""
    changes = [{"name": "other"}, {"model": "m"}, {"instance_type": "ml.m5.large"}, {"instance_count": 3}, {"variant": "v"}]
    others = [replace(SPEC, **change) for change in [*changes, {"routing": "LEAST_OUTSTANDING_REQUESTS"}]]  # type: ignore[arg-type]
    names = {resource_name(spec, "run-1") for spec in [SPEC, *others]} | {resource_name(SPEC, "run-2")}
    assert len(names) == 8


def test_two_long_names_with_one_beginning_stay_apart() -> None:
    """A name too long is cut; the digest still tells specs apart."""
    long = "a" * 62
    assert resource_name(EndpointSpec(long + "b"), "r") != resource_name(EndpointSpec(long + "c"), "r")


def test_the_expiry_is_written_in_utc() -> None:
    """A sweep compares texts of one zone, wherever the run was started."""
    expiry = datetime(2026, 3, 1, 8, 30, tzinfo=timezone(timedelta(hours=9)))
    assert ownership_tags("r1", "me", expiry) == {
        "tailgate:run": "r1",
        "tailgate:owner": "me",
        "tailgate:expires-at": "2026-02-28T23:30:00Z",
    }


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_tags_survive_awss_form(tags: dict[str, str]) -> None:
    """To AWS's list and back is the same mapping."""
    assert from_tag_list(as_tag_list(tags)) == tags


def test_no_tags_are_an_empty_mapping() -> None:
    """moto gives None where no tags were given."""
    assert from_tag_list(None) == {}

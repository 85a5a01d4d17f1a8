"""Where load is to be sent from: what can be said of it, and what cannot be meant."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError
from tailgate.plan.vantage import HERE, MOST_HOSTS, VantageSpec, vantage_from


def test_nothing_said_is_this_host() -> None:
    """The default launches nothing."""
    assert VantageSpec() == HERE
    assert not HERE.remote


def test_a_table_without_a_kind_is_of_hosts() -> None:
    """Whoever writes `[vantage]` with an instance type means hosts."""
    spec = vantage_from({"instance_type": "c7i.4xlarge", "zone": "apne1-az1"})
    assert spec == VantageSpec("ec2", "c7i.4xlarge", zone="apne1-az1")
    assert spec.remote
    assert vantage_from({"kind": "local"}) == HERE


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"kind": "ec3"}, "did you mean 'ec2'"),
        ({"instance": "m5.large"}, "unknown key 'instance'; did you mean 'instance_type'"),
        ({"instance_type": "ml.m5.large"}, "hosts are EC2's: m5.large"),
        ({"instance_type": "big"}, "such as m5.2xlarge"),
        ({"count": 0}, "from 1 to 100"),
        ({"count": True}, "from 1 to 100"),
        ({"count": MOST_HOSTS + 1}, "from 1 to 100"),
        ({"subnet": "subnet-XYZ"}, "subnet-…"),
        ({"zone": "us-east-1"}, "a zone, us-east-1a"),
        ({"image": 7}, "ami-…"),
        ({"security_group": "default"}, "sg-…"),
        ({"instance_profile": "a b"}, "an instance profile"),
        ({"bucket": "No_Such"}, "a bucket's name"),
        ({"subnet": "subnet-0123abcd", "zone": "us-east-1a"}, "name one of them"),
        ({"kind": "local", "count": 2}, "count would be of others"),
        ({"kind": "local", "image": "ami-0123abcd"}, "image would be of others"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_allowed(table: dict[str, object], told: str) -> None:
    """A sentence that names the key, its value, and what would do."""
    with pytest.raises(PlanError) as refused:
        vantage_from(table)
    assert told in str(refused.value)


@pytest.mark.parametrize("zone", ["us-east-1a", "ap-northeast-1c", "us-gov-west-1b", "use1-az6", "apne1-az1", "us-west-2-lax-1a"])
def test_a_zone_has_a_name_or_an_id(zone: str) -> None:
    """Both are known to EC2; the id is the same in every account."""
    assert VantageSpec("ec2", zone=zone).zone == zone


@pytest.mark.parametrize("profile", ["tailgate-host", "arn:aws:iam::123456789012:instance-profile/team/tailgate-host"])
def test_an_instance_profile_has_a_name_or_an_arn(profile: str) -> None:
    """As in RunInstances."""
    assert VantageSpec("ec2", instance_profile=profile).instance_profile == profile


KEYS = ["kind", "instance_type", "count", "subnet", "zone", "image", "bucket", "other"]


@given(st.dictionaries(st.sampled_from(KEYS), st.none() | st.text() | st.sampled_from(["ec2", "local"])))
def test_whatever_is_written_gives_a_vantage_or_a_sentence(table: dict[str, object]) -> None:
    """Nobody gets a traceback for a plan."""
    with contextlib.suppress(PlanError):
        assert isinstance(vantage_from(table), VantageSpec)

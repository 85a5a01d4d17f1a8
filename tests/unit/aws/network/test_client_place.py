"""Where this host is: by instance metadata from a service of the same form, and by subnets that somebody names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tailgate.aws.instance_metadata import Instance, read_instance
from tailgate.aws.network.client_place import Place, Subnet, place_of
from tailgate.errors import TargetError
from tests.metadata_service import Metadata, metadata_service

HERE = Instance("eu-west-1a", "euw1-az3", "vpc-1", "subnet-1", "10.0.0.0/24", ("10.0.0.0/16", "100.64.0.0/16"))


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """A service that boto3's own setting leads to, in the midst of a proxy that must not be asked."""
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with metadata_service() as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        yield server


def test_an_instance_tells_its_zone_its_subnet_and_its_vpcs_networks(metadata: Metadata) -> None:
    """By IMDSv2, and straight."""
    assert metadata.facts
    assert read_instance() == HERE


def test_outside_a_vpc_only_the_zone_is_known(metadata: Metadata) -> None:
    """What is absent is not made up."""
    metadata.facts = {"placement/availability-zone": "eu-west-1a"}
    assert read_instance() == Instance("eu-west-1a", None, None, None, None, ())


@pytest.mark.parametrize("how", ["disabled", "refused", "no token", "no zone", "not HTTP"])
def test_without_metadata_nothing_is_known(metadata: Metadata, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """No instance, a container beyond the hop limit, or turned off: never an error."""
    match how:
        case "disabled":
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        case "refused":
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
        case "no token":
            metadata.token_status = 403
        case "no zone":
            metadata.facts = {}
        case _:
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "unix:///nowhere")
    assert read_instance() is None


def subnet(number: int, zone: str = "eu-west-1b", vpc: str = "vpc-1") -> Subnet:
    return Subnet(f"subnet-{number}", vpc, zone, f"id-{zone}", f"10.0.{number}.0/24")


def test_without_metadata_the_first_subnet_named_is_the_clients_own() -> None:
    """Its zone is the client's; a second one of the same zone is left out, for an interface endpoint takes one of each."""
    place = place_of(None, [subnet(1), subnet(2), subnet(3, "eu-west-1c")])
    assert (place.zone, place.own) == ("eu-west-1b", subnet(1))
    assert [each.id for each in place.subnets] == ["subnet-1", "subnet-3"]
    assert place.wording == "id-eu-west-1b (eu-west-1b)"
    assert place_of(None, []) == Place()
    assert Place().wording == "not known"


def test_the_instances_own_word_on_its_zone_counts_and_the_subnets_named_are_used() -> None:
    """As where a host says in which subnets its interface endpoint shall be."""
    place = place_of(HERE, [subnet(7), subnet(8, "eu-west-1c")])
    assert (place.zone, place.zone_id) == ("eu-west-1a", "euw1-az3")
    assert place.own is not None
    assert place.own.id == "subnet-1"
    assert [each.id for each in place.subnets] == ["subnet-7", "subnet-8"]
    assert [each.id for each in place_of(HERE, []).subnets] == ["subnet-1"]


def test_subnets_of_several_vpcs_are_refused() -> None:
    """An interface endpoint is in one."""
    with pytest.raises(TargetError, match=r"subnets of 2 VPCs \(vpc-1, vpc-2\)"):
        place_of(None, [subnet(1), subnet(2, vpc="vpc-2")])

"""Which way is asked by which name, and the guard that two ways are not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.network.network_paths import no_private, paths_of, private_by_name, private_by_zone
from tailgate.aws.network.private_link import PrivateLink
from tailgate.aws.network.routes import Route
from tailgate.plan.case import NETWORK_PATHS

HOST = "runtime.sagemaker.eu-west-1.amazonaws.com"
PUBLIC = f"https://{HOST}/endpoints/r/invocations"
DOMAIN = "runtime.sagemaker.eu-west-1.vpce.amazonaws.com"
LINK = PrivateLink("vpce-1", f"vpce-1-x.{DOMAIN}", {zone: f"vpce-1-x-{zone}.{DOMAIN}" for zone in ("eu-west-1a", "eu-west-1b")})
KNOWN = {HOST: ["52.94.1.1"], LINK.regional: ["10.0.0.7", "10.0.1.7"]} | {
    name: [f"10.0.{number}.7"] for number, name in enumerate(LINK.zonal.values())
}


def resolve(host: str) -> list[str]:
    return KNOWN.get(host, [])


def test_an_interface_endpoints_names_are_ways_from_the_clients_zone() -> None:
    """The regional name, that of the client's zone, that of another; each with the path of the invocation."""
    found = paths_of(PUBLIC, private_by_zone(LINK, "eu-west-1b"), resolve=resolve)
    hosts = [HOST, LINK.regional, LINK.zonal["eu-west-1b"], LINK.zonal["eu-west-1a"]]
    assert found.urls == {path: f"https://{host}/endpoints/r/invocations" for path, host in zip(NETWORK_PATHS, hosts, strict=True)}
    assert found.elsewhere == {}
    assert found.ips["privatelink-same-zone"] == ("10.0.1.7",)
    assert (found.facts["interface_endpoint"], found.facts["other_zone"]) == ("vpce-1", "eu-west-1a")
    assert found.facts["addresses"].startswith("public: 1 public; privatelink: 2 private; ")
    assert not any(ip in str(found.facts) for ips in KNOWN.values() for ip in ips), "addresses are nobody's business"


@pytest.mark.parametrize(
    ("zone", "path", "said"),
    [
        (None, "privatelink-same-zone", "zone is not known (nobody said)"),
        (None, "privatelink-other-zone", "zone is not known (nobody said)"),
        ("eu-west-1c", "privatelink-same-zone", "is in eu-west-1a, eu-west-1b, and not in eu-west-1c"),
    ],
)
def test_a_zonal_way_that_is_not_there_says_why(zone: str | None, path: str, said: str) -> None:
    """And the others are."""
    found = paths_of(PUBLIC, private_by_zone(LINK, zone, "nobody said"), resolve=resolve)
    assert said in found.elsewhere[path]
    assert {"public", "privatelink"} <= set(found.urls)


def test_an_endpoint_in_the_clients_zone_alone_has_no_way_by_another() -> None:
    """It says how it would get one."""
    link = PrivateLink("vpce-1", LINK.regional, {"eu-west-1a": LINK.zonal["eu-west-1a"]})
    found = paths_of(PUBLIC, private_by_zone(link, "eu-west-1a"), resolve=resolve)
    assert "--latency-client-subnet" in found.elsewhere["privatelink-other-zone"]
    assert "other_zone" not in found.facts


def test_an_endpoint_named_by_a_dns_name_has_no_zones() -> None:
    """Its id would tell them."""
    found = paths_of(PUBLIC, private_by_name("https://vpce-1.example"), resolve=resolve)
    assert found.urls["privatelink"] == "https://vpce-1.example/endpoints/r/invocations"
    assert "by its id" in found.elsewhere["privatelink-same-zone"]
    assert "privatelink" not in found.ips, "another's name is not looked at"


@given(st.ip_addresses(v=4, network="10.0.0.0/8").map(str), st.booleans())
def test_a_public_name_with_a_private_address_is_no_public_path(ip: str, named: bool) -> None:
    """Private DNS is on: two arms would both be PrivateLink, and the difference nothing."""
    private = private_by_name("https://vpce-1") if named else no_private("none")
    found = paths_of(PUBLIC, private, resolve=lambda _host: [ip])
    assert set(found.urls) == {"privatelink"}
    assert found.urls["privatelink"].startswith("https://vpce-1/" if named else f"https://{HOST}/")
    assert f"resolves to {ip}" in found.elsewhere["public"]
    assert "private DNS is on" in found.elsewhere["public"]


@pytest.mark.parametrize(("ip", "cidrs"), [("100.64.3.1", []), ("fd00:1::5", []), ("203.0.113.9", ["203.0.113.0/24"]), ("10.0.1.7", [])])
def test_addresses_that_a_vpc_may_have_beside_rfc_1918_are_no_public_path_either(ip: str, cidrs: list[str]) -> None:
    """Shared address space, IPv6's own, a VPC of public addresses, and those of the interface endpoint itself."""
    found = paths_of(PUBLIC, private_by_zone(LINK, "eu-west-1a"), resolve={**KNOWN, HOST: [ip]}.__getitem__, vpc_cidrs=cidrs)
    assert "public" not in found.urls
    assert "private DNS is on" in found.elsewhere["public"]


def test_somebodys_own_address_may_be_private() -> None:
    """A stand-in on this host is its user's business; nobody asks DNS for it."""
    found = paths_of("https://127.0.0.2:8443/endpoints/r/invocations", no_private("none"), resolve=lambda _host: pytest.fail("not AWS's"))
    assert set(found.urls) == {"public"}
    assert found.facts == {}


def test_a_subnet_without_a_route_has_no_public_path() -> None:
    """A clear sentence instead of a load of time-outs; the private paths stay."""
    found = paths_of(PUBLIC, private_by_zone(LINK, "eu-west-1a"), resolve=resolve, route=Route("subnet-1", "rtb-1", None))
    assert set(found.urls) == set(NETWORK_PATHS) - {"public"}
    assert "subnet subnet-1 has no route to the public endpoint (route table rtb-1)" in found.elsewhere["public"]
    assert "NAT gateway" in found.elsewhere["public"]


def test_a_private_name_that_dns_does_not_know_yet_is_no_path() -> None:
    """As in the first minutes of an interface endpoint."""
    found = paths_of(PUBLIC, private_by_zone(LINK, "eu-west-1a"), resolve=lambda host: KNOWN[HOST] if host == HOST else [])
    assert set(found.urls) == {"public"}
    assert "does not resolve here" in found.elsewhere["privatelink"]

"""Two arms by two network paths are two only where they lead to different addresses."""

from __future__ import annotations

import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.apart import check_apart
from tailgate.errors import TargetError
from tailgate.targets import Endpoint

CASE = Case(EndpointSpec("r"), b"{}", Poisson(per_s=60, for_s=2, seed=7), Budget.of("p90 <= 500ms"), network_path="privatelink")


def endpoint(**ips: tuple[str, ...]) -> Endpoint:
    return Endpoint("r", {}, deployed_by_us=False, provenance={}, ips={path.replace("_", "-"): found for path, found in ips.items()})


def test_a_regional_and_a_zonal_name_of_one_address_are_refused_as_arms() -> None:
    """The interface endpoint is in one zone: the two names are one path."""
    one = endpoint(privatelink=("10.0.0.1",), privatelink_same_zone=("10.0.0.1",))
    with pytest.raises(TargetError, match="privatelink and privatelink-same-zone lead to the same address here"):
        check_apart([CASE, CASE.via("privatelink-same-zone")], [one, one])


@pytest.mark.parametrize(
    "other",
    [endpoint(privatelink=("10.0.0.1", "10.0.1.1"), privatelink_same_zone=("10.0.0.1",)), endpoint(privatelink=("10.0.0.1",)), endpoint()],
)
def test_other_addresses_pass_and_so_does_what_nobody_looked_at(other: Endpoint) -> None:
    """A regional name leads to both zones, the zonal one to one of them."""
    check_apart([CASE, CASE.via("privatelink-same-zone")], [other, other])


def test_two_endpoints_over_the_same_path_are_two_arms() -> None:
    """They differ in what answers, not in the way."""
    check_apart([CASE, CASE.at("s")], [endpoint(privatelink=("10.0.0.1",))] * 2)

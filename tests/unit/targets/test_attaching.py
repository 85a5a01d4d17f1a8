"""What a session says of endpoints in use, read from its options' texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError
from tailgate.targets.attaching import ABORT_SHARE, Attaching, read_attaching

NAMES = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,20}", fullmatch=True)


def read(*endpoints: str, max_rate: str | None = "100", abort_share: str | None = None, private_link: str | None = None) -> Attaching:
    """With what most tests leave alone."""
    return read_attaching(endpoints, max_rate, abort_share, private_link, captured=False)


@given(st.dictionaries(NAMES, NAMES, min_size=1, max_size=4), NAMES)
def test_names_lead_to_the_endpoints_that_were_said_and_others_are_their_own(named: dict[str, str], other: str) -> None:
    """However many are named, each once."""
    attaching = read(*(f"{name}={endpoint}" for name, endpoint in named.items()))
    assert all(attaching.endpoint_of(name) == endpoint for name, endpoint in named.items())
    assert attaching.endpoint_of(other) == named.get(other, other)
    attaching.check_names([*named, other])


@given(NAMES, NAMES, NAMES)
def test_one_endpoint_for_all_takes_one_name_only(endpoint: str, name: str, other: str) -> None:
    """Two names that came to one endpoint would be compared with themselves."""
    attaching = read(endpoint)
    assert attaching.endpoint_of(name) == endpoint
    attaching.check_names([name, name])
    if name != other:
        with pytest.raises(PlanError, match="the cases name 2"):
            attaching.check_names([name, other])


@pytest.mark.parametrize(("text", "per_s"), [("100", 100.0), ("2.5/s", 2.5), (" 60 /s", 60.0)])
def test_a_rate_is_a_number_with_or_without_its_unit(text: str, per_s: float) -> None:
    """Requests per second are all that it can be."""
    assert read(max_rate=text).most_per_s == per_s


def test_what_is_not_said_is_careful() -> None:
    """No rate at all, a twentieth of refusals, no captured data."""
    assert read(max_rate=None) == Attaching(None, {}, None, ABORT_SHARE, False, None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_rate": "fast"}, "--latency-max-rate: 'fast/s' is not a rate"),
        ({"max_rate": "0"}, "--latency-max-rate is 0"),
        ({"abort_share": "5"}, "--latency-abort-share: '5' is not a share"),
        ({"abort_share": "0%"}, "--latency-abort-share lies between"),
        ({"private_link": "https://user:word@vpce"}, "--latency-vpc-endpoint: the URL holds credentials"),
    ],
)
def test_what_cannot_be_meant_names_its_option(wrong: dict[str, str], said: str) -> None:
    """A PlanError, so exit code 4."""
    with pytest.raises(PlanError, match=said):
        read(**wrong)


@pytest.mark.parametrize("endpoints", [("a", "b"), ("a", "b=c"), ("a=b", "a=c"), ("a=",), ("=b",), ("a_b",), ("a=b=c",)])
def test_endpoints_that_contradict_each_other_or_are_no_names_are_refused(endpoints: tuple[str, ...]) -> None:
    """One for all, or each by its name, once."""
    with pytest.raises(PlanError, match="--latency-endpoint"):
        read(*endpoints)


def test_an_interface_endpoints_name_is_its_address() -> None:
    """As the console shows it, or as a URL."""
    host = "vpce-0a1b-2c3d.runtime.sagemaker.eu-west-1.vpce.amazonaws.com"
    assert read(private_link=host).private_link == read(private_link=f"https://{host}/").private_link == f"https://{host}"

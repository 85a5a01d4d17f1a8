"""URLs that may stand for an endpoint, and those that cannot be meant."""

import pytest

from tailgate.errors import PlanError
from tailgate.plan.case import EndpointSpec
from tailgate.targets.commands import check_url
from tailgate.targets.registry import TARGETS, Settings, make_target


def test_a_url_is_asked_as_it_stands_and_nothing_is_started() -> None:
    """Unsigned, over the public path, whatever the spec says; nobody's process is watched."""
    target = make_target(Settings("url", "us-east-1", "run", url="http://127.0.0.1:8080/invocations?a=1"))
    with target.open(EndpointSpec("ranker")) as endpoint:
        address = endpoint.addresses["public"]
        assert (address.url, address.sign) == ("http://127.0.0.1:8080/invocations?a=1", None)
        assert not endpoint.deployed_by_us
        assert not endpoint.processes


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "the target 'url' needs one"),
        ("", "the target 'url' needs one"),
        ("127.0.0.1:8080/invocations", "write it whole"),
        ("ftp://127.0.0.1/", "write it whole"),
        ("http://", "write it whole"),
        ("http://127.0.0.1:99999/", "is not a URL"),
        ("http://[::1/", "is not a URL"),
        ("https://me:secret@127.0.0.1/", "holds credentials"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str | None, said: str) -> None:
    """With its place and what to write; a secret in it is not repeated."""
    with pytest.raises(PlanError, match="--latency-url: ") as raised:
        check_url(url, "--latency-url")
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("kind", TARGETS)
def test_every_kind_can_be_made_and_calls_itself_so(kind: str) -> None:
    """A row of the registry makes a target that has started nothing, and whose kind is the row's name."""
    assert make_target(Settings(kind, "us-east-1", "run", url="http://127.0.0.1:1/")).kind == kind

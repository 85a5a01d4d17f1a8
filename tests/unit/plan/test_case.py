"""Cases: one question each, with neighbours, keys and payloads."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ConstantRate, EndpointSpec, Expect, Poisson
from tailgate.errors import PlanError
from tailgate.plan.instances import vcpus_by_type

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(50, 60), budget=Budget.of("p99 <= 60ms"))


def test_neighbouring_questions_differ_in_one_thing() -> None:
    """on, via, at and under change the type, the path, the endpoint and the load, and nothing else."""
    assert CASE.on("ml.c6i.xlarge").spec == dataclasses.replace(CASE.spec, instance_type="ml.c6i.xlarge")
    assert CASE.via("privatelink").network_path == "privatelink"
    assert CASE.at("other").spec.name == "other"
    assert CASE.under(ConstantRate(70, 60)).load == ConstantRate(70, 60)
    assert dataclasses.replace(CASE, named="x").on("ml.m5.xlarge").id == "ranker-ml.m5.xlarge-public"


def test_the_key_tells_apart_what_cannot_be_compared_and_nothing_else() -> None:
    """Type, path, load and payload are in the key; the model's version and the budget are not."""
    others = [CASE.on("ml.m5.xlarge"), CASE.via("privatelink"), CASE.under(Poisson(51, 60)), dataclasses.replace(CASE, payload=b"[]")]
    assert len({CASE.key, *(other.key for other in others)}) == 5
    newer = dataclasses.replace(CASE, spec=dataclasses.replace(CASE.spec, model="models/ranker-8"), budget=Budget.of("p99 <= 70ms"))
    assert newer.key == CASE.key
    assert CASE.under(Poisson(50.0, 60.0)).key == CASE.key


def test_a_payload_path_is_relative_to_the_file_that_names_it() -> None:
    """Wherever pytest is started, `beside.json` is beside this file."""
    case = dataclasses.replace(CASE, payload="beside.json")
    assert case.payload == Path(__file__).parent / "beside.json"
    with pytest.raises(PlanError, match=r"ranker-.*beside\.json cannot be read"):
        case.bodies()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: EndpointSpec("ranker", instance_type="ml.m5.lrge"), "did you mean 'ml.m5.large'"),
        (lambda: EndpointSpec("ranker", instance_type="m5.large"), "did you mean 'ml.m5.large'"),
        (lambda: EndpointSpec("a--b-"), "a name is"),
        (lambda: EndpointSpec("ranker", instance_count=0), "instance_count is 0"),
        (lambda: CASE.via("vpn"), "network_path is 'vpn'"),
        (lambda: CASE.under(Poisson(50, 2)), "needs at least 299 requests"),
        (lambda: dataclasses.replace(CASE, inconclusive="maybe"), "allowed: fail, skip"),
        (lambda: Expect.of(), "name body, contains or json"),
    ],
)
def test_a_case_that_cannot_be_meant_is_refused_where_it_is_written(build, said: str) -> None:
    """The error comes from the constructor, at collection, not from a run."""
    with pytest.raises(PlanError) as caught:
        build()
    assert said in str(caught.value)


def test_vcpus_follow_the_size_with_the_published_exceptions() -> None:
    """Spot checks against EC2's published tables."""
    known = vcpus_by_type()
    expected = {"ml.t2.medium": 2, "ml.m5.24xlarge": 96, "ml.c4.8xlarge": 36, "ml.c6i.xlarge": 4, "ml.r8g.medium": 1, "ml.p4d.24xlarge": 96}
    assert {name: known[name] for name in expected} == expected


@given(st.binary(max_size=50))
def test_any_body_is_right_or_wrong_but_never_an_exception(body: bytes) -> None:
    """Garbage is a wrong answer."""
    assert Expect.of(json={"a": 1}).holds(body) is False
    assert Expect.of(body=body).holds(body)
    assert Expect.of(contains=body[:3]).holds(body)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_is_compared_by_meaning_and_survives_the_way_to_the_generator(document: object) -> None:
    """Key order and spacing do not matter."""
    import json

    expect = Expect.from_fields(Expect.of(json=document).fields())
    assert expect.holds(json.dumps(document, indent=3).encode())
    assert not expect.holds(json.dumps([document]).encode())

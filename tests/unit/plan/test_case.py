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

SPEC, LOAD, BUDGET = CASE.spec, CASE.load, CASE.budget


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
        (lambda: Case("ranker", b"", LOAD, BUDGET), "case: spec is 'ranker'; it is an EndpointSpec, such as EndpointSpec('ranker')"),
        (lambda: Case(SPEC, None, LOAD, BUDGET), "ranker: payload is None; it is bytes, a path, or Payloads"),
        (lambda: Case(SPEC, {"a": 1}, LOAD, BUDGET), "ranker: payload is {'a': 1}; it is bytes"),
        (lambda: Case(SPEC, b"", None, BUDGET), "ranker: load is None; it is a load, such as Poisson(per_s=100, for_s=20)"),
        (lambda: Case(SPEC, b"", {"per_s": 5, "for_s": 5}, BUDGET), "ranker: load is {'per_s': 5, 'for_s': 5}; it is a load"),
        (lambda: Case(SPEC, b"", Poisson, BUDGET), "ranker: load is <class"),
        (lambda: Case(SPEC, b"", LOAD, "p99 <= 60ms"), "ranker: budget is 'p99 <= 60ms'; it is a Budget, such as Budget.of("),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, expect={"json": 1}), "ranker: expect is {'json': 1}; it is an Expect"),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, network_path=["public"]), "network_path is ['public']; allowed: "),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, inconclusive=None), "inconclusive is None; allowed: fail, skip"),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, named=5), "case: named is 5; it is a text of one line"),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, named=""), "case: named is ''; it is a text of one line, not empty"),
        (lambda: Case(SPEC, b"", LOAD, BUDGET, named="a\nb"), "case: named is 'a\\nb'; it is a text of one line"),
        (lambda: Case(SPEC, "a\0b", LOAD, BUDGET).bodies(), "no file can be called that: embedded null byte"),
        (lambda: EndpointSpec(5), "endpoint 5: a name is"),
        (
            lambda: EndpointSpec("ranker", instance_type=["ml.m5.large"]),
            "'ranker': instance_type is ['ml.m5.large']; it is a text",
        ),
        (lambda: EndpointSpec("ranker", variant=None), "endpoint 'ranker': variant is None; it is 1 to 63 letters"),
        (lambda: EndpointSpec("ranker", model=None), "endpoint 'ranker': model is None; it is a text"),
        (lambda: EndpointSpec("ranker", instance_count=10**5000), "instance_count is a value of type int, too large to be shown"),
        (lambda: EndpointSpec("ranker", instance_count=1001), "from 1 up to 1000"),
        (lambda: EndpointSpec("ranker", routing=["RANDOM"]), "routing is ['RANDOM']; allowed: "),
        (lambda: Expect(body="text"), "expect: body is 'text'; it is bytes; for a text write Expect.of(body=...)"),
        (lambda: Expect(json={"a": 1}), "expect: json is {'a': 1}; it is canonical text"),
        (lambda: Expect.of(contains=5), "expect: contains is 5; it is a text or bytes"),
        (lambda: Expect.of(contains="\ud800"), "which UTF-8 cannot say; give the bytes"),
        (lambda: Expect.of(json={1, 2}), "expect: json is {1, 2}; it is what JSON can say"),
        (lambda: Expect.of(json=float("inf")), "expect: json is inf; it is what JSON can say"),
        (lambda: Poisson(10**400, 5), "load: per_s is 1000"),
        (lambda: Poisson(5, 5, gaps={"every_s": 1, "gap_s": 1}), "load: gaps is {'every_s': 1, 'gap_s': 1}; it is Gaps(every_s, gap_s)"),
        (lambda: Poisson(5, 5, connections="fresh"), "load: connections is 'fresh'; it is a ConnectionProfile, such as FRESH"),
        (lambda: Poisson(5, 5, seed=10**5000), "load: seed is a value of type int, too large to be shown"),
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


def test_not_a_number_is_no_json_and_a_wrong_answer() -> None:
    """Python reads NaN where JSON has none; an answer that holds it is not the right one."""
    assert Expect.of(json=None).holds(b"null")
    assert Expect.of(json=[1]).holds(b"[NaN]") is False


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

"""The plan file: read whole, refused in a sentence that names file, key, value and the nearest spelling."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import FRESH, ClosedLoop, Gaps, Payloads, Poisson, Ramp, Replay, Steps
from tailgate.errors import PlanError
from tailgate.plan.plan_file import read_plan

GOOD = """
target = "emulated"
region = "ap-northeast-1"

[defaults]
load = { per_s = 100, for_s = 20 }
payload = "body.json"

[[experiment]]
name = "types"
endpoint = "dummy"
instance_types = ["ml.m5.large", "ml.m5.xlarge"]
network_paths = ["public", "privatelink"]
budget = ["p99 <= 60ms"]
budgets."ml.m5.xlarge" = ["p99 <= 80ms"]
"""


@pytest.fixture
def plan_at(tmp_path: Path):
    """Write a plan beside its payload; give its path."""
    (tmp_path / "body.json").write_text("{}")

    def write(text: str | bytes) -> Path:
        path = tmp_path / "plan.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_a_plan_named_by_a_relative_path_finds_its_payloads_beside_it(plan_at, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are relative to the plan, not to the Python file that reads it nor to the working folder."""
    path = plan_at(GOOD)
    monkeypatch.chdir(path.parent.parent)
    assert len(read_plan(path.relative_to(path.parent.parent)).cases) == 4


def test_the_shipped_plan_holds_both_experiments_of_the_starting_blog() -> None:
    """At least twelve benchmarks: a smoke case, both network paths on ml.t2.xlarge × 2, ten instance types."""
    plan = read_plan(Path(__file__).parents[3] / "fixtures" / "plan.toml")
    assert len(plan.cases) >= 12
    assert any("smoke" in case.id for case in plan.cases)
    paths = plan.experiment("network-path").cases
    assert {(case.network_path, case.spec.instance_type, case.spec.instance_count) for case in paths} == {
        ("public", "ml.t2.xlarge", 2),
        ("privatelink", "ml.t2.xlarge", 2),
    }
    assert len({case.spec for case in paths}) == 1, "the two paths share one deployment"
    (pair,) = plan.experiment("network-path").pairs
    assert pair.cases == paths
    assert "p99" in pair.no_worse_than
    assert len(plan.experiment("instance-type").cases) == 10
    assert (plan.target, plan.region) == ("emulated", "ap-northeast-1")


def test_an_experiment_with_margins_compares_its_two_paths_on_each_type(plan_at) -> None:
    """One pair for each instance type, the second path against the first; without margins there is none."""
    assert read_plan(plan_at(GOOD)).experiments[0].pairs == ()
    pairs = read_plan(plan_at(GOOD + 'no_worse_than = { p50 = "1ms", mean = "2 ms" }\n')).experiments[0].pairs
    assert [pair.id for pair in pairs] == ["types-ml.m5.large-public+privatelink", "types-ml.m5.xlarge-public+privatelink"]
    assert [dict(pair.no_worse_than) for pair in pairs] == [{"p50": "1ms", "mean": "2 ms"}] * 2


def test_the_zonal_names_of_an_interface_endpoint_are_network_paths_of_their_own(plan_at) -> None:
    """In ids, in what makes runs comparable, and against each other."""
    zonal = GOOD.replace('["public", "privatelink"]', '["privatelink-same-zone", "privatelink-other-zone"]')
    (first, *_) = read_plan(plan_at(zonal + 'no_worse_than = { p99 = "5ms" }\n')).experiments[0].pairs
    assert first.id == "types-ml.m5.large-privatelink-same-zone+privatelink-other-zone"
    assert [case.network_path for case in first.cases] == ["privatelink-same-zone", "privatelink-other-zone"]
    assert len({case.key for case in first.cases}) == 2


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ('{ p99 = "5" }', "'5' is not a duration"),
        ("{ p99 = 5 }", r"the margin is 5; it is a duration such as '2ms'"),
        ('{ p990 = "5ms" }', "'p990' is not compared"),
        ("{ }", r"no_worse_than is \{\}"),
        ('"5ms"', "no_worse_than is '5ms'; it is a table"),
    ],
)
def test_margins_that_cannot_be_meant_are_refused(plan_at, margins: str, said: str) -> None:
    """By the experiment's name and the value."""
    with pytest.raises(PlanError, match=f"experiment 'types': .*{said}"):
        read_plan(plan_at(GOOD + f"no_worse_than = {margins}\n"))


def test_margins_want_two_paths(plan_at) -> None:
    """There is nothing to compare one path with."""
    with pytest.raises(PlanError, match="it compares the second of two paths with the first"):
        read_plan(plan_at(GOOD.replace('["public", "privatelink"]', '["public"]') + 'no_worse_than = { p99 = "5ms" }\n'))


def test_cases_are_instance_types_by_network_paths_and_one_type_may_have_its_own_budget(plan_at) -> None:
    """The product of the two lists, with ids that say which, and overrides that replace the budget."""
    cases = read_plan(plan_at(GOOD)).cases
    assert [case.id for case in cases] == [
        "types-ml.m5.large-public",
        "types-ml.m5.large-privatelink",
        "types-ml.m5.xlarge-public",
        "types-ml.m5.xlarge-privatelink",
    ]
    assert [case.budget.limits[0].bound for case in cases] == pytest.approx([0.06, 0.06, 0.08, 0.08])


def test_a_plan_may_name_a_set_of_payloads(plan_at, tmp_path: Path) -> None:
    """As a list, each equally often, or as a table of weights; beside it the seed of the choice."""
    (tmp_path / "other.json").write_text("[]")
    for written, weights in (('["body.json", "other.json"]', (1, 1)), ('{ "body.json" = 3, "other.json" = 1 }', (3, 1))):
        case = read_plan(plan_at(GOOD.replace('"body.json"', f"{written}\npayload_seed = 7"))).cases[0]
        assert case.payload == Payloads((tmp_path / "body.json", tmp_path / "other.json"), weights, 7)
        assert case.bodies() == (b"{}", b"[]")


def test_a_plan_may_state_prices(plan_at) -> None:
    """By instance type, for a limit of the cost; whoever pays knows them."""
    stated = '[defaults]\nprices = { "ml.m5.large" = 0.2, "ml.m5.xlarge" = 0.4 }'
    cases = read_plan(plan_at(GOOD.replace("[defaults]", stated).replace("p99 <= 60ms", "cost_per_1000 <= 0.02usd"))).cases
    assert [case.price.usd_per_hour for case in cases] == [0.2, 0.2, 0.4, 0.4]


def test_a_plan_may_name_any_load(plan_at, tmp_path: Path) -> None:
    """With how connections are kept, and silences; a record is relative to the plan."""
    (tmp_path / "arrivals.txt").write_text("\n".join(str(number / 100) for number in range(500)))
    for written, load in (
        ('{ arrival = "ramp", from_per_s = 10, to_per_s = 100, for_s = 60 }', Ramp(10, 100, 60)),
        ('{ arrival = "steps", steps_per_s = [50, 100], step_s = 10, spacing = "even" }', Steps((50, 100), 10, spacing="even")),
        ('{ arrival = "closed-loop", callers = 8, for_s = 5, connections = "fresh" }', ClosedLoop(8, 5, connections=FRESH)),
        ("{ per_s = 50, for_s = 90, gaps = { every_s = 5, gap_s = 25 } }", Poisson(50, 90, gaps=Gaps(5, 25))),
        ('{ arrival = "replay", file = "arrivals.txt" }', Replay(tmp_path / "arrivals.txt")),
    ):
        assert read_plan(plan_at(GOOD.replace("{ per_s = 100, for_s = 20 }", written))).cases[0].load == load


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"ml.m5.large"', '"ml.m5.lrge"', "did you mean 'ml.m5.large'"),
        ("budget = [", "bugdet = [", "experiment 'types': unknown key 'bugdet'; did you mean 'budget'"),
        ("region =", "regoin =", "unknown key 'regoin'; did you mean 'region'"),
        ("p99 <= 60ms", "p99 < 60", "experiment 'types': "),
        ("p99 <= 60ms", "p101 <= 60ms", "p101 is no percentile"),
        ("per_s = 100", "per_s = 0", "per_s is 0; it must be above 0"),
        ("per_s = 100", "per_s = -5", "per_s is -5"),
        ("for_s = 20", "for_s = 0", "for_s is 0"),
        ("for_s = 20", "for_s = 2", "'p99 <= 60ms' needs at least 299 requests to be decided, the load has about 200"),
        ('"body.json"', '"absent.json"', "absent.json cannot be read: No such file"),
        ("budget = [", 'prices = { "ml.m5.large" = 0 }\nbudget = [', "prices: 'ml.m5.large' is 0; a price is USD per hour"),
        ("budget = [", "prices = 5\nbudget = [", "prices is 5; it is a table"),
        ('"body.json"', "7", "payload is 7; it is a path, a list of paths"),
        ('"body.json"', '["body.json", 7]', "experiment 'types': payload names 7; it is a path"),
        ('"body.json"', '{ "body.json" = 0 }', "body.json' is 0; it is a number above 0"),
        ('"body.json"', "[]", "there are 0; a set holds 1 to 256"),
        ('"body.json"', '"body.json"\npayload_sed = 1', "did you mean 'payload_seed'?"),
        ("per_s = 100, ", "", "key 'per_s' is missing"),
        ("{ per_s = 100, for_s = 20 }", '{ arrival = "replay", file = "absent.txt" }', "absent.txt cannot be read: No such file"),
        ("{ per_s = 100, for_s = 20 }", '{ arrival = "rampe", for_s = 20 }', "arrival is 'rampe'; did you mean 'ramp'?"),
        ('"privatelink"', '"private"', "did you mean 'privatelink'"),
        ('["p99 <= 60ms"]', "[]", "at least one"),
        ('budgets."ml.m5.xlarge"', 'budgets."ml.c5.large"', "which is not measured"),
        ('name = "types"', 'nome = "types"', "did you mean 'name'"),
        ('name = "types"', "", "key 'name' is missing"),
        ('endpoint = "dummy"', 'endpoint = "dummy name"', "a name is 1 to 63 letters"),
        ('endpoint = "dummy"', 'endpoint = "dummy"\ninstance_count = 0', "instance_count is 0"),
        ('endpoint = "dummy"', 'endpoint = "dummy"\nrouting = "RANDM"', "did you mean 'RANDOM'"),
        ('endpoint = "dummy"', 'endpoint = "dummy"\nexpect = { containz = "x" }', "did you mean 'contains'"),
        ('"ml.m5.large", ', '"ml.m5.large", "ml.m5.large", ', "instance_types names 'ml.m5.large' twice; keep one"),
        ("[[experiment]]", "[[experment]]", "unknown key 'experment'; did you mean 'experiment'"),
    ],
)
def test_a_plan_with_one_mistake_is_refused_by_file_key_and_value(plan_at, old: str, new: str, said: str) -> None:
    """Every mistake is a sentence that begins with the file."""
    assert old in GOOD
    path = plan_at(GOOD.replace(old, new, 1))
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"target = ", "is not TOML"), (b'target = "\xff"', "is not UTF-8: byte 10 is 0xff"), (b"", "nothing to measure")],
)
def test_what_is_no_plan_at_all_is_said_to_be_none(plan_at, content: bytes, said: str) -> None:
    """Broken TOML, other encodings and empty files are told apart."""
    with pytest.raises(PlanError, match=said):
        read_plan(plan_at(content))


def test_an_absent_plan_is_named(tmp_path: Path) -> None:
    """The path stands in the sentence."""
    with pytest.raises(PlanError, match=r"nowhere\.toml cannot be read: No such file"):
        read_plan(tmp_path / "nowhere.toml")


def test_a_payload_over_six_mebibytes_is_refused(plan_at, tmp_path: Path) -> None:
    """SageMaker would refuse it, so it is said before anything is deployed."""
    path = plan_at(GOOD)
    (tmp_path / "body.json").write_bytes(b"x" * 6_291_457)
    with pytest.raises(PlanError, match="6291457 bytes; SageMaker takes at most 6291456"):
        read_plan(path)


keys = st.sampled_from(["target", "region", "defaults", "experiment", "name", "load", "budget", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
)


@given(table=st.dictionaries(keys, values, max_size=4))
def test_any_table_is_a_plan_or_a_plan_error(table: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> None:
    """No combination of keys and types escapes as a traceback."""
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text("\n".join(f"{key} = {_toml(value)}" for key, value in table.items()), encoding="utf-8")
    with pytest.raises(PlanError):
        read_plan(path)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(f"\\u{ord(c):04x}" for c in str(value) if ord(c) < 0xD800) + '"'

"""Any value at any place of a complete plan: it makes another plan, or a sentence, never a traceback."""

import contextlib
import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailgate import Case
from tailgate.errors import PlanError
from tailgate.plan.load import load_fields
from tailgate.plan.plan_file import Plan, read_plan

LOADS: dict[str, dict[str, Any]] = {
    "poisson": {"arrival": "poisson", "per_s": 50, "for_s": 20, "warmup_s": 1.5, "seed": 3, "gaps": {"every_s": 5, "gap_s": 2.5}},
    "constant": {"arrival": "constant", "per_s": 50.5, "for_s": 20, "connections": {"requests_each": 20}},
    "ramp": {"arrival": "ramp", "from_per_s": 10, "to_per_s": 100.0, "for_s": 60, "spacing": "even"},
    "steps": {"arrival": "steps", "steps_per_s": [50, 0, 100.0], "step_s": 10, "connections": "fresh"},
    "closed": {"arrival": "closed-loop", "callers": 8, "for_s": 5, "think_s": 0.1},
    "replay": {"arrival": "replay", "file": "arrivals.txt", "warmup_s": 1, "for_s": 4},
}
EXPECTS: list[dict[str, Any]] = [{"json": {"a": [1, {"b": 0.5}], "c": "d"}}, {"contains": "a"}, {"body": "b"}]
COMPLETE: dict[str, Any] = {
    "target": "process",
    "region": "ap-northeast-1",
    "process": "serve PORT",
    "url": "http://127.0.0.1:8080",
    "defaults": {"model": "constant", "payload": {"body.json": 3, "other.json": 1.5}, "payload_seed": 7, "inconclusive": "skip"},
    "experiment": [
        {
            "name": name,
            "question": "How slow?",
            "endpoint": "dummy",
            "instance_types": ["ml.m5.large", "ml.m5.xlarge"],
            "instance_count": 2,
            "routing": "RANDOM",
            "network_paths": ["public", "privatelink"],
            "load": load,
            "expect": EXPECTS[number % 3],
            "budget": ["p90 <= 60ms", "error_rate <= 5%"],
            "budgets": {"ml.m5.xlarge": ["p90 <= 80ms"]},
        }
        for number, (name, load) in enumerate(LOADS.items())
    ],
}

words = st.sampled_from(["", "a\0b", "a\nb", "..", "x" * 300, "ml.m5.large", "p90 <= 1ms", f"p90 <= {'9' * 400}ms", "error_rate <= 1e-9%"])
numbers = st.sampled_from([0, -1, 1, 2, 10**7, 2**63, -(10**20), 10**400, 0.0, -0.5, 5e-324, 1e-9, 1e308, float("inf"), float("nan")])
times = st.dates() | st.times() | st.datetimes() | st.datetimes(timezones=st.just(datetime.UTC))
leaves = st.booleans() | st.integers() | st.floats() | numbers | st.text(max_size=5) | words | times
keys = st.sampled_from(["json", "body", "every_s", "gap_s", "requests_each", "arrival", "cls", "self", "body.json", "a\0b"]) | st.text(
    max_size=3
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a document, tables and lists included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, one in inner for place in _places(one, (*path, key)))]


def _with(document: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put a value at a place, if an earlier change has left it there."""
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in place[:-1]:
            document = document[key]
        if isinstance(document, dict) == isinstance(place[-1], str):  # an earlier change may have put a table where a list was
            document[place[-1]] = value


PLACES = _places(COMPLETE)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" for c in text if not 0xD800 <= ord(c) < 0xE000) + '"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the plan's payloads and record are."""
    (tmp_path / "body.json").write_text("{}")
    (tmp_path / "other.json").write_text("[]")
    (tmp_path / "arrivals.txt").write_text("\n".join(str(number / 100) for number in range(600)))
    return tmp_path


def _read(folder: Path, document: dict[str, Any]) -> Plan:
    path = folder / "plan.toml"
    path.write_text("\n".join(f"{_text(key)} = {_toml(value)}" for key, value in document.items()), encoding="utf-8")
    return read_plan(path)


def test_the_complete_plan_is_one(folder: Path) -> None:
    """What is mutated below is right before: every kind of load, expectations, payload sets, gaps and connections."""
    assert len(_read(folder, COMPLETE).cases) == 4 * len(LOADS)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=2))
def test_a_complete_plan_with_any_value_at_any_place_is_a_plan_or_a_plan_error(folder: Path, changes: list[tuple[Any, Any]]) -> None:
    """And a plan it is only if its cases can be recorded and sent to the generator as JSON."""
    document = copy.deepcopy(COMPLETE)
    for place, value in changes:
        _with(document, place, value)
    cases: tuple[Case, ...] = ()
    refusal = None
    try:
        cases = _read(folder, document).cases
    except PlanError as error:
        refusal = str(error)
    assert (refusal is None) == bool(cases)
    assert refusal is None or str(folder / "plan.toml") in refusal
    for case in cases:
        assert case.key
        json.dumps([case.fields(), load_fields(case.load)], allow_nan=False)


FIRST = ("experiment", 0)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*FIRST, "load", "arrival"), ["poisson"], "load: arrival is ['poisson']; allowed: closed-loop, constant,"),
        ((*FIRST, "load", "arrival"), {"kind": "poisson"}, "load: arrival is {'kind': 'poisson'}; allowed:"),
        ((*FIRST, "expect", "json"), datetime.date(2020, 1, 1), "expect: json is datetime.date(2020, 1, 1); it is what JSON can say"),
        ((*FIRST, "expect", "json"), [datetime.time(12)], "expect: json is [datetime.time(12, 0)]; it is what JSON can say"),
        ((*FIRST, "expect", "json"), float("nan"), "expect: json is nan; it is what JSON can say"),
        ((*FIRST, "expect", "cls"), 1, "expect: unknown key 'cls'"),
        ((*FIRST, "load", "per_s"), 10**400, "experiment[1].load.per_s is 1000"),
        ((*FIRST, "load", "per_s"), 10**400, "whole numbers in TOML have 64 bits at most"),
        ((*FIRST, "load", "per_s"), 10**9, "it holds 2.15e+10 requests, warm-up included; at most 50,000,000 are scheduled"),
        ((*FIRST, "load", "gaps", "every_s"), 1e-9, ""),
        ((*FIRST, "load", "gaps"), {"every_s": 1e-6, "gap_s": 1e-6}, "gaps: there would be more than 10000 of them in 20 s"),
        ((*FIRST, "payload"), "a\0b", "payload is 'a\\x00b'; no NUL may stand in it"),
        ((*FIRST, "payload"), ["a\0b"], "a\\x00b': no file can be called that: embedded null byte"),
        ((*FIRST, "load"), {**LOADS["replay"], "file": "a\0b"}, "a\\x00b'; no file can be called that: embedded null byte"),
        ((*FIRST, "instance_count"), 1001, "instance_count is 1001; it is a whole number from 1 up to 1000"),
        ((*FIRST, "budget"), [f"p90 <= {'9' * 400}ms"], "no load lasts longer than a day, so this would always hold"),
        ((*FIRST, "budget"), ["p99 <= 1s", "p99.0 <= 2s"], "two limits for p99.0 ('p99 <= 1s' and 'p99.0 <= 2s'); keep one"),
        ((*FIRST, "instance_types"), ["ml.m5.xlarge"] * 2, "experiment 'poisson': instance_types names 'ml.m5.xlarge' twice; keep one"),
        ((*FIRST, "network_paths"), ["public"] * 2, "experiment 'poisson': network_paths names 'public' twice; keep one"),
        ((*FIRST, "name"), "constant", "[[experiment]] names 'constant' twice; keep one"),
        ((*FIRST, "name"), "", "name is ''; it is a text of one line, not empty"),
        ((*FIRST, "name"), "a\nb", "name is 'a\\nb'; it is a text of one line"),
        ((*FIRST, "name"), "a\0b", "name is 'a\\x00b'; it is a text of one line"),
        ((*FIRST, "question"), "a\0b", "question is 'a\\x00b'; no NUL may stand in it"),
        (("region",), "", "region is ''; it is a text of one line, not empty"),
        (("target",), "", "target is ''; it is a text of one line, not empty"),
        (("region",), "ap-northest-1", "region is 'ap-northest-1', which is not known; did you mean 'ap-northeast-1'?"),
        (("region",), "Tokyo", "region is 'Tokyo', which is not known; regions are written like us-east-1"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_file_key_and_value(folder: Path, place: tuple[Any, ...], value: Any, said: str) -> None:
    """Where earlier it was a traceback, or was taken as it stood."""
    document = copy.deepcopy(COMPLETE)
    _with(document, place, value)
    with pytest.raises(PlanError) as caught:
        _read(folder, document)
    assert str(folder / "plan.toml") in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "nested too deeply to be read"),
        (".".join("x" * 3000) + " = 1", "x is nested more than 50 deep"),
        ("x = " + "9" * 5000, "cannot be read (Exceeds the limit"),
        ("x = 0x" + "f" * 5000, "x is a value of type int, too large to be shown; whole numbers in TOML have 64 bits"),
        ("x = 25:00:00", "is not TOML"),
        ("x = 2020-02-31", "is not TOML"),
    ],
)
def test_what_python_cannot_read_of_toml_is_a_sentence(tmp_path: Path, written: str, said: str) -> None:
    """Depth, digits and dates that end tomllib, or whoever prints what it gave."""
    path = tmp_path / "plan.toml"
    path.write_text(written)
    with pytest.raises(PlanError, match=r"plan\.toml") as caught:
        read_plan(path)
    assert said in str(caught.value)

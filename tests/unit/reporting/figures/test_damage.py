"""Whatever a run file holds, its figures are plain series or None: never a traceback, never a number that JSON cannot hold."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting import figures
from tailgate.reporting.plain import plain
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

OF_ONE = (
    figures.percentile_curve,
    figures.complementary,
    figures.heat_map,
    figures.send_lag,
    figures.phases,
    figures.errors,
    figures.remotes,
)
ACROSS = (figures.instance_types, figures.path_differences, figures.rate_against_p99, figures.cost_against_p99, figures.history)

CASE = case_of("ranker", 100, 4, 0, "p50 <= 60ms", "error_rate <= 5%")
PAIR = {
    "arm": 1,
    "cases": ["a", "b"],
    "labels": ["public", "privatelink"],
    "seed": 7,
    "requests": [200, 200],
    "differences": {"p50": {"first_s": 0.02, "second_s": 0.021, "difference_s": 0.001, "low_s": -0.001, "high_s": 0.003, "p_value": 0.4}},
    "explanation": "privatelink is no slower",
}
PLATFORM = {
    "time": {"network_s": 0.001, "overhead_s": 0.002, "model_s": 0.01},
    "cost": {"usd": 0.1, "usd_per_hour": 0.2, "price": "listed"},
}


def fields_of(seed: int) -> dict[str, Any]:
    """A whole record with every optional part."""
    fields: dict[str, Any] = run_from(CASE, samples_of(CASE, seed, failed=[3, 9]), started_at=f"2026-11-2{seed}T09:00:00+00:00").fields()
    remote = {"address": "10.0.0.1", "share": {"requests": 9, "p50": fields["estimates"][2], "p99": None}, "failed": 1}
    return {**fields, "pair": PAIR, "platform": PLATFORM, "wire": {**fields["wire"], "remotes": [remote]}}


FIELDS = [fields_of(seed) for seed in range(3)]

NUMBERS = [-1, 0, 0.5, 10**30, float("nan"), float("inf"), -1e308]
junk = st.sampled_from([None, True, False, *NUMBERS, "", "x", "1 2 x", "HISTFAAA", [], [None], [[]], {}, {"x": 1}])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a plain form."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


PLACES = sorted(places(FIELDS[2]), key=str)


def damaged(fields: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with another value in one place, or without it where that is `gone`."""
    fields = copy.deepcopy(fields)
    inner: Any = fields
    for key in path[:-1]:
        inner = inner[key]
    if value == "gone":
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return fields


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), junk | st.just("gone")), min_size=1, max_size=2))
def test_no_damage_to_a_run_file_is_a_traceback(damage: list[tuple[tuple[Any, ...], Any]]) -> None:
    """One or two places hold something else or nothing: the run is refused as damaged, or all its figures are JSON."""
    fields = FIELDS[2]
    for path, value in damage:
        try:
            fields = damaged(fields, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # the place went with the other one
    try:
        run = Run.from_fields(fields, "run.json")
    except RecordError:
        return
    for figure in OF_ONE:
        json.dumps(plain(figure(run)), allow_nan=False)
    others = [Run.from_fields(one, "run.json") for one in FIELDS[:2]]
    for across in ACROSS:
        json.dumps(plain(across([*others, run])), allow_nan=False)
        json.dumps(plain(across([*others, replace(run, pair={})])), allow_nan=False)


def test_a_whole_run_has_every_figure() -> None:
    """What the damage is done to is drawn in full, so that the property is one of something."""
    runs = [Run.from_fields(one, "run.json") for one in FIELDS]
    assert all(figure(runs[0]) for figure in OF_ONE)
    alone = [replace(run, pair={}) for run in runs]
    assert figures.path_differences(runs)
    assert all(across(alone) for across in (figures.rate_against_p99, figures.cost_against_p99, figures.history))


def test_runs_of_tailgate_0_1_have_what_they_recorded() -> None:
    """Without wire, pair, platform and columns: the curves, a heat map of the blocks, errors; nothing of what was not measured."""
    run = Run.from_fields(
        {key: value for key, value in FIELDS[0].items() if key not in {"wire", "pair", "platform", "over_time"}}, "run.json"
    )
    assert [figure(run) is not None for figure in OF_ONE] == [True, True, True, False, False, True, False]

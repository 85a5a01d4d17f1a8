"""A page of records that are damaged: whatever stands where something else should, there is a page, and it says what is known."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailgate.reporting.report import page
from tailgate.reporting.run_file import Run
from tests.unit.reporting.report.paged import Document, a_run

DAMAGE: list[Any] = [None, -1, 7, 1e308, float("nan"), "", "no number", [], {}, [None], {"seconds": "x"}, True]
SOUND = a_run()
PATHS = [
    (field.name, key)
    for field in fields(Run)
    if isinstance(told := getattr(SOUND, field.name), dict)
    for key in told
    if (field.name, key) != ("case", "id")
]


def damaged(name: str, key: str, value: Any) -> Run:
    """The run with another value there."""
    return replace(SOUND, **{name: {**getattr(SOUND, name), key: value}})


@pytest.mark.parametrize("name", sorted({name for name, _ in PATHS}))
def test_one_damaged_value_leaves_the_rest_of_the_page(name: str) -> None:
    """Beside a sound run, whose figures are all there, and series that parse. Each value is damaged in two of the ways."""
    for turn, key in enumerate(key for other, key in PATHS if other == name):
        ways = (DAMAGE[(2 * turn + way) % len(DAMAGE)] for way in range(2))
        sound = replace(SOUND, case={**SOUND.case, "id": "sound", "key": "sound"})
        document = Document(page([sound, *(damaged(name, key, value) for value in ways)]))
        assert sum(one["kind"] == "curve" for one in document.series.values()) >= 1


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damage_in_depth_is_survived(data: st.DataObject) -> None:
    """Anything at all, anywhere below, as JSON can hold it."""
    text = json.dumps(SOUND.fields(), allow_nan=False)
    raw = json.loads(text)
    at: Any = raw
    while True:
        keys = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    if at is not raw:
        at[key] = data.draw(
            st.sampled_from([one for one in DAMAGE if one == one]) | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False)
        )
        assert Document(page([Run.from_fields(raw, "x")])).scripts

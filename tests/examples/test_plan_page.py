"""The page on plan files names every key, every kind of load and every metric, as the reader of plans knows them."""

from __future__ import annotations

import re
import tomllib

import pytest

from tailgate.plan import plan_file
from tailgate.plan.budget import Limit
from tailgate.plan.load import LOADS, load_from
from tailgate.plan.vocabulary import METRICS
from tests.examples.vouching import PROJECT

PAGE = (PROJECT / "docs" / "plan.md").read_text(encoding="utf-8")


def first_column(after: str) -> list[str]:
    """What the first column of the table after some words has in backticks."""
    table = PAGE.partition(after)[2].lstrip("\n").partition("\n\n")[0]
    return [span for line in table.splitlines()[2:] for span in re.findall(r"`([^`]+)`", line.split(" | ")[0])]


def test_every_key_of_a_plan_is_told() -> None:
    """Of the file and of an experiment; those of an experiment alone are the last four."""
    assert set(first_column("Keys of the file:\n")) == set(plan_file._TOP)
    of_experiment = first_column("and of an experiment:\n")
    assert set(of_experiment) == set(plan_file._EXPERIMENT)
    assert set(of_experiment[-4:]) == set(plan_file._EXPERIMENT) - set(plan_file._DEFAULTS)


def test_the_keys_that_have_to_be_said_are_said_to_be() -> None:
    """In a sentence."""
    (sentence,) = re.findall(r"^(.*) have to be said", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", sentence)) == set(plan_file._REQUIRED)


def test_every_kind_of_load_is_told_and_can_be_meant() -> None:
    """As the reader's own example has it."""
    told = {tomllib.loads(f"load = {text}")["load"].get("arrival", "poisson"): text for text in first_column("answers.\n\n")}
    assert told == {arrival: kind.example for arrival, kind in LOADS.items()}
    for arrival, text in told.items():
        if arrival != "replay":  # its file is the reader's
            assert load_from(tomllib.loads(f"load = {text}")["load"]).arrival == arrival


def test_every_metric_is_told_with_a_limit_that_can_be_meant() -> None:
    """In the table of limits; percentiles stand for themselves."""
    told = [span for span in first_column("refused before anything is deployed.\n\n") if "=" in span]
    assert {Limit.of(text).metric for text in told} == {*METRICS, "p99", "ttfb_p99"}


@pytest.mark.parametrize("key", ["endpoint", "no_worse_than"])
def test_a_key_that_the_page_lacks_is_found(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail."""
    monkeypatch.setitem(globals(), "PAGE", PAGE.replace(f"`{key}`", ""))
    with pytest.raises(AssertionError):
        test_every_key_of_a_plan_is_told()

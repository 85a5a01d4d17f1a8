"""How often verdicts are wrong on series of known truth: `python -m benchmarks.verdicts`, shortened, with fixed seeds.

A share found in n runs may lie above what is promised by three standard errors of n runs, and no more. A change of
these figures is a change of the gate.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.figures import Table, keep, publish
from benchmarks.series import BOUND_S, MODELS, PER_S, SIX, counts_per_second, response_s
from benchmarks.verdicts_history import replicated as from_history
from benchmarks.verdicts_independent import replicated
from benchmarks.verdicts_one_run import ALLOWED, BEFORE, EARLIER, at_budget, draw, off_budget

ROOT = Path(__file__).parents[2]
SHORT = ("ar90", "bursts", "neighbour")
"""Of the six models, those that `make test` has the time for."""


def at_most(promised: float, runs: int) -> float:
    """What chance may make of a promised share in so many runs."""
    return promised + 3 * (promised * (1 - promised) / runs) ** 0.5


@pytest.mark.parametrize("fraction", [0.002, 0.01, 0.05])
@pytest.mark.parametrize("model", MODELS)
def test_a_series_exceeds_its_bound_as_often_as_it_says(model: str, fraction: float) -> None:
    """Over many runs the share beyond the bound is the true fraction, in severities as in response times."""
    severities = MODELS[model].draw(np.random.default_rng(3), 80, 200 * PER_S, fraction)
    assert np.all((severities >= 0) & (severities <= 1))
    exceeds = severities > 1 - fraction
    shares = exceeds.mean(axis=1)
    assert shares.mean() == pytest.approx(fraction, abs=4 * shares.std() / 80**0.5)
    assert np.array_equal(response_s(severities[:3], fraction) > BOUND_S, exceeds[:3])
    assert counts_per_second(exceeds).shape == (80, 200)
    assert counts_per_second(exceeds).sum() == exceeds.sum()


@pytest.mark.parametrize("model", [model if model in SHORT else pytest.param(model, marks=pytest.mark.thorough) for model in SIX])
def test_at_the_budget_a_run_hardly_ever_gets_a_wrong_verdict(model: str) -> None:
    """With five earlier runs, at 600 s: false PASS at most 5 %, at the end and over all looks; false FAIL so after the retry."""
    runs, random = 50, np.random.default_rng([5, *model.encode()])
    figures = at_budget(model, random, runs, draw(model, random, runs * EARLIER, BEFORE, each=EARLIER))
    assert figures["pass_history"] <= at_most(0.05, runs)
    assert figures["pass_sequential"] <= at_most(0.05, runs)
    assert figures["fail_retried"] <= at_most(0.05, runs)
    assert figures["pass_point"] > 0.3, "the point estimate's coin toss is what all this is for"


@pytest.mark.parametrize(
    ("model", "times", "seconds"), [("independent", 0.2, 120), ("independent", 5, 120), ("ar90", 0.2, 240), ("ar90", 5, 240)]
)
def test_a_clear_verdict_takes_a_fraction_of_the_longest_run(model: str, times: float, seconds: float) -> None:
    """Of 600 s a fifth when quiet, two fifths under AR(1) .9; and none of these verdicts is wrong."""
    random = np.random.default_rng(6)
    figures = off_budget(model, random, 40, times * ALLOWED, draw(model, random, 40 * EARLIER, BEFORE, each=EARLIER))
    assert figures["seconds"] <= seconds
    assert (figures["right"], figures["wrong"]) == (1, 0)


@pytest.mark.parametrize(
    ("times", "outcome", "least", "requests"), [(0.5, "passed", 0.97, 2100), (2, "failed", 0.999, 1000), (5, "failed", 0.999, 165)]
)
def test_independent_requests_are_decided_by_few_of_them(times: float, outcome: str, least: float, requests: float) -> None:
    """The exact test, at most 5 000 requests, in 600 replications: the right verdict and how many requests it took."""
    figures = replicated(times * ALLOWED, 600)
    assert figures[outcome] >= least
    assert figures["requests"] <= requests


def test_independent_requests_at_the_budget_are_wrongly_decided_in_one_run_of_twenty() -> None:
    """Both sides at most 5 %, where an interval that is peeked at errs four times as often."""
    figures = replicated(ALLOWED, 1000)
    assert max(figures["passed"], figures["failed"]) <= at_most(0.05, 1000)
    assert min(figures["peek_pass"], figures["peek_fail"]) > 0.12


@pytest.mark.parametrize(("series", "power"), [("twenty", 0.80), ("six", 0.72), ("heavy", 0.80), ("disturbed", 0.72)])
def test_a_run_against_its_history_cries_wolf_rarely_and_finds_a_tenth(series: str, power: float) -> None:
    """At most 2 % false alarms; with 20 earlier runs that vary by 3 %, at least 80 % of the runs that are 10 % slower."""
    runs = 300
    figures = from_history(series, runs)
    assert figures["alarm"] <= at_most(0.02, runs)
    assert figures["found"] >= 1 - at_most(1 - power, runs)
    assert figures["alarm_last"] > 2 * figures["alarm"], "what is compared with one run is compared with its noise"


def test_a_new_level_is_the_usual_one_with_its_third_run() -> None:
    """One run after a step of 15 % the newest is slower than usual; three runs after it, it is not."""
    assert from_history("step_1", 100)["alarm"] > 0.8
    assert from_history("step_3", 300)["alarm"] <= at_most(0.02, 300)


def test_tables_go_into_their_own_part_of_a_page(tmp_path: Path) -> None:
    """What is before, between and after stays; a table measured again takes its old place; a page without the part is refused."""
    page, path = tmp_path / "page.md", tmp_path / "figures.json"
    page.write_text("above\n<!-- a: by hand -->\nold\n<!-- end of a -->\nbelow\n<!-- b: by hand -->\nkept\n<!-- end of b -->\n")
    for name in ("two: x", "one", "two: x"):
        tables = keep(Table(name, f"Title of {name}", {}), path, ("one", "two"))
    publish("a", tables, page)
    text = page.read_text()
    assert [table.name for table in tables] == ["one", "two: x"]
    assert text.index("above") < text.index("Title of one") < text.index("Title of two: x") < text.index("below") < text.index("kept")
    assert "old" not in text
    with pytest.raises(ValueError, match="has no part '<!-- c"):
        publish("c", tables, page)


@pytest.mark.thorough
def test_the_command_prints_its_tables_and_records_them(tmp_path: Path) -> None:
    """Quick, all parts: tables on standard output, figures in the file that was asked for."""
    command = [sys.executable, "-m", "benchmarks.verdicts", "--quick", "--json", str(tmp_path / "verdicts.json")]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tables = json.loads((tmp_path / "verdicts.json").read_text())
    assert tables
    for table in tables.values():
        assert f"### {table['title']}" in printed
        assert table["rows"]

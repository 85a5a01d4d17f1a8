"""The page: what it says, that no name harms it, that it fetches nothing, and that it stays small."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.plain import Plain
from tailgate.reporting.report import page, written
from tailgate.reporting.report.page import MOST_CASES, VENDORED
from tailgate.reporting.report.parts import Table
from tailgate.reporting.run_file import Run
from tests.unit.reporting.report.paged import Document, a_run, named

VENDOR = resources.files("tailgate.reporting.report").joinpath("vendor")
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"quotes' & <!-- comment",
    "x" * 300,
    "emoji 😀🇩🇪",
    "مرحبا \u202e right to left",
    "a\u2028b {{ 7 * 7 }}",
)


def pair_of(first: Run, second: Run) -> list[Run]:
    """Both as arms of one run."""
    times = {"first_s": 0.02, "second_s": 0.021, "difference_s": 0.001, "low_s": -0.0004, "high_s": 0.0026, "p_value": 0.04}
    told: dict[str, Plain] = {
        "cases": [first.case["id"], second.case["id"]],
        "labels": ["public", "privatelink"],
        "differences": {"p99": {**times}},
    }
    return [replace(run, pair={**told, "arm": arm}) for arm, run in enumerate((first, second))]


@pytest.mark.parametrize("kind", ["emulated", "sagemaker"])
def test_only_what_was_emulated_carries_the_watermark(kind: str) -> None:
    """In plain sight, also in print: no statement about AWS."""
    text = page([a_run(target=kind)])
    assert ("emulated: not a statement about AWS" in text) == (kind == "emulated")
    assert ('class="watermark"' in text) == (kind == "emulated")
    assert f"target: {kind}" in text


def test_values_in_tables_are_the_records_to_the_printed_digit() -> None:
    """Each estimate of the run file stands in the page."""
    run = a_run()
    told = Document(page([run])).texts
    for one in run.estimates:
        assert isinstance(one, dict)
        if str(one["metric"]).startswith(("p", "m")) and isinstance(one["value"], float):
            assert f"{one['value'] * 1e3:.1f} ms" in " ".join(told)


def test_figures_are_series_and_tables_of_the_same() -> None:
    """For each plot there are a place, series, and a table; percentiles, tail, heat map with send lag, and phases of every run."""
    document = Document(page([a_run()]))
    places = [attributes["data-figure"] for _, attributes in document.elements if "data-figure" in attributes]
    assert set(places) == set(document.series)
    kinds = {one["kind"] for one in document.series.values()}
    assert {"curve", "tail", "heat", "phases"} <= kinds
    drawn = "".join(one.read_text("utf-8") for one in resources.files("tailgate.reporting.report").joinpath("scripts").iterdir())
    for kind in ("curve", "tail", "heat", "phases", "errors", "remotes", "history", "types", "paths", "rate", "cost"):
        assert re.search(rf"^drawings\.{kind} = \(told, width\)", drawn, re.MULTILINE), kind


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are_and_harm_nothing(name: str) -> None:
    """Whatever a record calls a case: no script but ours, no element of its making, the text as it is, series that still parse."""
    usual, hostile = Document(page([a_run(), a_run("other", 0.05)])), Document(page([named(name), named(name + "2")]))
    assert [kind for kind, _ in hostile.scripts] == [kind for kind, _ in usual.scripts]
    assert name in "".join(hostile.texts)
    assert not [attributes for _, attributes in hostile.elements for one in attributes if one.startswith("on")]
    assert hostile.series


@given(name=st.text(max_size=60))
@settings(max_examples=15)
def test_any_name_at_all_leaves_the_page_whole(name: str) -> None:
    """The scripts are ours and the series parse, whatever it is."""
    document = Document(page([named(name)]))
    assert len(document.scripts) == 4
    assert document.series


def test_the_page_lets_nothing_in_but_its_own_scripts() -> None:
    """Its policy denies all that is fetched; each script's digest is listed; nothing links elsewhere."""
    text = page([a_run()])
    document = Document(text)
    policy = next(
        attributes["content"] or "" for _, attributes in document.elements if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    for kind, script in document.scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert (f"'sha256-{digest}'" in policy) == (kind is None)
    links = [
        value for _, attributes in document.elements for name, value in attributes.items() if name in {"src", "href", "action", "srcset"}
    ]
    assert all((link or "").startswith("#") for link in links)


def test_headings_go_down_by_one_level_at_a_time() -> None:
    """As those who jump from heading to heading expect: h1, then sections, then cases and figures across them, then figures."""
    runs = [a_run("ranker"), a_run("ranker", started_at="2026-11-22T09:40:00.000+00:00"), *pair_of(a_run("a"), a_run("b"))]
    levels = [int(tag[1]) for tag, _ in Document(page(runs)).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(below - above for above, below in pairwise(levels)) == 1


def test_the_worst_cases_are_shown_in_full_however_many_there_are() -> None:
    """Beyond a hundred, what holds its budget stands in the table only, and the page says so."""
    good, bad = a_run("good"), a_run("bad", 0.2)
    runs = [replace(good, case={**good.case, "id": f"good-{number}", "key": str(number)}, histogram={}) for number in range(MOST_CASES + 1)]
    text = page([*runs, bad])
    document = Document(text)
    cases = [attributes for tag, attributes in document.elements if tag == "details" and attributes.get("class") == "case"]
    assert ["open" in one for one in cases] == [True] + [False] * (MOST_CASES - 1)
    assert text.index(f">{bad.case['id']}</a>") < text.index(">good-0</a>")
    assert "2 more cases stand in the table above only" in text
    assert "earlier run of the case" not in text


def test_columns_of_numbers_stand_flush_right_and_texts_do_not() -> None:
    """Whatever the unit, with an interval or without, and where it is not known."""
    rows = (("a", "1 020.5 ms [1.0, –]", "≤ 0.02 USD", "–", "PASS", "10.0.0.1 x"), ("b", "∞", "-1.5 %", "[1.0, 2.0]", "–", "3/s"))
    assert Table("x", ("",) * 6, rows).numeric == (False, True, True, True, False, False)


def test_the_heat_map_has_every_answered_request() -> None:
    """Column by column, from the first class that holds one."""
    run = a_run()
    heat = Document(page([run])).series["case-1-heat"]["series"]
    assert isinstance(heat, dict)
    assert sum(sum(counts) for _, *counts in heat["columns"]) == run.requests["answered"]
    assert all(first + len(counts) < len(heat["edges_s"]) for first, *counts in heat["columns"])


def test_a_page_of_fourteen_runs_is_at_most_two_megabytes() -> None:
    """As many as the default plan makes."""
    runs = [a_run(f"case-{number}") for number in range(14)]
    assert len(page(runs).encode()) <= 2_000_000


def test_the_plot_library_is_the_one_that_was_looked_at() -> None:
    """Digests of what is kept in vendor/, with a licence beside each."""
    listed = dict(line.split()[::-1] for line in VENDOR.joinpath("SHA256SUMS").read_text().splitlines())
    there = {one.name for one in VENDOR.iterdir()} - {"SHA256SUMS"}
    assert set(listed) == there >= set(VENDORED)
    for name, digest in listed.items():
        assert hashlib.sha256(VENDOR.joinpath(name).read_bytes()).hexdigest() == digest, name
    assert all(f"{name.removesuffix('.min.js').removesuffix('.umd')}.LICENSE" in there for name in VENDORED)


def test_a_damaged_run_is_shown_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    """Without histogram, blocks, wire and estimates there is still a page; without any run there is a sentence."""
    run = a_run()
    bare = replace(
        run, histogram={}, blocks={}, wire={}, estimates=[], per_second={}, over_time={}, verdict={"outcome": "PASS"}, requests={}
    )
    assert str(run.case["id"]) in page([bare, replace(bare, case={**run.case, "key": "other", "budget": None})], ["a.json is empty"])
    with pytest.raises(RecordError, match="no run to report"):
        written([], tmp_path / "report.html")
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be written"):
        written([run], tmp_path / "file" / "report.html")


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    """As a run file's text may have one."""
    assert "\\ud800" in written([named("a\ud800b")], tmp_path / "report.html").read_text("utf-8")

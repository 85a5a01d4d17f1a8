"""The page: what it says, that no name harms it, that it fetches nothing, and that it stays small."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.report import page, written
from tailgate.reporting.report.page import VENDORED
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

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


class Document(HTMLParser):
    """What a browser finds: elements with their attributes, visible text, and scripts by their type."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        """Text, or a script."""
        if self._inside == "script":
            kind, told = self.scripts[-1]
            self.scripts[-1] = (kind, told + data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def series(self) -> dict[str, dict[str, object]]:
        """What the plots are drawn of."""
        return dict(json.loads(next(told for kind, told in self.scripts if kind == "application/json")))


@functools.cache
def a_run(name: str = "ranker", median_s: float = 0.02, target: str = "emulated", started_at: str = "2026-11-22T09:36:12.000+00:00") -> Run:
    """A made-up run of a case."""
    case = case_of(name)
    return run_from(case, samples_of(case, median_s=median_s), target=target, started_at=started_at)


def named(name: str) -> Run:
    """A run whose record carries a name wherever it can."""
    run = a_run()
    return replace(
        run,
        case={**run.case, "id": name, "name": name, "key": name, "instance_type": name},
        verdict={**run.verdict, "explanation": name},
        provenance={**run.provenance, "test": name, "commit": name},
        wire={**run.wire, "remotes": [{"address": name, "share": {"requests": 1}, "failed": 0}]},
    )


def test_the_verdict_is_said_first_in_a_sentence() -> None:
    """Every outcome of several cases, the worst one first, with the names of those that have it."""
    slow, fast = a_run("slow", 0.2), a_run("fast")
    assert f"emulated FAIL: 1 of 2 cases is over budget: {slow.case['id']}." in Document(page([fast, slow])).texts
    slower = replace(fast, verdict={**fast.verdict, "outcome": "FAIL"})
    assert f"emulated FAIL: one case is slower than its baseline: {fast.case['id']}." in Document(page([slower])).texts
    assert f"emulated PASS: {fast.case['id']} holds its budget." in Document(page([fast])).texts


def test_the_newest_run_of_a_case_counts_and_the_earlier_ones_stay_in_its_table() -> None:
    """A run that was measured again is told with what came of it."""
    first, again = a_run(median_s=0.2), a_run(started_at="2026-11-22T09:40:00.000+00:00")
    text = page([first, again])
    assert f"emulated PASS: {again.case['id']} holds its budget." in Document(text).texts
    assert text.count("earlier run of the case") == 1


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
    script = resources.files("tailgate.reporting.report").joinpath("page.js").read_text("utf-8")
    for kind in ("curve", "tail", "heat", "phases", "errors", "remotes", "types", "paths", "rate", "cost", "history"):
        assert re.search(rf"^    {kind}\(told, width\)", script, re.MULTILINE), kind


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

"""A trend as people and programs read it: terminal, Markdown, JSON; the same numbers in each."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.reporting.notes import EMULATED_NOTE
from tailgate.reporting.numbers import shown
from tailgate.reporting.trend.document import document
from tailgate.reporting.trend.lines import CaseTrend, trends
from tailgate.reporting.trend.markdown import markdown
from tailgate.reporting.trend.table import terminal
from tests.unit.reporting.test_markdown_text import NAMES, Page
from tests.unit.reporting.trend.series import CASE, commit_of, found, noisy, run_of


def stepped(name: str = "ranker", after: int = 2, **provenance: object) -> tuple[CaseTrend, ...]:
    slow = [run_of(15 + place, value, name, versions={"botocore": "1.44.5"}, **provenance) for place, value in enumerate([0.05] * after)]
    return trends(found([*(run_of(place, value, name, **provenance) for place, value in enumerate(noisy(1, 15))), *slow]), metrics=["p99"])


MOVED, LEVEL = stepped(), stepped(after=8)


def test_the_terminal_says_what_moved_with_which_run_and_commits() -> None:
    """The name, the runs as signs, the newest beside its band; then the run that it moved with, and what else changed there."""
    text = terminal(MOVED, width=120, styled=False)
    assert f"{CASE}, emulated, 17 runs since 2026-09-01" in text
    assert "50.0 ms" in text
    assert "slower" in text
    told = " ".join(text.split())
    assert "above the band from run 16 of 17 on, 2026-09-16 09:00 UTC: p99 " in told
    assert "commit 0014cccccccc → 0015cccccccc" in told
    assert "changed with it: botocore 1.44.3 → 1.44.5" in told
    assert f"Slower than before, as two runs or more say, the newest among them: {CASE}: p99 " in told
    assert EMULATED_NOTE in told


def test_a_level_that_stays_is_told_and_is_no_news() -> None:
    """Its newest run is as usual."""
    text = terminal(LEVEL, width=120, styled=False)
    assert "│" in text
    assert "new level from run 16 of 23 on" in text
    assert "as usual" in text
    assert "Its newest run does not make it slower." in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_columns_of_the_terminal_have_names(width: int) -> None:
    """Which is the newest run, what it is held against, and by how much it differs, each above its column."""
    lines = terminal(LEVEL, width=width, styled=False).splitlines()
    head, row = (next(line for line in lines if line.lstrip().startswith(word)) for word in ("metric ", "p99 "))
    heads = re.split(" {2,}", head.strip())
    assert heads == ["metric", "oldest to newest", "newest", *(["usual [band]"] if width > 60 else []), "change"]
    assert row[: head.index("newest", head.index("to newest") + 9) + 6].endswith(" ms")
    assert row[head.index("change") :].endswith("as usual")
    if width > 60:
        assert re.match(r"[\d.]+ ms \[", row[head.index("usual") :])


def test_what_is_not_known_is_not_called_as_usual() -> None:
    """Of a case with too few runs nothing is said but that; beside others it is counted."""
    few = trends(found([run_of(day, 0.04, "embedder") for day in range(3)]), metrics=["p99"])
    text = terminal(few, width=120, styled=False)
    assert "Whether its newest run is slower is not known: it takes a trusted run with 5 such before it." in text
    assert markdown(few).startswith("## Trend of tail latency: not known yet\n")
    beside = terminal([*few, *LEVEL], width=120, styled=False)
    assert "No case is slower by its newest run. Not known of 1 of 2 cases: it takes" in beside


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_still_says_how_it_stands(width: int) -> None:
    """The band gives way, then signs; what the line comes down to is whole."""
    assert re.search(r"^  p99 .*[+-]\d+ %, as usual$", terminal(LEVEL, width=width, styled=False), re.MULTILINE)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """But where a line has no room for fewer signs; older runs give way first."""
    lines = terminal([*MOVED, *LEVEL], width=width, styled=False).splitlines()
    assert max(map(len, lines)) <= width
    assert any("█" in line for line in lines)


def test_a_name_that_a_terminal_would_obey_is_shown_and_not_obeyed() -> None:
    """Escape sequences lose their escape; emoji and other scripts stay."""
    name = "a\x1b[2J\x07\u009b 模型😀"
    text = terminal(trends(found([run_of(0, 0.04, name), run_of(1, 0.04, name)])), width=120, styled=False)
    assert "a�[2J�� 模型😀" in text
    assert not {sign for sign in text if not sign.isprintable()} - {"\n"}


def test_cases_of_one_run_are_named_in_a_sentence() -> None:
    """They make no line, and one that several share stands there once."""
    several = [replace(run, case={**run.case, "key": f"at {place}/s"}) for place, run in enumerate([run_of(0, 0.04)] * 3)]
    assert terminal(trends(found(several)), width=100, styled=False).count(CASE) == 1
    cases = trends(found([run_of(0, 0.04), run_of(1, 0.04), run_of(2, 0.04, "embedder")]))
    text = terminal(cases, width=100, styled=False)
    assert "one run only: embedder-ml.m5.large-public" in text
    assert "embedder-ml.m5.large-public, emulated" not in text
    assert Page("li", markdown(cases)).texts == ["one run only: embedder-ml.m5.large-public"]


def test_of_many_cases_of_one_run_some_are_named() -> None:
    """A folder of three hundred does not fill the screen with names."""
    cases = trends(found([run_of(0, 0.04, f"c{number}") for number in range(12)]), metrics=["p99"])
    text = " ".join(terminal(cases, width=100, styled=False).split())
    assert "one run only: c0-ml.m5.large-public, c1-" in text
    assert "c9-ml.m5.large-public and 2 more" in text


def test_markdown_has_a_row_a_metric_and_the_same_words() -> None:
    """Heading, sentence, caveat, table, and what came with the move."""
    text = markdown(MOVED, ["cut.json is not JSON"])
    assert text.startswith("## Trend of tail latency: slower\n\n")
    cells = Page("td", text).texts
    assert cells[:3] == [f"{CASE} emulated", "p99", "17"]
    newest = MOVED[0].lines[0].newest
    assert cells[4] == shown("p99", newest.value.value) == "50.0 ms"
    assert shown("p99", newest.expected_s) in cells[5]
    assert EMULATED_NOTE in Page("blockquote", text).texts[0]
    assert "botocore 1.44.3 → 1.44.5" in Page("li", text).texts[0]
    assert "cut.json is not JSON" in Page("li", text).texts[-1]


def test_cases_of_one_name_are_told_apart_by_what_was_asked() -> None:
    """As a case by itself and as an arm beside another: the key stands with each, in terminal and Markdown."""
    runs = [run_of(day, 0.04) for day in range(4)]
    runs[2:] = [replace(run, case={**run.case, "key": "ranker as an arm"}) for run in runs[2:]]
    cases = trends(found(runs))
    assert "ranker as an arm" in terminal(cases, width=120, styled=False)
    assert "ranker as an arm" in Page("td", markdown(cases)).texts[-7]
    assert "ranker as an arm" not in markdown(trends(found(runs[2:])))


@given(NAMES)
def test_any_name_is_shown_as_it_is_in_markdown(name: str) -> None:
    """Script, quotes, emoji, right to left: the first cell of the table is the name."""
    cases = trends(found([run_of(0, 0.04, name), run_of(1, 0.04, name)]), metrics=["p99"])
    expected = Page("td", markdown(trends(found([run_of(0, 0.04), run_of(1, 0.04)]), metrics=["p99"]))).texts
    assert Page("td", markdown(cases)).texts[1:] == expected[1:]


@given(st.lists(st.one_of(st.none(), st.floats(1e-6, 1e6)), min_size=1, max_size=12))
def test_json_is_strict_and_says_what_the_lines_say(times_s: list[float | None]) -> None:
    """Format 1; a value of null is infinite."""
    cases = trends(found([run_of(place, value) for place, value in enumerate(times_s)]), metrics=["p99"])
    told = json.loads(document(cases, ["a complaint"]), parse_constant=pytest.fail)
    assert (told["record"], told["format"], told["unread"]) == ("tailgate-trend", 1, ["a complaint"])
    (metric,) = told["cases"][0]["metrics"]
    assert [point["value"] for point in metric["points"]] == times_s
    assert [point["file"] for point in metric["points"]] == [f"{place}.json" for place in range(len(times_s))]
    assert metric["state"] == cases[0].lines[0].state


def test_every_key_of_the_json_is_on_its_page() -> None:
    """At every depth."""

    def keys(value: object) -> set[str]:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return {*(value if isinstance(value, dict) else ()), *(key for one in below for key in keys(one))}

    page = (Path(__file__).parents[4] / "docs" / "trend.md").read_text(encoding="utf-8").partition("## The JSON")[2]
    told = set(re.findall(r"`\"?(\w+)\"?[`:]", page))
    assert keys(json.loads(document(LEVEL))) - told == set()


def test_json_has_the_shift_as_it_is() -> None:
    """Its place, both commits, and what else changed."""
    told = json.loads(document(LEVEL))
    (shift,) = told["cases"][0]["metrics"][0]["shifts"]
    assert (shift["point"], shift["level"], shift["commit"]) == (15, True, commit_of(15))
    assert shift["also"] == ["botocore 1.44.3 → 1.44.5"]
    assert told["moved"] is False
    assert json.loads(document(MOVED))["moved"] is True

"""Where a page's runs come from, in plain sight and in full."""

from dataclasses import replace

from tailgate.reporting.report import page
from tailgate.reporting.report.origin import common, facts, in_plain_sight
from tailgate.reporting.run_file import Run
from tests.unit.reporting.report.paged import Document, a_run


def coming_from(**provenance: object) -> Run:
    """A run with more provenance than its making gave it."""
    run = a_run()
    return replace(run, provenance={**run.provenance, **provenance})  # type: ignore[dict-item]  # whatever a record may hold


def test_vantage_region_zone_plan_commit_and_versions_stand_beside_the_verdict() -> None:
    """Before the table, and without unfolding anything."""
    run = coming_from(
        vantage="ec2",
        endpoint={"client_zone": "apne1-az4"},
        plan="fixtures/plan.toml",
        commit="c" * 40,
        versions={"tailgate": "0.1.0", "moto": "5"},
    )
    told = dict(in_plain_sight([run]))
    assert told == {
        "vantage": "ec2",
        "region": "us-east-1",
        "client zone": "apne1-az4",
        "plan": "fixtures/plan.toml",
        "commit": "c" * 12,
        "versions": "tailgate 0.1.0",
    }
    text = page([run])
    assert all(text.index(value) < text.index("<table") for value in told.values())


def test_of_several_runs_each_value_is_told_once_and_of_many_the_first_few() -> None:
    """Which keeps the line short where a page holds years of commits."""
    runs = [coming_from(commit=digit * 40, region=None) for digit in "aabcde"]
    assert dict(in_plain_sight(runs)) == {"commit": "aaaaaaaaaaaa, bbbbbbbbbbbb, cccccccccccc and 2 more"}


def test_damaged_provenance_is_left_out() -> None:
    """Of what is no text, nothing is said beside the verdict."""
    assert in_plain_sight([coming_from(commit=7, region={"a": 1}, versions=[1], endpoint="x", plan="")]) == []


def test_each_run_tells_all_facts_and_the_page_what_they_have_in_common() -> None:
    """Nested ones by their path."""
    first, second = (dict(facts(coming_from(host={"counters": {"steal_share": 0.5}}, commit=one))) for one in ("a", "b"))
    assert first["host counters steal_share"] == "0.5"
    shared = dict(common([first, second]))
    assert shared["host counters steal_share"] == "0.5"
    assert "commit" not in shared
    assert "host counters steal_share" in "".join(Document(page([coming_from(host={"counters": {"steal_share": 0.5}})])).texts)

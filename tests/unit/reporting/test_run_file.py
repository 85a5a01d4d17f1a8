"""The run on disk: what stands in it, that it is whole, and that what cannot be read says why."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.histogram import decode
from tailgate.reporting.per_second import counts_in
from tailgate.reporting.plain import plain
from tailgate.reporting.run_file import Run, read_run, write_run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

texts = st.text(st.characters(), max_size=20)  # lone surrogates, control characters and all
plains = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(texts, plains, max_size=4)
runs = st.builds(
    Run,
    **dict.fromkeys(("case", "verdict", "requests", "provenance", "histogram", "blocks", "per_second", "wire", "pair"), mappings),
    estimates=st.lists(plains, max_size=3),
    samples=texts,
    path=st.none(),
)


@given(run=runs)
def test_what_is_written_is_what_is_read(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any plain values survive the way to disk and back, whatever texts they hold."""
    path = tmp_path_factory.mktemp("run") / "run.json"
    assert write_run(run, path).path == path
    assert read_run(path) == run


def test_a_run_says_what_was_asked_what_happened_and_what_it_means(run: Run) -> None:
    """Case, verdict with the numbers of its decisions, estimates with intervals, requests by fate, provenance."""
    assert run.path is not None
    stored = json.loads(run.path.read_text("utf-8"))
    assert (stored["record"], stored["format"]) == ("tailgate-run", 1)
    assert stored["case"]["id"] == "ranker-ml.m5.large-public"
    assert stored["case"]["key"] == case_of().key
    assert stored["verdict"]["outcome"] == "PASS"
    assert "p99 response time" in stored["verdict"]["explanation"]
    check = stored["verdict"]["checks"][1]
    assert check["limit"]["source"] == "p99 <= 120ms"
    assert {"outcome", "fraction", "low", "high", "design_effect", "more_requests", "provisional", "after_s"} == set(check["decision"])
    by_metric = {one["metric"]: one for one in stored["estimates"]}
    assert by_metric["p50"]["low"] < by_metric["p50"]["value"] < by_metric["p50"]["high"]
    fates = {"scheduled": 2200, "judged": 2000, "answered": 1997, "failed": {"connection lost": 3}}
    assert stored["requests"] == fates | {"stopped_s": None, "enough_s": None, "faults": []}
    assert {"requests", "mean_s", "p50_s", "p99_s"} == set(stored["wire"]["phases"]["wait"])
    assert stored["wire"]["first_requests"]["kept_alive"]["requests"] == 2000
    assert stored["wire"]["remotes"] == []
    assert stored["samples"] == "ranker.samples"
    assert run.samples_path == run.path.parent / "ranker.samples"
    assert stored["provenance"]["target"] == "emulated"


def test_a_run_from_before_the_wire_was_told_is_read(run: Run) -> None:
    """Keys are added within a format; what a run does not have is empty."""
    assert run.path is not None
    stored = json.loads(run.path.read_text("utf-8"))
    del stored["wire"]
    run.path.write_text(json.dumps(stored), "utf-8")
    assert read_run(run.path) == replace(run, wire={})


def test_the_stored_distribution_is_that_of_the_judged_answered_requests() -> None:
    """The warm-up is left out; quantiles of histogram and blocks are those of the samples; blocks are 10 s of due time."""
    case = case_of(per_s=200, for_s=35)
    samples = samples_of(case, failed=range(5))
    run = run_from(case, samples)
    judged = samples.after_warmup()
    times_s = np.sort(judged.response_s[np.isfinite(judged.response_s)])
    values_s, counts = decode(str(run.histogram["encoded"]))
    assert np.repeat(values_s, counts) == pytest.approx(times_s, rel=1e-3)
    blocks = run.blocks["encoded"]
    assert isinstance(blocks, list)
    decoded = [decode(str(block)) for block in blocks]
    assert [int(counts.sum()) for _, counts in decoded] == [1995, 2000, 2000, 1000]
    third = judged.response_s[(judged.due_s >= 22) & (judged.due_s < 32)]
    assert np.repeat(*decoded[2]) == pytest.approx(np.sort(third), rel=1e-2)


def test_counts_per_second_are_those_that_the_verdict_was_reached_on() -> None:
    """Per limit, by its source; a failed request exceeds every percentile limit; an unknown limit has none."""
    case = case_of("ranker", 100, 20, 2, "p90 <= 25ms", "error_rate <= 5%")
    samples = samples_of(case, failed=[0, 1, 150])
    run = run_from(case, samples)
    slow = counts_in(run.per_second, "p90 <= 25ms")
    lost = counts_in(run.per_second, "error_rate <= 5%")
    assert slow is not None
    assert lost is not None
    judged = samples.after_warmup()
    expected = judged.per_second(judged.response_s > 0.025)
    assert slow[0].tolist() == expected[0].tolist() == [100] * 20
    assert slow[1].tolist() == expected[1].tolist()
    assert lost[1].tolist() == [2, 1] + [0] * 18
    assert counts_in(run.per_second, "p99 <= 1ms") is None


@pytest.mark.parametrize(
    "fields", [None, {}, {"requests": "1 2", "exceedances": {"a": "1 x"}}, {"requests": "1 y", "exceedances": {"a": "1"}}]
)
def test_damaged_counts_say_so(fields: object) -> None:
    """Not a number, not a text, not there: a RecordError, no ValueError of numpy's."""
    with pytest.raises(RecordError, match="per-second counts are damaged"):
        counts_in(fields, "a")  # type: ignore[arg-type]  # damage is what is tested


def test_a_run_in_which_nothing_was_answered_can_be_written_and_read(tmp_path: Path) -> None:
    """Infinite estimates become null: strict JSON has no word for them."""
    case = case_of()
    run = write_run(run_from(case, samples_of(case, failed=range(2000))), tmp_path / "run.json")
    assert read_run(tmp_path / "run.json") == run
    assert run.requests["answered"] == 0
    assert next(one for one in run.estimates if isinstance(one, dict) and one["metric"] == "p99")["value"] is None
    assert "NaN" not in (tmp_path / "run.json").read_text()


def test_a_run_without_any_sample_can_be_written_and_read(tmp_path: Path) -> None:
    """A generator that died at once leaves a record too: no verdict, empty distribution, no block."""
    case = case_of()
    samples = samples_of(case)
    empty = replace(samples, records=samples.records[:0], faults=("the generator died",))
    run = write_run(run_from(case, empty), tmp_path / "run.json")
    assert read_run(tmp_path / "run.json") == run
    assert run.verdict["outcome"] == "INCONCLUSIVE"
    assert run.requests["faults"] == ["the generator died"]
    assert run.blocks["encoded"] == []


def test_ten_minutes_of_a_thousand_requests_a_second_fit_in_the_budget_of_bytes(tmp_path: Path) -> None:
    """600 s, 600 000 requests, three limits, some of them failing: at most 150 kB."""
    case = case_of(per_s=1000, for_s=600)
    run = run_from(case, samples_of(case, failed=range(0, 600_000, 777)))
    write_run(run, tmp_path / "run.json")
    assert (tmp_path / "run.json").stat().st_size <= 150_000


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks_become_null_and_are_never_written_as_such(number: float, tmp_path: Path) -> None:
    """`plain` gives None; what is not plain is refused rather than written as Infinity."""
    assert plain({"x": [number, np.float64(number)]}) == {"x": [None, None]}
    with pytest.raises(RecordError, match="cannot be written"):
        write_run(Run({"x": number}, {}, [], {}, "", {}, {}, {}, {}), tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []


def test_plain_values_of_numpy_enums_and_dataclasses() -> None:
    """What analysis hands over becomes numbers, names, lists and mappings."""
    case = case_of()
    described = plain({1: case.budget.limits[0], "n": np.int64(3), "flags": np.array([True, False]), "where": Path("a/b")})
    limit = {"metric": "p50", "op": "<=", "bound": 0.06, "source": "p50 <= 60ms"}
    assert described == {"1": limit, "n": 3, "flags": [True, False], "where": "a/b"}


def damaged(text: str, change: dict[str, object]) -> str:
    return json.dumps({**json.loads(text), **change})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "format 2, this tailgate reads format 1; read it with a newer"),
        ({"format": None}, "format None"),
        ({"record": "something"}, "is not a run"),
        ({"case": []}, "damaged: 'case' is missing or no dict"),
        ({"estimates": {}}, "damaged: 'estimates' is missing or no list"),
        ({"samples": None}, "damaged: 'samples' is missing or no str"),
    ],
)
def test_a_run_that_cannot_be_meant_is_refused_with_its_path_and_what_to_do(run: Run, change: dict[str, object], complaint: str) -> None:
    """A later format, a foreign document, a key of another kind."""
    assert run.path is not None
    run.path.write_text(damaged(run.path.read_text("utf-8"), change))
    with pytest.raises(RecordError, match=complaint) as caught:
        read_run(run.path)
    assert str(run.path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"record": "tailgate-run", "form', "not JSON, or was cut off"),
        (b"\xff\xfe\x00", "not JSON, or was cut off"),
        (b"[" * 100_000, "not JSON, or was cut off"),
        (b"[1, 2]", "is not a run"),
        (b"null", "is not a run"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_a_sentence(content: bytes, complaint: str, tmp_path: Path) -> None:
    """Empty, truncated, binary, absurdly deep, or some other JSON."""
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=complaint):
        read_run(path)


def test_an_absent_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """The operating system's reason is passed on."""
    with pytest.raises(RecordError, match="cannot be read: No such file"):
        read_run(tmp_path / "none.json")


def test_keys_of_a_neighbouring_version_are_passed_over(run: Run) -> None:
    """Within one format, new keys may appear; they are no reason to refuse a run."""
    assert run.path is not None
    run.path.write_text(damaged(run.path.read_text("utf-8"), {"colour": "blue"}))
    assert read_run(run.path) == run


def test_a_folder_that_cannot_be_written_to_is_said_so(run: Run, tmp_path: Path) -> None:
    """A run without its record does not count, so this is an error, not a warning."""
    with pytest.raises(RecordError, match="without its record a run does not count"):
        write_run(run, tmp_path / "absent" / "run.json")

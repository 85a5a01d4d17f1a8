"""Runs as benchmarks: names that compare like with like, times that are exact, and the way back."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.benchmark_json import MOST_TIMES, benchmarks_of, extra_info, recovered, response_times, runs_in, section
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of


def named(run: Run, test: str | None, target: str = "emulated") -> Run:
    return replace(run, provenance={**run.provenance, "target": target} | ({"test": test} if test else {}))


@pytest.mark.parametrize(
    ("test", "name", "fullname"),
    [
        ("tests/a.py::test_x", "test_x[ranker-ml.m5.large-public]", "tests/a.py::test_x[ranker-ml.m5.large-public]@emulated"),
        ("a.py::T::test_x[1]", "test_x[1][ranker-ml.m5.large-public]", "a.py::T::test_x[1][ranker-ml.m5.large-public]@emulated"),
        (
            "a.py::test_x[ranker-ml.m5.large-public]",
            "test_x[ranker-ml.m5.large-public]",
            "a.py::test_x[ranker-ml.m5.large-public]@emulated",
        ),
        ("a.py::test_x[a::b]", "test_x[a::b][ranker-ml.m5.large-public]", "a.py::test_x[a::b][ranker-ml.m5.large-public]@emulated"),
        (None, "ranker-ml.m5.large-public", "ranker-ml.m5.large-public@emulated"),
    ],
)
def test_a_benchmark_is_named_after_its_test_and_its_case(run: Run, test: str | None, name: str, fullname: str) -> None:
    """The case's id stands in the name once, wherever the run was measured."""
    (benchmark,) = benchmarks_of([(named(run, test), [0.1])])
    assert (benchmark.name, benchmark.fullname) == (name, fullname)
    assert benchmark.group == "ranker (emulated)"
    assert benchmark.params["network_path"] == "public"


def test_kinds_of_target_are_never_compared_with_each_other(run: Run) -> None:
    """pytest-benchmark compares by fullname and shows by group: both name the kind."""
    one, other = benchmarks_of([(named(run, "a.py::test_x", kind), [0.1]) for kind in ("emulated", "sagemaker")])
    assert one.fullname != other.fullname
    assert one.group != other.group


def test_no_two_benchmarks_of_a_file_share_a_fullname(run: Run) -> None:
    """Attempts are numbered from the second on, in the order given."""
    three = benchmarks_of([(named(run, "a.py::test_x"), [0.1])] * 3)
    assert [one.fullname.rpartition("@")[2] for one in three] == ["emulated", "emulated#2", "emulated#3"]


def test_what_people_look_for_stands_in_plain_sight(run: Run) -> None:
    """Beside the whole record: target kind, key, seed, a design effect per limit, and where a run was recovered from."""
    info = extra_info(run)
    assert info["target"] == "emulated"
    assert info["case_key"] == run.case["key"]
    assert info["seed"] is None  # a constant rate has none
    assert info["design_effects"] == dict.fromkeys(("p50 <= 60ms", "p99 <= 120ms", "error_rate <= 5%"), 1.0)
    assert "recovered_from" not in info
    assert extra_info(recovered(run, "20260101T000000Z-abcdef"))["recovered_from"] == "20260101T000000Z-abcdef"
    json.dumps(info, allow_nan=False)


def test_few_response_times_are_exact() -> None:
    """Below 10 000 they are the samples', sorted, without failed requests and without the warm-up."""
    case = case_of()
    samples = samples_of(case, failed=[3, 4])
    times_s = samples.after_warmup().response_s
    assert response_times(run_from(case, samples), samples) == np.sort(times_s[np.isfinite(times_s)]).tolist()


def test_many_response_times_are_thinned_at_even_quantiles() -> None:
    """60 000 become 10 000 with the same percentiles, minimum and maximum."""
    case = case_of(per_s=1000, for_s=60)
    samples = samples_of(case)
    some = response_times(run_from(case, samples), samples)
    every = samples.after_warmup().response_s
    assert len(some) == MOST_TIMES
    assert (some[0], some[-1]) == (every.min(), every.max())
    assert np.quantile(some, [0.1, 0.5, 0.9, 0.99]) == pytest.approx(np.quantile(every, [0.1, 0.5, 0.9, 0.99]), rel=2e-3)


def test_response_times_come_from_the_histogram_where_the_samples_are_gone_or_anothers() -> None:
    """Within .1 %, and as many; a samples file of another run is not taken for this one's."""
    case = case_of()
    samples = samples_of(case, failed=[3, 4])
    run = run_from(case, samples)
    exact = response_times(run, samples)
    assert response_times(run, None) == pytest.approx(exact, rel=1e-3)
    assert response_times(run, samples_of(case, median_s=5.0)) == pytest.approx(exact, rel=1e-3)


def test_a_damaged_histogram_is_only_a_loss_where_it_is_needed(run: Run) -> None:
    """With the samples it is not looked at; without, it says so."""
    case = case_of()
    samples = samples_of(case, failed=[10, 500, 1999])
    broken = replace(run, histogram={"encoded": "AAAA"})
    assert len(response_times(broken, samples)) == 1997
    with pytest.raises(RecordError, match="histogram is damaged"):
        response_times(broken, None)


def document(*runs: Run, unanswered: tuple[Run, ...] = ()) -> dict[str, object]:
    """A benchmark JSON as pytest-benchmark writes it, with somebody else's benchmark between ours."""
    ours = [{"name": one.name, "extra_info": one.extra_info} for one in benchmarks_of([(run, [0.1]) for run in runs])]
    theirs = {"name": "test_own", "extra_info": {"format": 7}}
    return {"benchmarks": [*ours, theirs], "tailgate": section(benchmarks_of([(run, []) for run in unanswered]))}


def test_runs_are_read_back_from_a_benchmark_json(run: Run, tmp_path: Path) -> None:
    """All of ours, those without statistics too, and none of others."""
    path = tmp_path / "0001.json"
    down = named(run, "a.py::test_down")
    path.write_text(json.dumps(document(run, unanswered=(down,))))
    assert runs_in(path) == [run, down]
    path.write_text(json.dumps({"benchmarks": []}))
    assert runs_in(path) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        ('{"benchmarks": [{"name"', "not JSON, or was cut off"),
        ('{"results": []}', "is not a benchmark JSON"),
        ("[]", "is not a benchmark JSON"),
        ('{"benchmarks": {}}', "is not a benchmark JSON"),
        ('{"benchmarks": [{"extra_info": {"record": "tailgate-run", "format": 9}}]}', "run 1 of 1 is a run of format 9"),
        ('{"benchmarks": [{"extra_info": {"record": "tailgate-run", "format": 1}}]}', "run 1 of 1 is damaged: 'case'"),
    ],
)
def test_a_file_that_cannot_be_read_back_says_why(content: str, complaint: str, tmp_path: Path) -> None:
    """Empty, cut off, foreign, of a later format, damaged: a RecordError that names the file."""
    path = tmp_path / "0001.json"
    path.write_text(content)
    with pytest.raises(RecordError, match=complaint) as caught:
        runs_in(path)
    assert str(path) in str(caught.value)


keys = st.sampled_from(["benchmarks", "extra_info", "record", "format", "tailgate", "unanswered"]) | st.text(max_size=3)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["tailgate-run", 1])
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12)


@given(raw=documents)
def test_any_json_is_read_or_refused_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, raw: object) -> None:
    """Nothing but RecordError comes out of foreign files."""
    path = tmp_path_factory.mktemp("any") / "any.json"
    path.write_text(json.dumps(raw))
    with contextlib.suppress(RecordError):
        assert runs_in(path) == []

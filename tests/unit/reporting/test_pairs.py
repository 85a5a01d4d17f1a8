"""Two arms on disk: a run each, one samples file, and what reads them again."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate import Case
from tailgate.analysis.arms.contrast import Contrast
from tailgate.analysis.estimates import estimates
from tailgate.analysis.paired import compare
from tailgate.analysis.verdict import judge
from tailgate.plan.pair import Pair, arm_cases
from tailgate.reporting.benchmark_json import benchmarks_of, extra_info
from tailgate.reporting.collection import collect
from tailgate.reporting.csv_export import samples_in, write_csv
from tailgate.reporting.histogram import decode
from tailgate.reporting.markdown import page as markdown
from tailgate.reporting.pairs import answered, asked_of, margins_of, pair_differences, pair_fields
from tailgate.reporting.record import Record
from tailgate.reporting.report import page
from tailgate.reporting.run_file import Run, read_run
from tailgate.reporting.show import described
from tailgate.reporting.terminal import summary
from tailgate.samples import Samples
from tests.unit.reporting.synthetic import STARTED_AT, case_of, samples_of, write_samples

SLOWER_S = 0.004
SEED = 3


def two_arms(case: Case, failing: bool = False) -> Samples:
    """Synthetic samples with a coin's arms, of which the second is 4 ms slower, or fails altogether."""
    arms = arm_cases(case, case.via("privatelink"), SEED)
    samples = samples_of(case)
    second = np.isin(samples.due_s, arms[1].load.due_times())
    samples.records["arm"] = second
    samples.records["done_after_s"] += np.where(second, SLOWER_S, 0.0)
    samples.records["error"] = np.where(second & failing, 5, 0)
    return samples


def contrast_of(samples: Samples) -> Contrast:
    """What the arms differ by."""
    case = case_of("ranker", 100, 20, 2, "p90 <= 60ms")
    return Contrast(Pair(case, case.via("privatelink")), samples.after_warmup(), "emulated", seed=SEED)


def recorded(folder: Path, failing: bool = False) -> tuple[Run, Run]:
    """Both arms as `measure.paired` records them."""
    case = case_of("ranker", 100, 20, 2, "p90 <= 60ms")
    samples, record = two_arms(case, failing), Record(folder)
    contrast = contrast_of(samples)
    pair = contrast.pair
    path = record.samples_path(pair.id)
    write_samples(samples, path)
    runs = []
    for arm, one in enumerate(arm_cases(*pair.cases, SEED)):
        own = samples.of_arm(arm)
        verdict = judge(one, own.after_warmup(), target_kind="emulated")
        facts = {"target": "emulated", "started_at": STARTED_AT, "test": "test_x.py::test_x[pair]"}
        runs.append(record.write(one, verdict, estimates(own.after_warmup()), own, facts, path, pair_fields(contrast, arm)))
    return runs[0], runs[1]


def test_each_arm_has_a_run_file_and_both_share_the_samples(tmp_path: Path) -> None:
    """Read back they are what was written; requests, histogram and counts are each arm's own."""
    runs = recorded(tmp_path)
    assert [run.path.name for run in runs if run.path] == [f"ranker-ml.m5.large-public+privatelink~arm{arm}.json" for arm in (0, 1)]
    assert [read_run(run.path) for run in runs if run.path] == list(runs)
    assert len({run.samples for run in runs}) == 1
    judged = [run.requests["judged"] for run in runs]
    assert sum(judged) == 2000  # type: ignore[arg-type]  # whole numbers
    assert judged == runs[0].pair["requests"]
    assert [int(decode(str(run.histogram["encoded"]))[1].sum()) for run in runs] == judged
    assert [run.verdict["reasons"] for run in runs] == [[], []]


def test_the_record_says_what_the_arms_were_and_how_they_differ(tmp_path: Path) -> None:
    """Arm, both cases, the coin's seed, and per metric the difference with its interval, as it is computed from the samples."""
    first, second = recorded(tmp_path)
    assert (first.pair["arm"], second.pair["arm"]) == (0, 1)
    assert first.pair["cases"] == ["ranker-ml.m5.large-public", "ranker-ml.m5.large-privatelink"]
    assert (first.pair["labels"], first.pair["seed"]) == (["public", "privatelink"], SEED)
    assert first.pair["differences"] == second.pair["differences"]
    samples = two_arms(case_of("ranker", 100, 20, 2, "p90 <= 60ms")).after_warmup()
    found = compare(samples.arm, samples.response_s, quantile=0.9, due_s=samples.due_s)
    told = second.pair["differences"]["p90"]  # type: ignore[index,call-overload]  # a mapping
    assert told["difference_s"] == pytest.approx(found.difference_s)  # type: ignore[index,call-overload]
    assert told["low_s"] < SLOWER_S < told["high_s"]  # type: ignore[index,call-overload,operator]
    assert first.case["key"] != second.case["key"]


def test_a_benchmark_is_made_of_each_arm(tmp_path: Path) -> None:
    """Their own response times, from the shared samples; `extra_info` names pair and seed; old readers see two more runs."""
    runs = recorded(tmp_path)
    found = collect([tmp_path], [])
    assert found.complaints == []
    assert found.runs == list(runs)
    assert [len(one.response_s) for one in found.benchmarks] == [run.requests["answered"] for run in runs]
    assert len({one.fullname for one in found.benchmarks}) == 2
    assert np.median(found.benchmarks[1].response_s) - np.median(found.benchmarks[0].response_s) == pytest.approx(SLOWER_S, abs=1e-3)
    info = extra_info(runs[1])
    assert info["pair"]["seed"] == SEED  # type: ignore[index,call-overload]  # a mapping
    assert json.dumps(info)
    assert benchmarks_of([(run, []) for run in runs])[1].param == "ranker-ml.m5.large-privatelink"


def test_runs_from_before_there_were_arms_are_read(run: Run) -> None:
    """They are no pair's, and all of their samples are theirs."""
    assert run.path is not None
    fields = json.loads(run.path.read_text("utf-8"))
    del fields["pair"]
    old = Run.from_fields(fields, "x", run.path)
    assert old.pair == {}
    samples = samples_in(run.path)
    assert old.own(samples) is samples
    assert pair_differences([old]) == []


def test_an_arm_is_shown_and_exported_by_itself(tmp_path: Path) -> None:
    """`tailgate show` tells the comparison beside the arm's own verdict, `tailgate export` its own requests."""
    runs = recorded(tmp_path)
    for arm, run in enumerate(runs):
        text = described(run)
        assert "with half of the requests at 100/s" in text
        assert "privatelink against public" in text
        assert run.path is not None
        table = io.StringIO()
        write_csv(samples_in(run.path), table)
        rows = table.getvalue().splitlines()
        column = rows[0].split(",").index("arm")
        assert {row.split(",")[column] for row in rows[1:]} == {str(arm)}


def test_the_table_has_a_row_for_each_arm_and_one_line_for_their_difference(tmp_path: Path) -> None:
    """Within one run, and not once more as a difference between runs."""
    text = summary(recorded(tmp_path), width=200, styled=False)
    assert "ranker-ml.m5.large-public " in text
    assert "ranker-ml.m5.large-privatelink " in text
    (line,) = (line for line in text.splitlines() if "minus" in line)
    assert line.startswith("privatelink minus public on ml.m5.large in one run: p50 +4.")


def test_an_arm_that_never_answered_is_infinitely_slower(tmp_path: Path) -> None:
    """The record has null where JSON has no word, and the table says ∞."""
    runs = recorded(tmp_path, failing=True)
    (line,) = pair_differences(runs)
    assert "p99 +∞" in line
    assert runs[1].requests["answered"] == 0
    assert "∞" in described(runs[1])


def asked(folder: Path, *margins: tuple[str, str]) -> list[Run]:
    """Both arms after their test asked about margins, read back from disk."""
    contrast, runs = contrast_of(two_arms(case_of("ranker", 100, 20, 2, "p90 <= 60ms"))), recorded(folder)
    for margin, at in margins:
        contrast.no_worse_than(margin, at=at)
        for run in runs:
            answered(run, contrast)
    return [read_run(run.path) for run in runs if run.path]


def test_what_was_asked_of_two_arms_is_in_both_records(tmp_path: Path) -> None:
    """Each margin with its outcome, and the explanation with them; nothing else of the run is changed."""
    before = recorded(tmp_path)
    (tmp_path / "asked").mkdir()
    first, second = asked(tmp_path / "asked", ("50ms", "p50"), ("1ms", "p50"), ("50ms", "p50"))
    assert [(one.metric, one.margin_s, one.outcome) for one in margins_of(second)] == [("p50", 0.05, "PASS"), ("p50", 0.001, "FAIL")]
    assert margins_of(first) == margins_of(second)
    assert "p50 no worse than 1.0 ms: emulated FAIL" in str(second.pair["explanation"])
    assert {**second.fields(), "pair": {}} == {**before[1].fields(), "pair": {}}
    assert margins_of(before[1]) == ()


def test_every_place_tells_the_margins_and_the_worst_decides(tmp_path: Path) -> None:
    """Both arms hold their budgets, the second is slower than it may be: terminal, `show`, Markdown and the page say FAIL."""
    runs = asked(tmp_path, ("1ms", "p50"), ("50ms", "p99"))
    assert [run.verdict["outcome"] for run in runs] == ["PASS", "PASS"]
    _, line = pair_differences(runs)
    assert line == "  privatelink against public: p50 no worse than 1.0 ms: emulated FAIL; p99 no worse than 50.0 ms: emulated PASS"
    assert "p50 no worse than 1.0 ms: emulated FAIL" in described(runs[1])
    text = markdown(runs)
    assert text.startswith("## Tail latency: emulated FAIL\n\n2 cases: 2 emulated PASS; 2 margins: 1 emulated FAIL, 1 emulated PASS.")
    assert "| p50 no worse than 1.0 ms | **emulated FAIL** |" in text
    html = page(runs)
    assert "emulated FAIL: all 2 cases hold their budgets; privatelink minus public, p50 no worse than 1.0 ms: emulated FAIL." in html


def test_margins_that_held_are_counted_in_the_pages_sentence(tmp_path: Path) -> None:
    """And the page passes."""
    assert "emulated PASS: all 2 cases hold their budgets; 1 margin between arms held." in page(asked(tmp_path, ("50ms", "p50")))


@pytest.mark.parametrize(
    "damage", [None, "x", [None], [{"metric": "p99"}], [{"metric": "p99", "outcome": "x"}], [{"metric": 1, "outcome": "PASS"}]]
)
def test_a_damaged_margin_is_passed_over(tmp_path: Path, damage: object) -> None:
    """And the run is shown."""
    runs = asked(tmp_path, ("50ms", "p50"))
    broken = [replace(run, pair={**run.pair, "asked": damage}) for run in runs]  # type: ignore[arg-type]  # damaged
    assert asked_of(broken) == []
    assert len(pair_differences(broken)) == 1

"""A case's past on its page: the band as the terminal has it, and which run moved it."""

from tailgate.reporting.report.past import figures_of_past, pasts
from tailgate.reporting.trend.words import usual_shown
from tests.unit.reporting.trend.series import noisy, run_of


def test_a_history_names_the_run_that_moved_it_and_what_changed_with_it() -> None:
    """Below the figure, as `tailgate trend` says it; the newest row of the table has the same band."""
    slow = [run_of(15 + place, value, versions={"botocore": "1.44.5"}) for place, value in enumerate(noisy(2, 6, 0.05))]
    runs = [*(run_of(place, value) for place, value in enumerate(noisy(1, 15))), *slow]
    past = pasts(runs)[id(runs[-1])]
    figure = next(one for one in figures_of_past(past, "case-1") if one.name == "case-1-history-p99")
    (note,) = figure.notes
    assert note.startswith("new level from run 16 of 21 on, 2026-09-16 09:00 UTC: p99 ")
    assert note.endswith("commit 0014cccccccc → 0015cccccccc; changed with it: botocore 1.44.3 → 1.44.5")
    assert "its level changed at run 16" in figure.says
    line = next(line for line in past.lines if line.told.metric == "p99")
    *_, expected, band, _, _ = figure.table.rows[-1]
    assert f"{expected} {band}" == usual_shown(line)
    assert figure.table.rows[15][5] == "new level, above the band"


def test_a_case_with_one_run_has_no_past() -> None:
    """Nothing to draw."""
    runs = [run_of(0, 0.04)]
    assert pasts(runs) == {}
    assert list(figures_of_past(None, "case-1")) == []

"""The table of what is planned: whole at eighty columns, and on one line each where there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, EndpointSpec, Poisson
from tailgate.analysis.planning import Need, Planned, planned
from tailgate.reporting.plan_table import plan_line, plan_table

LOAD = Poisson(50, 12, 2, seed=7)
CASES = [
    *planned(Case(EndpointSpec("ranker", instance_type="ml.c6i.xlarge"), b"", LOAD, Budget.of("p50 <= 60ms", "p99 <= 120ms"))),
    *planned(Case(EndpointSpec("embedder"), b"", ClosedLoop(4, 60), Budget.of("cost_per_1000 <= 0.02usd", "p99 <= 1s"))),
]


def test_at_eighty_columns_each_case_has_a_line_of_its_own() -> None:
    """Its load, then what each limit needs, how long that takes, and what a PASS with room takes; scant loads are marked."""
    lines = plan_table(CASES, width=80)
    assert max(map(len, lines)) <= 80
    text = "\n".join(" ".join(line.split()) for line in lines)
    due = int((LOAD.due_times() >= 2).sum())
    assert "limit needs takes at half takes" in text
    assert f"ranker-ml.c6i.xlarge-public: {due} requests in 12 s + 2 s warm-up, {due / 12:.4g}/s" in text
    assert f"p99 <= 120.0 ms 299 {299 / due * 12:.2g} s 1 146* {1146 / due * 12:.0f} s" in text
    assert "embedder-ml.m5.large-public: with 4 callers, 60 s + 2 s warm-up" in text
    assert "cost_per_1000 <= 0.02 USD 200 – – –" in text
    assert "p99 <= 1000.0 ms 299 – 1 146 –" in text
    assert "2 runs planned, 76 s of load if each is run once to its end" in text
    assert "* the load holds fewer" in text


def test_where_there_is_room_it_is_one_table() -> None:
    """A case's name stands beside its first limit only, and columns are aligned."""
    lines = plan_table(CASES, width=160)
    assert lines[0].split() == ["case", "load", "limit", "needs", "takes", "at", "half", "takes"]
    assert sum(line.startswith("ranker-ml.c6i.xlarge-public") for line in lines) == 1
    p50, p99 = lines[1:3]
    assert p50.index("p50 <= 60.0 ms") == p99.index("p99 <= 120.0 ms") == lines[0].index("limit")


def test_one_line_names_the_limit_that_takes_most_of_its_load() -> None:
    """Where answers decide how many requests there are, only the time is known."""
    due = int((LOAD.due_times() >= 2).sum())
    taken = f"of ranker-ml.c6i.xlarge-public 'p99 <= 120.0 ms' takes 299 of {due} requests to be decided"
    assert plan_line(CASES) == f"2 runs planned, 76 s of load; {taken} (-v: what each limit takes)"
    assert plan_line(CASES[1:]) == "1 run planned, 62 s of load (-v: what each limit takes)"


def test_nothing_selected_says_how_to_select() -> None:
    """And what cannot be known before a test runs."""
    (line,) = plan_table([], width=80)
    assert line.startswith("no case is selected: -m latency selects them")


names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=150)


@given(cases=st.lists(st.tuples(names, st.lists(names, max_size=3)), min_size=1, max_size=4), width=st.integers(80, 200))
def test_no_line_is_wider_than_it_may_be(cases: list[tuple[str, list[str]]], width: int) -> None:
    """However long names and limits are."""
    plans = [Planned(name, LOAD, 10**9, 86_400.0, tuple(Need(limit, 29_956, 10**7) for limit in limits)) for name, limits in cases]
    assert max(map(len, plan_table(plans, width=width))) <= width

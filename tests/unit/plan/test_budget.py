"""Budgets: what is read, what is refused, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Limit
from tailgate.errors import PlanError


@pytest.mark.parametrize(
    ("text", "metric", "bound", "allowed"),
    [
        ("p99 <= 60ms", "p99", 0.060, 0.01),
        ("p50<=1.5 s", "p50", 1.5, 0.5),
        ("p99.9 <= 2min", "p99.9", 120.0, 0.001),
        ("error_rate <= 0.5%", "error_rate", 0.005, 0.005),
    ],
)
def test_a_clause_is_read_into_seconds_and_fractions(text: str, metric: str, bound: float, allowed: float) -> None:
    """A limit keeps its metric, its bound in the inside unit, and the share of requests that may exceed."""
    limit = Limit.of(text)
    assert (limit.metric, limit.bound, limit.allowed, limit.source) == (metric, pytest.approx(bound), pytest.approx(allowed), text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99 < 60", "'<' is not known"),
        ("p99 <= 60", "write a number and its unit"),
        ("p101 <= 60ms", "p101 is no percentile"),
        ("p0 <= 60ms", "p0 is no percentile"),
        ("p99 >= 60ms", "upper bound"),
        ("p99 <= 0ms", "above 0"),
        ("p99 <= -5ms", "not a duration"),
        ("eror_rate <= 1%", "did you mean 'error_rate'"),
        ("error_rate <= 5ms", "write a percentage"),
        ("p99 <= 25h", "would always hold"),
        ("error_rate <= 0%", "proves 0%"),
        ("error_rate <= 0.000001%", "decides less than 0.00001%"),
        ("error_rate <= 100%", "always holds"),
        ("error_rate <= 130%", "between 0% and 100%"),
        ("mean 60ms", "write metric, <= and bound"),
        ("", "write metric, <= and bound"),
    ],
)
def test_a_clause_that_cannot_be_meant_is_refused_with_its_text_and_what_to_write(text: str, said: str) -> None:
    """The sentence repeats the clause and says what is allowed."""
    with pytest.raises(PlanError, match="limit") as caught:
        Limit.of(text)
    assert said in str(caught.value)
    assert repr(text)[1:-1] in str(caught.value)


@pytest.mark.parametrize(("metric", "least"), [("p50", 5), ("p90", 29), ("p95", 59), ("p99", 299), ("p99.9", 2995), ("p99.99", 29956)])
def test_the_least_number_of_requests_is_the_exact_binomial_one(metric: str, least: int) -> None:
    """With one request fewer, even a run without any exceedance could not pass at 95 %."""
    assert Limit.of(f"{metric} <= 60ms").least_requests == least


def test_a_budget_names_each_metric_once_and_at_least_one() -> None:
    """Two bounds for one metric would hide one another; none would gate nothing."""
    with pytest.raises(PlanError, match="two limits for p99"):
        Budget.of("p99 <= 60ms", "p99 <= 80ms")
    with pytest.raises(PlanError, match=r"two limits for p99\.0 \('p99 <= 60ms' and 'p99\.0 <= 80ms'\)"):
        Budget.of("p99 <= 60ms", "p99.0 <= 80ms")
    with pytest.raises(PlanError, match="gates nothing"):
        Budget.of()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Budget(("p99 <= 60ms",)), "budget: limits, number 1, is 'p99 <= 60ms'; it is a Limit; write Budget.of("),
        (lambda: Budget("p99 <= 60ms"), "budget: limits is 'p99 <= 60ms'; it is a tuple of Limit"),
        (lambda: Budget(None), "budget: limits is None"),
        (lambda: Budget.of(5), "limit 5: write metric"),
        (lambda: Budget((Limit.of("p99 <= 60ms"),), sent_share=-4), "budget: sent_share is -4; it is a share, above 0 and at most 1"),
        (lambda: Budget((Limit.of("p99 <= 60ms"),), sent_share=98), "budget: sent_share is 98"),
        (lambda: Budget((Limit.of("p99 <= 60ms"),), send_lag_share=-0.2), "budget: send_lag_share is -0.2"),
        (lambda: Budget((Limit.of("p99 <= 60ms"),), send_lag_share=float("nan")), "budget: send_lag_share is nan"),
        (lambda: Budget((Limit.of("p99 <= 60ms"),), send_lag_share="20%"), "budget: send_lag_share is '20%'"),
        (lambda: Limit.of(f"p99 <= {'9' * 400}ms"), "would always hold"),
        (lambda: Limit("p99", "<=", float("inf"), "p99"), "limit 'p99': no load lasts longer than a day"),
        (lambda: Limit("p99", "<=", float("nan"), "p99"), "limit 'p99': the bound of a percentile is above 0"),
        (lambda: Limit("p99", "<=", "60ms", "p99"), "limit 'p99': bound is '60ms'; it is a number, of seconds"),
        (lambda: Limit("p99", ">=", 0.06, "p99"), "limit 'p99': '>=' is not known"),
        (lambda: Limit(["p99"], "<=", 0.06, "p99"), "limit: metric is ['p99']; it is a text"),
        (lambda: Limit("error_rate", "<=", 1e-320, "tiny"), "limit 'tiny': no load that can be scheduled decides less than"),
    ],
)
def test_a_budget_of_wrong_values_is_refused_where_it_is_built(build, said: str) -> None:
    """The sentence names the argument, what it is, and what it should be."""
    with pytest.raises(PlanError) as caught:
        build()
    assert said in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_a_limit_or_a_plan_error(text: str) -> None:
    """No text whatever escapes as another exception."""
    try:
        limit = Limit.of(text)
    except PlanError:
        return
    assert limit.bound > 0


@given(quantile=st.integers(1, 99), bound_ms=st.floats(0.001, 1e6))
def test_a_limit_that_is_written_is_the_limit_that_is_read(quantile: int, bound_ms: float) -> None:
    """Percentile and bound survive the way through text."""
    limit = Limit.of(f"p{quantile} <= {bound_ms:.4f}ms")
    assert limit.quantile == pytest.approx(quantile / 100)
    assert limit.bound == pytest.approx(bound_ms / 1e3, rel=1e-3, abs=1e-7)

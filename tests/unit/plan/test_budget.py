"""Budgets: what is read, what is refused, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Limit
from tailgate.errors import PlanError
from tailgate.plan.vocabulary import METRICS


@pytest.mark.parametrize(
    ("text", "metric", "bound", "allowed"),
    [
        ("p99 <= 60ms", "p99", 0.060, 0.01),
        ("p50<=1.5 s", "p50", 1.5, 0.5),
        ("p99.9 <= 2min", "p99.9", 120.0, 0.001),
        ("error_rate <= 0.5%", "error_rate", 0.005, 0.005),
        ("throttle_rate <= 1%", "throttle_rate", 0.01, 0.01),
        ("ttfb_p99.9 <= 40ms", "ttfb_p99.9", 0.040, 0.001),
    ],
)
def test_a_clause_is_read_into_seconds_and_fractions(text: str, metric: str, bound: float, allowed: float) -> None:
    """A limit keeps its metric, its bound in the inside unit, and the share of requests that may exceed."""
    limit = Limit.of(text)
    assert (limit.metric, limit.bound, limit.allowed, limit.source) == (metric, pytest.approx(bound), pytest.approx(allowed), text)


@pytest.mark.parametrize(
    ("text", "metric", "op", "bound", "shown"),
    [
        ("mean <= 60ms", "mean", "<=", 0.060, "60.0 ms"),
        ("max<=1s", "max", "<=", 1.0, "1000.0 ms"),
        ("achieved_rate >= 49.5/s", "achieved_rate", ">=", 49.5, "49.5/s"),
        ("cost_per_1000 <= 0.02usd", "cost_per_1000", "<=", 0.02, "0.02 USD"),
        ("cost_per_1000 <= .5 USD", "cost_per_1000", "<=", 0.5, "0.5 USD"),
    ],
)
def test_a_limit_that_no_count_decides_has_a_bound_and_no_allowed_share(text: str, metric: str, op: str, bound: float, shown: str) -> None:
    """Means, maxima, rates and costs: read into the inside unit, and shown in the one people write."""
    limit = Limit.of(text)
    assert (limit.metric, limit.op, limit.bound, limit.allowed, limit.quantile) == (metric, op, pytest.approx(bound), None, None)
    assert limit.format(limit.bound) == shown
    assert limit.least_requests == (1 if metric == "max" else 200)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("achieved_rate <= 49/s", "a limit of achieved_rate is its lower bound, written '>='"),
        ("error_rate >= 1%", "a limit of error_rate is its upper bound, written '<='"),
        ("achieved_rate >= 49", "'49' is not a rate: write requests per second, such as 49/s"),
        ("achieved_rate >= 0/s", "above 0"),
        (f"achieved_rate >= {'9' * 400}/s", "at most 1e+09"),
        ("cost_per_1000 <= 0.02", "'0.02' is not a price: write US dollars, such as 0.02usd"),
        ("cost_per_1000 <= 0.02eur", "is not a price"),
        ("cost_per_1000 <= 0usd", "above 0"),
        ("mean <= 0ms", "above 0"),
        ("max <= 2%", "not a duration"),
        ("p100 <= 5ms", "p100 is no percentile"),
        ("ttfb_p0 <= 5ms", "ttfb_p0 is no percentile"),
        ("colour <= 5ms", "; allowed: percentiles p50 … p99.99, the same of the time to first byte ttfb_p50 … ttfb_p99.99, mean, max, "),
        ("eror_rate <= 1%", "did you mean 'error_rate'? Allowed: percentiles"),
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
        (lambda: Limit("p99", "<=", float("nan"), "p99"), "limit 'p99': the bound of a time is above 0"),
        (lambda: Limit("p99", "<=", "60ms", "p99"), "limit 'p99': bound is '60ms'; it is a number, of seconds"),
        (lambda: Limit("p99", ">=", 0.06, "p99"), "limit 'p99': '>=' is not known"),
        (lambda: Limit("achieved_rate", "<=", 5.0, "rate"), "limit 'rate': '<=' is not known; a limit of achieved_rate is its lower bound"),
        (lambda: Limit("achieved_rate", ">=", float("nan"), "rate"), "limit 'rate': the bound is above 0"),
        (lambda: Limit("achieved_rate", ">=", "49/s", "rate"), "limit 'rate': bound is '49/s'; it is a number, of requests per second"),
        (lambda: Limit("cost_per_1000", "<=", float("inf"), "cost"), "limit 'cost': the bound is above 0"),
        (lambda: Limit("mean", ["<="], 0.06, "mean"), "limit 'mean': ['<='] is not known"),
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


BOUNDS = {
    "time": st.floats(0.001, 8.6e7).map(lambda ms: (f"{ms:.3f}ms", float(f"{ms:.3f}") / 1e3)),
    "share": st.integers(1, 9999).map(lambda n: (f"{n / 100:g}%", n / 10_000)),
    "rate": st.floats(0.01, 1e6).map(lambda per_s: (f"{per_s:.2f}/s", float(f"{per_s:.2f}"))),
    "cost": st.floats(0.0001, 1e4).map(lambda usd: (f"{usd:.4f}usd", float(f"{usd:.4f}"))),
}


@given(data=st.data(), spaces=st.text(" ", max_size=2))
def test_every_metric_survives_the_way_through_text(data: st.DataObject, spaces: str) -> None:
    """Whatever is named, with its own operator and unit, is what is read; with the other operator it is refused."""
    percentiles = st.builds("{}p{}".format, st.sampled_from(["", "ttfb_"]), st.sampled_from(["1", "50", "99", "99.9", "99.99"]))
    metric = data.draw(st.sampled_from(sorted(METRICS)) | percentiles)
    named = METRICS.get(metric)
    unit, op = (named.unit.name, ">=" if named.at_least else "<=") if named else ("time", "<=")
    text, bound = data.draw(BOUNDS[unit])
    limit = Limit.of(f"{metric}{spaces}{op}{spaces}{text}")
    assert (limit.metric, limit.op, limit.bound) == (metric, op, pytest.approx(bound))
    assert Limit(limit.metric, limit.op, limit.bound, limit.source) == limit
    assert limit.least_requests >= 1
    with pytest.raises(PlanError, match="is not known"):
        Limit.of(f"{metric} {'<=' if op == '>=' else '>='} {text}")


def test_the_tightest_time_is_the_least_bound_of_any_time() -> None:
    """What a generator's lag is held against; shares, rates and costs have none."""
    assert Budget.of("p99 <= 60ms", "mean <= 20ms", "ttfb_p50 <= 10ms", "error_rate <= 0.1%").tightest_s == pytest.approx(0.01)
    assert Budget.of("error_rate <= 1%", "achieved_rate >= 5/s", "cost_per_1000 <= 0.001usd").tightest_s is None


def test_the_first_byte_and_the_whole_response_may_both_be_limited() -> None:
    """The same quantile of two times is no contradiction; twice of one is."""
    assert len(Budget.of("p99 <= 60ms", "ttfb_p99 <= 20ms").limits) == 2
    with pytest.raises(PlanError, match="two limits for ttfb_p99"):
        Budget.of("ttfb_p99 <= 60ms", "ttfb_p99.0 <= 20ms")

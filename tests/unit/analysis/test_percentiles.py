"""The points that a summary shows are the order statistics that the estimates are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.percentiles import POINTS, percentiles
from tailgate.analysis.quantiles import estimate_quantile
from tailgate.errors import AnalysisError

_TIMES = st.lists(st.floats(min_value=0, max_value=100) | st.just(math.inf), min_size=1, max_size=300)


@given(times=_TIMES)
def test_points_are_the_quantiles_that_estimates_show(times):
    """Table, JSON and verdict of one run never tell different numbers, also where failures reach into a point."""
    points = percentiles(np.array(times))
    assert tuple(points) == POINTS
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)):
        assert points[name] == estimate_quantile(times, q).value
    assert points["max"] == max(times)


def test_without_times_there_are_no_points():
    """Every request may have failed to be sent."""
    assert percentiles(np.array([])) == dict.fromkeys(POINTS)


@pytest.mark.parametrize("name", ["p100", "p0", "mean", ""])
def test_what_is_no_percentile_is_refused(name):
    """With the name that was given."""
    with pytest.raises(AnalysisError, match=repr(name)):
        percentiles(np.array([1.0]), [name])

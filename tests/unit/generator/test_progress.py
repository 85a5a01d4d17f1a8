"""Progress agrees with the samples it sums up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tailgate.generator.progress import Progress
from tailgate.plan.load import ConstantRate
from tailgate.samples import RECORD, Error


def _rows(due_s, done_s, failed) -> bytes:
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"], records["done_after_s"] = due_s, done_s
    records["error"] = np.where(failed, Error.SERVER_ERROR, Error.NONE)
    return records.tobytes()


@pytest.mark.parametrize("seed", range(5))
def test_counts_and_quantiles_are_those_of_the_judged_rows(seed):
    """Rows due in the warm-up count for nothing; failures are infinite; quantiles are right to 1 %."""
    random = np.random.default_rng(seed)
    due_s, done_s = np.sort(random.uniform(0, 10, 3000)), random.lognormal(-5, 1, 3000).astype("f4")
    failed = random.random(3000) < 0.004
    progress = Progress(ConstantRate(300, for_s=8, warmup_s=2), ())
    for batch in np.array_split(np.arange(3000), 7):
        progress.add(_rows(due_s[batch], done_s[batch], failed[batch]))
    judged = due_s >= 2.0
    response_s = np.where(failed, np.inf, done_s)[judged]
    assert progress.judged == judged.sum()
    for share in (0.5, 0.9, 0.99):
        assert progress.quantile(share) == pytest.approx(np.quantile(response_s, share, method="inverted_cdf"), rel=0.011)


def test_a_quantile_among_failures_is_infinite_and_without_rows_there_is_none():
    """Half of the requests failed: the p99 never came back, the p50 did."""
    progress = Progress(ConstantRate(1, for_s=3, warmup_s=0), ())
    assert progress.quantile(0.5) is None
    progress.add(_rows([1.0, 2.0], [0.01, 0.0], [False, True]))
    assert progress.quantile(0.5) == pytest.approx(0.01, rel=0.011)
    assert progress.quantile(0.99) == math.inf

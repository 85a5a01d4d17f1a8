"""Dividing a schedule: nothing twice, nothing left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailgate.generator.workers.share import WHOLE, Share
from tailgate.plan.load import ConstantRate, Poisson


@given(workers=st.integers(1, 9), per_s=st.floats(1, 300), seed=st.integers(0, 99))
def test_the_union_of_all_shares_is_the_schedule(workers, per_s, seed):
    """Due times, each exactly once; and each share is in order."""
    due_s = Poisson(per_s=per_s, for_s=2, warmup_s=0, seed=seed).due_times()
    shares = [due_s[Share(index, workers).requests] for index in range(workers)]
    assert np.array_equal(np.sort(np.concatenate(shares)), due_s)
    assert all(np.all(np.diff(share) >= 0) for share in shares)


@given(workers=st.integers(1, 9), whole=st.integers(0, 200))
def test_counts_of_all_shares_add_up(workers, whole):
    """Connections and callers are divided like requests."""
    counts = [Share(index, workers).count(whole) for index in range(workers)]
    assert sum(counts) == whole
    assert max(counts) - min(counts) <= 1


def test_neighbouring_requests_fall_to_different_workers():
    """So that each worker keeps the load's profile, at a part of its rate."""
    due_s = ConstantRate(per_s=100, for_s=1, warmup_s=0).due_times()
    assert np.allclose(np.diff(due_s[Share(1, 2).requests]), 0.02)


def test_one_process_has_the_whole_schedule():
    """Without workers nothing is divided."""
    due_s = ConstantRate(per_s=100, for_s=1, warmup_s=0).due_times()
    assert np.array_equal(due_s[WHOLE.requests], due_s)
    assert WHOLE.count(5) == 5

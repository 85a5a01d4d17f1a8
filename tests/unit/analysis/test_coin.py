"""The coin's law: how the requests above a time may have come to either arm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import hypergeom

from tailgate.analysis.arms.coin import CoinLaw


@settings(max_examples=100)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_coins_law_is_the_hypergeometric_one(first: int, second: int, data: st.DataObject) -> None:
    """Tails agree with scipy's, and the accepted range leaves at most half the error on each side, the next one more."""
    drawn = data.draw(st.integers(1, first + second))
    law, known = CoinLaw.of(first, second, drawn), hypergeom(first + second, second, drawn)
    for seen in range(max(0, drawn - first), min(drawn, second) + 1):
        assert law.at_least(seen) == pytest.approx(known.sf(seen - 1), abs=1e-12)
        assert law.at_most(seen) == pytest.approx(known.cdf(seen), abs=1e-12)
    assert law.mean == pytest.approx(law.chances @ (law.least + np.arange(len(law.chances))))
    least, largest = law.accepted(0.95)
    assert law.at_most(least - 1) <= 0.025 + 1e-9 < law.at_most(least) + 2e-9
    assert law.at_least(largest + 1) <= 0.025 + 1e-9 < law.at_least(largest) + 2e-9


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 18)), min_size=1, max_size=12))
def test_over_strata_the_coins_law_is_that_of_the_sum(strata: list[tuple[int, int, int]]) -> None:
    """As if the strata's laws were folded one by one; strata without slow requests, or with one arm only, included."""
    strata = [(first, second, min(slow, first + second)) for first, second, slow in strata]
    folded, least = np.ones(1), 0
    for first, second, slow in strata:
        known = CoinLaw.of(first, second, slow)
        folded, least = np.convolve(folded, known.chances), least + known.least
    law = CoinLaw.of(*zip(*strata, strict=True))
    assert law.mean == pytest.approx(folded @ (least + np.arange(len(folded))))
    for seen in range(least - 1, least + len(folded) + 1):
        assert law.at_least(seen) == pytest.approx(max(1e-12, folded[max(0, seen - least) :].sum()), abs=1e-12)


def test_the_law_of_very_many_requests_is_the_normal_one_around_its_mean() -> None:
    """2·10⁵ requests in strata of fifty, half of them slow: only what is within reach of chance is kept, and is right."""
    strata = 4000
    law = CoinLaw.of(np.full(strata, 25), np.full(strata, 25), np.full(strata, 25))
    deviation = (strata * 25 * 25 * 25 * 25 / 50**2 / 49) ** 0.5
    assert len(law.chances) < strata * 25
    for z in (-3.0, -1.0, 0.0, 1.0, 2.0, 4.0):
        seen = round(law.mean + z * deviation)
        assert law.at_least(seen) == pytest.approx(float(ndtr((law.mean - seen + 0.5) / deviation)), rel=0.02)
    assert law.p_value(strata * 25, "greater") == 1e-12

"""Quantiles of two arms in one run: an exact test, and the interval that inverts it.

The slowest K = n − ⌈nq⌉ of all n requests are the pooled quantile's exceedances. Were the arms alike, a coin told
which of them are arm 1's (coin.py): that is the test. Arm 1 is d slower where the test accepts arm 1's times less d; as
the number of arm 1 among the slowest only falls with d, the accepted d reach from one difference of order statistics
to another (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963, for ranks): an interval that is as exact as
the test where arm 1 is a shift of arm 0, under any drift and any bursts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.coin import CoinLaw
from tailgate.analysis.dependence import Spread
from tailgate.analysis.quantiles import harrell_davis
from tailgate.analysis.two_arms import Arms


class Found(NamedTuple):
    """What two arms came to, seconds: each arm's value, arm 1's less arm 0's, its interval, and the test's p-value."""

    first_s: float
    second_s: float
    difference_s: float
    low_s: float
    high_s: float
    p_value: float


class _Ranks(NamedTuple):
    """Of the slowest K, how many arm 1 would have: as expected, and the least and the largest accepted."""

    slowest: int
    expected: float
    least: int
    largest: int


def compare_quantile(arms: Arms, quantile: float, confidence: float, alternative: str) -> Found:
    """Compare a quantile of the arms. Infinite where failures reach into it, NaN where they do so in both arms."""
    n = len(arms.second)
    slowest = n - math.ceil(n * quantile - 1e-9)
    first, second = (np.sort(arms.response_s[arms.second == which])[::-1] for which in (False, True))
    low_s, high_s = _interval(arms, first, second, slowest, confidence)
    values = harrell_davis(first[::-1], quantile), harrell_davis(second[::-1], quantile)
    with np.errstate(invalid="ignore"):
        difference_s = float(np.float64(values[1]) - values[0])
    return Found(*values, difference_s, low_s, high_s, _p_value(arms, slowest, alternative))


def least_requests(quantile: float, confidence: float) -> int:
    """With fewer requests in both arms together no difference is bounded: not even when all of the slowest are of one arm."""
    slowest = math.ceil(math.log2(2 / (1 - confidence)) - 1e-9)
    return math.ceil(slowest / min(quantile, 1 - quantile) - 1e-9)


def _p_value(arms: Arms, slowest: int, alternative: str) -> float:
    """Of the exact test. Where values tie with the pooled quantile all of them are taken, or none: whichever is nearer to K."""
    if not slowest:
        return 1.0
    threshold_s = np.partition(arms.response_s, -slowest - 1)[-slowest - 1]
    above, from_it_on = arms.response_s > threshold_s, arms.response_s >= threshold_s
    taken = above if slowest - above.sum() <= from_it_on.sum() - slowest else from_it_on
    return CoinLaw.of(*arms.requests, int(taken.sum())).p_value(int(arms.second[taken].sum()), alternative)


def _interval(arms: Arms, first: NDArray[np.float64], second: NDArray[np.float64], slowest: int, confidence: float) -> tuple[float, float]:
    """The differences that the test accepts; first, second: each arm's times, the slowest first."""
    law = CoinLaw.of(len(first), len(second), slowest)
    least, largest = law.accepted(confidence)
    exact = _Ranks(slowest, law.mean, least, largest)
    stretch = _stretch(arms, first, second, exact, confidence)
    ranks = exact._replace(
        least=math.floor(law.mean - stretch * (law.mean - least + 0.5) + 0.5 + 1e-9),
        largest=math.ceil(law.mean + stretch * (largest - law.mean + 0.5) - 0.5 - 1e-9),
    )
    return _ends(first, second, ranks)


def _ends(first: NDArray[np.float64], second: NDArray[np.float64], ranks: _Ranks) -> tuple[float, float]:
    low_s = _ranked(second, ranks.largest + 1, -math.inf) - _ranked(first, ranks.slowest - ranks.largest, math.inf)
    high_s = _ranked(second, ranks.least, math.inf) - _ranked(first, ranks.slowest - ranks.least + 1, -math.inf)
    return (-math.inf if math.isnan(low_s) else low_s), (math.inf if math.isnan(high_s) else high_s)


def _ranked(slowest_first: NDArray[np.float64], rank: int, otherwise: float) -> float:
    return float(slowest_first[rank - 1]) if 1 <= rank <= len(slowest_first) else otherwise


def _stretch(arms: Arms, first: NDArray[np.float64], second: NDArray[np.float64], ranks: _Ranks, confidence: float) -> float:
    """How much further than the coin alone the number of arm 1 among the slowest strays, where arm 1 is no shift of arm 0.

    Two things let it: the arms' times are not equally dense around the quantile, so that a stray in one moves the
    common threshold more than one in the other; and what comes in bursts may hit the arms unequally, which shows
    between blocks. Linearised: arm 1's number strays by w₁e₁ − w₀e₀, e the strays of each arm's exceedances of its
    own quantile; expected without any bursts, and observed.
    """
    weights, sizes = _weights(first, second, ranks), (len(first), len(second))
    unequal = sum(n * w**2 for n, w in zip(sizes, weights, strict=True)) * (1 / len(first) + 1 / len(second))
    middle = min(max(1, round(ranks.expected)), ranks.slowest - 1)
    if middle < 1:
        return math.sqrt(unequal)
    exceeds = arms.response_s >= np.where(arms.second, second[middle - 1], first[ranks.slowest - middle - 1])
    shares = [float(exceeds[arms.second == which].mean()) for which in (False, True)]
    strays = np.where(arms.second, weights[1] * (exceeds - shares[1]), -weights[0] * (exceeds - shares[0]))
    expected = sum(n * w**2 * share * (1 - share) for n, w, share in zip(sizes, weights, shares, strict=True))
    observed = float(np.square(arms.per_block(strays)).sum())
    blocks = int(np.count_nonzero(arms.per_block(np.ones(len(strays)))))
    spread = Spread(max(1.0, observed / expected) if expected else 1.0, blocks)
    return math.sqrt(unequal * spread.cost((1 + confidence) / 2))


def _weights(first: NDArray[np.float64], second: NDArray[np.float64], ranks: _Ranks) -> tuple[float, float]:
    """How much a stray in arm 0 and in arm 1 moves the count: as the seconds that as many ranks span there, summing to 1."""
    reach_0 = _ranked(first, ranks.slowest - ranks.largest, math.inf) - _ranked(first, ranks.slowest - ranks.least + 1, -math.inf)
    reach_1 = _ranked(second, ranks.least, math.inf) - _ranked(second, ranks.largest + 1, -math.inf)
    if not (math.isfinite(reach_0) and math.isfinite(reach_1) and reach_0 + reach_1 > 0):
        reach_0, reach_1 = float(len(second)), float(len(first))
    return reach_0 / (reach_0 + reach_1), reach_1 / (reach_0 + reach_1)

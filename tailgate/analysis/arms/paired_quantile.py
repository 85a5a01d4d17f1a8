"""Quantiles of two arms in one run: an exact test, and the interval that inverts it.

The slowest K = n − ⌈nq⌉ of all n requests are the pooled quantile's exceedances. Were the arms alike, a coin told
which of them are arm 1's (coin.py): that is the test. Arm 1 is d slower where the test accepts arm 1's times less d; as
the number of arm 1 among the slowest only falls with d, the accepted d reach from one difference of order statistics
to another (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963, for ranks).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.arms.coin import CoinLaw
from tailgate.analysis.arms.two_arms import Arms
from tailgate.analysis.dependence import Spread
from tailgate.analysis.quantiles import harrell_davis


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
    """Compare a quantile of the arms. Infinite where failures reach into it, NaN where they do so in both arms.

    The difference is that of the quantiles at which either arm has the share of the slowest that it should have, were
    they alike: a stratum slow by itself that chance gave to one arm is not taken for that arm's doing.
    """
    n = len(arms.second)
    slowest = n - math.ceil(n * quantile - 1e-9)
    first, second = (np.sort(arms.response_s[arms.second == which])[::-1] for which in (False, True))
    ranks = _ranks(arms, first, second, slowest, confidence)
    fair = (_share_below(slowest - ranks.expected, len(first)), _share_below(ranks.expected, len(second)))
    values, fair_values = (
        [harrell_davis(times[::-1], q) for times, q in zip((first, second), quantiles, strict=True)]
        for quantiles in ((quantile,) * 2, fair)
    )
    with np.errstate(invalid="ignore"):
        difference_s = float(np.float64(fair_values[1]) - fair_values[0])
    return Found(values[0], values[1], difference_s, *_ends(first, second, ranks), _p_value(arms, slowest, alternative))


def _share_below(slow: float, requests: int) -> float:
    """The quantile above which so many of the requests lie, kept inside (0, 1)."""
    return min(max(1 - slow / requests, 1 / (requests + 1)), requests / (requests + 1))


def least_requests(quantile: float, confidence: float) -> int:
    """With fewer requests in both arms together no difference is bounded: not even when all of the slowest are of one arm."""
    slowest = math.ceil(math.log2(2 / (1 - confidence)) - 1e-9)
    return math.ceil(slowest / min(quantile, 1 - quantile) - 1e-9)


def _p_value(arms: Arms, slowest: int, alternative: str) -> float:
    """Of the exact test. Where values tie with the pooled quantile all of them are taken, or none: whichever is nearer to K.

    All where nothing is slower, as where more than K failed: what the arms differ by is then the number of these.
    """
    if not slowest:
        return 1.0
    threshold_s = np.partition(arms.response_s, -slowest - 1)[-slowest - 1]
    above, from_it_on = arms.response_s > threshold_s, arms.response_s >= threshold_s
    taken = above if above.any() and slowest - above.sum() <= from_it_on.sum() - slowest else from_it_on
    law = CoinLaw.of(*(arms.per_stratum(which) for which in (~arms.second, arms.second, taken)))
    return law.p_value(int(arms.second[taken].sum()), alternative)


def _ranks(arms: Arms, first: NDArray[np.float64], second: NDArray[np.float64], slowest: int, confidence: float) -> _Ranks:
    """How many of the slowest may be arm 1's; first, second: each arm's times, the slowest first.

    The exact law of all requests as one stratum gives the shape; its middle is moved, and its width scaled, to what the
    strata and blocks show when arm 1's times are shifted so that the arms' quantiles agree.
    """
    law = CoinLaw.of(len(first), len(second), slowest)
    least, largest = law.accepted(confidence)
    exact = _Ranks(slowest, law.mean, least, largest)
    middle = min(max(1, round(law.mean)), slowest - 1)
    if middle < 1:
        return exact
    exceeds = np.where(arms.second, _among(arms.response_s, second, middle), _among(arms.response_s, first, slowest - middle))
    unfair, stretch = _strays(arms, exceeds, _weights(first, second, exact), confidence)
    expected = min(max(law.mean + unfair, law.least), law.least + len(law.chances) - 1)
    return _Ranks(
        slowest,
        expected,
        least=math.floor(expected - stretch * (law.mean - least) + 1e-9),
        largest=math.ceil(expected + stretch * (largest - law.mean) - 1e-9),
    )


def _among(times_s: NDArray[np.float64], slowest_first: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """The share of each time in so many of the slowest: 1 or 0, and where more tie for the last places, these among all of them."""
    last_s = slowest_first[number - 1]
    slower, tied = np.count_nonzero(slowest_first > last_s), np.count_nonzero(slowest_first == last_s)
    return np.where(times_s > last_s, 1.0, np.where(times_s == last_s, (number - slower) / tied, 0.0))


def _strays(arms: Arms, exceeds: NDArray[np.float64], weights: tuple[float, float], confidence: float) -> tuple[float, float]:
    """How many more of the slowest than its share the strata gave to arm 1, and how far the number strays, beside a coin alone.

    It strays less, as the strata know how many of either arm were there when it was slow. It strays more where arm 1 is
    no shift of arm 0: the arms' times are not equally dense around the quantile, so that a stray in one moves the
    common threshold more than one in the other; and what comes in bursts may hit the arms unequally, which shows
    between blocks, as a design effect.
    """
    each = np.stack([arms.per_stratum(~arms.second), arms.per_stratum(arms.second)])
    sizes = each.sum(axis=0)
    slow = np.bincount(arms.stratum, exceeds, minlength=len(sizes))
    share = slow / sizes
    exact = np.square(weights) @ each * share * (1 - share) * sizes / np.maximum(sizes - 1, 1)
    strays = np.where(arms.second, weights[1], -weights[0]) * (exceeds - share[arms.stratum])
    observed = float(np.square(arms.per_block(strays)).sum())
    blocks = int(np.count_nonzero(arms.per_block(np.ones(len(strays)))))
    variance = float(exact.sum())
    spread = Spread(max(1.0, observed / variance) if variance else 1.0, blocks)
    whole, requests = float(slow.sum() / sizes.sum()), each.sum(axis=1)
    alike = whole * (1 - whole) * float(requests.prod()) / (sizes.sum() - 1)
    stretch = math.sqrt(variance * spread.cost((1 + confidence) / 2) / alike) if alike else 1.0
    return float((share * each[1]).sum() - whole * requests[1]), stretch


def _ends(first: NDArray[np.float64], second: NDArray[np.float64], ranks: _Ranks) -> tuple[float, float]:
    """The differences at which arm 1 has the largest accepted number among the slowest, and the least."""
    low_s = _ranked(second, ranks.largest + 1, -math.inf) - _ranked(first, ranks.slowest - ranks.largest, math.inf)
    high_s = _ranked(second, ranks.least, math.inf) - _ranked(first, ranks.slowest - ranks.least + 1, -math.inf)
    return (-math.inf if math.isnan(low_s) else low_s), (math.inf if math.isnan(high_s) else high_s)


def _ranked(slowest_first: NDArray[np.float64], rank: int, otherwise: float) -> float:
    return float(slowest_first[rank - 1]) if 1 <= rank <= len(slowest_first) else otherwise


def _weights(first: NDArray[np.float64], second: NDArray[np.float64], ranks: _Ranks) -> tuple[float, float]:
    """How much a stray in arm 0 and in arm 1 moves the count: as the seconds that as many ranks span there, summing to 1."""
    reach_0 = _ranked(first, ranks.slowest - ranks.largest, math.inf) - _ranked(first, ranks.slowest - ranks.least + 1, -math.inf)
    reach_1 = _ranked(second, ranks.least, math.inf) - _ranked(second, ranks.largest + 1, -math.inf)
    if not (math.isfinite(reach_0) and math.isfinite(reach_1) and reach_0 + reach_1 > 0):
        reach_0, reach_1 = float(len(second)), float(len(first))
    return reach_0 / (reach_0 + reach_1), reach_1 / (reach_0 + reach_1)

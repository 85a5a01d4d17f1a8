"""Spending: how much of the permitted error each look at a growing run may use up.

Who looks often and stops at the first verdict errs more often than each look does. Alpha spending (Lan & DeMets,
Biometrika 70, 1983) fixes beforehand how much of the permitted error is used up by when; each look then gets the level
at which, with all looks before it, exactly that much is used.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

POWER = 1.5
"""Of the spending alpha·t^1.5: little at first, when a run has seen few of the bad spells it may hold."""

_NODES, _REACH = 96, 8.0
_LEAST_STEP = 1e-3
"""Of the requests seen, the part that has to be new: between closer looks the numerical integration is blind."""


@functools.lru_cache(maxsize=64)
def look_levels(looks: tuple[int, ...], planned: int, alpha: float, ended: bool, seen: tuple[int, ...] | None = None) -> tuple[float, ...]:
    """The level of each look's one-sided test, such that all of them together err with probability `alpha`.

    looks, planned: when, ascending, such as in seconds. By the part t of what is planned alpha·t^1.5 is spent, and at the
    last look all that is left where the run has ended. seen: requests up to each look, in proportion to which a run shows
    something; None: in proportion to `looks`. A look that hardly sees more than the one before gets level 0, and leaves
    what it might have spent to the next. The levels are those of a Brownian motion at the requests seen, by numerical
    integration (Armitage, McPherson & Rowe, J. R. Statist. Soc. A 132, 1969).
    """
    seen = seen or looks
    unit = next((requests for requests in seen if requests), 1)
    at, density, before, used = np.zeros(1), np.ones(1), 0.0, 0.0
    levels = []
    for number, look in enumerate(looks):
        last, reached = ended and number == len(looks) - 1, seen[number] / unit
        if reached - before < _LEAST_STEP * reached or not reached:
            if not last or not reached:
                levels.append(0.0)
                continue
            reached = before / (1 - _LEAST_STEP)
        spent = alpha if last else alpha * (look / planned) ** POWER
        step = reached - before
        bound = _bound(at, density, step, spent - used, _REACH * math.sqrt(reached))
        levels.append(float(ndtr(-bound / math.sqrt(reached))))
        nodes, weight = _nodes(reached, bound)
        density = weight * (_normal(nodes[:, None] - at[None, :], step) @ density)
        at, before, used = nodes, reached, spent
    return tuple(levels)


def _bound(at: NDArray[np.float64], density: NDArray[np.float64], step: float, spend: float, reach: float) -> float:
    """Above which the motion, not stopped before, arrives with probability `spend` one step later."""

    def too_much(bound: float) -> float:
        return float(density @ ndtr((at - bound) / math.sqrt(step))) - spend

    return float(root_finder()(too_much, -reach, reach))


@functools.cache
def root_finder() -> Callable[..., float]:
    """Brent's method. Imported when it is asked for, as that takes as long as all else that reads a record: a report needs none."""
    from scipy.optimize import brentq

    return brentq  # type: ignore[no-any-return]  # scipy has no types


def _nodes(part: float, bound: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights from far below up to the bound; beyond it the motion has stopped."""
    x, weight = _legendre(_NODES)
    low = min(-_REACH * math.sqrt(part), bound - 1e-3)
    half = (bound - low) / 2
    return low + half * (x + 1), half * weight


@functools.lru_cache(maxsize=1)
def _legendre(nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, weight = np.polynomial.legendre.leggauss(nodes)
    return x, weight


def _normal(x: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    return np.exp(-x * x / (2 * variance)) / math.sqrt(2 * math.pi * variance)

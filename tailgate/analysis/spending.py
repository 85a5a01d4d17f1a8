"""Spending: how much of the permitted error each look at a growing run may use up.

Who looks often and stops at the first verdict errs more often than each look does. Alpha spending (Lan & DeMets,
Biometrika 70, 1983) fixes beforehand how much of the permitted error is used up by when; each look then gets the level
at which, with all looks before it, exactly that much is used.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

POWER = 1.5
"""Of the spending alpha·t^1.5: little at first, when a run has seen few of the bad spells it may hold."""

_NODES, _REACH = 96, 8.0


@functools.lru_cache(maxsize=64)
def look_levels(looks: tuple[int, ...], planned: int, alpha: float, ended: bool) -> tuple[float, ...]:
    """The level of each look's one-sided test, such that all of them together err with probability `alpha`.

    looks, planned: seconds, ascending; what a run shows is taken to grow in proportion to them. By the part t of what
    is planned alpha·t^1.5 is spent, and at the last look all that is left where the run has ended. The levels are those
    of a Brownian motion seen at the looks, by numerical integration (Armitage, McPherson & Rowe, J. R. Statist. Soc. A
    132, 1969).
    """
    parts = [look / planned for look in looks]
    spent = [alpha * part**POWER for part in parts]
    if ended:
        spent[-1] = alpha
    levels, bound = [spent[0]], -float(ndtri(spent[0])) * math.sqrt(parts[0])
    at, weight = _nodes(parts[0], bound)
    density = weight * _normal(at, parts[0])
    for number in range(1, len(looks)):
        part, step = parts[number], parts[number] - parts[number - 1]
        bound = _bound(at, density, step, spent[number] - spent[number - 1])
        levels.append(float(ndtr(-bound / math.sqrt(part))))
        nodes, weight = _nodes(part, bound)
        density = weight * (_normal(nodes[:, None] - at[None, :], step) @ density)
        at = nodes
    return tuple(levels)


def _bound(at: NDArray[np.float64], density: NDArray[np.float64], step: float, spend: float) -> float:
    """Above which the motion, not stopped before, arrives with probability `spend` one step later."""

    def too_much(bound: float) -> float:
        return float(density @ ndtr((at - bound) / math.sqrt(step))) - spend

    return float(brentq(too_much, -_REACH, _REACH))


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

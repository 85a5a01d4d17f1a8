"""Series: response times in due order with a known true exceedance fraction, in which slow requests come in company.

A model draws *severities*, shape (runs, requests): numbers uniform over 0 to 1 whatever the model, so that exactly the
share `fraction` of them lies above 1 − fraction in the long run; how they cluster is what models differ in. Requests
come 50 a second. From severities `response_s` makes times of which that share is above `BOUND_S`, and
`counts_per_second` the counts that the gate takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

PER_S = 50
BOUND_S = 0.100
MEDIAN_S, SIGMA, TAIL = 0.040, 0.25, 0.5
"""Times within the bound are lognormal, those beyond exceed it by half of it on average: more of them moves no median."""

_SHARE_IN_SPELLS = 0.9

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int, float], Floats]


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of company that slow requests keep. draw: (random, runs, requests, fraction) → severities."""

    title: str
    draw: Draw


def independent(random: np.random.Generator, runs: int, requests: int, _fraction: float) -> Floats:
    """None at all."""
    return random.random((runs, requests))


def autoregressive(memory: float) -> Draw:
    """A Gaussian process of first order, memory being the correlation of neighbours."""

    def draw(random: np.random.Generator, runs: int, requests: int, _fraction: float) -> Floats:
        noise = random.standard_normal((runs, requests))
        noise[:, 1:] *= math.sqrt(1 - memory**2)
        severities: Floats = ndtr(lfilter([1.0], [1.0, -memory], noise, axis=1))
        return severities

    return draw


def spells(length_s: float, every_s: float) -> Draw:
    """Spells at random times that hold nine tenths of all exceedances, as many as have room there."""
    covered = 1 - math.exp(-length_s / every_s)

    def draw(random: np.random.Generator, runs: int, requests: int, fraction: float) -> Floats:
        inside = np.zeros((runs, requests), dtype=bool)
        for run in inside:
            span_s = requests / PER_S + length_s
            for start_s in random.uniform(-length_s, requests / PER_S, random.poisson(span_s / every_s)):
                run[max(0, math.ceil(start_s * PER_S)) : max(0, math.ceil((start_s + length_s) * PER_S))] = True
        return _mixed(random, inside, fraction, min(1.0, _SHARE_IN_SPELLS * fraction / covered), covered)

    return draw


def pauses(random: np.random.Generator, runs: int, requests: int, fraction: float) -> Floats:
    """A pause somewhere in each 10 s, of random length, in which each request exceeds; a tenth of the exceedances lie elsewhere."""
    every = 10 * PER_S
    windows = math.ceil(requests / every)
    length = random.uniform(0, 2 * _SHARE_IN_SPELLS * fraction * every, (runs, windows, 1))
    begun = np.arange(every) - random.uniform(0, every - length)
    inside = ((begun >= 0) & (begun < length)).reshape(runs, -1)[:, :requests]
    return _mixed(random, inside, fraction, 1.0, _SHARE_IN_SPELLS * fraction)


def queue(random: np.random.Generator, runs: int, requests: int, _fraction: float) -> Floats:
    """Sojourn times in a queue with one server (M/M/1) that is busy four fifths of the time; they are exponential."""
    busy = 0.8
    service = busy * random.standard_exponential((runs, requests))
    steps = service - random.standard_exponential((runs, requests))
    steps[:, 1:] = steps[:, :-1].copy()
    # The first wait is drawn as the long run has it: an idle server with probability 1 − busy, else exponential.
    steps[:, 0] = np.where(random.random(runs) < busy, random.exponential(busy / (1 - busy), runs), 0.0)
    walk = np.cumsum(steps, axis=1)
    wait = walk - np.minimum(np.minimum.accumulate(walk, axis=1), 0.0)
    severities: Floats = -np.expm1(-(1 - busy) / busy * (wait + service))
    return severities


def tide(random: np.random.Generator, runs: int, requests: int, fraction: float) -> Floats:
    """A level that rises and falls by half within twenty minutes, which is longer than a run."""
    level = 1 + 0.5 * np.sin(2 * np.pi * (random.random((runs, 1)) + np.arange(requests) / (1200 * PER_S)))
    return _severities(random, random.random((runs, requests)) < fraction * level, fraction)


MODELS: Mapping[str, Model] = {
    "independent": Model("independent", independent),
    "ar90": Model("AR(1) .9", autoregressive(0.9)),
    "ar99": Model("AR(1) .99", autoregressive(0.99)),
    "bursts": Model("bursts, 1.5 s every 60 s", spells(1.5, 60)),
    "pauses": Model("a pause in each 10 s", pauses),
    "neighbour": Model("noisy neighbour, 20 s per 320 s", spells(20, 320)),
    "queue": Model("queue, 80 % busy", queue),
    "tide": Model("tide of 20 min, ± 50 %", tide),
}
SIX = ("independent", "ar90", "ar99", "bursts", "pauses", "neighbour")
"""Those that the gate's error rates are promised for."""


def response_s(severities: Floats, fraction: float) -> Floats:
    """Response times, seconds, in the order of the severities; `fraction` of them exceed BOUND_S."""
    beyond = severities > 1 - fraction
    within_bound = float(ndtr(math.log(BOUND_S / MEDIAN_S) / SIGMA))
    times = MEDIAN_S * np.exp(SIGMA * ndtri(np.where(beyond, 0.5, severities / (1 - fraction)) * within_bound))
    left = np.where(beyond, (1 - severities) / fraction, 1.0).clip(1e-12, 1)
    return np.where(beyond, BOUND_S * (1 - TAIL * np.log(left)), times)


def counts_per_second(exceeds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Exceedances per second of runs of whole seconds, shape (runs, requests) → (runs, seconds)."""
    return exceeds.reshape(len(exceeds), -1, PER_S).sum(axis=2)


def _mixed(random: np.random.Generator, inside: NDArray[np.bool_], fraction: float, within: float, covered: float) -> Floats:
    """Exceedances with probability `within` inside spells that cover so much in the long run, the rest of them elsewhere."""
    elsewhere = (fraction - within * covered) / (1 - covered)
    return _severities(random, random.random(inside.shape) < np.where(inside, within, elsewhere), fraction)


def _severities(random: np.random.Generator, exceeds: NDArray[np.bool_], fraction: float) -> Floats:
    place = random.random(exceeds.shape)
    return np.where(exceeds, 1 - fraction * place, (1 - fraction) * place)

"""Whether warming up is over, on loads of known course."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tailgate.analysis.stationary import Window, is_stationary, windows_of
from tailgate.samples import RECORD, Error, Header, Samples

PER_S, WINDOW_S = 10.0, 2.0
HEADER = Header(None, 0.0, 60.0, 0.0, 0.0, "scripted", "http://scripted")


def due_times(lasts_s: float) -> NDArray[np.float64]:
    """A constant rate's."""
    return np.arange(int(lasts_s * PER_S)) / PER_S


def samples(response_s: NDArray[np.float64], failed: NDArray[np.bool_] | None = None) -> Samples:
    """A load whose nth request took so long."""
    records = np.zeros(len(response_s), dtype=RECORD)
    records["due_s"] = due_times(len(response_s) / PER_S)
    records["done_after_s"] = response_s
    records["error"] = Error.NONE if failed is None else np.where(failed, Error.SERVER_ERROR, Error.NONE)
    return Samples(HEADER, records)


def windows(response_s: NDArray[np.float64], failed: NDArray[np.bool_] | None = None) -> list[Window]:
    """Its windows, all of it having come back."""
    return windows_of(samples(response_s, failed), due_times(len(response_s) / PER_S), WINDOW_S)


def test_even_times_are_stationary_after_three_windows_and_not_before() -> None:
    """One or two windows show no course."""
    even = np.full(60, 0.02)
    assert [is_stationary(windows(even[: int(lasts_s * PER_S)])) for lasts_s in (2, 4, 6)] == [False, False, True]


@given(st.integers(0, 2**32 - 1))
def test_noise_about_one_level_soon_is_stationary(seed: int) -> None:
    """A fifth of spread, as a quiet endpoint has: within a minute in any case."""
    noisy = 0.02 * np.exp(np.random.default_rng(seed).normal(0, 0.2, 600))
    found = windows(noisy)
    assert any(is_stationary(found[:number]) for number in range(3, len(found) + 1))


@pytest.mark.parametrize(("tau_s", "level"), [(2.0, 1.15), (5.0, 1.25), (10.0, 1.5)])
def test_times_that_still_fall_are_not_stationary(tau_s: float, level: float) -> None:
    """From 200 ms towards 20 ms: by the time that it is called even, most has fallen; the slower, the more is left, as is said there."""
    falling = 0.02 + 0.18 * np.exp(-due_times(120) / tau_s)
    found = windows(falling)
    enough = next(number for number in range(1, len(found) + 1) if is_stationary(found[:number]))
    assert found[enough - 1].p50_s is not None
    assert found[enough - 1].p50_s < 0.02 * level


def test_one_instance_of_four_that_is_still_cold_shows_in_the_ninth_decile() -> None:
    """The median does not see it."""
    response_s = np.full(200, 0.02)
    response_s[:100:4] = 0.8 - due_times(10)[::4] * 0.07
    found = windows(response_s)
    assert not any(is_stationary(found[:number]) for number in range(3, 6))
    assert is_stationary(found)


def test_what_fails_is_not_stationary_however_evenly_it_does() -> None:
    """A container that answers 500 while it loads."""
    assert not is_stationary(windows(np.full(60, 0.02), np.arange(60) == 55))


def test_a_request_without_an_outcome_hides_all_later_windows() -> None:
    """An instance that takes 30 s for its first answer must not look as if it had been asked nothing."""
    whole = samples(np.full(80, 0.02))
    records = np.delete(whole.records, 25)
    assert len(windows_of(Samples(HEADER, records), due_times(8), WINDOW_S)) == 1


@given(st.floats(0.5, 30), st.floats(0.3, 15), st.integers(1, 300))
def test_every_request_is_in_one_window(per_s: float, window_s: float, n: int) -> None:
    """Whatever rate and window: rounding loses none and counts none twice."""
    due_s = np.arange(n) / per_s
    records = np.zeros(n, dtype=RECORD)
    records["due_s"] = due_s
    assert sum(window.n for window in windows_of(Samples(HEADER, records), due_s, window_s)) == n

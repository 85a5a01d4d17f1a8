"""Distributions as text: HdrHistogram V2, which any HdrHistogram library reads, filled by numpy instead of by calls.

Values are whole nanoseconds, so that three significant digits hold from a microsecond up. Quantisation follows the
Java reference (HdrHistogram.org, AbstractHistogram): 2·10^digits values, rounded up to a power of two, per octave.
"""

from __future__ import annotations

import binascii
import math
import struct
import zlib

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from tailgate.errors import RecordError

UNIT = "ns"
LARGEST_NS = 2**47
"""39 hours: beyond the longest load (a day) and any time-out. One bound for all, so that histograms can be added."""

_PER_S = 1e9
_MOST_BITS = 60


def encode(times_s: NDArray[np.float64], digits: int = 3) -> str:
    """The distribution of the finite times (seconds) as base64 text, to `digits` significant digits.

    With three digits a value read back (the middle of its class) is off by at most .05 % from a microsecond up.
    Raises ValueError for a negative time, or one above 39 hours.
    """
    values = np.rint(times_s[np.isfinite(times_s)] * _PER_S).astype(np.int64)
    if len(values) and not (values.min() >= 0 and values.max() <= LARGEST_NS):
        raise ValueError(f"times from {values.min()} ns to {values.max()} ns; a histogram holds 0 to {LARGEST_NS} ns")
    histogram = HdrHistogram(1, LARGEST_NS, digits)
    for value, count in zip(*np.unique(_class_floor(values, digits), return_counts=True), strict=True):
        histogram.record_value(int(value), int(count))
    return str(histogram.encode().decode("ascii"))


def decode(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times (seconds, ascending, each the middle of its class) and how often each occurred. Raises RecordError."""
    lowest_s, highest_s, counts = classes(text)
    return (lowest_s + highest_s) / 2, counts


def above(text: str, bound_s: float) -> tuple[int, int]:
    """How many of an encoded distribution's times are above a bound: at least, and at most. Raises RecordError.

    They differ by those in the bound's own class, of which nobody knows on which side they were.
    """
    lowest_s, highest_s, counts = classes(text)
    rounding_s = 0.5 / _PER_S
    return int(counts[lowest_s - rounding_s > bound_s].sum()), int(counts[highest_s + rounding_s > bound_s].sum())


def classes(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """The occupied classes, ascending: their lowest and highest times (seconds), and how many are in each. Raises RecordError."""
    try:
        histogram = HdrHistogram.decode(text)
    except (ValueError, TypeError, IndexError, struct.error, zlib.error, binascii.Error, HdrCookieException, HdrLengthException) as error:
        raise RecordError(f"a histogram is damaged ({type(error).__name__}: {error}); take the samples file beside the run") from None
    counts = np.ctypeslib.as_array(histogram.counts)
    occupied = np.flatnonzero(counts)
    lowest, width = _lowest(occupied, histogram)
    low_s, high_s = (ends.astype(np.float64) / _PER_S for ends in (lowest, lowest + width - 1))
    return low_s, high_s, counts[occupied].astype(np.int64)


def _lowest(index: NDArray[np.int64], histogram: HdrHistogram) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lowest value of classes by their index, and how many values are in each: the library's own rule, for all at once."""
    half = histogram.sub_bucket_half_count
    octave = (index >> histogram.sub_bucket_half_count_magnitude) - 1
    within = (index & (half - 1)) + np.where(octave < 0, 0, half)
    shift = np.maximum(octave, 0) + histogram.unit_magnitude
    if len(shift) and int(shift.max()) + histogram.sub_bucket_half_count_magnitude > _MOST_BITS:
        raise RecordError(f"a histogram is damaged (values of more than {_MOST_BITS} bits); take the samples file beside the run")
    return within << shift, np.left_shift(np.int64(1), shift)


def spaced(text: str, number: int) -> NDArray[np.float64]:
    """At most `number` times (seconds, ascending) at evenly spaced quantiles of an encoded distribution.

    All of them when there are not more. Raises RecordError.
    """
    times_s, counts = decode(text)
    return thinned(np.repeat(times_s, counts), number)


def thinned(sorted_s: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """At most `number` of the ascending values, at evenly spaced ranks, the smallest and the largest among them."""
    if len(sorted_s) <= number:
        return sorted_s
    return sorted_s[np.rint(np.linspace(0, len(sorted_s) - 1, number)).astype(np.int64)]


def _class_floor(values: NDArray[np.int64], digits: int) -> NDArray[np.int64]:
    """The smallest value of each value's class, so that few different ones remain to be recorded."""
    bits_kept = math.ceil(math.log2(2 * 10**digits))
    bits = np.frexp(np.maximum(values, 1).astype(np.float64))[1]  # exact: below 2^53
    shift = np.maximum(bits - bits_kept, 0)
    floors: NDArray[np.int64] = (values >> shift) << shift
    return floors

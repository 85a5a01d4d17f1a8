"""One unit inside (seconds, bytes, requests per second, fractions); other units exist only where people write or read."""

from __future__ import annotations

import math
import re

from tailgate.errors import PlanError

_SECONDS_PER = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_DURATION = re.compile(rf"{_NUMBER}\s*({'|'.join(_SECONDS_PER)})")
_PERCENTAGE = re.compile(rf"{_NUMBER}\s*%")
_RATE = re.compile(rf"{_NUMBER}\s*/\s*s")
_USD = re.compile(rf"{_NUMBER}\s*usd", re.IGNORECASE)


def seconds(text: str) -> float:
    """Read a duration such as `60ms`, `1.5 s` or `2min`; the unit is not optional. Raises PlanError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise PlanError(f"'{text}' is not a duration: write a number and its unit, such as 60ms or 1.5s")
    return float(match[1]) * _SECONDS_PER[match[2]]


def fraction(text: str) -> float:
    """Read a percentage such as `0.5%` as a fraction, 0.005. Raises PlanError."""
    match = _PERCENTAGE.fullmatch(text.strip())
    if match is None or float(match[1]) > 100:
        raise PlanError(f"'{text}' is not a share: write a percentage between 0% and 100%, such as 0.5%")
    return float(match[1]) / 100


def rate_per_s(text: str) -> float:
    """Read a rate such as `49/s`; the unit is not optional. Raises PlanError."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise PlanError(f"'{text}' is not a rate: write requests per second, such as 49/s")
    return float(match[1])


def usd(text: str) -> float:
    """Read a price such as `0.02usd`; the currency is not optional. Raises PlanError."""
    match = _USD.fullmatch(text.strip())
    if match is None:
        raise PlanError(f"'{text}' is not a price: write US dollars, such as 0.02usd")
    return float(match[1])


def format_ms(duration_s: float) -> str:
    """A duration as people read it, always in milliseconds: `143.2 ms`; `∞` for a request that never came back."""
    return "∞" if math.isinf(duration_s) else f"{duration_s * 1e3:.1f} ms"


def format_percent(share: float) -> str:
    """A fraction as people read it: `0.5 %`, with two decimals below one in a thousand."""
    return f"{share * 100:.2f} %" if 0 < share < 0.001 else f"{share * 100:.1f} %"


def format_rate(per_s: float) -> str:
    """A rate as people read it: `16.67/s`, `1005/s`, `30 000/s`."""
    return f"{per_s:.4g}/s" if per_s < 10_000 else f"{format_count(round(per_s))}/s"


def format_usd(price: float) -> str:
    """A price as people read it: `0.0231 USD`; `∞ USD` where nothing was got for it."""
    return "∞ USD" if math.isinf(price) else f"{price:.3g} USD"


def format_count(count: int) -> str:
    """A count with thin groups of three: `2 985`."""
    return f"{count:,}".replace(",", " ")

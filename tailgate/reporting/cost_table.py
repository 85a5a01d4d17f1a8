"""What people see of money: a small table before anything is created, and one line when everything is gone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from tailgate.plan.ceiling import Ceiling, Line, money
from tailgate.plan.rates import exact

_INDENT = "  "
_CENT = Decimal("0.01")
_OTHERS = "storage, logs, NAT and transfer to other networks, and taxes"


def cost_table(ceiling: Ceiling, *, width: int, most_usd: Decimal | None = None, silent: str | None = None) -> list[str]:
    """Lines of at most `width` columns. most_usd: what may be spent; silent: why the price list said nothing."""
    allowed = "" if most_usd is None else f" of {money(most_usd)} that --latency-max-usd allows"
    if not ceiling.lines:
        head = f"cost: nothing is planned ahead; what tests ask for is held against what is left{allowed}"
        return textwrap.wrap(head, width)
    head = f"cost: at most {money(ceiling.usd)}{allowed}, by a planned time of {_time(ceiling.planned_s)}"
    rows = [(line.what, _reckoned(line), _at_most(line.usd), line.origin) for line in ceiling.lines]
    wide = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [*textwrap.wrap(head, width)]
    for what, reckoned, usd, origin in rows:
        lines += _folded(f"{what:<{wide[0]}}  {reckoned:<{wide[1]}}  {usd:>{wide[2]}}  {origin}", width)
    for sentence in (*([silent] if silent else []), *(f"not in it: {what}; {_OTHERS}" for what in ceiling.uncounted)):
        lines += _folded(sentence, width)
    return lines


def spent_line(planned_usd: Decimal, spent_usd: Decimal) -> str:
    """How it came out: `cost: at most 0.42 USD planned, about 0.11 USD spent`."""
    return f"cost: at most {money(planned_usd)} planned, about {money(spent_usd, ROUND_HALF_UP)} spent"


def _reckoned(line: Line) -> str:
    if line.price is None:
        return ""
    return f"{line.count} × {exact(line.price.usd_per_hour)} USD/h for at most {_time(line.lasts_s)}"


def _at_most(usd: Decimal) -> str:
    return money(usd) if usd >= _CENT else "< 0.01 USD"


def _folded(text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT * 2, drop_whitespace=True)


def _time(time_s: float) -> str:
    minutes = -int(-time_s // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"

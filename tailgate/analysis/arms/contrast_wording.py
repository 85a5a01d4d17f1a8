"""How a contrast reads: laid out for people; nothing is decided here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Comparison
from tailgate.analysis.rates import judged_s
from tailgate.analysis.wording import EMULATED, EMULATED_CAVEAT, outcome_text
from tailgate.units import format_count, format_ms, format_percent

if TYPE_CHECKING:
    from tailgate.analysis.arms.contrast import Contrast, NoWorse

_DECISIVE = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
_EXACT = "p: the chance that the coin makes as much of arms that are alike; exact, but for the mean's"
_OF_THIS_RUN = "differences are those of this run: what rare spells do to one arm more than to the other, a single run cannot tell"


def explain(contrast: Contrast) -> str:
    """The whole text: heading, why it is not trusted, a line per metric, what the margins say, notes, caveats."""
    lines = [
        *(f"not trusted: {reason}" for reason in contrast.reasons),
        *_table(contrast),
        *(line for answer in contrast.asked for line in _answer(answer, contrast)),
        *_facts(contrast),
        *contrast.notes,
        *([EMULATED_CAVEAT] if contrast.target_kind == EMULATED else []),
    ]
    return "\n".join([_heading(contrast), *(f"  {line}" for line in lines)])


def difference_text(difference_s: float, low_s: float, high_s: float) -> str:
    """A difference and its interval: `-0.9 ms [-1.1, -0.7]`; a dash where the requests do not bound a side."""
    if math.isnan(difference_s):
        return f"not comparable: both are {format_ms(math.inf)}"
    return f"{_signed(difference_s)} [{_bound(low_s)}, {_bound(high_s)}]"


def _heading(contrast: Contrast) -> str:
    """What came out, of which arms: `p99 worse than 2.0 ms: privatelink against public, dummy at 240/s`."""
    first, second = contrast.labels
    case = contrast.pair.second
    return f"{_what_came_out(contrast)}: {second} against {first}, {case.spec.name} {case.load.wording}"


def _what_came_out(contrast: Contrast) -> str:
    if contrast.reasons:
        return "no comparison, the run cannot be trusted"
    outcome = next((one for one in _DECISIVE if any(answer.outcome is one for answer in contrast.asked)), None)
    if outcome is None:
        return "two arms"
    named = " and ".join(f"{one.metric} {_WORDS[outcome]} {format_ms(one.margin_s)}" for one in contrast.asked if one.outcome is outcome)
    return f"{named} undecided" if outcome is Outcome.INCONCLUSIVE else named


_WORDS = {Outcome.PASS: "no worse than", Outcome.FAIL: "worse than", Outcome.INCONCLUSIVE: "no worse than"}


def _table(contrast: Contrast) -> Iterator[str]:
    """One aligned line per metric: both arms, the difference with its interval, the test."""
    first, second = contrast.labels
    rows = [("", first, second, "difference [95 %]", "")]
    rows += [
        (metric, format_ms(one.first_s), format_ms(one.second_s), difference_text(one.difference_s, one.low_s, one.high_s), _p_value(one))
        for metric, one in contrast.differences.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, one, other, difference, p_value in rows if len(rows) > 1 else ():
        numbers = f"{one.rjust(widths[1])}   {other.rjust(widths[2])}   {difference.ljust(widths[3])}"
        yield f"{name.ljust(widths[0])}   {numbers}   {p_value}".rstrip()


def _answer(answer: NoWorse, contrast: Contrast) -> Iterator[str]:
    asked = f"{answer.metric} no worse than {format_ms(answer.margin_s)}"
    yield f"{asked}: {outcome_text(answer.outcome, contrast.target_kind)}{_because(answer)}"
    if answer.outcome is Outcome.INCONCLUSIVE and not contrast.reasons:
        yield _undecided(answer, contrast)


def _because(answer: NoWorse) -> str:
    """How the interval lies to the margin."""
    comparison = answer.comparison
    if comparison is None or answer.outcome is Outcome.INCONCLUSIVE:
        return ""
    end, side = (comparison.high_s, "below") if answer.outcome is Outcome.PASS else (comparison.low_s, "above")
    if answer.outcome is Outcome.FAIL and math.isinf(end) and comparison.quantile is not None:
        return f" (more than {format_percent(1 - comparison.quantile)} of it failed)"
    return f" (the interval ends at {_signed(end)}, {side} it)"


def _undecided(answer: NoWorse, contrast: Contrast) -> str:
    comparison = answer.comparison
    if comparison is None:
        return "undecided: an arm has no samples; nothing can be compared"
    if comparison.least_requests > sum(contrast.requests):
        least = format_count(comparison.least_requests)
        return f"undecided: at {answer.metric} no difference is bounded with fewer than {least} requests in both arms together"
    if not math.isfinite(comparison.difference_s):
        return f"undecided: failures reach into {answer.metric}, so no time tells the arms apart there; their numbers do"
    if answer.more_requests is None:
        return f"undecided: {answer.metric}: the difference is too close to the margin for any useful number of requests to tell them apart"
    load = contrast.pair.first.load
    pace = (load.expected_requests or 0.0) / load.for_s
    more_s = f", {answer.more_requests / pace:.0f} s of this load" if pace else ""
    return f"undecided: about {format_count(answer.more_requests)} more requests in both arms together would settle {answer.metric}{more_s}"


def _facts(contrast: Contrast) -> Iterator[str]:
    """How many requests, told apart by what, and how many failed."""
    requests, failed = contrast.requests, contrast.failed
    lasted_s = judged_s(contrast.samples)
    coin = f"told apart by a fair coin for each (seed {contrast.seed})"
    yield f"{_each(requests, contrast.labels)} requests in one run of {lasted_s:.4g} s, {coin}"
    if any(failed):
        yield f"{_each(failed, contrast.labels)} of them failed; a failure takes for ever, and has no part in the mean"
    if contrast.differences:
        yield _EXACT
        yield _OF_THIS_RUN


def _each(counts: Sequence[int], labels: Sequence[str]) -> str:
    return " and ".join(f"{format_count(count)} {label}" for count, label in zip(counts, labels, strict=True))


def _p_value(comparison: Comparison) -> str:
    return "p < 0.001" if comparison.p_value < 0.001 else f"p = {comparison.p_value:.3f}"


def _signed(duration_s: float) -> str:
    return f"+{format_ms(duration_s)}" if duration_s > 0 else format_ms(duration_s) if duration_s > -math.inf else f"-{format_ms(math.inf)}"


def _bound(end_s: float) -> str:
    return format_ms(end_s).removesuffix(" ms") if math.isfinite(end_s) else "–"

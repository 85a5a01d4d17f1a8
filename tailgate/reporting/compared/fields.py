"""A comparison as JSON. Format 1, a mapping; times in seconds, shares as fractions, null for what is infinite or unknown.

record        "tailgate-comparison"
format        1
outcome       PASS no worse, FAIL worse, INCONCLUSIVE undecided; sentence: the same for people
confidence    0.95, of the two-sided intervals
margins       what matters: least_effect of times, rates and costs, least_share of shares of requests; typical_spread, of runs,
              taken for granted where it is not seen
cases         each: case (its id), key, target, vantage, pair (ids of both cases, of an arm; else null), outcome, better; before
              and after, lists of runs, each file, session, started_at, commit, branch; left_out, how many runs before and after
              were not trusted; metrics, a list
  metrics     metric, before, after (infinite where failures reach so far: null), difference with low and high, relative with
              relative_low and relative_high (null of shares of requests), outcome, better, decides (whether it counts for the
              outcome), why and runs_to_settle of what is undecided
only_before, only_after   ids of cases that one side alone has; of what is after also, with its differences, what was asked otherwise
unread        before and after: a sentence for each file, or run in a file, that could not be read
"""

from __future__ import annotations

from tailgate.reporting.compared.comparison import ComparedCase, Comparison
from tailgate.reporting.compared.shown import shown_in
from tailgate.reporting.plain import Plain, plain
from tailgate.reporting.run_file import Run

RECORD, FORMAT = "tailgate-comparison", 1
CONFIDENCE = 0.95


def fields_of(comparison: Comparison) -> dict[str, Plain]:
    """The plain form, as the module documents it."""
    return {
        "record": RECORD,
        "format": FORMAT,
        "outcome": comparison.outcome.name,
        "sentence": shown_in(comparison).sentence,
        "confidence": CONFIDENCE,
        "margins": plain(comparison.margins),
        "cases": [_case(case) for case in comparison.cases],
        "only_before": plain(comparison.only_before),
        "only_after": plain(comparison.only_after),
        "unread": {"before": plain(comparison.unread[0]), "after": plain(comparison.unread[1])},
    }


def _case(case: ComparedCase) -> dict[str, Plain]:
    run = case.newest
    return {
        "case": plain(run.case.get("id")),
        "key": plain(run.case.get("key")),
        "target": plain(run.provenance.get("target")),
        "vantage": plain(run.provenance.get("vantage")),
        "pair": plain(run.pair.get("cases")),
        "outcome": case.outcome.name,
        "better": case.better,
        "before": [_run(one) for one in case.before],
        "after": [_run(one) for one in case.after],
        "left_out": {"before": len(case.left_out[0]), "after": len(case.left_out[1])},
        "metrics": [{**_mapping(plain(one)), "decides": one.metric in case.deciding} for one in case.metrics],
    }


def _run(run: Run) -> dict[str, Plain]:
    return {"file": run.file, **{name: plain(run.provenance.get(name)) for name in ("session", "started_at", "commit", "branch")}}


def _mapping(value: Plain) -> dict[str, Plain]:
    return value if isinstance(value, dict) else {}

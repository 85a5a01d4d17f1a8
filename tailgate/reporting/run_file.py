"""Run files: one measurement as strict JSON, written whole and durably before anyone asserts on it.

Format 1, a mapping. Times are seconds, shares are fractions, a number that is infinite or unknown is null.

    record        "tailgate-run"
    format        1
    case          what was asked: id, key (what makes runs comparable), endpoint, network_path, load, payload, budget
    verdict       outcome PASS, FAIL or INCONCLUSIVE; reasons why the run cannot be trusted; checks, each a limit (metric,
                  bound, source) and its decision (analysis/gate.py); explanation, the text that people were shown; rhythm, the
                  first_s and every_s at which it was looked at while it ran (null: at its end only), and saved_s, what that
                  saved of its load; changes, what a baseline said of each time: metric, baseline, newest_s, repeat_s, change
                  (analysis/history.py), since, commit, left_out; absent in older runs
    estimates     metric, value, low, high: percentiles and more with their two-sided 95 % intervals (analysis/estimates.py);
                  a value of null is infinite, a bound of null unknown
    requests      scheduled (with warm-up; null in a closed loop), judged, answered, failed by kind of error; stopped_s, when the
                  load was ended early; enough_s, after so many judged seconds because its verdict was clear, and these are what
                  is described here; faults, why the run cannot be trusted
    samples       name of the samples file in the same folder
    provenance    target, vantage, region, versions, commit, started_at (ISO 8601, UTC), host, endpoint, session, test;
                  branch, and plan, the session's plan file, absent in older runs; confirms, the file of the run whose FAIL this one
                  was to confirm, or repeat_of, that of a run that was slower than its baseline
    histogram     unit "ns", digits 3, encoded: HdrHistogram V2 (base64) of the judged response times of answered requests
    blocks        the same with digits 2 in blocks of `seconds` of due time, encoded: one text per block
    per_second    requests, exceedances by limit, and kinds: those that failed and those that were throttled (absent in older
                  runs): counts separated by blanks, one per second of due time
    over_time     how they went (over_time.py), in columns of `seconds` of due time; absent, and then {}, in older runs: counts, one
                  text per class of latency, of the answered requests in each column; class i begins at 1e-6 · 10^(i/per_decade) s,
                  and `first` is the first one's number; response, p50 and p99, and send_lag, the generator's own, p50, p99 and
                  max, each a text of one value per column, `-` where there was no request, `inf` where failures reach
    wire          how requests travelled (analysis/wire.py): phases, by name their mean_s (absent in older runs), p50_s, p99_s and
                  the requests that went through them; first_requests, p50 and p99 of those first on their connection and of
                  those on one kept alive, and the opening (dns + tcp + tls) of those that waited for it; remotes, p50 and p99
                  by remote address, slowest first. Absent, and then {}, in runs of tailgate 0.1
    pair          of one of two arms in one run (measure.paired), and then all the rest is of this arm alone; else {}, or absent:
                  arm 0 or 1; cases, the ids of both; labels, what sets them apart; seed, of the coin that told each request's
                  arm; requests, judged in each; differences by metric, arm 1 less arm 0: first_s, second_s, difference_s,
                  low_s and high_s (95 %), p_value; asked (absent in older runs), the margins that the test asked about, in order: metric,
                  margin_s, outcome, more_requests; explanation. Both arms are in the one samples file
    platform      what was only known when the session's endpoints were gone (afterwards.py); {}, or absent, where nothing was:
                  source "CloudWatch"; alone, whether nobody else asked; minutes, the whole ones that the run touches, warm-up
                  included: first, last, count, warmup_s, shared_by_loads; time, means in seconds over the run's answered requests,
                  warm-up included: service_s = network_s (what is left; negative where the minutes hold other requests) +
                  overhead_s + model_s (both over the minutes' model_count invocations), response_s, phases; invocations: counted,
                  errors_4xx, errors_5xx and, of this run, sent; notes; cost of its endpoint: usd, since, until and more
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tailgate.analysis.wire import wire_of
from tailgate.errors import RecordError
from tailgate.plan.case import Case
from tailgate.reporting import histogram
from tailgate.reporting.durable import written_durably
from tailgate.reporting.over_time import over_time_fields
from tailgate.reporting.per_second import per_second_fields
from tailgate.reporting.plain import Plain, plain
from tailgate.samples import Samples

if TYPE_CHECKING:
    from tailgate.analysis.quantiles import Estimate
    from tailgate.analysis.verdict import Verdict

RECORD, FORMAT = "tailgate-run", 1
DIGITS, BLOCK_DIGITS, BLOCK_S = 3, 2, 10

Fields = dict[str, Plain]


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement as it is recorded: plain values only, as the module says of each.

    path: the file it was read from or written to.
    """

    case: Fields
    verdict: Fields
    estimates: list[Plain]
    requests: Fields
    samples: str
    provenance: Fields
    histogram: Fields
    blocks: Fields
    per_second: Fields
    over_time: Fields = field(default_factory=dict)
    wire: Fields = field(default_factory=dict)
    pair: Fields = field(default_factory=dict)
    platform: Fields = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)

    @property
    def file(self) -> str | None:
        """The name of its file; None for a run that is in no folder."""
        return self.path.name if self.path else None

    @property
    def samples_path(self) -> Path | None:
        """Where its samples file is, or was before retention removed it; None for a run that is in no folder."""
        return self.path.parent / self.samples if self.path else None

    def own(self, samples: Samples) -> Samples:
        """What of its samples file is this run's: all, or one arm of it."""
        arm = self.pair.get("arm")
        return samples.of_arm(arm) if isinstance(arm, int) else samples

    def fields(self) -> Fields:
        """The plain form, as the module documents it."""
        return {"record": RECORD, "format": FORMAT, **{name: getattr(self, name) for name in _KINDS}}

    @classmethod
    def from_fields(cls, raw: object, where: str, path: Path | None = None) -> Run:
        """The inverse of `fields`; keys that are not known are passed over. Raises RecordError beginning with `where`."""
        if not isinstance(raw, Mapping) or raw.get("record") != RECORD:
            raise RecordError(f'{where} is not a run: it has no "record": "{RECORD}"; name a file that a tailgate session wrote')
        version = raw.get("format")
        if version != FORMAT:
            raise RecordError(f"{where} is a run of format {version!r}, this tailgate reads format {FORMAT}; {_instead(version, raw)}")
        raw = {**_ADDED, **raw}
        for name, kind in _KINDS.items():
            if not isinstance(raw.get(name), kind):
                raise RecordError(f"{where} is damaged: '{name}' is missing or no {kind.__name__}; its samples file may still be read")
        return cls(**{name: raw[name] for name in _KINDS}, path=path)


def _instead(version: object, raw: Mapping[str, Any]) -> str:
    """What to do with a run of another format. `raw` may be anything else, too."""
    if not isinstance(version, int) or version < FORMAT:
        return "there never was such a one, so the file is damaged; take the copy in its session's benchmark JSON"
    match raw.get("provenance"):
        case {"versions": {"tailgate": str(wrote)}}:
            return f"read it with a newer one, such as {wrote}, which wrote it"
    return "read it with a newer one"


_KINDS: dict[str, type] = dict.fromkeys(
    ("case", "verdict", "requests", "provenance", "histogram", "blocks", "per_second", "over_time", "wire", "pair", "platform"), dict
) | {
    "estimates": list,
    "samples": str,
}
"""What each key of the plain form holds."""

_ADDED: dict[str, Plain] = {"over_time": {}, "wire": {}, "pair": {}, "platform": {}}
"""What keys that were added to the format later hold where a run does not have them."""


def run_of(
    case: Case,
    verdict: Verdict,
    estimates: Iterable[Estimate],
    samples: Samples,
    provenance: Mapping[str, object],
    *,
    samples_file: str,
    pair: Mapping[str, object] | None = None,
) -> Run:
    """The record of one measurement. samples: all of them; only those after the warm-up are described. pair: of an arm."""
    judged = samples.after_warmup()
    return Run(
        case=_mapping(case.fields()),
        verdict=_mapping(verdict) | {"explanation": verdict.explain()},
        estimates=[plain(estimate) for estimate in estimates],
        requests={
            "scheduled": samples.header.scheduled,
            "judged": len(judged),
            "answered": int(np.isfinite(judged.response_s).sum()),
            "failed": _mapping(judged.errors()),
            "stopped_s": plain(samples.stopped_s),
            "enough_s": plain(samples.enough_s),
            "faults": plain(samples.faults),
        },
        samples=samples_file,
        provenance=_mapping(provenance),
        histogram={"unit": histogram.UNIT, "digits": DIGITS, "encoded": histogram.encode(judged.response_s, DIGITS)},
        blocks=_blocks(judged),
        per_second=per_second_fields(judged, case.budget.limits),
        over_time=over_time_fields(judged),
        wire=_mapping(wire_of(judged)),
        pair=_mapping(pair or {}),
    )


def write_run(run: Run, path: Path) -> Run:
    """Write a run whole and durably, and say where it is. Raises RecordError."""
    try:
        text = json.dumps(run.fields(), allow_nan=False, ensure_ascii=False, indent=1)
        with written_durably(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes the escape that JSON has for it
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(f"run {path} cannot be written ({error}); without its record a run does not count") from None
    return replace(run, path=path)


def read_run(path: Path) -> Run:
    """Read a run file. Raises RecordError saying what is wrong with it and what to do."""
    return Run.from_fields(read_json(path), str(path), path)


def read_json(path: Path) -> Any:
    """A JSON document. Raises RecordError when it is absent, empty, cut off, or not JSON."""
    try:
        text = path.read_text("utf-8")
        if not text.strip():
            raise RecordError(f"{path} is empty: its writer was interrupted or the disk is full; delete it")
        return json.loads(text)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON, or was cut off ({error}); is it the right file?") from None


def _blocks(judged: Samples) -> Fields:
    block = ((judged.due_s - judged.header.warmup_s) // BLOCK_S).astype(np.int64)
    times_s = judged.response_s
    encoded: list[Plain] = [
        histogram.encode(times_s[block == number], BLOCK_DIGITS) for number in range(int(block.max()) + 1 if len(block) else 0)
    ]
    return {"seconds": BLOCK_S, "unit": histogram.UNIT, "digits": BLOCK_DIGITS, "encoded": encoded}


def _mapping(value: object) -> Fields:
    described = plain(value)
    if not isinstance(described, dict):
        raise TypeError(f"{type(value).__name__} has no fields to record")
    return described

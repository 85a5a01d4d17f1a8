"""Benchmark JSON: what pytest-benchmark's files say of a run, and reading the runs back from such files.

The whole record stands in a benchmark's `extra_info`: the keys of run_file.py, and for those who read it by hand
`target`, `case_key`, `seed`, `design_effects` (by limit) and, after an interrupted session, `recovered_from`.
pytest-benchmark's own statistics are made of at most 10 000 response times; the distribution in `extra_info` is of all.
A run without any answered request has no statistics, hence no benchmark: it stands in the file under
`tailgate.unanswered`, which pytest-benchmark passes over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tailgate.errors import RecordError
from tailgate.reporting.histogram import spaced, thinned
from tailgate.reporting.run_file import FORMAT, RECORD, Fields, Run, read_json
from tailgate.samples import Samples

MOST_TIMES = 10_000
SECTION = "tailgate"
RECOVERED_FROM = "recovered_from"

_PARAMS = ("id", "name", "model", "variant", "instance_type", "instance_count", "routing", "network_path")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What pytest-benchmark keeps of one benchmark.

    fullname: what runs are compared by, so it names the target kind: kinds are never compared with each other.
    response_s: ascending, seconds, at most MOST_TIMES; empty where no request was answered.
    """

    name: str
    fullname: str
    group: str
    param: str
    params: dict[str, str]
    extra_info: Fields
    response_s: list[float]


def response_times(run: Run, samples: Samples | None) -> list[float]:
    """The run's response times for pytest-benchmark's statistics: ascending, seconds, at most MOST_TIMES.

    samples: of the run; without them, or when they are not the run's, the times are taken from its histogram.
    Raises RecordError when that is needed and damaged.
    """
    if samples is not None:
        times_s = samples.after_warmup().response_s
        answered_s = np.sort(times_s[np.isfinite(times_s)])
        if len(answered_s) == run.requests.get("answered"):
            return list(map(float, thinned(answered_s, MOST_TIMES)))
    return list(map(float, spaced(str(run.histogram.get("encoded")), MOST_TIMES)))


def benchmarks_of(recorded: Iterable[tuple[Run, list[float]]]) -> list[Benchmark]:
    """Runs with their response times as benchmarks, of which no two share a fullname: a second attempt ends in `#2`."""
    times_taken: Counter[str] = Counter()
    benchmarks = []
    for run, response_s in recorded:
        name, fullname = _name(run)
        times_taken[fullname] += 1
        attempt = f"#{times_taken[fullname]}" if times_taken[fullname] > 1 else ""
        benchmarks.append(_benchmark(run, name + attempt, fullname + attempt, response_s))
    return benchmarks


def extra_info(run: Run) -> Fields:
    """All that is known of a run, and what people look for first, in plain sight."""
    info = run.fields()
    info["target"] = run.provenance.get("target")
    info["case_key"] = run.case.get("key")
    load = run.case.get("load")
    info["seed"] = load.get("seed") if isinstance(load, dict) else None
    info["design_effects"] = _design_effects(run)
    if RECOVERED_FROM in run.provenance:
        info[RECOVERED_FROM] = run.provenance[RECOVERED_FROM]
    return info


def recovered(run: Run, session_id: str) -> Run:
    """The run, saying that an interrupted session left it behind."""
    return replace(run, provenance={**run.provenance, RECOVERED_FROM: session_id})


def section(benchmarks: Iterable[Benchmark], session_id: str | None = None) -> dict[str, Any]:
    """Our own section of a benchmark JSON: whose it is, and the runs that have no response time, so no benchmark."""
    return {"format": FORMAT, "session": session_id, "unanswered": [one.extra_info for one in benchmarks if not one.response_s]}


def session_in(path: Path) -> str | None:
    """The id of the session that wrote a benchmark JSON; None where none of ours did, or it cannot be read."""
    try:
        document = read_json(path)
    except RecordError:
        return None
    ours = document.get(SECTION) if isinstance(document, dict) else None
    return ours.get("session") if isinstance(ours, dict) else None


def runs_in(path: Path) -> list[Run]:
    """The runs in a benchmark JSON, in its order; benchmarks of others are passed over.

    Raises RecordError when the file is absent, empty, cut off, no benchmark JSON, or holds a damaged run.
    """
    return [Run.from_fields(fields, where) for where, fields in recorded_in(read_json(path), path)]


def recorded_in(document: object, path: Path) -> list[tuple[str, Fields]]:
    """The runs in a benchmark JSON in plain form, unread, each after words that say which it is: `FILE: run 2 of 14`.

    Raises RecordError when it is none.
    """
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        raise RecordError(f"{path} is not a benchmark JSON: it has no list 'benchmarks'; name one that pytest-benchmark wrote")
    infos = [one.get("extra_info") for one in document["benchmarks"] if isinstance(one, dict)]
    ours = document.get(SECTION)
    unanswered = ours.get("unanswered") if isinstance(ours, dict) else None
    infos += unanswered if isinstance(unanswered, list) else []
    runs = [info for info in infos if isinstance(info, dict) and info.get("record") == RECORD]
    return [(f"{path}: run {number} of {len(runs)}", info) for number, info in enumerate(runs, 1)]


def _benchmark(run: Run, name: str, fullname: str, response_s: list[float]) -> Benchmark:
    target = str(run.provenance.get("target"))
    return Benchmark(
        name=name,
        fullname=fullname,
        group=f"{run.case.get('name')} ({target})",
        param=str(run.case.get("id")),
        params={key: str(run.case[key]) for key in _PARAMS if key in run.case} | {"target": target},
        extra_info=extra_info(run),
        response_s=response_s,
    )


def _name(run: Run) -> tuple[str, str]:
    """Name and fullname: the test's, with the case's id in brackets unless it stands there already."""
    case = str(run.case.get("id"))
    test = str(run.provenance.get("test") or "")
    place = test.partition("[")[0].rpartition("::")[0]
    name = test[len(place) :].removeprefix("::") or case
    name = name if case in name else f"{name}[{case}]"
    return name, f"{place}::{name}@{run.provenance.get('target')}".removeprefix("::")


def _design_effects(run: Run) -> Fields:
    checks = run.verdict.get("checks")
    found: Fields = {}
    for check in checks if isinstance(checks, list) else ():
        match check:
            case {"limit": {"source": str(source)}, "decision": {"design_effect": effect}}:
                found[source] = effect
    return found

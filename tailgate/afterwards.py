"""Afterwards: what is only known once a session's endpoints are gone is added to its recorded runs.

That is what CloudWatch counted and timed, which comes late, and what the endpoints cost. A run is rewritten whole or stays as it
was, so what goes wrong here loses nothing that was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from tailgate.analysis.platform import Asked, asked_from, asked_in, enough_for, platform_of
from tailgate.errors import RecordError, SamplesError, TargetError
from tailgate.minutes import Stream, Told
from tailgate.reporting.plain import plain
from tailgate.reporting.run_file import Fields, Run, read_run, write_run
from tailgate.reporting.session_folder import run_files
from tailgate.samples import read_samples

WAIT_S = 60.0
"""How long to wait for CloudWatch unless something else was said: what it tells comes a minute or two late."""

ALONE = {"sagemaker": True, "existing": False}
"""Kinds of target of which CloudWatch tells; whether nobody else asks their endpoints."""

Costs = Mapping[str, Mapping[str, object]]
"""By endpoint, what it came to: usd, since, until, and whatever else is known."""

OnWait = Callable[[float], None]
"""Told the seconds waited so far."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be added. kind, region: of the session's target. wait_s: for CloudWatch at most; 0 not to ask it at all."""

    kind: str
    region: str
    wait_s: float
    costs: Costs


def add_afterwards(folder: Path, wanted: Wanted, on_wait: OnWait) -> list[str]:
    """Add to each run of a session's folder what is known now; sentences of what went wrong with the files. Raises nothing of ours."""
    complaints: list[str] = []
    runs = list(_read(run_files(folder), complaints))
    added = _platform(runs, wanted, on_wait) if wanted.kind in ALONE and wanted.wait_s > 0 else [{} for _ in runs]
    for run, platform in zip(runs, added, strict=True):
        cost = wanted.costs.get(_name_of(run))
        fields = platform | ({"cost": plain(cost)} if cost is not None else {})
        if fields and run.path is not None:
            try:
                write_run(replace(run, platform={**run.platform, **fields}), run.path)
            except RecordError as error:
                complaints.append(f"{error}; it stands as it was measured, without what was only known afterwards")
    return complaints


def stream_of(run: Run) -> Stream | None:
    """Which endpoint and variant a run asked, as the platform calls them; None where its record names no endpoint."""
    match run.provenance.get("endpoint"):
        case {"endpoint": str(endpoint), **facts}:
            return Stream(endpoint, str(facts.get("variant") or run.case.get("variant")))
    return None


def _name_of(run: Run) -> str:
    stream = stream_of(run)
    return stream.endpoint if stream is not None else ""


def _read(paths: Iterable[Path], complaints: list[str]) -> Iterable[Run]:
    for path in paths:
        try:
            yield read_run(path)
        except RecordError as error:
            complaints.append(str(error))


def _platform(runs: Sequence[Run], wanted: Wanted, on_wait: OnWait) -> list[Fields]:
    """What CloudWatch tells of each run; why it does not, where it does not."""
    each = [_asked_by(run) for run in runs]
    asked = [one for one in each if one is not None]
    if not asked:
        return [{} for _ in runs]
    alone, asked = ALONE[wanted.kind], [*asked, *_warm_ups(runs)]
    try:
        told = _told(asked, wanted, enough_for(asked, alone=alone), on_wait)
    except TargetError as error:
        return [{"notes": [str(error)]} if one is not None else {} for one in each]
    return [_plain(platform_of(one, asked, told, alone=alone)) if one is not None else {} for one in each]


def _asked_by(run: Run) -> Asked | None:
    """What a run asked, by its samples; None where it says of no endpoint, its samples are gone, or nothing was sent."""
    stream, path = stream_of(run), run.samples_path
    if stream is None or path is None:
        return None
    try:
        return asked_in(run.own(read_samples(path)), stream)
    except SamplesError:
        return None


def _warm_ups(runs: Sequence[Run]) -> list[Asked]:
    """What was asked to warm fresh endpoints up, each once: every run at an endpoint records it."""
    recorded = [each for run in runs if isinstance(found := run.provenance.get("warm_up"), list) for each in found]
    known = [asked_from(each) for each in recorded if isinstance(each, dict)]
    return list({(one.stream, one.first_s): one for one in known if one is not None}.values())


def _told(asked: Sequence[Asked], wanted: Wanted, enough: Callable[[Told], bool], on_wait: OnWait) -> Told:
    """Raises TargetError."""
    from tailgate.targets.sagemaker import cloudwatch  # not before it is needed: it imports boto3

    minutes: dict[Stream, set[int]] = {}
    for one in asked:
        minutes.setdefault(one.stream, set()).update(one.minutes)
    with closing(cloudwatch.open_cloudwatch(wanted.region)) as client:
        return cloudwatch.awaited(client, {stream: sorted(each) for stream, each in minutes.items()}, wanted.wait_s, enough, on_wait)


def _plain(known: Mapping[str, object]) -> Fields:
    described = plain(known)
    return described if isinstance(described, dict) else {}

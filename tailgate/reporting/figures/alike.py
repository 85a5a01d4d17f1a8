"""Alike: runs that differ only in what a figure compares, put together."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass

from tailgate.reporting.figures.recorded_values import mapping, number, text
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.run_file import Run

_NEVER = frozenset({"id", "key", "model", "expect", "budget", "prices"})
"""What never sets runs apart: the model's version and what is asked of an answer are the question, the budget and prices its frame."""


@dataclass(frozen=True, slots=True)
class Question:
    """What runs of a group have in common. per_s: the offered rate, None where it differs or nothing offers one."""

    name: str | None
    target: str | None
    vantage: str | None
    region: str | None
    network_path: str | None
    instance_type: str | None
    per_s: float | None


def groups(runs: Sequence[Run], apart: Set[str]) -> list[tuple[Question, list[int]]]:
    """Runs by what they have in common but for the keys of their case in `apart`: what that is, and their places in `runs`.

    Of several runs of one case the newest is taken, in the order in which they came.
    """
    newest: dict[tuple[str, ...], int] = {}
    for place, run in enumerate(runs):
        which = (_common(run, frozenset()), *kept(run))
        if which not in newest or began(run) >= began(runs[newest[which]]):
            newest[which] = place
    found: dict[str, list[int]] = {}
    for place in sorted(newest.values()):
        found.setdefault(_common(runs[place], apart), []).append(place)
    return [(_question(runs[places[0]], apart), places) for places in found.values()]


def rate_of(run: Run) -> float | None:
    """The offered rate, requests per second; None where the load offers none."""
    return number(mapping(run.case.get("load")).get("per_s"))


def _common(run: Run, apart: Set[str]) -> str:
    asked: dict[str, Plain] = {key: value for key, value in run.case.items() if key not in _NEVER and key not in apart}
    where = [run.provenance.get(key) for key in ("target", "vantage", "region")]
    return json.dumps([where, asked], sort_keys=True)


def _question(run: Run, apart: Set[str]) -> Question:
    said = {key: None if key in apart else text(run.case.get(key)) for key in ("name", "network_path", "instance_type")}
    where = {key: text(run.provenance.get(key)) for key in ("target", "vantage", "region")}
    return Question(**said, **where, per_s=None if "load" in apart else rate_of(run))

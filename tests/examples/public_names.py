"""What others may call, as the code has it: names, signatures as a page writes them, and what each has to offer."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

import tailgate
from tailgate import errors
from tailgate.analysis import compare, gate, history, paired
from tailgate.analysis.arms.contrast import NoWorse
from tailgate.analysis.gate import Decision
from tailgate.analysis.history import Change
from tailgate.analysis.looks.rhythm import USUAL
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Comparison, Interim
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.verdict import Check, Verdict
from tailgate.measure import Measurement
from tailgate.paired_run import PairedRun
from tailgate.plan.load import LOADS
from tailgate.pytest_measure import Measure
from tailgate.targets import Address, Endpoint, Target

HANDED_OUT = (
    *(Measure, Measurement, PairedRun, NoWorse, Verdict, Check, Decision, Estimate, Outcome),
    *(Comparison, Interim, Change, compare.Difference, Target, Endpoint, Address),
)
"""Classes that nobody imports, and whose instances tests are given."""

FUNCTIONS = {
    "gate.decide": gate.decide,
    "gate.sequential": gate.sequential,
    "paired.compare": paired.compare,
    "paired.sequential": paired.sequential,
    "compare.compare": compare.compare,
    "history.judge": history.judge,
}
"""Verdicts as plain functions, by the name under which they are called."""

_SAID_ONCE = frozenset({"per_s", "peak_per_s", "expected_requests", "due_times", "wording", "manner", "open_loop", "arrival", "example"})
"""What every load has, which stands under `Load`."""

_NAMES = {repr(USUAL): "USUAL", repr(tailgate.KEPT_ALIVE): "KEPT_ALIVE", repr(math.inf): "inf", "<factory>": "{}"}


def public_classes() -> Mapping[str, type]:
    """Those that a user's test imports, and those whose instances it is handed, by name."""
    imported = {name: one for name in tailgate.__all__ if inspect.isclass(one := getattr(tailgate, name))}
    return imported | {one.__name__: one for one in HANDED_OUT}


def error_classes() -> Mapping[str, type]:
    """Every error that is raised on purpose, by name."""
    named = vars(errors).items()
    return {name: one for name, one in named if inspect.isclass(one) and issubclass(one, errors.TailgateError)}


def signature(name: str, called: Any) -> str:
    """How something is called: names and defaults, no types; `Poisson(per_s, for_s, warmup_s=2.0, …)`."""
    written, starred = [], False
    for parameter in inspect.signature(called).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            written.append("*")
            starred = True
        written.append(_argument(parameter))
    return f"{name}({', '.join(written)})"


def offers(owner: type) -> Iterator[str]:
    """What a class has for others: fields of those that are handed out, and of all what can be called or asked."""
    if owner in HANDED_OUT and dataclasses.is_dataclass(owner):
        yield from (field.name for field in dataclasses.fields(owner) if not field.name.startswith("_"))
    for name in dir(owner):
        one = inspect.getattr_static(owner, name)
        if name.startswith("_") or (owner in LOADS.values() and name in _SAID_ONCE):
            continue
        if isinstance(one, property | classmethod | staticmethod) or inspect.isfunction(one):
            yield name


def _argument(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}"
    default = repr(parameter.default)
    return f"{stars}{parameter.name}={_NAMES.get(default, default)}"

"""Plan file: the experiments of a repository in one TOML file, so that relaxing a budget is one line of a diff.

```toml
target = "emulated"                    # unless --latency-target names another; process and url want the key of their name
region = "ap-northeast-1"

[defaults]                             # for every experiment that does not say otherwise
load = { arrival = "poisson", per_s = 100, for_s = 20 }

[[experiment]]
name = "network-path"                  # cases: instance types × network paths
question = "Is PrivateLink slower?"
endpoint = "dummy"
instance_types = ["ml.t2.xlarge"]
network_paths = ["public", "privatelink"]
payload = "payloads/four-floats.json"  # relative to this file; { "a.json" = 3, "b.json" = 1 } and payload_seed for a set
budget = ["p99 <= 60ms", "error_rate <= 0.5%"]
budgets."ml.t2.xlarge" = ["p99 <= 80ms"]   # replaces the budget for one type
prices."ml.t2.xlarge" = 0.31           # USD per hour, for a limit such as "cost_per_1000 <= 0.02usd"
no_worse_than = { p99 = "5ms" }        # of two network paths in one run: by how much the second may be slower than the first

[models.ranker-7]                      # what `model = "ranker-7"` stands for where it is deployed: plan/models.py
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/ranker:7"
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailgate.errors import PlanError, nearest
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.checks import check_word, shown
from tailgate.plan.document import read_document
from tailgate.plan.expect import Expect
from tailgate.plan.load import load_from
from tailgate.plan.models import Model, read_models
from tailgate.plan.pair import Pair, arm_cases
from tailgate.plan.payload import Payloads
from tailgate.plan.regions import check_region
from tailgate.plan.vantage import VantageSpec, vantage_from

_Kind = tuple[type | tuple[type, ...], str]

_TEXT: _Kind = (str, "a text")
_WORD: _Kind = (str, "a text of one line, not empty, without control characters")
_TEXTS: _Kind = (list, "a list of texts")
_TABLE: _Kind = (dict, "a table")
_WHOLE: _Kind = (int, "a whole number")
_TOP: dict[str, _Kind] = {
    "target": _WORD,
    "region": _WORD,
    "process": _TEXT,
    "url": _WORD,
    "defaults": _TABLE,
    "models": _TABLE,
    "vantage": _TABLE,
    "experiment": (list, "written [[experiment]]"),
}
_DEFAULTS: dict[str, _Kind] = {
    "endpoint": _WORD,
    "model": _WORD,
    "instance_types": _TEXTS,
    "instance_count": _WHOLE,
    "routing": _WORD,
    "network_paths": _TEXTS,
    "payload": ((str, list, dict), "a path, a list of paths, or a table of paths and weights"),
    "payload_seed": _WHOLE,
    "expect": _TABLE,
    "load": _TABLE,
    "budget": _TEXTS,
    "inconclusive": _WORD,
    "prices": _TABLE,
}
_EXPERIMENT: dict[str, _Kind] = {"name": _WORD, "question": _TEXT, "budgets": _TABLE, "no_worse_than": _TABLE, **_DEFAULTS}
_REQUIRED = ("name", "endpoint", "instance_types", "payload", "load", "budget")


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question and the cases that answer it. pairs: those of them that are compared in one run, where it says a margin."""

    name: str
    question: str
    cases: tuple[Case, ...]
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan file asks. target, region, process (the command of target process), url: None where the file does not say.

    models: what the names of models stand for where they are deployed, as far as the file describes them. vantage: where load is to
    come from, None where it does not say.
    """

    path: Path
    target: str | None
    region: str | None
    experiments: tuple[Experiment, ...]
    process: str | None = None
    url: str | None = None
    models: Mapping[str, Model] = field(default_factory=dict)
    vantage: VantageSpec | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases, in the order of the file."""
        return tuple(case for experiment in self.experiments for case in experiment.cases)

    def experiment(self, name: str) -> Experiment:
        """One experiment by name. Raises PlanError with the nearest spelling."""
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        raise PlanError(f"{self.path}: no experiment is named '{name}'{nearest(name, [e.name for e in self.experiments])}")


def read_plan(path: Path) -> Plan:
    """Read and check a plan file, payloads included. Raises PlanError naming file, key, value and what is allowed."""
    table = read_document(path)
    try:
        _check_keys(table, _TOP, "")
        if "region" in table:
            check_region(table["region"])
        defaults = table.get("defaults", {})
        _check_keys(defaults, _DEFAULTS, "defaults: ")
        experiments = tuple(
            _experiment(fields, defaults, path.absolute().parent, n) for n, fields in enumerate(table.get("experiment", []), 1)
        )
        models = read_models(table.get("models", {}), path.absolute().parent)
        vantage = vantage_from(table["vantage"]) if "vantage" in table else None
        if not experiments and not models:  # models alone are enough for a suite whose cases are in Python
            raise PlanError("no [[experiment]]: there is nothing to measure")
        _check_once([experiment.name for experiment in experiments], "[[experiment]]")
        _check_ids([case.id for experiment in experiments for case in experiment.cases])
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from None
    return Plan(path, table.get("target"), table.get("region"), experiments, table.get("process"), table.get("url"), models, vantage)


def _check_keys(table: Any, allowed: Mapping[str, _Kind], where: str) -> None:
    if not isinstance(table, dict):
        raise PlanError(f"{where}{shown(table)} is not a table")
    for key, value in table.items():
        if key not in allowed:
            raise PlanError(f"{where}unknown key '{key}'{nearest(key, allowed)}")
        kind, description = allowed[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise PlanError(f"{where}{key} is {shown(value)}; it is {description}")
        if allowed[key] is _WORD:
            check_word(f"{where}{key}", value)
        if allowed[key] is _TEXTS and not _are_texts(value):
            raise PlanError(f"{where}{key} is {shown(value)}; it is {description}, at least one")
        if isinstance(value, str) and "\0" in value:
            raise PlanError(f"{where}{key} is {shown(value)}; no NUL may stand in it")


def _are_texts(items: Any) -> bool:
    return bool(items) and all(isinstance(item, str) for item in items)


def _experiment(own: Any, defaults: Mapping[str, Any], folder: Path, number: int) -> Experiment:
    named = own.get("name") if isinstance(own, dict) else None
    where = f"experiment {shown(named)}" if isinstance(named, str) else f"experiment number {number}"
    _check_keys(own, _EXPERIMENT, f"{where}: ")
    fields = {**defaults, **own}
    for key in _REQUIRED:
        if key not in fields:
            raise PlanError(f"{where}: key '{key}' is missing")
    for key in ("instance_types", "network_paths"):
        _check_once(fields.get(key, []), f"{where}: {key}")
    _check_overrides(fields, where)
    try:
        cases = [_case(fields, folder, kind, path) for kind in fields["instance_types"] for path in fields.get("network_paths", ["public"])]
        pairs = _pairs(cases, fields)
    except PlanError as error:
        raise PlanError(f"{where}: {error}") from None
    return Experiment(fields["name"], fields.get("question", ""), tuple(cases), pairs)


def _pairs(cases: list[Case], fields: Mapping[str, Any]) -> tuple[Pair, ...]:
    """The two network paths of each instance type, where the experiment says by how much the second may be slower."""
    margins = fields.get("no_worse_than")
    if margins is None:
        return ()
    paths = fields.get("network_paths", ["public"])
    if len(paths) != 2 or not margins:
        raise PlanError(
            f"no_worse_than is {shown(margins)}, network_paths is {shown(paths)}; it compares the second of two paths with the "
            'first: write two, and a margin by metric, such as { p99 = "5ms" }'
        )
    pairs = tuple(Pair(first, second, margins) for first, second in zip(cases[::2], cases[1::2], strict=True))
    for pair in pairs:
        arm_cases(*pair.cases, seed=1)
    return pairs


def _check_overrides(fields: Mapping[str, Any], where: str) -> None:
    types = fields["instance_types"]
    for instance_type, limits in fields.get("budgets", {}).items():
        if instance_type not in types:
            raise PlanError(f"{where}: budgets names '{instance_type}', which is not measured{nearest(instance_type, types)}")
        _check_keys({"budget": limits}, {"budget": _TEXTS}, f'{where}: budgets."{instance_type}": ')


def _case(fields: Mapping[str, Any], folder: Path, instance_type: str, network_path: str) -> Case:
    suffix = f"-{network_path}" if len(fields.get("network_paths", ())) > 1 else ""
    chosen = {key: fields[key] for key in ("model", "instance_count", "routing") if key in fields}
    case = Case(
        EndpointSpec(fields["endpoint"], instance_type=instance_type, **chosen),
        payload=_payload(fields, folder),
        load=load_from(fields["load"], folder),
        budget=Budget.of(*fields.get("budgets", {}).get(instance_type, fields["budget"])),
        network_path=network_path,
        expect=Expect.of(**fields["expect"]) if "expect" in fields else None,
        inconclusive=fields.get("inconclusive", "fail"),
        named=f"{fields['name']}-{instance_type}{suffix}",
        prices=fields.get("prices", {}),
    )
    case.bodies()
    return case


def _payload(fields: Mapping[str, Any], folder: Path) -> Path | Payloads:
    payload = fields["payload"]
    if isinstance(payload, str):
        return folder / payload
    for name in payload:
        if not isinstance(name, str):
            raise PlanError(f"payload names {shown(name)}; it is a path")
    weights = list(payload.values()) if isinstance(payload, dict) else [1] * len(payload)
    return Payloads(tuple(folder / name for name in payload), tuple(weights), fields.get("payload_seed", 1))


def _check_once(words: list[str], what: str) -> None:
    for n, word in enumerate(words):
        if word in words[:n]:
            raise PlanError(f"{what} names '{word}' twice; keep one")


def _check_ids(ids: list[str]) -> None:
    for n, one in enumerate(ids):
        if one in ids[:n]:
            raise PlanError(f"two cases have the id '{one}'; give their experiments different names")

"""Case: one question asked of one endpoint, over one network path, under one load, against one budget."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tailgate.errors import PlanError, nearest
from tailgate.plan.budget import Budget
from tailgate.plan.expect import Expect
from tailgate.plan.instances import check_instance_type
from tailgate.plan.load import Load, load_facts, load_text
from tailgate.plan.naming import naming_folder
from tailgate.plan.payload import Payloads

NETWORK_PATHS = ("public", "privatelink")
ROUTINGS = ("RANDOM", "LEAST_OUTSTANDING_REQUESTS")

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """What has to be deployed: costly, so cases with equal specs share one deployment.

    model: `constant` (ships with tailgate) or the user's own, a name that its target understands.
    """

    name: str
    model: str = "constant"
    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    routing: str = "RANDOM"
    variant: str = "AllTraffic"

    def __post_init__(self) -> None:
        what = f"endpoint {self.name!r}"
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise PlanError(f"{what}: a name is 1 to 63 letters, digits and single hyphens between them")
        try:
            check_instance_type(self.instance_type)
        except PlanError as error:
            raise PlanError(f"{what}: {error}") from None
        if isinstance(self.instance_count, bool) or not isinstance(self.instance_count, int) or self.instance_count < 1:
            raise PlanError(f"{what}: instance_count is {self.instance_count!r}; it is a whole number from 1 up")
        if self.routing not in ROUTINGS:
            raise PlanError(f"{what}: routing is {self.routing!r}{nearest(str(self.routing), ROUTINGS)}")


@dataclass(frozen=True, slots=True)
class Case:
    """One question. `on`, `via`, `at` and `under` derive the neighbouring questions.

    payload: bytes, a path relative to the file that names it, or a set of them. inconclusive: what an undecided verdict does
    to its test (`fail` or `skip`). Raises PlanError when it cannot be meant.
    """

    spec: EndpointSpec
    payload: bytes | str | Path | Payloads
    load: Load
    budget: Budget
    network_path: str = "public"
    expect: Expect | None = None
    inconclusive: Literal["fail", "skip"] = "fail"
    named: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.payload, str | Path):
            object.__setattr__(self, "payload", naming_folder() / self.payload)
        if self.network_path not in NETWORK_PATHS:
            raise PlanError(f"{self.id}: network_path is {self.network_path!r}{nearest(str(self.network_path), NETWORK_PATHS)}")
        if self.inconclusive not in ("fail", "skip"):
            raise PlanError(f"{self.id}: inconclusive is {self.inconclusive!r}; allowed: fail, skip")
        self.budget.check_requests(self.load.expected_requests, self.id)

    @property
    def id(self) -> str:
        """How people name it: in test ids, tables and file names."""
        return self.named or f"{self.spec.name}-{self.spec.instance_type}-{self.network_path}"

    @property
    def key(self) -> str:
        """What makes runs comparable, as one text.

        Name, instance type and count, routing, variant, network path, load and payload; the model's version is
        provenance, and the budget may change without making yesterday's run another one.
        """
        spec = self.spec
        where = f"{spec.name} {spec.instance_type}x{spec.instance_count} {spec.routing} {spec.variant}"
        return f"{where} via {self.network_path} under {load_text(self.load)} payload={self._payload_key()}"

    @property
    def payloads(self) -> Payloads:
        """The payload as a set, of one where there is but one."""
        return self.payload if isinstance(self.payload, Payloads) else Payloads((self.payload,), (1,))

    def bodies(self) -> tuple[bytes, ...]:
        """Each payload's bytes. Raises PlanError naming the case when they cannot be had."""
        return self.payloads.bodies(self.id)

    def on(self, instance_type: str) -> Case:
        """The same question on another instance type."""
        return self._but(spec=dataclasses.replace(self.spec, instance_type=instance_type))

    def via(self, network_path: str) -> Case:
        """The same question over another network path."""
        return self._but(network_path=network_path)

    def at(self, endpoint: str) -> Case:
        """The same question asked of another endpoint, by name."""
        return self._but(spec=dataclasses.replace(self.spec, name=endpoint))

    def under(self, load: Load) -> Case:
        """The same question under another load."""
        return self._but(load=load)

    def fields(self) -> dict[str, object]:
        """The plain form for the record: everything but the payload's bytes, which may be private."""
        return {
            "id": self.id,
            "key": self.key,
            **dataclasses.asdict(self.spec),
            "network_path": self.network_path,
            "load": load_facts(self.load),
            **self._payload_fields(),
            "expect": json.dumps(self.expect.fields()) if self.expect else None,
            "budget": [limit.source for limit in self.budget.limits],
        }

    def _payload_fields(self) -> dict[str, object]:
        hashes = [{"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for body in self.bodies()]
        if len(hashes) == 1:
            return {f"payload_{key}": value for key, value in hashes[0].items()}
        weighted = [{**one, "weight": weight} for one, weight in zip(hashes, self.payloads.weights, strict=True)]
        return {"payloads": weighted, "payload_seed": self.payloads.seed}

    def _payload_key(self) -> str:
        """The first digits of the payload's hash; for a set, of the hash over all that `fields` says of it."""
        fields = self._payload_fields()
        if "payload_sha256" in fields:
            return str(fields["payload_sha256"])[:12]
        return f"{len(self.payloads.sources)}:{hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:12]}"

    def _but(self, **changes: object) -> Case:
        """A derived case; its explicit name, which spoke of another question, is given up."""
        return dataclasses.replace(self, named=None, **changes)  # type: ignore[arg-type]  # callers pass fields by name

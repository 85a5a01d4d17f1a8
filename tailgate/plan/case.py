"""Case: one question asked of one endpoint, over one network path, under one load, against one budget."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tailgate.errors import PlanError
from tailgate.plan.budget import Budget
from tailgate.plan.checks import check_is, check_one_of, check_word, is_whole, shown
from tailgate.plan.enough import check_enough
from tailgate.plan.expect import Expect
from tailgate.plan.instances import check_instance_type
from tailgate.plan.load import Load, load_facts, load_text
from tailgate.plan.naming import naming_folder
from tailgate.plan.payload import Payloads
from tailgate.plan.prices import Price, check_price_in, check_prices, price_of
from tailgate.plan.profile import Profile
from tailgate.plan.vocabulary import COST

NETWORK_PATHS = ("public", "privatelink", "privatelink-same-zone", "privatelink-other-zone")
"""Ways from the client to an endpoint: the public name, and an interface endpoint's: of its region, of the client's zone, of another."""

ROUTINGS = ("RANDOM", "LEAST_OUTSTANDING_REQUESTS")

MOST_INSTANCES = 1000
"""No account may have as many behind one endpoint unless it asks AWS for them; a thousand and one is a slip of the finger."""

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
        what = f"endpoint {shown(self.name)}"
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise PlanError(f"{what}: a name is 1 to 63 letters, digits and single hyphens between them")
        try:
            check_instance_type(self.instance_type)
        except PlanError as error:
            raise PlanError(f"{what}: {error}") from None
        if not is_whole(self.instance_count, 1, MOST_INSTANCES):
            allowed = f"it is a whole number from 1 up to {MOST_INSTANCES}, each of which is paid for"
            raise PlanError(f"{what}: instance_count is {shown(self.instance_count)}; {allowed}")
        check_one_of(f"{what}: routing", self.routing, ROUTINGS)
        check_word(f"{what}: model", self.model)
        if not isinstance(self.variant, str) or not _NAME.fullmatch(self.variant):
            raise PlanError(f"{what}: variant is {shown(self.variant)}; it is 1 to 63 letters, digits and single hyphens between them")


@dataclass(frozen=True, slots=True)
class Case:
    """One question. `on`, `via`, `at` and `under` derive the neighbouring questions.

    payload: bytes, a path relative to the file that names it, or a set of them. inconclusive: what an undecided verdict does
    to its test (`fail` or `skip`). prices: USD per hour of one instance, by instance type, for a limit of the cost; where it says
    nothing, plan/prices.toml knows some. Raises PlanError when it cannot be meant.
    """

    spec: EndpointSpec
    payload: bytes | str | Path | Payloads
    load: Load
    budget: Budget
    network_path: str = "public"
    expect: Expect | None = None
    inconclusive: Literal["fail", "skip"] = "fail"
    named: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        self._check_kinds()
        if isinstance(self.payload, str | Path):
            object.__setattr__(self, "payload", naming_folder() / self.payload)
        self._check_price()
        check_enough(self.load, self.budget, self.id)

    def _check_kinds(self) -> None:
        check_is("case: spec", self.spec, EndpointSpec, "an EndpointSpec, such as EndpointSpec('ranker')")
        if self.named is not None:
            check_word("case: named", self.named)
        what = f"{self.spec.name}: " if self.named is None else f"{self.named}: "
        check_one_of(f"{what}network_path", self.network_path, NETWORK_PATHS)
        check_is(f"{what}payload", self.payload, (bytes, str, Path, Payloads), "bytes, a path, or Payloads")
        check_is(f"{what}load", self.load, Profile, "a load, such as Poisson(per_s=100, for_s=20)")
        check_is(f"{what}budget", self.budget, Budget, "a Budget, such as Budget.of('p99 <= 60ms')")
        check_is(f"{what}expect", self.expect, (Expect, type(None)), "an Expect, such as Expect.of(contains='prediction'), or None")
        check_one_of(f"{what}inconclusive", self.inconclusive, ("fail", "skip"))

    def _check_price(self) -> None:
        check_prices(f"{self.id}: prices", self.prices)
        if self.limits_cost:
            try:
                price_of(self.spec.instance_type, self.prices)
            except PlanError as error:
                raise PlanError(f"{self.id}: {error}") from None

    @property
    def limits_cost(self) -> bool:
        """Whether its budget speaks of money, so that a price has to be known."""
        return any(limit.unit is COST for limit in self.budget.limits)

    def check_price_in(self, region: str) -> None:
        """Refuse to reckon a cost with a bundled price of another region. Raises PlanError."""
        if self.limits_cost:
            try:
                check_price_in(region, self.spec.instance_type, self.prices)
            except PlanError as error:
                raise PlanError(f"{self.id}: {error}") from None

    @property
    def price(self) -> Price:
        """Of one of its instances. Raises PlanError where none is known."""
        return price_of(self.spec.instance_type, self.prices)

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
        return f"{self.place} under {load_text(self.load)} payload={self._payload_key()}"

    @property
    def place(self) -> str:
        """What is asked over which network path, as one text: the key without load and payload."""
        spec = self.spec
        where = f"{spec.name} {spec.instance_type}x{spec.instance_count} {spec.routing} {spec.variant}"
        return f"{where} via {self.network_path}"

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

    def at(self, endpoint: str, variant: str | None = None) -> Case:
        """The same question asked of another endpoint, by name; or of another of its variants."""
        return self._but(spec=dataclasses.replace(self.spec, name=endpoint, variant=self.spec.variant if variant is None else variant))

    def under(self, load: Load) -> Case:
        """The same question under another load."""
        return self._but(load=load)

    def fields(self) -> dict[str, object]:
        """The plain form for the record: everything but the payload's bytes, which may be private."""
        return {
            "id": self.id,
            "key": self.key,
            **dataclasses.asdict(self.spec),
            "prices": dict(self.prices),
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

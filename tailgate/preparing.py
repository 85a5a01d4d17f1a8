"""Preparing: what comes before a load: the harness's floor is known, and what is fresh is warmed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailgate.floor import Floor, Floors
from tailgate.generator.order import Order
from tailgate.plan.budget import Budget
from tailgate.targets import Endpoint, Target
from tailgate.vantage import Post
from tailgate.vantage.local import HERE
from tailgate.warming import Warmings, WarmUp


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found before a load. floor: None where nobody measured it. warm_ups: of its endpoints that wanted one."""

    floor: Floor | None
    warm_ups: tuple[WarmUp, ...]

    def notes(self, budget: Budget) -> tuple[str, ...]:
        """Lines for the verdict."""
        near = self.floor.notes(budget) if self.floor is not None else ()
        return (*near, *(note for each in self.warm_ups for note in each.notes))

    def fields(self) -> dict[str, object]:
        """The plain form, for the record."""
        warm_up = {"warm_up": [each.fields() for each in self.warm_ups]} if self.warm_ups else {}
        return {"floor": self.floor.fields() if self.floor is not None else None, **warm_up}


@dataclass(frozen=True, slots=True)
class Preparations:
    """A session's: each way's floor and each endpoint's warm-up once. None for what is not to be done."""

    floors: Floors | None = None
    warmings: Warmings | None = None

    def of(self, order: Order, target: Target, endpoints: Sequence[Endpoint], post: Post = HERE) -> Prepared:
        """Prepare a load from a post at these endpoints, one for each of its addresses. Raises TargetError as `driven`."""
        floor = self.floors.of(order, post) if self.floors is not None else None
        return Prepared(floor, self.warmings.of(order, target, endpoints, post) if self.warmings is not None else ())


NONE = Preparations()

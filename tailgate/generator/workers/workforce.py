"""Workforce: who drives a session's loads: processes on this host, and such as join from others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tailgate.errors import GeneratorError, PlanError
from tailgate.generator.order import Order
from tailgate.generator.workers.admission import LEAST_TOKEN, TOKEN, listening_at, new_token


@dataclass(frozen=True, slots=True)
class Workforce:
    """How many share each load. Raises PlanError for what cannot be meant.

    workers: processes on this host; 1 and nobody joining is the ordinary single process. joining: workers awaited from
    other hosts. master_bind: `HOST:PORT` at which they join; without it, only this host reaches the master. token: what
    they have to know; made up where the environment has none.
    """

    workers: int = 1
    joining: int = 0
    master_bind: str | None = None
    token: str = field(default_factory=lambda: os.environ.get(TOKEN) or new_token(), repr=False)

    def __post_init__(self) -> None:
        if self.workers < 0 or self.joining < 0 or self.workers + self.joining < 1:
            raise PlanError(f"{self.workers} workers here and {self.joining} from other hosts are asked for; one at least must drive")
        if self.joining and self.master_bind is None:
            raise PlanError("workers from other hosts are awaited; say with --latency-master-bind HOST:PORT where they join")
        if self.joining and len(self.token) < LEAST_TOKEN:
            raise PlanError(f"the token in {TOKEN} has {len(self.token)} characters; take {LEAST_TOKEN} or more, or leave it to be made up")
        try:
            listening_at(self.master_bind)
        except GeneratorError as error:
            raise PlanError(str(error)) from None

    def given(self, order: Order) -> Order:
        """An order that they carry out."""
        return replace(order, workers=self.workers, joining=self.joining, master_bind=self.master_bind)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the master's process has to find in its environment."""
        return {TOKEN: self.token} if self.joining else {}

    @property
    def invitation(self) -> str | None:
        """What to do on the other hosts, for people; None where nobody is awaited. A token that they chose is not shown."""
        if not self.joining:
            return None
        token = f"the token in {TOKEN}" if os.environ.get(TOKEN) == self.token else f"the token {self.token}"
        return (
            f"{self.joining} of {self.workers + self.joining} workers are awaited at {self.master_bind}. On each of their hosts:\n"
            f"    python -m tailgate.generator.workers.join --again {self.master_bind}\n"
            f"and give it {token} when it asks, or in its environment ({TOKEN}).\n"
        )


ALONE = Workforce()

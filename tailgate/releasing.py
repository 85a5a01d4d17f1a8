"""Releasing: which endpoints no test to come needs, so that nobody pays for them any longer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tailgate.plan.case import EndpointSpec


class Releases:
    """What tests still need. needs: each test by its name, with the endpoints that it is planned to ask; None where nobody knows.

    While a test is to come of which nobody knows what it asks, nothing is released: it may ask any of them.
    """

    def __init__(self, needs: Iterable[tuple[str, Sequence[EndpointSpec] | None]]) -> None:
        self._needs = {test: None if specs is None else frozenset(specs) for test, specs in needs}
        self._left = Counter(spec for specs in self._needs.values() for spec in specs or ())
        self._unknown = sum(specs is None for specs in self._needs.values())
        self._idle: dict[EndpointSpec, None] = {}

    def after(self, test: str) -> list[EndpointSpec]:
        """The endpoints that are needed no more now that the test is over; each is told once."""
        if test not in self._needs:
            return []
        specs = self._needs.pop(test)
        if specs is None:
            self._unknown -= 1
        for spec in sorted(specs or (), key=repr):
            self._left[spec] -= 1
            if not self._left[spec]:
                self._idle[spec] = None
        if self._unknown:
            return []
        released, self._idle = list(self._idle), {}
        return released

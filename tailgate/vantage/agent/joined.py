"""Joined: this host's workers for a master on another. They drive their shares; what they see goes to the master, and not by letter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tailgate.errors import GeneratorError
from tailgate.generator.child import Child
from tailgate.vantage.agent.mail import Mail

_WORKER = "tailgate.generator.workers.worker"


class Joined:
    """Workers under way. entrance: what each is told on standard input, the token in it. over: whether it is told how they ended."""

    def __init__(self, number: int, entrance: Mapping[str, Any], workers: int, environment: Mapping[str, str], mail: Mail) -> None:
        self.over = False
        self._number, self._mail = number, mail
        self._children: list[Child] = []
        try:
            for _ in range(workers):
                self._children.append(Child(json.dumps(dict(entrance)), environment, _WORKER))
        except GeneratorError as error:
            self._conclude(str(error))

    def step(self, timeout_s: float) -> None:
        """Listen to them for so long; once one has failed, or all have done their share, tell the session."""
        for child in self._children:
            child.events(timeout_s / len(self._children))
        ended = [child for child in self._children if not child.running]
        for child in ended:
            child.rest()  # its last words
        failed = next((child.obituary for child in ended if child.exit_code != 0), None)
        if failed is not None or len(ended) == len(self._children):
            self._conclude(failed)

    def stop(self) -> None:
        """Their master tells them when."""

    def end(self) -> None:
        """End them at once."""
        for child in self._children:
            child.kill()
            child.__exit__(None, None, None)
        self._children = []
        self.over = True

    def _conclude(self, failed: str | None) -> None:
        self._mail.send("course", order=self._number, events=[], failed=failed, ended=failed or "its workers did their share")
        self.end()

"""Systems Manager's agent on an emulated host: it asks for work over the host's own network, runs it, and says what became of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from tailgate.errors import TargetError
from tailgate.vantage.emulated.backstage_client import ask
from tailgate.vantage.emulated.commands import Script
from tailgate.vantage.emulated.metadata import hostname

_AGAIN_S = 0.5


class SsmAgent:
    """The agent of one host. environment: of the scripts. folder: where each script's files go, in one of its own."""

    def __init__(self, control_plane: str, instance: Mapping[str, Any], ip: str, environment: Mapping[str, str], folder: Path) -> None:
        self._control_plane, self._environment, self._folder = control_plane, environment, folder
        self._path = f"agent/{instance['instance_id']}"
        self._who = {"account": instance["account"], "region": instance["region"]}
        self._facts = {"IPAddress": ip, "ComputerName": hostname(ip), "IamRole": instance["role"] or ""}
        self._running: dict[str, Script] = {}
        self._known: set[str] = set()

    def start(self) -> None:
        """Ask for work from now on, in a thread."""
        Thread(target=self._work, name="ssm agent", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                work = ask(self._control_plane, self._path, self._who | {"facts": self._facts})
            except TargetError:
                time.sleep(_AGAIN_S)  # the network may come back, and a host lives on without it
                continue
            for errand in work["begin"]:
                if errand["command_id"] not in self._known:  # what is not acknowledged in time comes again
                    self._begin(errand)
            for command_id in work["cancel"]:
                if command_id in self._running:
                    self._running[command_id].cancelled.set()

    def _begin(self, errand: Mapping[str, Any]) -> None:
        command_id = errand["command_id"]
        self._known.add(command_id)
        script = Script(errand["lines"], self._folder / command_id, self._environment, errand["limit_s"], errand["folder"])
        self._running[command_id] = script
        with contextlib.suppress(TargetError):  # its end will be told all the same
            ask(self._control_plane, f"{self._path}/{command_id}", {**self._who, "began": True})
        Thread(target=self._run, args=(command_id, script), name="command", daemon=True).start()

    def _run(self, command_id: str, script: Script) -> None:
        outcome = script.run()
        while True:
            try:
                ask(self._control_plane, f"{self._path}/{command_id}", self._who | outcome)
                break
            except TargetError:
                time.sleep(_AGAIN_S)
        del self._running[command_id]

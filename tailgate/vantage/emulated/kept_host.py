"""Kept host: an emulated host as its keeper holds it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from tailgate.child import findable
from tailgate.vantage.emulated.network import Berth
from tailgate.vantage.emulated.processes import children, descendants, kill

_MODULE = "tailgate.vantage.emulated.host"
_OWN_FOLDER = "/run/emulated-host"  # on the host's own files
_PREFIX = "tailgate-host-"


class KeptHost:
    """One host, from its launch on. news: gets ("up", self) and ("gone", self). To be made in the main thread, with which it ends.

    why: what the host said when it went down by itself; empty where it said nothing.
    """

    def __init__(self, instance: dict[str, Any], berth: Berth, told: Mapping[str, Any], news: Queue[tuple[str, Any]]) -> None:
        self.instance, self.berth, self.why = instance, berth, ""
        self._shared = None if berth.isolated else Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._process = subprocess.Popen(
            [*berth.command, sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=findable(os.environ),
            text=True,
            start_new_session=True,
        )
        settings = {
            **told,
            "instance": instance,
            "ip": berth.ip,
            "metadata": berth.metadata,
            "isolated": berth.isolated,
            "folder": _OWN_FOLDER if self._shared is None else str(self._shared),
        }
        assert self._process.stdin is not None  # noqa: S101  # Popen was given a pipe
        with contextlib.suppress(OSError):  # one that died already is told of by the reader
            self._process.stdin.write(json.dumps(settings) + "\n")
            self._process.stdin.flush()
        name = instance["instance_id"]
        self._complaints = Thread(target=self._complain, name=f"{name} complains", daemon=True)
        self._complaints.start()
        Thread(target=self._read, args=(news,), name=f"{name} says", daemon=True).start()

    @property
    def pid(self) -> int:
        """Of what the keeper started."""
        return self._process.pid

    @property
    def first_pid(self) -> int:
        """Of its first process, as this host counts."""
        inside = children(self._process.pid) if self.berth.isolated else []
        return inside[0] if inside else self._process.pid

    def end(self) -> None:
        """See to it that all its processes are gone."""
        kill([self.first_pid] if self.berth.isolated else [*descendants(self.pid), self.pid])
        # What started the first process in its namespace ends when that has ended, which does so after all others in it.
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._shared is not None:
            shutil.rmtree(self._shared, ignore_errors=True)

    def _complain(self) -> None:
        """Pass on what it writes on standard error, but for what `unshare` has to say of a child that was killed, as ours are."""
        assert self._process.stderr is not None  # noqa: S101  # the same
        for line in self._process.stderr:
            if not line.startswith("unshare: sigprocmask"):
                print(f"{self.instance['instance_id']}: {line.rstrip()}", file=sys.stderr, flush=True)

    def _read(self, news: Queue[tuple[str, Any]]) -> None:
        assert self._process.stdout is not None  # noqa: S101  # the same
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "up":
                news.put(("up", self))
            else:
                self.why = event["why"]
        news.put(("gone", self))


def clear_folders() -> None:
    """Remove what hosts without files of their own left behind whose keeper was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)

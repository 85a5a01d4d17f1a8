"""A model server of somebody's, held as a process of this host: started, waited for on GET /ping, ended as a whole."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from tailgate.child import Child
from tailgate.errors import TargetError

IP = "127.0.0.1"
_START_S = 30.0
_LOOK_S = 0.1
_PING_TIMEOUT_S = 2.0  # SageMaker's own for a health check
_LAST_LINES = 20

Waiting = Callable[[str, float], None]
"""Told while a server starts: what is the matter, and seconds since it was started."""


def free_port() -> int:
    """A port of loopback that nobody listens on, a moment ago at least."""
    with socket.socket() as probe:
        probe.bind((IP, 0))
        return int(probe.getsockname()[1])


def settings_for(port: int) -> dict[str, str]:
    """How SageMaker, and everybody else, tells a container which port to listen on."""
    return {"SAGEMAKER_BIND_TO_PORT": str(port), "PORT": str(port)}


class ModelServer:
    """A command that serves `GET /ping` and `POST /invocations` on a port of loopback. pid: of the server itself.

    It does not outlive this process, nor do its children. grace_s: between SIGTERM and SIGKILL. Raises TargetError when
    the command cannot be started.
    """

    def __init__(self, command: Sequence[str], port: int, *, environment: Mapping[str, str] | None = None, grace_s: float = 10.0) -> None:
        self.command, self.port = tuple(command), port
        self._grace_s = grace_s
        self._ping = "nothing listens on it"
        self._child = Child("model server", "tailgate.targets.warden", part_of="", last_lines=_LAST_LINES)
        try:
            surroundings = {**os.environ, **(environment or {}), **settings_for(port)}
            self._child.tell({"command": self.command, "environment": surroundings, "grace_s": grace_s})
            self.pid = int(self._child.ready(_START_S)["pid"])
        except TargetError:
            self.end()
            raise TargetError(f"the command `{self.line}` cannot be started{self._words()}") from None
        except BaseException:
            self.end()
            raise

    @property
    def line(self) -> str:
        """The command as people write it."""
        return " ".join(self.command)

    def wait_until_well(self, patience_s: float, stop: Event, waiting: Waiting) -> float:
        """Until GET /ping answers 200; returns after how many seconds it did.

        Raises TargetError when the server ends instead, when it takes longer than that, and when `stop` is set; each
        with the last that the server wrote.
        """
        began_s = time.monotonic()
        while not self._is_well():
            elapsed_s = time.monotonic() - began_s
            if (obituary := self.obituary()) is not None:
                raise TargetError(f"{obituary} before GET /ping on port {self.port} answered 200{self._words()}")
            if elapsed_s > patience_s:
                raise TargetError(self._too_late(patience_s))
            if stop.wait(_LOOK_S):
                raise TargetError(f"the model server `{self.line}` was not waited for any longer: the session is ending")
            waiting(f"GET /ping: {self._ping}", elapsed_s)
        return time.monotonic() - began_s

    def obituary(self) -> str | None:
        """How it died, in a sentence; None while it lives."""
        how = self._child.how_it_ended()
        return None if how is None else f"the model server `{self.line}` (pid {self.pid}) {how}"

    def end(self) -> None:
        """See to it that it, and whatever it started, is gone. May be called twice."""
        self._child.hang_up()
        self._child.end(self._grace_s + _START_S)

    def _is_well(self) -> bool:
        """Whether /ping answers 200 now; what else it does is kept for the error."""
        connection = http.client.HTTPConnection(IP, self.port, timeout=_PING_TIMEOUT_S)
        try:
            connection.request("GET", "/ping")
            status = connection.getresponse().status
            self._ping = f"it answers {status}"
        except ConnectionRefusedError:
            return False
        except (OSError, http.client.HTTPException) as error:
            self._ping = f"no answer ({type(error).__name__})"
            return False
        finally:
            connection.close()
        return status == http.client.OK

    def _too_late(self, patience_s: float) -> str:
        advice = (
            "does it take its port from PORT, SAGEMAKER_BIND_TO_PORT or {port}, and does GET /ping answer 200 once the model is loaded?"
        )
        return (
            f"the model server `{self.line}` (pid {self.pid}) was not well within {patience_s:g} s: "
            f"GET /ping on port {self.port}: {self._ping}; {advice}{self._words()}"
        )

    def _words(self) -> str:
        lines = self._child.last_words
        return "".join(["; its last words:", *(f"\n  {line}" for line in lines)]) if lines else "; it wrote nothing"

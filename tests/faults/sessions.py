"""Sessions as processes of their own, forked from one that has imported everything already: a second less for each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from tests.faults.aws_calls import SERVICES
from tests.faults.strict import keep_history

_PRELOADED = ("pytest", "boto3", "tailgate.pytest_plugin", "tailgate.pytest_gate", "tailgate.targets.prefetch", "tailgate.cli", __name__)
_REAPER = "tailgate.aws.custody.reaper"
_WHOSE = "FAULTS_PROXY"  # tells a stage's processes from others'
SECRET_KEY, TOKEN = "fault/secret+key0123456789abcdefghijklmn", "fault+session/token0123456789abcdefghijklmnopqrstuvwxyz=="
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(list(_PRELOADED))


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process does: `pytest` or `tailgate` with arguments, in a folder, with these variables and nothing else of AWS's.

    history: where botocore's calls are kept; None to keep none.
    """

    program: str
    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    history: Path | None = None


class Process:
    """A session under way. It leads a process group of its own, as in a terminal."""

    def __init__(self, orders: Orders, name: str) -> None:
        self._said = orders.folder / f"{name}.out"
        self._process: BaseProcess = _FORKS.Process(target=_run, args=(orders, self._said))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id, and its group's."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def said(self) -> str:
        """What it wrote, to both of its streams."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def ended(self, within_s: float) -> int:
        """Its exit code. Raises TimeoutError where it does not end."""
        self._process.join(within_s)
        if self._process.exitcode is None:
            self.power_off()
            raise TimeoutError(f"no end after {within_s:.0f} s; it said: {self.said}")
        return self._process.exitcode

    def terminate(self) -> None:
        """SIGTERM to the process alone, as a supervisor sends it."""
        os.kill(self.pid, signal.SIGTERM)

    def interrupt(self) -> None:
        """SIGINT to the whole group, as Ctrl-C sends it."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the process alone."""
        os.kill(self.pid, signal.SIGKILL)

    def power_off(self) -> None:
        """The end of all its processes at once: none lives long enough to see another die."""
        with suppress(psutil.NoSuchProcess):
            session = psutil.Process(self.pid)
            everyone = [session, *session.children(recursive=True)]
            for send in (signal.SIGSTOP, signal.SIGKILL):
                for each in everyone:
                    with suppress(psutil.NoSuchProcess):
                        each.send_signal(send)


def end_stragglers(url: str) -> None:
    """Kill what outlived its session and still asks this url."""
    for process in psutil.process_iter(["cmdline"]):
        with suppress(psutil.Error):
            if _REAPER in (process.info["cmdline"] or ()) and process.environ().get(_WHOSE) == url:
                process.kill()


def run(orders: Orders, name: str, within_s: float = 60.0) -> tuple[int, str]:
    """Exit code and words of a process that ends by itself."""
    process = Process(orders, name)
    return process.ended(within_s), process.said


def environment(url: str, region: str, *, runtime: bool = True) -> dict[str, str]:
    """What leads boto3's clients to a url, with made-up credentials. runtime: whether invocations go there too, or where AWS has them."""
    led = ["AWS_ENDPOINT_URL"] if runtime else [f"AWS_ENDPOINT_URL_{name.upper()}" for name in SERVICES if name != "sagemaker-runtime"]
    return dict.fromkeys(led, url) | {
        "AWS_ACCESS_KEY_ID": "AKIAFAULTSFAULTSFAUL",
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        _WHOSE: url,
    }


def _run(orders: Orders, said: Path) -> None:
    """In the forked process: become what the orders say."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.chdir(orders.folder)
    _bend_names()
    for key in [key for key in os.environ if key.startswith(("AWS_", "TAILGATE_", "PYTEST_")) or key == "CI"]:
        del os.environ[key]
    os.environ.update(orders.environment)
    if orders.history is not None:
        keep_history(orders.history)
    began_s = time.monotonic()
    try:
        code = _main(orders.program, orders.arguments)
    except KeyboardInterrupt:  # as the interpreter itself would end
        code = 130
    print(f"ended with {code} after {time.monotonic() - began_s:.2f} s", flush=True)
    sys.exit(code)


def _bend_names() -> None:
    """Let AWS's names resolve, those of interface endpoints as in a VPC; nobody answers there."""
    resolve = socket.getaddrinfo

    def bent(host: Any, *arguments: Any, **options: Any) -> Any:
        name = str(host)
        return resolve("10.9.1.7" if ".vpce." in name else "52.94.1.1" if ".amazonaws.com" in name else host, *arguments, **options)

    socket.getaddrinfo = bent


def _main(program: str, arguments: Sequence[str]) -> int:
    if program == "tailgate":
        from tailgate.cli import main

        sys.argv = ["tailgate", *arguments]
        return main()
    import pytest

    return int(pytest.main(list(arguments)))

"""Deaths of hosts: a whole session whose load comes from emulated hosts, watched from outside, and struck at a moment of its life.

Moments are what shows on this host: a process that is there, or gone again, or a file that grows. Whoever strikes sees the hosts'
processes, as their namespaces lie below this one's.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import psutil

from tests.suites import RANKER

MARK = "TAILGATE_TEST_FOLDER"
HOST, AGENT, GENERATOR = "tailgate.vantage.emulated.host", "tailgate.vantage.agent", "tailgate.generator"
WORKER = "tailgate.generator.workers.worker"
SUITE = RANKER.replace("p90 <= 500ms", "p90 <= 5s")
_OPTIONS = ("-m", "latency", "-v", "-p", "no:cacheprovider", "--latency-vantage", "ec2", "--latency-region", "ap-northeast-1")
_QUICK = ("--latency-no-floor", "--latency-repeats", "0", "--latency-target", "emulated")
_LOOK_S = 0.02
_PATIENCE_S = 240.0


@dataclass
class Session:
    """A session under way. told: each line that it wrote, and when. seen: whether its generator was there."""

    folder: Path
    process: subprocess.Popen[str]
    told: list[tuple[float, str]] = field(default_factory=list)
    seen: bool = False

    @property
    def said(self) -> str:
        """All that it wrote."""
        return "".join(line for _, line in self.told)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The records of its runs."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("reports/runs/*/ranker*.json"))]

    def processes(self, module: str) -> list[psutil.Process]:
        """Those below it that run a module, the outermost first."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    words = process.cmdline()
                    if words[-1:] == [module] or f"-m {module} " in f"{' '.join(words)} ":
                        found.append(process)
        return found

    def decided_s(self) -> float:
        """When it said of its test how that ended; infinite where it did not."""
        return next((when for when, line in self.told if _DECIDED.search(line)), math.inf)

    def read(self) -> None:
        """Take down what it writes, to its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append((time.monotonic(), line))


_DECIDED = re.compile(r"(PASSED|FAILED|ERROR) +\[ *\d+%\]|emulated (PASS|FAIL|INCONCLUSIVE)")


def _agent_starts(session: Session) -> bool:
    return bool(session.processes(AGENT))


def _load_is_ordered(session: Session) -> bool:
    return bool(session.processes(GENERATOR))


def _samples_come(session: Session) -> bool:
    return any(path.stat().st_size > 5_000 for path in session.folder.glob("reports/runs/*/*.samples"))


def _load_is_over(session: Session) -> bool:
    there = bool(session.processes(GENERATOR))
    session.seen = session.seen or there
    return session.seen and not there


MOMENTS: Mapping[str, Callable[[Session], bool]] = {
    "when it is up": lambda session: bool(networks_of(session)),
    "when its agent starts": _agent_starts,
    "when a load is ordered": _load_is_ordered,
    "amid the load": _samples_come,
    "when the last samples are sent": _load_is_over,
    "when all is recorded": lambda session: bool(session.runs),
}


def kill_host(session: Session) -> None:
    """Of its first process all others' lives depend: as when power is lost."""
    for process in session.processes(HOST)[-1:]:
        process.kill()


def kill_agent(session: Session) -> None:
    """Whoever else lives on it lives on."""
    for process in session.processes(AGENT)[:1]:
        process.kill()


def kill_generator(session: Session) -> None:
    """And whatever it started."""
    for process in session.processes(GENERATOR):
        process.kill()


def cut_network(session: Session) -> None:
    """It lives on, and reaches nobody."""
    subprocess.run([*_inside(session), "link", "set", "eth0", "down"], check=True)


def kill_workers(session: Session) -> None:
    """Of a load that several hosts share, all that drive it; its master lives."""
    for process in session.processes(WORKER):
        process.kill()


VICTIMS: Mapping[str, Callable[[Session], None]] = {
    "host": kill_host,
    "agent": kill_agent,
    "generator": kill_generator,
    "network": cut_network,
}
SHARED: Mapping[str, Callable[[Session], None]] = {
    "host": kill_host,
    "master": kill_generator,
    "workers": kill_workers,
    "network": cut_network,
}
"""Of a load that several hosts share: one host, the master, the workers, one host's network."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """code: the session's. took_s: from the blow until the test's end was told. after_s: of the session's beginning, when it was struck.

    left: processes of the session's, and of its hosts.
    """

    code: int
    said: str
    took_s: float
    after_s: float
    runs: Sequence[Mapping[str, Any]]
    left: Sequence[object]

    @property
    def verdicts(self) -> list[str]:
        """Of its runs."""
        return [run["verdict"]["outcome"] for run in self.runs]


def struck(folder: Path, moment: str, victim: str, *arguments: str, suite: str = SUITE) -> Outcome:
    """Run a session, strike it, and look. arguments: pytest's, beside those that every cell has."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_ranker.py").write_text(suite)
    began_s = time.monotonic()
    session = _started(folder, arguments)
    reader = Thread(target=session.read, daemon=True)
    reader.start()
    try:
        _until(lambda: MOMENTS[moment](session) or session.process.poll() is not None)
        assert session.process.poll() is None, f"it ended before: {session.said}"
        networks = networks_of(session)
        {**VICTIMS, **SHARED}[victim](session)
        struck_s = time.monotonic()
        code = session.process.wait(_PATIENCE_S)
    finally:
        _end(session)
    reader.join(5.0)
    session.process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
    return Outcome(code, session.said, session.decided_s() - struck_s, struck_s - began_s, session.runs, left_of(folder, networks))


def networks_of(session: Session) -> set[str]:
    """The network namespaces that the session's hosts have."""
    return {network for process in session.processes(HOST) if (network := _network_of(process.pid)) != _network_of(os.getpid())}


def in_networks(networks: set[str]) -> list[list[str]]:
    """What runs in them still."""
    return [process.info["cmdline"] for process in psutil.process_iter(["cmdline"]) if _network_of(process.pid) in networks]


def _network_of(pid: int) -> str:
    """A process's network namespace; empty where it is gone."""
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""


def _inside(session: Session) -> list[str]:
    """`ip` in the network of a host of the session's."""
    return ["nsenter", "-t", str(session.processes(HOST)[-1].pid), "-n", "ip"]


def left_of(folder: Path, networks: set[str], within_s: float = 5.0) -> list[list[str]]:
    """What runs still of a session's, by the mark in its environment, or in its hosts' networks, where that is another.

    The kernel has a moment to end what its parent's end ends.
    """
    assert networks, "hosts had networks of their own"
    until_s = time.monotonic() + within_s
    while (found := [*_marked(folder), *in_networks(networks)]) and time.monotonic() < until_s:
        time.sleep(0.1)
    return found


def _marked(folder: Path) -> list[list[str]]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
    return found


def _started(folder: Path, arguments: Sequence[str]) -> Session:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TAILGATE_", "PYTEST_")) and key != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *_OPTIONS, *_QUICK, *arguments],
        cwd=folder,
        env={**kept, MARK: str(folder), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Session(folder, process)


def _end(session: Session) -> None:
    session.process.kill()
    session.process.wait()


def _until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, "waited in vain"
        time.sleep(_LOOK_S)

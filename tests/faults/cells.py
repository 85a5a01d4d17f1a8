"""Cells of the fault matrix: a session in an account of its own, harmed in one way, and what is to be found afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailgate.aws.custody.ledger import FOLDER, is_held, ledgers_in, read_ledger
from tailgate.aws.names import as_tag_list
from tailgate.targets.emulated.simulation import Simulation
from tests.faults.aws_proxy import AwsProxy, Fault, Harm
from tests.faults.books import Books
from tests.faults.sessions import Orders, Process, end_stragglers, environment, run

REGION = "eu-west-1"
MEASURED = "measured"
SUITE = f"""
import pathlib
import pytest
from tailgate import Budget, Case, ConstantRate, EndpointSpec

SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")
CASE = Case(SPEC, payload=b"[1]", load=ConstantRate(per_s=10, for_s=1), budget=Budget.of("p50 <= 5s"), network_path="privatelink")

@pytest.mark.latency
@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_ranker(latency_target, case):
    with latency_target.open(case.spec) as endpoint:
        assert "privatelink" in endpoint.addresses, endpoint.elsewhere
        pathlib.Path("{MEASURED}").write_text(endpoint.name)
"""
"""Instead of a load it says that it was there: no call of AWS's API is made meanwhile."""

MEASURING = """
import pytest
from tailgate import Budget, Case, ConstantRate, EndpointSpec

CASE = Case(
    EndpointSpec("ranker", instance_type="ml.m5.large"),
    payload=b"[1]",
    load=ConstantRate(per_s=10, for_s=2, warmup_s=0.5),
    budget=Budget.of("p50 <= 5s"),
)

@pytest.mark.latency
@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_ranker(measure, case):
    measure(case)
"""
"""A suite that asks: by one generator on this host, over the public path."""

_PYTEST = ("-p", "no:cacheprovider", "-p", "no:locust", "-m", "latency", "--latency-no-floor")
_LOOK_EVERY_S = 0.1
_SWEPT_AFTER_S = 5.0
_MADE = ("Create", "Put", "Delete")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a cell came out. left: what of ours is there; harmed: what of others is gone or changed."""

    code: int
    said: str
    left: tuple[str, ...]
    harmed: tuple[str, ...]
    measured: bool


class Stage:
    """Where one cell is played. `proxy` may be told harms before `play`; `process` is the session under way.

    history: where botocore's calls are to be kept. suite: what pytest is given. settles_within_s: how long a reaper may take.
    ends_within_s: how long a session may, which may have to wait for others that measure. runtime: whether invocations go to the
    proxy too; else they go where AWS has them, which nobody should try.
    """

    def __init__(self, moto_url: str, account: str, folder: Path, region: str = REGION) -> None:
        self.region = region
        self.books = Books(moto_url, account, region)
        self.history: Path | None = None
        self.suite = SUITE
        self.settles_within_s = 60.0
        self.ends_within_s = 300.0
        self.runtime = True
        self._variables: dict[str, str] = {}
        self.folder = folder
        self.proxy = AwsProxy(moto_url, account).__enter__()
        self.role = self.books.role("execution", "sagemaker")
        self.dead_man = self.books.role("dead-man", "scheduler")
        self.before = self.books.furnish()
        self._process: Process | None = None

    def clear(self) -> None:
        """Take the stage down, with whatever of the session is alive. May be called again."""
        if self._process is not None:
            self._process.power_off()
            end_stragglers(self.proxy.url)
        self._process = None
        self.proxy.__exit__(None, None, None)

    @property
    def process(self) -> Process:
        """The session under way."""
        assert self._process is not None
        return self._process

    def play(self, *options: str, variables: Mapping[str, str] | None = None) -> Ended:
        """Run the session to its end, give what it left to others some time, and look. variables: of its environment."""
        self._variables = dict(variables or {})
        return self._run("sagemaker", [*self._deploying(), *options])

    def attach(self, endpoint: str, *options: str) -> Ended:
        """Run a session that measures what is there, to its end, and look."""
        return self._run("existing", ["--latency-endpoint", f"ranker={endpoint}", "--latency-max-rate", "100", *options])

    def sweep(self, *arguments: str) -> tuple[int, str]:
        """`tailgate sweep`: exit code and words."""
        return run(self._orders("tailgate", ("sweep", "--region", self.region, *arguments)), "sweep")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.interrupt()

    def kill(self) -> bool:
        """SIGKILL; the call under way is not answered."""
        self.process.kill()
        return False

    def power_off(self) -> bool:
        """Everything of the session ends at once; the call under way is not answered."""
        self.process.power_off()
        return False

    def ledgers(self) -> list[Path]:
        """The ledgers that lie in its reports folder."""
        return ledgers_in(self.folder / "reports" / FOLDER)

    def ledgers_go(self) -> bool:
        """Whether no ledger is left, once nobody writes to one any more."""
        until_s = time.monotonic() + self.settles_within_s
        while self._somebody_cleans_up() and time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
        return not self.ledgers()

    def look(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What of ours is there, and what of others was harmed."""
        now = self.books.everything()
        return tuple(sorted(now.keys() - self.before.keys())), tuple(sorted(key for key, was in self.before.items() if now.get(key) != was))

    def _run(self, target: str, options: Sequence[str]) -> Ended:
        (self.folder / "pytest.ini").write_text("[pytest]\n")
        (self.folder / "test_ranker.py").write_text(self.suite)
        self._process = Process(self._orders("pytest", [*_PYTEST, "--latency-target", target, *options]), "session")
        code = self._process.ended(self.ends_within_s)
        return self._settled(code, self._process.said)

    def _deploying(self) -> list[str]:
        """With every part on that makes calls."""
        what = {
            "role": self.role,
            "dead-man-role": self.dead_man,
            "max-usd": "100",
            "cloudwatch-wait": "1",
            "client-subnet": self.books.subnet,
        }
        return [word for option, value in what.items() for word in (f"--latency-{option}", value)]

    def _settled(self, code: int, said: str) -> Ended:
        until_s = time.monotonic() + self.settles_within_s
        left, harmed = self.look()
        while left and self._somebody_cleans_up() and time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
            left, harmed = self.look()
        return Ended(code, said, left, harmed, (self.folder / MEASURED).exists())

    def _somebody_cleans_up(self) -> bool:
        held = False
        for path in self.ledgers():
            with suppress(FileNotFoundError):  # it has just been removed
                held = held or is_held(path)
        return held

    def _orders(self, program: str, arguments: Sequence[str]) -> Orders:
        return Orders(
            program,
            tuple(arguments),
            self.folder,
            environment(self.proxy.url, self.region, runtime=self.runtime) | self._variables,
            self.history,
        )


def changing(names: Iterable[str]) -> list[str]:
    """The operations that create or delete."""
    return [name for name in dict.fromkeys(names) if name.partition(".")[2].startswith(_MADE)]


Cell = tuple[str, str, Callable[["Stage"], Harm], Iterable[int]]
"""A title, an operation, what is done to it on a stage, and to which of its occurrences."""


def as_it_is(harm: Harm) -> Callable[[Stage], Harm]:
    """The same harm on every stage."""
    return lambda _: harm


def in_all_cells(stages: Callable[[], Stage], cells: Iterable[Cell], *, side_by_side: int = 3, swept: bool = False) -> dict[str, list[str]]:
    """Play each cell; what was complained of, and the last of what the session said, by title."""

    def played(cell: Cell) -> tuple[str, list[str]]:
        title, operation, harm_on, nth = cell
        stage = stages()
        fault = stage.proxy.harm(operation, harm_on(stage), nth if isinstance(nth, range) else tuple(nth))
        if swept:
            stage.settles_within_s = _SWEPT_AFTER_S
        try:
            ended = stage.play()
            found = complaints(stage, ended, fault, swept=swept)
            return title, [*found, ended.said[-1500:]] if found else []
        except TimeoutError as error:
            return title, [str(error)]
        finally:
            stage.clear()

    with ThreadPoolExecutor(side_by_side) as crew:
        return {title: found for title, found in crew.map(played, cells) if found}


def complaints(stage: Stage, ended: Ended, *faults: Fault, swept: bool = False) -> list[str]:
    """What of the promise was not kept, in sentences. swept: whether it may take a sweep to keep it."""
    found = [f"the fault upon {fault.operation} never fired" for fault in faults if not fault.fired]
    found += [f"of others were harmed: {ended.harmed}"] if ended.harmed else []
    found += ["pytest itself broke"] if "INTERNALERROR" in ended.said else []
    found += [f"nobody's calls: {stage.proxy.unknown}"] if stage.proxy.unknown else []
    if ended.left and not swept:
        found.append(f"left: {ended.left}")
    elif ended.left:
        found += _after_sweeping(stage, ended)
    return found


def _after_sweeping(stage: Stage, ended: Ended) -> Iterator[str]:
    """Once nothing of the session lives, a dry sweep names what is left; told to, it deletes that and nothing else."""
    end_stragglers(stage.proxy.url)
    stage.proxy.faults.clear()
    noted = {(entry.kind, entry.name) for path in stage.ledgers() for entry in read_ledger(path).left}
    prefixes = tuple(name for kind, name in noted if kind == "s3_prefix")
    for kind, name in (one.split(" ", 1) for one in ended.left):
        if (kind, name) not in noted and not (kind == "s3_object" and name.startswith(prefixes)):
            yield f"no ledger names {kind} {name}"
    code, said = stage.sweep("--older-than", "0s")
    if code != 1 or any(not _is_named(one.split(" ", 1)[1], prefixes, said) for one in ended.left):
        yield f"a dry sweep ended with {code} and does not name all of {ended.left}: {said}"
    code, said = stage.sweep("--older-than", "0s", "--delete")
    left, harmed = stage.look()
    if code != 0 or left or harmed:
        yield f"a sweep ended with {code}, left {left}, harmed {harmed}: {said}"
    if not stage.ledgers_go():
        yield "a settled ledger lies there still"


def _is_named(name: str, prefixes: Iterable[str], said: str) -> bool:
    """By its own name, or by that of what it lies below."""
    return name in said or any(name.startswith(prefix) and prefix in said for prefix in prefixes)


def with_simulation(simulation: Simulation) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """CreateEndpoint's parameters, asking for such an endpoint."""
    return lambda body: body | {"Tags": [*body.get("Tags", ()), *as_tag_list(simulation.tags())]}

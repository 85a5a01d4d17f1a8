"""The gate: what a pytest process holds while it measures, from the end of collection to the end of the session.

Three kinds of process: pytest alone measures and shows; under xdist the workers measure and the controller shows.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.afterwards import WAIT_S
from tailgate.analysis.looks.rhythm import USUAL
from tailgate.errors import LeftBehindError, TailgateError
from tailgate.floor import Floors
from tailgate.generator.workers.workforce import Workforce
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.pair import Pair
from tailgate.pytest_benchmark_bridge import WORKER_FOLDER, Bridge
from tailgate.pytest_options import LEFT, LEFT_BEHIND, history_folder, plan_name
from tailgate.pytest_reporting import Reports, report_asked
from tailgate.pytest_summary import Summary
from tailgate.pytest_terminal import Terminal
from tailgate.releasing import Releases
from tailgate.reporting.junit import estimate_properties
from tailgate.reporting.progress import Board, RelayBoard
from tailgate.reporting.record import Record
from tailgate.reporting.session_folder import SessionFolder
from tailgate.reporting.terminal import run_line
from tailgate.session import Session
from tailgate.targets import Target
from tailgate.targets.registry import Settings

if TYPE_CHECKING:
    from types import FrameType

    from tailgate.analysis.changes.baseline import MetricChange
    from tailgate.measure import Measurement
    from tailgate.paired_run import PairedRun
    from tailgate.reporting.baseline import Baselines


def open_gate(config: pytest.Config, reports: Path, settings: Settings, workforce: Workforce, baselines: Baselines | None = None) -> Gate:
    """The gate of a process that measures; where it also owns the terminal, with bridge and board. Raises RecordError."""
    folder, history = SessionFolder.begin(reports), history_folder(config)
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        board: Board = RelayBoard(worker.get("tailgate_board"))
    else:
        board = _open_terminal(config, Bridge(config, reports, folder.path, history), reports, relayed=False)
    floors = None if config.option.latency_no_floor else Floors()
    session = Session(
        replace(settings, run_id=folder.id, reports=reports),
        Record(folder.path),
        board,
        floors,
        workforce,
        repeats=config.option.latency_repeats,
        rhythm=None if config.option.latency_full_length else USUAL,
        retry=not config.option.latency_no_retry,
        history=history,
        baselines=baselines,
    )
    gate = Gate(config, folder, session)
    config.pluginmanager.register(gate, "tailgate-gate")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if workforce.invitation is not None and reporter is not None:
        reporter.write(f"\n{workforce.invitation}")
    return gate


def open_controller(config: pytest.Config, reports: Path) -> None:
    """What xdist's controller does for workers that measure: collect their runs, own the terminal, and end in order."""
    _heed_signals(config)
    _open_terminal(config, Bridge(config, reports, history=history_folder(config)), reports, relayed=True)


def _open_terminal(config: pytest.Config, bridge: Bridge, reports: Path, *, relayed: bool) -> Board:
    terminal = Terminal(config, bridge, relayed=relayed)
    config.pluginmanager.register(bridge, "tailgate-bridge")
    if (asked := report_asked(config)) != "none":
        history = (history_folder(config) or reports) if asked == "all" else None
        config.pluginmanager.register(Reports(bridge, reports, history), "tailgate-reports")
    config.pluginmanager.register(terminal, "tailgate-terminal")
    config.pluginmanager.register(Summary(config, bridge), "tailgate-summary")
    return terminal.board


class Gate:
    """Measures for the tests of this process, and leaves nothing behind when they end, however they end."""

    def __init__(self, config: pytest.Config, folder: SessionFolder, session: Session) -> None:
        self._config = config
        self._folder = folder
        self._session = session
        self._asked_by = {"session": folder.id, **({"plan": plan} if (plan := plan_name(config)) else {})}
        self._releases = Releases(())
        _heed_signals(config)

    @property
    def target(self) -> Target:
        """The session's target; endpoints opened through it are shared with the measured cases."""
        return self._session.target

    def prefetch(self, cases: Sequence[Case], needs: Iterable[tuple[str, Sequence[EndpointSpec] | None]] = ()) -> None:
        """Examine what is planned, then begin to deploy it; after each of these tests, let go what no other needs.

        Under xdist each worker would deploy everything, and none knows which tests it will get: there it is deployed when asked
        for, and deleted at the end. Raises PlanError, TargetError.
        """
        self._session.examine(cases)
        if not hasattr(self._config, "workerinput"):
            self._session.prefetch(cases)
            self._releases = Releases(needs)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over: what it was the last to need is let go."""
        self._session.let_go(self._releases.after(nodeid))

    def measure(self, case: Case, test: str) -> Iterator[Measurement]:
        """Measure one case for a test: each run, the one that counts last. Raises TailgateError where there is nothing to judge."""
        return self._session.measure(case, {**self._asked_by, "test": test})

    def paired(self, pair: Pair, seed: int, test: str) -> Iterator[PairedRun]:
        """Measure two cases in one run for a test: each run, the one that counts last. Raises TailgateError as `measure`."""
        return self._session.paired(pair, seed, {**self._asked_by, "test": test})

    def lines_of(self, run: PairedRun) -> list[str]:
        """The lines that stay on the terminal: one for each arm."""
        return [self.line_of(arm) if arm.before is None else run_line(arm.record) for arm in run.arms]

    def line_of(self, measured: Measurement) -> str:
        """The line that stays on the terminal."""
        after = "  (its host was busy)" if measured.disturbed else "  (measured once more)" if self._session.unconfirmed(measured) else ""
        return run_line(measured.record) + after

    @staticmethod
    def properties_of(measured: Measurement, of: str = "tailgate") -> list[tuple[str, object]]:
        """What machines read of a test, as JUnit properties: outcome, reasons, estimates with intervals (seconds, fractions).

        of: what their names begin with, such as `tailgate.first` of one of two arms.
        """
        verdict = measured.verdict
        properties: list[tuple[str, object]] = [
            (f"{of}.case", measured.case.id),
            (f"{of}.outcome", verdict.outcome.name),
            (f"{of}.target", str(measured.record.provenance["target"])),
        ]
        properties += [(f"{of}.reason", reason) for reason in verdict.reasons]
        properties += [(f"{of}.saved_s", verdict.saved_s)] if verdict.saved_s else []
        properties += [(f"{of}.confirms", measured.failed.record.file)] if measured.failed is not None else []
        properties += [one for estimate in measured.estimates for one in estimate_properties(estimate, of)]
        properties += [one for change in verdict.changes for one in _properties_of(change, of)]
        properties += [(f"{of}.limit.{check.limit.source}", check.decision.outcome.name) for check in verdict.checks]
        return properties

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Delete what was deployed before anything else is done; then let the record be collected."""
        try:
            self._session.close()
        except TailgateError as error:
            self._tell_left_behind(session, error)
        self._add_afterwards(interrupted=session.exitstatus == pytest.ExitCode.INTERRUPTED)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[WORKER_FOLDER] = str(self._folder.path)
        try:
            return (yield)
        finally:
            self._folder.release()

    def _tell_left_behind(self, session: pytest.Session, error: TailgateError) -> None:
        """Fail the session, whatever its tests found: something may cost money until somebody deletes it."""
        session.exitstatus = max(int(session.exitstatus), int(pytest.ExitCode.TESTS_FAILED))
        reasons = dict.fromkeys(str(each) for each in (error, error.__context__) if isinstance(each, TailgateError))
        self._config.stash[LEFT] = text = "; because ".join(reasons)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[LEFT_BEHIND] = text
        category = ResourceWarning if isinstance(error, LeftBehindError) else pytest.PytestWarning
        self._warn(category(text))

    def _add_afterwards(self, *, interrupted: bool) -> None:
        """Let the runs have what is only known now. Nobody who interrupts waits for CloudWatch; Ctrl-C ends only that wait."""
        asked_s = self._config.option.latency_cloudwatch_wait
        with suppress(KeyboardInterrupt):
            complaints = self._session.add_afterwards(0.0 if interrupted else WAIT_S if asked_s is None else asked_s)
            for complaint in complaints:
                self._warn(pytest.PytestWarning(complaint))

    def _warn(self, warning: Warning) -> None:
        try:
            self._config.issue_config_time_warning(warning, stacklevel=1)
        except Warning:  # they are errors here, which would end the session before its record is written
            print(f"\ntailgate: {warning}", file=sys.stderr)


def _properties_of(found: MetricChange, of: str) -> Iterator[tuple[str, object]]:
    """What machines read of a comparison: its outcome, and before, bound and change where they are known (seconds, fractions)."""
    name, change = f"{of}.change.{found.metric}", found.change
    yield name, change.outcome.name
    numbers = {"expected_s": change.expected_s, "bound_s": change.bound_s, "relative": change.relative, "runs": change.runs}
    yield from ((f"{name}.{which}", number) for which, number in numbers.items() if number is not None)


def _heed_signals(config: pytest.Config) -> None:
    """Until pytest ends, let a request to terminate, or a terminal that hangs up, end the session as Ctrl-C does."""

    def restore(former: Mapping[int, Any]) -> None:
        for signum, handler in former.items():
            signal.signal(signum, handler)

    with suppress(ValueError):  # not in the main thread: then it is not ours to say
        config.add_cleanup(partial(restore, {signum: signal.signal(signum, _interrupt) for signum in (signal.SIGTERM, signal.SIGHUP)}))


def _interrupt(signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"terminated by signal {signum} in process {os.getpid()}")

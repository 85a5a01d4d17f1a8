"""What a person sees of a session: progress while it measures, a line per run, one table at the end."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.plan.case import Case
from tailgate.plan.vantage import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailgate.analysis.planning import Planned
    from tailgate.plan.pair import Pair
    from tailgate.pytest_benchmark_bridge import Bridge
    from tailgate.reporting.progress import Board


REPORT_LINES = "tailgate_lines"
"""Attribute of a test's report, which xdist carries to the controller: a line per run."""

NOT_SAVED = "benchmark JSON: none (pytest-benchmark is off, or saved elsewhere); the next session that makes one takes these runs over"

_ON_AWS = ("existing", "sagemaker")
WIDTH_OF_LOGS = 160
"""Columns of the table where the output is no terminal: logs scroll sideways, and cut nothing off."""


class Terminal:
    """Draws in the process that owns the terminal: pytest's own, or xdist's controller."""

    def __init__(self, config: pytest.Config, bridge: Bridge, *, relayed: bool) -> None:
        from tailgate.reporting.progress import Relay, SilentBoard, TerminalBoard  # not before it is needed: this module is always imported

        self._bridge = bridge
        self._reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
        self._writer = config.get_terminal_writer() if self._reporter is not None else None
        self.board: Board = SilentBoard()
        if self._reporter is not None:
            with contextlib.suppress(OSError):  # standard output is closed
                # pytest captures only while tests run; now file descriptor 1 is the real standard output
                self.board = TerminalBoard(os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace"), self._column)
        self._relay = Relay(self.board) if relayed else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Tell an xdist worker where to say what it is doing."""
        if self._relay is not None:
            node.workerinput["tailgate_board"] = self._relay.address  # type: ignore[attr-defined]  # xdist's WorkerController

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Make room for what pytest writes."""
        self.board.pause()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a line per run, on a line of its own."""
        self.board.pause()
        lines = getattr(report, REPORT_LINES, ())
        if report.when == "call" and lines and self._reporter is not None:
            self._reporter.write("\n" if self._column() else "")
            for line in lines:
                self._reporter.write(f"  {line}\n")

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """No dot for what has a line, unless it says something else than its line."""
        if getattr(report, REPORT_LINES, ()) and report.when == "call" and not hasattr(report, "wasxfail"):
            return report.outcome, "", ""
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One table of all runs, and where they are."""
        from tailgate.reporting.terminal import summary

        if not self._bridge.runs:
            return
        terminalreporter.section("tail latency")
        writer = self._writer
        width = writer.fullwidth if writer is not None and terminalreporter.isatty else WIDTH_OF_LOGS
        table = summary(self._bridge.runs, width=width, styled=writer is not None and writer.hasmarkup)
        for line in [*table.splitlines(), *self._from_elsewhere(), *self._unguarded(), *self._where()]:
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Leave the terminal as it was."""
        if self._relay is not None:
            self._relay.close()
        self.board.close()

    def _column(self) -> int:
        """How far pytest has written on the current line."""
        return self._writer.width_of_current_line if self._writer is not None else 0

    def _from_elsewhere(self) -> list[str]:
        """From where load came, unless it all came from this host."""
        vantages = sorted({str(run.provenance.get("vantage")) for run in self._bridge.runs})
        return [f"load came from: {', '.join(vantages)}"] if vantages != [LOCAL] else []

    def _unguarded(self) -> list[str]:
        """Once, also where all is well otherwise: that endpoints were there without a dead-man's switch, and why the first was."""
        endpoints = [run.provenance.get("endpoint") for run in self._bridge.runs]
        told = dict.fromkeys(str(facts.get("dead_man", "")) for facts in endpoints if isinstance(facts, dict))
        without = [fact for fact in told if fact.startswith("no dead-man")]
        return [without[0] + (f" (and {len(without) - 1} more)" if len(without) > 1 else "")] if without else []

    def _where(self) -> list[str]:
        folders = sorted({str(_short(run.path.parent)) for run in self._bridge.runs if run.path is not None})
        saved = self._bridge.saved_to
        history = f"benchmark JSON: {_short(saved)}" if saved is not None else NOT_SAVED
        return [f"runs and samples: {', '.join(folders)}", history]


def explain(config: pytest.Config, asked: Sequence[Case | Pair]) -> None:
    """What the limits of all that is planned take, each once. Raises PlanError for a pair whose arms have too little."""
    from tailgate.reporting.plan_table import plan_table

    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    cases = _planned(asked)
    reporter.section("tail latency: what is planned")
    for line in plan_table(cases, width=config.get_terminal_writer().fullwidth if reporter.isatty else WIDTH_OF_LOGS):
        reporter.write_line(line)


def announce(config: pytest.Config, asked: Sequence[Case | Pair]) -> None:
    """The same of a session that goes on: in one line, with -v as `explain` does, with -q not at all."""
    from tailgate.reporting.plan_table import plan_line

    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not asked or config.option.verbose < 0:
        return
    if config.option.verbose:
        explain(config, asked)
    else:
        reporter.write_line(plan_line(_planned(asked)))


def announce_credentials(config: pytest.Config, kind: str, asked: Sequence[Case | Pair]) -> None:
    """On AWS, what has to be said of credentials that may end before the loads do; also with -q."""
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or kind not in _ON_AWS:
        return
    from tailgate.aws.credentials_end import told_of_credentials

    loads = [one.load if isinstance(one, Case) else one.first.load for one in asked]
    told = told_of_credentials(sum(load.warmup_s + load.for_s for load in loads))
    if told is not None:
        reporter.write_line(f"credentials: {told}", yellow=True)


def _planned(asked: Sequence[Case | Pair]) -> list[Planned]:
    """Each once, however many tests ask for it."""
    from tailgate.analysis.planning import planned

    return [case for number, one in enumerate(asked) if one not in asked[:number] for case in planned(one)]


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

"""What a person sees of a session: progress while it measures, a line per run, one table at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tailgate.pytest_benchmark_bridge import Bridge


REPORT_LINES = "tailgate_lines"
"""Attribute of a test's report, which xdist carries to the controller: a line per run."""

WIDTH_OF_LOGS = 160
"""Columns of the table where the output is no terminal: logs scroll sideways, and cut nothing off."""


class Terminal:
    """Draws in the process that owns the terminal: pytest's own, or xdist's controller."""

    def __init__(self, config: pytest.Config, bridge: Bridge, *, relayed: bool) -> None:
        from tailgate.reporting.progress import Relay, TerminalBoard  # not before it is needed: this module is always imported

        self._config = config
        self._bridge = bridge
        writer = config.get_terminal_writer()
        self._column: Callable[[], int] = lambda: writer.width_of_current_line
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
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        lines = getattr(report, REPORT_LINES, ())
        if report.when == "call" and lines and reporter is not None:
            reporter.write("\n" if self._column() else "")
            for line in lines:
                reporter.write(f"  {line}\n")

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
        writer = self._config.get_terminal_writer()
        width = writer.fullwidth if terminalreporter.isatty else WIDTH_OF_LOGS
        terminalreporter.write(summary(self._bridge.runs, width=width, styled=writer.hasmarkup))
        for note in self._where():
            terminalreporter.write_line(note)

    def pytest_unconfigure(self) -> None:
        """Leave the terminal as it was."""
        if self._relay is not None:
            self._relay.close()
        self.board.close()

    def _where(self) -> list[str]:
        folders = sorted({str(_short(run.path.parent)) for run in self._bridge.runs if run.path is not None})
        saved = self._bridge.saved_to
        return [f"runs and samples: {', '.join(folders)}"] + ([f"benchmark JSON: {_short(saved)}"] if saved is not None else [])


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

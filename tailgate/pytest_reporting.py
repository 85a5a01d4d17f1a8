"""What a session leaves for people to read: its report, beside its runs and as the newest one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import RecordError

if TYPE_CHECKING:
    from tailgate.pytest_benchmark_bridge import Bridge


class Reports:
    """Writes the report in the process that collects the runs, once they are saved; what goes wrong with it is said, and fails nothing.

    reports: the reports folder; the newest session's page is in it, too.
    """

    def __init__(self, bridge: Bridge, reports: Path) -> None:
        self._bridge = bridge
        self._reports = reports.absolute()
        self._lines: list[tuple[str, bool]] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write it of the session's own runs."""
        folders = sorted({run.path.parent for run in self._bridge.runs if run.path is not None})
        if not folders:
            return
        from tailgate.reporting.report import page, save
        from tailgate.reporting.session_folder import REPORT

        try:
            text = page(self._bridge.runs, self._bridge.complaints)
            for folder in (folders[0], self._reports):
                save(text, folder / REPORT)
        except RecordError as error:
            self._lines.append((f"report: {error}", True))
        else:
            self._lines.append((f"report: {_short(folders[0] / REPORT)}", False))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it is."""
        for line, wrong in self._lines:
            terminalreporter.write_line(line, yellow=wrong)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

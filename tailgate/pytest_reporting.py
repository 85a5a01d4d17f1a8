"""What a session leaves for people to read: its report, beside its runs and as the newest one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import PlanError, RecordError, nearest

if TYPE_CHECKING:
    from tailgate.pytest_benchmark_bridge import Bridge
    from tailgate.reporting.run_file import Run

_OPTION, _VARIABLE, _INI = "--latency-report", "TAILGATE_REPORT", "latency_report"
_ASKED = ("run", "all", "none")


def add_reporting_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """What the session's page holds: option, environment, ini file."""
    what = (
        "what the page at the session's end holds: its own runs (run, the default), with earlier ones of its cases (all), or nothing (none)"
    )
    group.addoption(_OPTION, metavar="|".join(_ASKED), help=f"{what} (ini: {_INI})")
    parser.addini(_INI, what, default=None)


def report_asked(config: pytest.Config) -> str:
    """`run`, `all` or `none`. Raises PlanError saying where something else stands."""
    told = ((_OPTION, config.getoption(_OPTION)), (_VARIABLE, os.environ.get(_VARIABLE)), (_INI, config.getini(_INI)))
    source, asked = next(((source, str(asked)) for source, asked in told if asked), (_OPTION, _ASKED[0]))
    if asked not in _ASKED:
        raise PlanError(f"{source} is '{asked}', which is no kind of report{nearest(asked, _ASKED)}")
    return asked


class Reports:
    """Writes the report in the process that collects the runs, once they are saved; what goes wrong with it is said, and fails nothing.

    reports: the reports folder; the newest session's page is in it, too. history: where earlier runs lie, if they are to be in it.
    """

    def __init__(self, bridge: Bridge, reports: Path, history: Path | None = None) -> None:
        self._bridge = bridge
        self._reports = reports.absolute()
        self._history = history
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
            text = page([*self._bridge.runs, *self._earlier()], self._bridge.complaints)
            for folder in (folders[0], self._reports):
                save(text, folder / REPORT)
        except RecordError as error:
            self._lines.append((f"report: {error}", True))
        except Exception as error:  # a fault of ours in drawing must not take the session's end with it
            again = f"the runs are recorded; tailgate report {_short(folders[0])} tries again"
            self._lines.append((f"report: it could not be made, by a fault of tailgate's ({type(error).__name__}: {error}); {again}", True))
        else:
            self._lines.append((f"report: {_short(folders[0] / REPORT)}", False))

    def _earlier(self) -> list[Run]:
        """Runs of the same cases in the history, none twice."""
        if self._history is None:
            return []
        from tailgate.reporting.history import NEWEST_FILES
        from tailgate.reporting.recorded import benchmarks_folder, kept, newest_runs, which

        cases = {kept(run) for run in self._bridge.runs}
        own = {which(run) for run in self._bridge.runs}
        found = {which(run): run for run in newest_runs(benchmarks_folder(self._history), NEWEST_FILES) if kept(run) in cases}
        return [run for name, run in found.items() if name not in own]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it is."""
        for line, wrong in self._lines:
            terminalreporter.write_line(line, yellow=wrong)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

"""The session in Markdown at its end: beside its runs, for a pull request's comment, and in the job's summary where CI has one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import RecordError
from tailgate.pytest_costing import spent_lines
from tailgate.pytest_options import LEFT

if TYPE_CHECKING:
    from tailgate.pytest_benchmark_bridge import Bridge

_GATES = "latency"


class Summary:
    """A plugin of the controlling process: knows the tests that failed, and at the end what was measured."""

    def __init__(self, config: pytest.Config, bridge: Bridge) -> None:
        self._config, self._bridge = config, bridge
        self._failures: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a gate that failed, also before it measured."""
        if report.failed and _GATES in report.keywords:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._failures[report.nodeid] = str(getattr(crash, "message", report.longreprtext)).removeprefix("AssertionError: ")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write it, now that the bridge has the runs and what was deployed is gone."""
        from tailgate.reporting.markdown import append_summary, pieces, written_summary
        from tailgate.reporting.session_folder import SUMMARY

        bridge, stash = self._bridge, self._config.stash
        if not bridge.folders:
            return
        left = [*([stash[LEFT]] if LEFT in stash else []), *bridge.complaints]
        parts = pieces(bridge.runs, failures=self._failures, said=spent_lines(self._config), left=left)
        for write in (partial(written_summary, path=bridge.folders[0] / SUMMARY), append_summary):
            try:
                write(parts)
            except RecordError as error:  # the next one may still be written
                bridge.complaints.append(str(error))

"""The bridge to pytest-benchmark: a session's runs become benchmarks, with and without xdist.

pytest-benchmark disables its fixture under xdist, so nothing goes through it: the controller reads the runs from the
session's folder and gives them to pytest-benchmark just before that finishes. Its options (`--benchmark-json`, `-save`,
`-autosave`, `-storage`, `-compare`, `-histogram`) and its command then work on them. What this relies on beyond
documented names (Metadata, the session's attributes) is held by a contract test.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import RecordError

if TYPE_CHECKING:
    from tailgate.reporting.benchmark_json import Benchmark
    from tailgate.reporting.run_file import Fields, Run

DEFAULT_STORAGE = "file://./.benchmarks"
"""`--benchmark-storage` as it is when nobody chose it."""

FIXTURES = {"benchmark", "measure"}
"""A test that asks for one of these is a benchmark to --benchmark-only and --benchmark-skip."""

WORKER_FOLDER = "tailgate_folder"
"""The key under which an xdist worker's `workeroutput` names the folder of its runs."""

_TABLE_OPTIONS: dict[str, object] = {"compare": [], "histogram": [], "verbose": False, "sort": "min", "group_by": "group"}
_TABLE_OPTIONS |= {"compare_fail": None, "columns": None}  # each as it is when nobody asked for a table


class Bridge:
    """A plugin of the controlling process: makes one benchmark JSON of the session's runs when the session finishes.

    reports: the reports folder. session_folder: where this process's runs are; `folders` takes those of others, and
    those of xdist's workers come in by themselves. A session without folders is left alone. history: where else the
    file is kept. After the finish: `runs` of this session, `recovered` from sessions that died, `saved_to` the file they
    are in, None where there is none, `complaints` what went wrong, in sentences for people.
    """

    def __init__(self, config: pytest.Config, reports: Path, session_folder: Path | None = None, history: Path | None = None) -> None:
        self.folders: list[Path] = [] if session_folder is None else [session_folder]
        self.runs: list[Run] = []
        self.recovered: list[Run] = []
        self.complaints: list[str] = []
        self.saved_to: Path | None = None
        self._config, self._history = config, history
        self._reports = reports.absolute()
        self._benchmarks: list[Benchmark] = []
        self._before: set[Path] = set()
        self._adopted = ExitStack()  # workers' folders, until their runs are saved

    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        """Bring the second half along."""
        if plugin is self:
            manager.register(_Saved(self), "tailgate-bridge-saved")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take note of an xdist worker's folder; that of one that crashed is recovered like a dead session's."""
        folder = getattr(node, "workeroutput", {}).get(WORKER_FOLDER)
        if folder and Path(folder) not in self.folders:
            from tailgate.reporting.session_folder import adopted

            self.folders.append(Path(folder))
            self._adopted.enter_context(adopted(Path(folder)))

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Read the runs and give them to pytest-benchmark, which saves them before any other hook goes on; see _Saved."""
        from tailgate.reporting.collection import collect
        from tailgate.reporting.session_folder import abandoned, retire

        session = self._config.pluginmanager.get_plugin("pytest-benchmark")
        if self._config.option.collectonly or not self.folders:
            return (yield)
        with self._adopted, abandoned(self._reports, but=self.folders) as dead:
            found = collect(self.folders, dead)
            self.runs, self.recovered, self._benchmarks = found.runs, found.recovered, found.benchmarks
            self.complaints += found.complaints
            if session is None or not self._benchmarks:
                return (yield)
            _choose_storage(session, self._config, self._reports, self.folders[0].name)
            session.benchmarks.extend(_metadata(one) for one in self._benchmarks)
            self._before = _files(session)
            outcome = yield
        retire(self._reports)
        return outcome

    def saved(self) -> None:
        """Only now that pytest-benchmark has saved them, mark the runs as saved; and say where they are."""
        from pytest_benchmark.storage.file import FileStorage

        from tailgate.reporting.benchmark_json import session_in
        from tailgate.reporting.recorded import keep_copy
        from tailgate.reporting.session_folder import mark_saved

        session = self._config.pluginmanager.get_plugin("pytest-benchmark")
        if session is None or not self._benchmarks:
            return
        if isinstance(session.storage, FileStorage):
            new = _files(session) - self._before  # another session may have saved meanwhile
            self.saved_to = next((path for path in new if session_in(path) == self.folders[0].name), None)
            if self.saved_to is None:
                self.complaints.append("pytest-benchmark wrote no file; the next session saves these runs")
                return
        try:
            mark_saved(run.path for run in (*self.runs, *self.recovered) if run.path)
            keep_copy(self.saved_to, self._history)
        except RecordError as error:
            self.complaints.append(str(error))
        self._hide_table(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Add the runs that no statistics can be made of, which pytest-benchmark leaves out."""
        from tailgate.reporting.benchmark_json import SECTION, section

        output_json[SECTION] = section(self._benchmarks, self.folders[0].name if self.folders else None)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what went wrong with the record."""
        for complaint in self.complaints:
            terminalreporter.write_line(f"record: {complaint}", yellow=True)

    def _hide_table(self, session: Any) -> None:
        """Take our runs out of pytest-benchmark's table, unless it was asked for: ours says more, and of percentiles."""
        asked = any(getattr(self._config.option, f"benchmark_{name}") != default for name, default in _TABLE_OPTIONS.items())
        if asked or not session.groups:
            return
        ours = {one.fullname for one in self._benchmarks}
        groups = ((group, [one for one in rows if one["fullname"] not in ours]) for group, rows in session.groups)
        session.groups = [(group, rows) for group, rows in groups if rows]


class _Saved:
    """The second half: no wrapper, so it runs after all wrappers began, in one of which pytest-benchmark saves; the summary follows."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def pytest_sessionfinish(self) -> None:
        """Take note of what was saved."""
        self._bridge.saved()


@dataclass(frozen=True, slots=True)
class _Source:
    """What Metadata wants to be told of a benchmark: pytest-benchmark's fixture has these attributes."""

    name: str
    fullname: str
    group: str
    param: str
    params: dict[str, str]
    extra_info: Fields
    has_error: bool
    cprofile_stats: None = field(default=None, init=False)


def _metadata(one: Benchmark) -> Any:
    """A benchmark as pytest-benchmark's session holds it; without response times it counts as an error there."""
    from pytest_benchmark.stats import Metadata

    source = _Source(one.name, one.fullname, one.group, one.param, one.params, one.extra_info, has_error=not one.response_s)
    metadata = Metadata(source, 1, {"timer": "tailgate"})  # type: ignore[no-untyped-call]  # pytest-benchmark is untyped
    metadata.stats.data.extend(one.response_s)
    return metadata


def before_benchmark(config: pytest.Config, reports: Path) -> None:
    """To be called from a tryfirst `pytest_configure`, in every process: pytest-benchmark reads its options after it.

    Makes `--benchmark-only` and `--benchmark-skip` know the `measure` fixture, and the former go with xdist, where
    pytest-benchmark calls it a usage error. Makes a bare `--benchmark-compare` look into `reports` where there is
    history there and none in pytest-benchmark's own default folder.
    """
    option = config.option
    if not hasattr(option, "benchmark_only"):
        return
    forbidden = option.benchmark_disable and not option.benchmark_enable  # pytest-benchmark refuses this together, rightly
    if (option.benchmark_only and not forbidden) or option.benchmark_skip:
        config.pluginmanager.register(_Selection(only=option.benchmark_only), "tailgate-benchmark-selection")
        option.benchmark_skip = option.benchmark_skip and not option.benchmark_only
        option.benchmark_only = False
    if option.benchmark_compare and option.benchmark_storage == DEFAULT_STORAGE:
        from tailgate.reporting.session_folder import BENCHMARKS

        history, default = reports.absolute() / BENCHMARKS, Path(DEFAULT_STORAGE.removeprefix("file://"))
        nameable = history.is_relative_to(Path.cwd())  # by pytest-benchmark; the bridge has a storage that can do without
        if nameable and any(history.glob("*/*.json")) and not any(default.glob("*/*.json")):
            option.benchmark_storage = f"file://{history}"


class _Selection:
    """What --benchmark-only and --benchmark-skip do, with `measure` as one more fixture that makes a benchmark."""

    def __init__(self, only: bool) -> None:
        self._only = only

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark the others as skipped, as pytest-benchmark does."""
        which, option = ("non-benchmark", "only") if self._only else ("benchmark", "skip")
        skip = pytest.mark.skip(reason=f"Skipping {which} (--benchmark-{option} active).")
        for item in items:
            if bool(FIXTURES & set(getattr(item, "fixturenames", ()))) != self._only:
                item.add_marker(skip)


def _choose_storage(session: Any, config: pytest.Config, reports: Path, session_id: str) -> None:
    """Save under `reports`, and save at all, unless the user chose a storage or a name."""
    from pytest_benchmark.logger import Logger
    from pytest_benchmark.storage.file import FileStorage
    from pytest_benchmark.utils import get_tag

    from tailgate.reporting.session_folder import BENCHMARKS

    class Storage(FileStorage):
        """The file storage, which cannot say where it is when that is not below the current folder."""

        @property
        def location(self) -> str:
            return str(self.path)

    saving = bool(session.save or session.autosave)
    if config.option.benchmark_storage == DEFAULT_STORAGE:
        # What is saved unasked is saved silently: our own table says where it is.
        logger = session.logger if saving else Logger(Logger.QUIET, config=config)  # type: ignore[no-untyped-call]  # pytest-benchmark is untyped
        session.storage = Storage(reports / BENCHMARKS, logger, session.machine_id)  # type: ignore[no-untyped-call]  # the same
        if session.compare:
            there = session.compared_mapping
            session.handle_loading()
            session.compared_mapping = {**there, **session.compared_mapping}
    if not saving:  # the session's own part keeps two that end in the same second apart
        tag: str = get_tag()  # type: ignore[no-untyped-call]  # the same
        session.autosave = f"{tag}_{session_id[-6:]}"


def _files(session: Any) -> set[Path]:
    """The files in pytest-benchmark's storage for this kind of machine; none where it is no folder."""
    from pytest_benchmark.storage.file import FileStorage

    storage = session.storage
    return set(storage.query()) if isinstance(storage, FileStorage) else set()  # type: ignore[no-untyped-call]  # it is untyped

"""The skin: options, markers, collection, and the fixture `measure`. Inert unless a test asks; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import CapacityError, PlanError, TailgateError
from tailgate.plan.case import Case
from tailgate.pytest_benchmark_bridge import before_benchmark
from tailgate.pytest_locust_truce import Truce
from tailgate.pytest_options import PLAN, add_options, read_options, reports_folder, settings_of, workforce_of
from tailgate.pytest_terminal import REPORT_LINES
from tailgate.targets import Target

if TYPE_CHECKING:
    from tailgate.measure import Measurement
    from tailgate.pytest_gate import Gate

GATE: pytest.StashKey[Gate] = pytest.StashKey()
LINES: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Ours are all called --latency-…; Locust's own plugin, where it is installed, is kept from claiming others."""
    pluginmanager.register(Truce(pluginmanager, parser), "tailgate-locust-truce")
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and pytest-benchmark's options mean our runs too."""
    before_benchmark(config, reports_folder(config))
    config.addinivalue_line("markers", "latency(*cases): measures endpoints; its cases, here or in parameters, are deployed ahead")
    config.addinivalue_line("markers", "planned(*experiments): fills the argument `case` from the plan file, all experiments unless named")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the plan and the options: a wrong one ends the session with exit code 4 before anything is collected."""
    config = session.config
    try:
        read_options(config)
    except PlanError as error:
        raise pytest.UsageError(str(error)) from None
    if controls_xdist(config) and "latency" in config.option.markexpr.replace("not latency", ""):
        _open_controller(config)  # now, so that progress can be shown


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodedown(node: Any) -> None:
    """An xdist worker has measured: see to it that its runs are collected."""
    if "tailgate_folder" in getattr(node, "workeroutput", {}) and not node.config.pluginmanager.has_plugin("tailgate-bridge"):
        _open_controller(node.config)
        node.config.pluginmanager.get_plugin("tailgate-bridge").pytest_testnodedown(node)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fill `case` of tests marked `planned` from the plan file."""
    marker = metafunc.definition.get_closest_marker("planned")
    if marker is None:
        return
    plan = metafunc.config.stash[PLAN]
    if plan is None:
        raise PlanError("marked `planned`, but there is no plan: name one with --latency-plan or latency_plan in the ini file")
    experiments = [plan.experiment(name) for name in marker.args] or plan.experiments
    cases = [case for experiment in experiments for case in experiment.cases]
    metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to deploy, in the background, what the selected tests will measure; --collect-only deploys nothing."""
    items = [item for item in session.items if item.get_closest_marker("latency") or {"measure", "latency_target"} & fixtures_of(item)]
    if items and not session.config.option.collectonly:
        from tailgate.pytest_gate import open_gate

        config = session.config
        cases = _checked(_cases_of(items))
        config.stash[GATE] = gate = open_gate(config, reports_folder(config), settings_of(config), workforce_of(config))
        gate.prefetch(cases)


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[[Case], Measurement]:
    """Measure a case: `run = measure(case)`, then `assert run.verdict, run.verdict.explain()`.

    The run is on disk before it is returned. A platform without capacity skips the test, an undecided verdict does
    so where the case or --latency-inconclusive says so.
    """
    gate = request.config.stash[GATE]

    def measure_case(case: Case) -> Measurement:
        __tracebackhide__ = True
        if not isinstance(case, Case):
            raise PlanError(f"measure takes a Case, not {case!r}")
        try:
            measured = gate.measure(case, request.node.nodeid)
            request.node.user_properties.extend(gate.properties_of(measured))
            request.node.stash.setdefault(LINES, []).append(gate.line_of(measured))
        except CapacityError as error:
            pytest.skip(str(error))
        undecided = measured.verdict.outcome.name == "INCONCLUSIVE"
        if undecided and "skip" in (case.inconclusive, request.config.option.latency_inconclusive):
            pytest.skip(measured.verdict.explain())
        return measured

    return measure_case


@pytest.fixture(scope="session")
def latency_target(request: pytest.FixtureRequest) -> Target:
    """The session's target, for tests that want an endpoint without a measurement: `with latency_target.open(spec)`."""
    return request.config.stash[GATE].target


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A case that cannot be meant is a collection error with its sentence and place, without a traceback of ours."""
    report = yield
    call = getattr(report, "call", None)
    if call is not None and call.excinfo is not None and isinstance(call.excinfo.value, TailgateError):
        report.longrepr = _sentence(call.excinfo, collector.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The same for errors while measuring; the run's line travels with its report."""
    report = yield
    setattr(report, REPORT_LINES, item.stash.get(LINES, []) if call.when == "call" else [])
    if call.excinfo is not None and isinstance(call.excinfo.value, TailgateError):
        report.longrepr = _sentence(call.excinfo, item.path)
    return report


def _sentence(caught: pytest.ExceptionInfo[BaseException], path: Path) -> str:
    lines = [entry.lineno + 1 for entry in caught.traceback if Path(entry.path) == path]
    return f"{path}:{lines[-1] if lines else 1}: {caught.value}"


def fixtures_of(item: pytest.Item) -> set[str]:
    """The names of the fixtures that a test uses; none for what is not a function."""
    return set(getattr(item, "fixturenames", ()))


def controls_xdist(config: pytest.Config) -> bool:
    """Whether this process hands its tests to xdist's workers."""
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")


def _open_controller(config: pytest.Config) -> None:
    from tailgate.pytest_gate import open_controller

    open_controller(config, reports_folder(config))


def _checked(cases: list[Case]) -> list[Case]:
    """The cases, their payloads having been read: what is missing is said before anything is deployed."""
    try:
        for case in cases:
            case.bodies()
    except PlanError as error:
        raise pytest.UsageError(str(error)) from None
    return cases


def _cases_of(items: list[pytest.Item]) -> list[Case]:
    cases: list[Any] = []
    for item in items:
        for marker in item.iter_markers("latency"):
            cases.extend(marker.args)
        callspec = getattr(item, "callspec", None)
        cases.extend(callspec.params.values() if callspec else ())
    return [case for case in cases if isinstance(case, Case)]

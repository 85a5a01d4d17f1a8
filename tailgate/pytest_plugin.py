"""The skin: options, markers, collection, and the fixture `measure`. Inert unless a test asks; imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import CapacityError, PlanError, TailgateError
from tailgate.plan.case import Case
from tailgate.plan.plan_file import Plan, read_plan
from tailgate.pytest_benchmark_bridge import before_benchmark
from tailgate.pytest_locust_truce import Truce
from tailgate.pytest_terminal import REPORT_LINES
from tailgate.targets import Target
from tailgate.targets.registry import check_kind

if TYPE_CHECKING:
    from tailgate.measure import Measurement
    from tailgate.pytest_gate import Gate

DEFAULT_REGION = "us-east-1"
PLAN: pytest.StashKey[Plan | None] = pytest.StashKey()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
LINES: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options are all called --latency-…; the plan and the reports folder may also stand in the ini file."""
    pluginmanager.register(Truce(pluginmanager, parser), "tailgate-locust-truce")
    group = parser.getgroup("tailgate", "tail latency of endpoints")
    group.addoption("--latency-target", metavar="KIND", help="where cases are asked: emulated (default, but under CI it must be named)")
    group.addoption("--latency-plan", metavar="FILE", help="plan file with experiments (ini: latency_plan)")
    group.addoption("--latency-reports", metavar="DIR", help="where runs are kept (ini: latency_reports; default: reports)")
    group.addoption("--latency-inconclusive", choices=("fail", "skip"), default="fail", help="what an undecided verdict does to its test")
    parser.addini("latency_plan", "plan file with experiments, relative to the root folder", default=None)
    parser.addini("latency_reports", "where runs are kept, relative to the root folder", default="reports")


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
        config.stash[PLAN] = plan = _read_plan(config)
        if plan is not None and plan.target is not None:
            check_kind(plan.target, str(plan.path))
        for source, kind in (("--latency-target", config.option.latency_target), ("TAILGATE_TARGET", os.environ.get("TAILGATE_TARGET"))):
            if kind:
                check_kind(kind, source)
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
        config.stash[GATE] = gate = open_gate(config, reports_folder(config), target_kind(config), region(config))
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


def target_kind(config: pytest.Config) -> str:
    """The kind of target: option, then environment, then plan, then `emulated`, which under CI has to be said."""
    plan = config.stash[PLAN]
    named = config.option.latency_target or os.environ.get("TAILGATE_TARGET") or (plan.target if plan else None)
    if named is None and os.environ.get("CI"):
        raise pytest.UsageError(
            "under CI the target must be named, so that nobody takes an emulation for AWS: "
            "--latency-target emulated, TAILGATE_TARGET, or `target` in the plan"
        )
    return named or "emulated"


def region(config: pytest.Config) -> str:
    """The region: the plan's, then the environment's as boto3 reads it, then us-east-1."""
    plan = config.stash[PLAN]
    named = (plan.region if plan else None) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or DEFAULT_REGION


def reports_folder(config: pytest.Config) -> Path:
    """Where runs are kept."""
    return Path(config.rootpath, config.option.latency_reports or config.getini("latency_reports"))


def _read_plan(config: pytest.Config) -> Plan | None:
    named = config.option.latency_plan
    if named is not None:
        return read_plan(Path(config.invocation_params.dir, named))
    in_ini = config.getini("latency_plan")
    return read_plan(Path(config.rootpath, in_ini)) if in_ini else None


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

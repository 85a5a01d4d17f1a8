"""The skin: options, markers, collection, and the fixture `measure`. Inert unless a test asks; imports nothing heavy."""

from __future__ import annotations

import sysconfig
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import CapacityError, PlanError, TailgateError
from tailgate.plan.case import Case
from tailgate.plan.pair import Pair
from tailgate.pytest_asked import asked_of, cases_of, check_baselines, checked, needs_of
from tailgate.pytest_benchmark_bridge import before_benchmark
from tailgate.pytest_costing import PURSE, explain_costs, purse_of, watch_costs
from tailgate.pytest_locust_truce import Truce
from tailgate.pytest_measure import LINES, Measure
from tailgate.pytest_options import (
    BASELINES,
    LEFT,
    LEFT_BEHIND,
    PLAN,
    add_options,
    read_options,
    region_of,
    reports_folder,
    settings_of,
    workforce_of,
)
from tailgate.pytest_terminal import REPORT_LINES, announce, announce_credentials, explain
from tailgate.pytest_vantage import size_hosts, with_hosts
from tailgate.targets import Target

if TYPE_CHECKING:
    from tailgate.measure import Measurement
    from tailgate.pytest_gate import Gate

GATE: pytest.StashKey[Gate] = pytest.StashKey()
REFUSAL: pytest.StashKey[str] = pytest.StashKey()
"""Why nothing can be measured, where it is an xdist worker that found out."""

_RUN_NOTHING = ("collectonly", "showfixtures", "show_fixtures_per_test", "setupplan", "setuponly")
_WORKER_REFUSAL = "tailgate_refusal"


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
    watch_costs(config)
    if controls_xdist(config) and "latency" in config.option.markexpr.replace("not latency", ""):
        _open_controller(config)  # now, so that progress can be shown


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodedown(node: Any) -> None:
    """An xdist worker has measured: see to it that its runs are collected. Or it could not: take note why."""
    output = getattr(node, "workeroutput", {})
    refusal = output.get(_WORKER_REFUSAL)
    if refusal is not None:
        node.config.stash[REFUSAL] = refusal
    if LEFT_BEHIND in output:
        node.config.stash[LEFT] = output[LEFT_BEHIND]
    if "tailgate_folder" in output and not node.config.pluginmanager.has_plugin("tailgate-bridge"):
        _open_controller(node.config)
        node.config.pluginmanager.get_plugin("tailgate-bridge").pytest_testnodedown(node)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist, what a worker found out is the session's: nothing could be measured, a usage error; or something was left behind."""
    config = session.config
    if REFUSAL in config.stash:
        if hasattr(config, "workeroutput"):
            config.workeroutput[_WORKER_REFUSAL] = config.stash[REFUSAL]
        else:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
    elif LEFT in config.stash:
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fill `case`, or `pair`, of tests marked `planned` from the plan file."""
    marker = metafunc.definition.get_closest_marker("planned")
    if marker is None:
        return
    plan = metafunc.config.stash[PLAN]
    if plan is None:
        raise PlanError("marked `planned`, but there is no plan: name one with --latency-plan or latency_plan in the ini file")
    experiments = [plan.experiment(name) for name in marker.args] or plan.experiments
    if "pair" in metafunc.fixturenames:
        pairs = [pair for experiment in experiments for pair in experiment.pairs]
        metafunc.parametrize("pair", pairs, ids=[pair.id for pair in pairs])
    else:
        cases = [case for experiment in experiments for case in experiment.cases]
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to deploy, in the background, what the selected tests will measure; options that run nothing deploy nothing."""
    config = session.config
    items = [item for item in session.items if "tailgate_gate" in getattr(item, "fixturenames", ())]
    asked = asked_of(items)
    if config.option.latency_explain:
        _explain(config, asked)
        return
    if not items or any(getattr(config.option, name, False) for name in _RUN_NOTHING):
        return
    try:
        settings = settings_of(config)
        cases = checked(cases_of(asked), settings.region, settings)
        check_baselines(config, asked)
        announce(config, asked)
        announce_credentials(config, settings.kind, asked)
        size_hosts(config, config.stash[PLAN], cases)
        config.stash[PURSE] = purse_of(config, settings, asked)
        _gate_of(config).prefetch(cases, needs_of(items))
    except (TailgateError, pytest.UsageError) as error:
        if not hasattr(config, "workerinput"):
            raise pytest.UsageError(str(error)) from None
        config.stash[REFUSAL] = str(error)  # a worker that raises dies without a word: its tests say it, then its controller


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """After --latency-explain nothing is run."""
    return True if session.config.option.latency_explain else None


@pytest.fixture(scope="session")
def tailgate_gate(request: pytest.FixtureRequest) -> Gate:
    """What measures in this session; `measure` and `latency_target` stand on it, and tests that use them are known by it."""
    if REFUSAL in request.config.stash:
        raise PlanError(request.config.stash[REFUSAL])
    return _gate_of(request.config)


@pytest.fixture
def measure(request: pytest.FixtureRequest, tailgate_gate: Gate) -> Measure:
    """Measure a case: `run = measure(case)`, then `assert run.verdict, run.verdict.explain()`.

    Two cases in one run: `change = measure.paired(a, b)`, then `assert change.no_worse_than("2ms", at="p99"), change.explain()`.

    The run is on disk before it is returned; one that its host disturbed is too, and is measured again. A platform
    without capacity skips the test, an undecided verdict does so where the case or --latency-inconclusive says so.
    """
    gate = tailgate_gate

    def measure_case(case: Case) -> Measurement:
        __tracebackhide__ = True
        if not isinstance(case, Case):
            raise PlanError(f"measure takes a Case, not {case!r}")
        case.check_price_in(settings_of(request.config).region)
        try:
            for measured in gate.measure(case, request.node.nodeid):
                request.node.stash.setdefault(LINES, []).append(gate.line_of(measured))
            request.node.user_properties.extend(gate.properties_of(measured))
        except CapacityError as error:
            pytest.skip(str(error))
        if measured.undecided and "skip" in (case.inconclusive, request.config.option.latency_inconclusive):
            pytest.skip(measured.verdict.explain())
        return measured

    return Measure(measure_case, request, gate)


@pytest.fixture(scope="session")
def latency_target(tailgate_gate: Gate) -> Target:
    """The session's target, for tests that want an endpoint without a measurement: `with latency_target.open(spec)`."""
    return tailgate_gate.target


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


def _sentence(caught: pytest.ExceptionInfo[BaseException], otherwise: Path) -> str:
    """The error, and the last place on its way that is neither ours nor Python's: where the user wrote what it is about."""
    installed = sysconfig.get_paths()
    not_theirs = ("<", str(Path(__file__).parent), installed["stdlib"], installed["purelib"], installed["platlib"])
    places = [f"{entry.path}:{entry.lineno + 1}" for entry in caught.traceback if not str(entry.path).startswith(not_theirs)]
    return f"{places[-1] if places else otherwise}: {caught.value}"


def controls_xdist(config: pytest.Config) -> bool:
    """Whether this process hands its tests to xdist's workers."""
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")


def _gate_of(config: pytest.Config) -> Gate:
    """The session's gate, opened when it is first asked for. Raises TailgateError, UsageError."""
    if GATE not in config.stash:
        from tailgate.pytest_gate import open_gate

        settings = with_hosts(config, replace(settings_of(config), purse=config.stash.get(PURSE, None)))
        config.stash[GATE] = open_gate(config, reports_folder(config), settings, workforce_of(config), config.stash[BASELINES])
    return config.stash[GATE]


def _open_controller(config: pytest.Config) -> None:
    from tailgate.pytest_gate import open_controller

    open_controller(config, reports_folder(config))


def _explain(config: pytest.Config, asked: list[Case | Pair]) -> None:
    try:
        checked(cases_of(asked), region_of(config))
        explain(config, asked)
        size_hosts(config, config.stash[PLAN], cases_of(asked))
        explain_costs(config, asked)
    except TailgateError as error:
        raise pytest.UsageError(str(error)) from None

"""What a session was asked: by option, then by environment, then by the plan file. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import PlanError
from tailgate.plan.plan_file import Plan, read_plan
from tailgate.plan.regions import check_region
from tailgate.plan.vantage import check_vantage
from tailgate.pytest_attaching import KIND as EXISTING
from tailgate.pytest_attaching import add_attaching_options, attaching_of
from tailgate.pytest_deploying import KIND as SAGEMAKER
from tailgate.pytest_deploying import add_deploying_options, deploying_of
from tailgate.pytest_reporting import add_reporting_options, report_asked
from tailgate.pytest_root import check_root
from tailgate.pytest_vantage import add_vantage_options, check_shared, vantage_of
from tailgate.targets.commands import check_url, words_of
from tailgate.targets.registry import Settings, check_kind
from tailgate.units import fraction

if TYPE_CHECKING:
    from tailgate.generator.workers.workforce import Workforce
    from tailgate.reporting.baseline import Baselines

DEFAULT_REGION = "us-east-1"
PLAN: pytest.StashKey[Plan | None] = pytest.StashKey()
BASELINES: pytest.StashKey[Baselines | None] = pytest.StashKey()

LEFT: pytest.StashKey[str] = pytest.StashKey()
"""What this process, or an xdist worker of its, could not delete."""
LEFT_BEHIND = "tailgate_left_behind"
"""How an xdist worker tells its controller what it could not delete."""

_ON_AWS = ("existing", "sagemaker")
_LONGEST_WAIT_S = 3600.0
_IMPLIED = {"--latency-process": "process", "--latency-url": "url"}


def add_options(parser: pytest.Parser) -> None:
    """The options are all called --latency-…; the plan and the reports folder may also stand in the ini file."""
    group = parser.getgroup("tailgate", "tail latency of endpoints")
    kinds = "emulated (default, but under CI it must be named), existing, sagemaker, process, url, null"
    group.addoption("--latency-target", metavar="KIND", help=f"where cases are asked: {kinds}")
    group.addoption("--latency-process", metavar="CMD", help="model server to start and ask (target process); PORT tells its port")
    group.addoption("--latency-url", metavar="URL", help="ask what answers there already (target url)")
    group.addoption("--latency-region", metavar="REGION", help="where endpoints are (default: the plan's, AWS_REGION, the profile's)")
    add_attaching_options(group)
    add_deploying_options(group)
    add_vantage_options(parser, group)
    wait = "how long to wait at the end for CloudWatch, which tells where the time went (60; 0: do not ask; targets sagemaker, existing)"
    group.addoption("--latency-cloudwatch-wait", type=float, metavar="SECONDS", help=wait)
    group.addoption("--latency-plan", metavar="FILE", help="plan file with experiments (ini: latency_plan)")
    group.addoption("--latency-reports", metavar="DIR", help="where runs are kept (ini: latency_reports; default: reports)")
    group.addoption("--latency-inconclusive", choices=("fail", "skip"), default="fail", help="what an undecided verdict does to its test")
    group.addoption("--latency-explain", action="store_true", help="show how many requests the selected cases' limits take, and stop")
    group.addoption("--latency-repeats", type=int, default=2, metavar="N", help="how often to measure again what a busy host disturbed (2)")
    group.addoption("--latency-no-retry", action="store_true", help="let a FAIL count that no second run has confirmed")
    group.addoption("--latency-full-length", action="store_true", help="run each load to its end, however clear its verdict is before")
    group.addoption("--latency-no-floor", action="store_true", help="do not measure the harness itself (2 s a session)")
    group.addoption("--latency-workers", type=int, default=1, metavar="N", help="processes that share each load, here or on each host (1)")
    group.addoption("--latency-joining", type=int, metavar="N", help="workers awaited from other hosts (1 with --latency-master-bind)")
    group.addoption("--latency-master-bind", metavar="HOST:PORT", help="where workers on other hosts join; else only this host can")
    group.addoption(
        "--latency-history", metavar="DIR", help="where earlier runs lie, and are kept (ini: latency_history; default: reports)"
    )
    baseline = "hold runs against earlier ones: a benchmark JSON, a folder, latest, a branch or a commit; may be repeated"
    group.addoption("--latency-baseline", action="append", metavar="WHAT", help=baseline)
    group.addoption("--latency-least-effect", metavar="SHARE", help="how much slower than the baseline matters (3%%)")
    add_reporting_options(parser, group)
    parser.addini("latency_plan", "plan file with experiments, relative to the root folder", default=None)
    parser.addini("latency_reports", "where runs are kept, relative to the root folder", default="reports")
    parser.addini("latency_history", "where earlier runs lie, relative to the root folder", default=None)


def read_options(config: pytest.Config) -> None:
    """Read the plan and check what was asked. Raises PlanError naming where it was asked."""
    check_root(config)
    config.stash[PLAN] = plan = _read_plan(config)
    if config.option.latency_repeats < 0:
        raise PlanError(f"--latency-repeats is {config.option.latency_repeats}; it is how often to measure again at most, 0 for never")
    report_asked(config)
    for source, kind in _kinds(config, plan):
        check_kind(kind, source)
    _check_command(config, plan)
    if config.option.latency_explain and config.getoption("dist", "no") != "no":
        raise PlanError("--latency-explain measures nothing, so there is nothing to share out; leave out -n")
    if workforce_of(config).joining and config.getoption("dist", "no") != "no":
        raise PlanError("--latency-joining: under xdist each of its processes would await workers of its own; leave out -n")
    implied = [option for option in _IMPLIED if _given(config, option)]
    if len(implied) > 1:
        raise PlanError("--latency-process and --latency-url: a session asks one target; name one of them")
    named = config.option.latency_target
    if implied and named and named != _IMPLIED[implied[0]]:
        raise PlanError(f"{implied[0]} is for target '{_IMPLIED[implied[0]]}', --latency-target says '{named}'; leave one of them out")
    if _kind(config, plan) == "url":
        check_url(_url(config, plan), "--latency-url" if config.option.latency_url else str(plan.path if plan else "--latency-target"))
    attaching_of(config, _kind(config, plan))
    vantage = vantage_of(config, plan)
    deploying_of(config, _kind(config, plan), hosts=vantage.remote)
    check_shared(config, vantage, workforce_of(config).joining)
    _check_cloudwatch(config, _kind(config, plan))
    config.stash[BASELINES] = _read_baselines(config)


def settings_of(config: pytest.Config) -> Settings:
    """What the session's target is made with, but for the session's name.

    The kind: option, then environment, then plan, then `emulated`, which under CI has to be said. The region: the option's, the
    plan's, then the environment's, then us-east-1; of endpoints on AWS, at last the profile's. Raises UsageError, and
    PlanError for a region that AWS has not.
    """
    plan = config.stash[PLAN]
    kind = _kind(config, plan)
    if kind is None and os.environ.get("CI"):
        raise pytest.UsageError(
            "under CI the target must be named, so that nobody takes an emulation for AWS: "
            "--latency-target emulated, TAILGATE_TARGET, or `target` in the plan"
        )
    command = config.option.latency_process or (plan.process if plan else None)
    vantage, url = vantage_of(config, plan), _url(config, plan)
    deploying = replace(deploying_of(config, kind, hosts=vantage.remote), models=plan.models if plan else {})
    check_vantage(vantage, kind or "emulated", url)
    return Settings(kind or "emulated", region_of(config), "", command, url, attaching_of(config, kind), deploying, vantage=vantage)


def kind_of(config: pytest.Config) -> str | None:
    """The kind of target that somebody named; None where nobody did."""
    return _kind(config, config.stash[PLAN])


def region_of(config: pytest.Config) -> str:
    """Where the session's endpoints are, or would be. Raises PlanError for a region that AWS has not."""
    named, plan = config.option.latency_region, config.stash[PLAN]
    if named is not None:
        check_region(named, "--latency-region")
        return str(named)
    if plan is not None and plan.region is not None:
        return plan.region
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if region := os.environ.get(variable):
            check_region(region, variable)
            return region
    if _kind(config, plan) in (EXISTING, SAGEMAKER):
        from tailgate.aws.connecting import profile_region  # not before it is needed: it imports boto3

        return profile_region()
    return DEFAULT_REGION


def workforce_of(config: pytest.Config) -> Workforce:
    """Who shares each load. Raises PlanError."""
    from tailgate.generator.workers.workforce import Workforce

    bind, joining = config.option.latency_master_bind, config.option.latency_joining
    if joining is None:
        joining = 0 if bind is None else 1
    return Workforce(config.option.latency_workers, joining, bind)


def reports_folder(config: pytest.Config) -> Path:
    """Where runs are kept."""
    return Path(config.rootpath, config.option.latency_reports or config.getini("latency_reports"))


def history_folder(config: pytest.Config) -> Path | None:
    """Where earlier runs lie, where that was said; else they lie in the reports folder."""
    if config.option.latency_history is not None:
        return Path(config.invocation_params.dir, config.option.latency_history)
    in_ini = config.getini("latency_history")
    return Path(config.rootpath, in_ini) if in_ini else None


def _read_baselines(config: pytest.Config) -> Baselines | None:
    """What runs are held against, read at once: what is not there is said before anything is measured. Raises PlanError."""
    names, least_effect = config.option.latency_baseline, config.option.latency_least_effect
    if not names:
        if least_effect is not None:
            raise PlanError("--latency-least-effect: it is by how much a run may be slower than its baseline; name one: --latency-baseline")
        return None
    from tailgate.reporting.baseline import Baselines  # not before it is needed: it imports numpy

    try:
        effect = None if least_effect is None else fraction(least_effect)
    except PlanError as error:
        raise PlanError(f"--latency-least-effect: {error}") from None
    history = history_folder(config) or reports_folder(config)
    return Baselines(names, history, config.invocation_params.dir, least_effect=effect)


def plan_name(config: pytest.Config) -> str | None:
    """What the session's plan file is called on record: by where it lies in the project, else by its name; None without one."""
    plan = config.stash[PLAN]
    if plan is None:
        return None
    path = plan.path.resolve()
    return path.relative_to(config.rootpath).as_posix() if path.is_relative_to(config.rootpath) else path.name


def _kind(config: pytest.Config, plan: Plan | None) -> str | None:
    return next((kind for _, kind in _kinds(config, plan)), None)


def _kinds(config: pytest.Config, plan: Plan | None) -> Iterator[tuple[str, str]]:
    """Each place that names a kind of target, and the kind, the weightiest first."""
    if config.option.latency_target:
        yield "--latency-target", config.option.latency_target
    yield from ((option, kind) for option, kind in _IMPLIED.items() if _given(config, option))
    if os.environ.get("TAILGATE_TARGET"):
        yield "TAILGATE_TARGET", os.environ["TAILGATE_TARGET"]
    if plan is not None and plan.target is not None:
        yield str(plan.path), plan.target


def _given(config: pytest.Config, option: str) -> bool:
    return config.getoption(option) is not None


def _url(config: pytest.Config, plan: Plan | None) -> str | None:
    url: str | None = config.option.latency_url
    return url if url is not None or plan is None else plan.url


def _check_cloudwatch(config: pytest.Config, kind: str | None) -> None:
    wait_s = config.option.latency_cloudwatch_wait
    if wait_s is not None and not 0 <= wait_s <= _LONGEST_WAIT_S:
        raise PlanError(f"--latency-cloudwatch-wait is {wait_s:g}; it is how many seconds to wait at most, up to 3600, 0 for not asking")
    if wait_s and kind not in _ON_AWS:
        raise PlanError(f"--latency-cloudwatch-wait is for targets {' and '.join(_ON_AWS)}, and the target is '{kind or 'emulated'}'")


def _check_command(config: pytest.Config, plan: Plan | None) -> None:
    if config.option.latency_process is not None:
        words_of(config.option.latency_process, "--latency-process")
    if plan is not None and plan.process is not None:
        words_of(plan.process, str(plan.path))


def _read_plan(config: pytest.Config) -> Plan | None:
    named = config.option.latency_plan
    if named is not None:
        return read_plan(Path(config.invocation_params.dir, named))
    in_ini = config.getini("latency_plan")
    return read_plan(Path(config.rootpath, in_ini)) if in_ini else None

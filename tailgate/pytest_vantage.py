"""What a session was asked about where its load comes from. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from tailgate.errors import PlanError
from tailgate.plan.case import Case
from tailgate.plan.checks import check_one_of
from tailgate.plan.fleet_size import fleet_note, sized
from tailgate.plan.plan_file import Plan
from tailgate.plan.vantage import AUTO, EC2, HERE, KINDS, VantageSpec, spec_of
from tailgate.targets.registry import Settings

VARIABLE = "TAILGATE_VANTAGE"
INI = "latency_vantage"
_SIZED: pytest.StashKey[VantageSpec] = pytest.StashKey()

_HOSTS = {
    "instance_type": ("--latency-host-type", "TYPE", "EC2 instance type of the hosts that load comes from (m5.2xlarge)"),
    "count": ("--latency-hosts", "N", "how many hosts share each load (1), or auto: as many as the planned loads take"),
    "subnet": ("--latency-host-subnet", "ID", "the subnet that hosts are launched in (default: the default VPC's)"),
    "zone": ("--latency-host-zone", "ZONE", "the zone instead, by name or id: its default subnet"),
    "image": ("--latency-host-image", "ID", "an image of your own, ami-… (default: the current Amazon Linux)"),
    "instance_profile": ("--latency-host-profile", "NAME", "the instance profile by which hosts reach S3 and SSM, and sign"),
    "security_group": ("--latency-host-security-group", "ID", "of the hosts, instead of one made for the session"),
    "bucket": ("--latency-host-bucket", "NAME", "through which orders and samples go (default: sagemaker-REGION-ACCOUNT)"),
}
"""By field of a VantageSpec: option, metavar, help."""


def add_vantage_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Where load comes from, and of which kind those hosts are."""
    kinds = "local (default): this host; ec2: hosts launched for the session (ini: latency_vantage)"
    group.addoption("--latency-vantage", metavar="KIND", help=f"where load comes from: {kinds}")
    for option, metavar, text in _HOSTS.values():
        group.addoption(option, metavar=metavar, help=text, type=_count if metavar == "N" else str)
    parser.addini(INI, "where load comes from: local, ec2", default=None)


def vantage_of(config: pytest.Config, plan: Plan | None) -> VantageSpec:
    """The kind by option, then environment, then ini file, then plan; of hosts, what the plan says and options change. Raises PlanError."""
    planned = plan.vantage if plan is not None and plan.vantage is not None else HERE
    where, kind = next(_named(config), ("", planned.kind))
    check_one_of(where, kind, KINDS)
    given = {name: value for name, (option, _, _) in _HOSTS.items() if (value := config.getoption(option)) is not None}
    if kind != EC2:
        if given:
            option = _HOSTS[next(iter(given))][0]
            raise PlanError(f"{option} is for hosts that load comes from, and it comes from this one; add --latency-vantage {EC2}")
        return HERE
    said = {field.name: getattr(planned, field.name) for field in fields(planned)} | ({"sized": False} if "count" in given else {})
    if given.keys() & {"zone", "subnet"}:  # the one that is given takes the place of the other
        said |= {"zone": None, "subnet": None}
    return spec_of({**said, **given, "kind": kind, "workers": config.option.latency_workers})


def size_hosts(config: pytest.Config, plan: Plan | None, cases: list[Case]) -> None:
    """Settle how many hosts the planned loads take, and say it. Raises PlanError where so many cannot be."""
    asked = vantage_of(config, plan)
    if not asked.remote:
        return
    config.stash[_SIZED] = spec = sized(asked, cases)
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and cases:
        reporter.write_line(f"hosts: {fleet_note(spec, cases)}")


def with_hosts(config: pytest.Config, settings: Settings) -> Settings:
    """The settings with the number of hosts that was settled; 1 where nothing was planned ahead to go by."""
    return replace(settings, vantage=config.stash.get(_SIZED, replace(settings.vantage, sized=False)))


def check_shared(config: pytest.Config, vantage: VantageSpec, joining: int) -> None:
    """Refuse hosts that load comes from beside others that share it, or several sessions of them. Raises PlanError."""
    if vantage.remote and config.getoption("dist", "no") != "no":
        raise PlanError(f"--latency-vantage {EC2}: under xdist each of its processes would launch hosts of its own; leave out -n")
    if vantage.remote and joining:
        raise PlanError("--latency-joining awaits workers that somebody starts; hosts of the session share a load by --latency-hosts")


def _count(text: str) -> int | str:
    """Of hosts, as it is written. Raises ArgumentTypeError."""
    if text != AUTO and not text.lstrip("-").isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no number of hosts; write a whole number, or {AUTO}")
    return text if text == AUTO else int(text)


def _named(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Each place that names a kind, and the kind, the weightiest first."""
    places = {"--latency-vantage": config.option.latency_vantage, VARIABLE: os.environ.get(VARIABLE), INI: config.getini(INI)}
    yield from ((where, str(named)) for where, named in places.items() if named)

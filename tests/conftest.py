"""What holds for all tests: hypothesis' patience, and which are thorough (`make thorough` runs them, `make test` does not)."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import own_place

# How long an example takes says how busy the host is, and nothing about us.
settings.register_profile("shared host", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared host")

# What a shell starts in the background ignores Ctrl-C, and so would all that these tests start and interrupt: they would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# This host may be an EC2 instance; what its metadata says of it is no test's business, unless it starts a service of its own.
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

ALONE = {"alone": {"accuracy"}, "alone and thorough": {"accuracy", "emulated", "faults"}}
"""The folders in which the Makefile looks for tests that want the machine for themselves: to collect all others takes seconds."""

THOROUGH = (
    "accuracy/test_generator_truth.py",
    "benchmarks/test_benchmarks.py",
    "emulated/test_agent_deaths.py",
    "emulated/test_costs_of_sessions.py",
    "emulated/test_boto3_conventions.py",
    "emulated/test_commands_run.py",
    "emulated/test_drive_command.py",
    "emulated/test_ec2_hosts.py",
    "emulated/test_ec2_session.py",
    "emulated/test_everything_at_once.py",
    "emulated/test_fleet.py",
    "emulated/test_load_from_emulated_hosts.py",
    "emulated/test_hosts.py",
    "emulated/test_hosts_end.py",
    "emulated/test_hosts_endpoints.py",
    "emulated/test_hosts_measure.py",
    "emulated/test_experiment_from_a_host.py",
    "emulated/test_load_from_hosts.py",
    "faults/test_a_noisy_host.py",
    "faults/test_an_interface_endpoint_is_never_left.py",
    "faults/test_calls_are_valid.py",
    "faults/test_generator_deaths.py",
    "faults/test_joined_workers.py",
    "faults/test_loads_that_cannot_begin.py",
    "faults/test_nothing_is_left_after_deaths.py",
    "faults/test_nothing_is_left_after_errors.py",
    "faults/test_no_secret_is_told.py",
    "faults/test_policies.py",
    "faults/test_policies_of_hosts.py",
    "faults/test_silent_wrong_answers.py",
    "faults/test_workers.py",
    "plugin/test_history.py",
    "plugin/test_installed.py",
    "plugin/test_loads.py",
    "plugin/test_paired_refusals.py",
    "plugin/test_replay.py",
    "plugin/test_targets.py",
    "plugin/test_workers.py",
    "unit/generator/test_ill_behaved_servers.py",
    "unit/generator/test_loads.py",
    "unit/test_drive_beside.py",
    "unit/test_drive_command.py",
    "unit/test_drive_interrupted.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them before pytest selects by marks."""
    here = Path(__file__).parent
    files = {here / name for name in THOROUGH}
    for item in items:
        if item.path in files:
            item.add_marker("thorough")
    for item in items:
        if item.get_closest_marker("alone"):
            folders = ALONE["alone and thorough" if item.get_closest_marker("thorough") else "alone"]
            if item.path.relative_to(here).parts[0] not in folders:
                raise pytest.UsageError(f"{item.nodeid} is marked alone, and no make target looks for such tests there: name its folder")


def pytest_collection_finish(session: pytest.Session) -> None:
    """The engine's tests do not stand in line for each other's loads; the product's (`make latency`) do, with all the host's."""
    if not any(item.get_closest_marker("latency") for item in session.items):
        own_place.take()

"""How tests run what pages tell people to type: each command of the pages in exactly one way."""

from __future__ import annotations

import re

from tests.examples.shell import lines_of
from tests.examples.vouching import PROJECT
from tests.unit.test_pages import PAGES

COMMANDS = [(page, line) for page in PAGES for line in lines_of((PROJECT / page).read_text(encoding="utf-8"))]
"""Every command, with its page."""

WAYS = {
    "over records": r"tailgate +(show|report|judge|export|compare|trend)\b",
    "over benchmarks": r"pytest-benchmark\b",
    "emulated": r"pytest +(?!.*--latency-(target(?! emulated)|process|url|vantage ec2)\b)(?!.*starting-experiment)",
    "a process": r"pytest +.*--latency-process\b",
    "a url": r"pytest +.*--latency-url\b|tailgate +drive\b",
    "from hosts": r"pytest +.*(--latency-vantage ec2|starting-experiment)\b",
    "existing": r"pytest +(?!.*--latency-vantage ec2).*--latency-target existing\b",
    "deployed": r"pytest +.*--latency-target sagemaker\b",
    "sweep": r"tailgate +sweep\b",
    "by AWS's models": r"aws\b",
    "by hand": r"(make|pip|\.venv/bin/pip|python3 -m venv|python -m benchmarks(\.\w+)?)\b",
}
"""Ways, each with what a command begins with that is run so.

Over records: tests/examples/test_commands_over_records.py. By AWS's models: not run, but read (test_commands_in_pages.py) and, those of
docs/gating.md, played (tests/emulated/test_gating.py). From hosts: read; tests/emulated/test_load_from_hosts.py
and test_experiment_from_a_host.py run sessions of the kind. By hand: what installs, and what runs for minutes; tests/benchmarks
runs the benchmarks. All others: tests/emulated/test_commands_run.py.
"""


def ways_of(line: str) -> list[str]:
    """In which ways a command is run."""
    return [way for way, pattern in WAYS.items() if re.match(pattern, line)]


def lines_run(way: str) -> list[str]:
    """The pages' commands that are run so, each once, without comments, in the order of the pages."""
    return list(dict.fromkeys(re.sub(r"\s+# .*", "", line) for _, line in COMMANDS if ways_of(line) == [way]))

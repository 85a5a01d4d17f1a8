"""The house rules that a machine can hold: who may import whom, and how large a room may grow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tailgate"
MODULES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {
    "units": {"errors"},
    "errors": set(),
    "clock": set(),
    "turn": {"errors"},
    "plan": {"units", "errors"},
    "connection_table": {"errors"},
    "failures": set(),
    "samples": {"units", "errors", "plan", "connection_table", "failures"},
    "exceedances": {"samples"},
    "minutes": set(),
    "analysis": {"units", "errors", "plan", "samples", "exceedances", "connection_table", "minutes", "failures"},
    "child": {"errors"},
    "host_facts": set(),
    "aws": {"units", "errors", "plan", "child"},
    "targets": {"units", "errors", "clock", "plan", "models", "minutes", "child", "aws"},
    "generator": {"units", "errors", "clock", "plan", "samples", "failures", "exceedances", "connection_table", "targets"},
    "vantage": {"units", "errors", "clock", "plan", "child", "host_facts", "connection_table", "aws", "targets", "generator"},
    "reporting": {"units", "errors", "plan", "samples", "exceedances", "connection_table", "analysis"},
    "models": set(),
}
"""Room → the rooms it may import. The skins (measure, session, the pytest files, cli) may import all of them."""

SKIN = {
    "pytest_plugin",
    "pytest_gate",
    "pytest_terminal",
    "pytest_benchmark_bridge",
    "pytest_locust_truce",
    "pytest_measure",
    "pytest_asked",
    "pytest_attaching",
    "pytest_deploying",
    "pytest_vantage",
    "pytest_costing",
    "pytest_summary",
    "pytest_options",
    "pytest_reporting",
    "pytest_root",
}
FRAMEWORKS = {
    "pytest": SKIN,
    "xdist": SKIN,
    "pytest_benchmark": {"pytest_benchmark_bridge"},
    "boto3": {"aws", "targets", "vantage"},
    "moto": {"targets", "vantage"},
    "botocore": {"aws", "targets", "generator", "vantage"},
    "locust": {"generator"},
    "gevent": {"generator"},
}


def room_of(path: Path) -> str:
    """The first folder or module below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_the_way_the_samples_flow(path: Path) -> None:
    """plan ← samples ← analysis ← reporting, plan ← aws ← targets; frameworks stay in their rooms."""
    room = room_of(path)
    for name in imports_of(path):
        first, _, rest = name.partition(".")
        if first == "tailgate" and rest and room in ROOMS:
            other = rest.partition(".")[0]
            known = (PACKAGE / other).exists() or (PACKAGE / f"{other}.py").exists()
            assert not known or other == room or other in ROOMS[room], f"{room} may not import {name}"
        if first in FRAMEWORKS:
            assert room in FRAMEWORKS[first], f"{first} may not be imported in {room}"


def test_locust_and_gevent_are_never_imported_by_the_parents_side() -> None:
    """drive.py runs in pytest's process, where gevent's patches would break boto3 and xdist."""
    for name in (
        "generator/drive.py",
        "generator/order.py",
        "generator/followed.py",
        "generator/__init__.py",
        "generator/workers/workforce.py",
        "generator/workers/join.py",
        "generator/peers/drive.py",
        "generator/peers/order.py",
    ):
        assert not {module.partition(".")[0] for module in imports_of(PACKAGE / name)} & {"locust", "gevent"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    """At most 250 lines a module and 40 a function: where more is needed, the wall is moved."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 40, f"{path.name}: {node.name} has {length} lines"


def test_the_plugin_imports_nothing_heavy() -> None:
    """A repository that has tailgate installed and does not use it pays a few milliseconds, not numpy and boto3."""
    code = "import sys, tailgate.pytest_plugin; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent).stdout.split()
    )
    assert not loaded & {"numpy", "scipy", "boto3", "botocore", "moto", "locust", "gevent", "rich", "psutil", "hdrh"}

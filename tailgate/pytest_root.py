"""Root: where pytest looked for the suite's ini file, where it was misled by a value of ours.

pytest takes every argument that is a path for a test's, also the value of an option that it does not know yet, and looks for the
ini file beside it: `--latency-reports /tmp/runs`, once that folder is there, and the suite's own settings are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tailgate.errors import PlanError

_INI_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def check_root(config: pytest.Config) -> None:
    """Refuse a session whose ini file was looked for beside the value of an option of ours. Raises PlanError."""
    here = config.invocation_params.dir
    if config.inipath is not None and here.is_relative_to(config.inipath.parent):
        return
    if not any((folder / name).is_file() for folder in (here, *here.parents) for name in _INI_FILES):
        return
    for option, value in _apart(config.invocation_params.args):
        if Path(here, value).exists() and not Path(here, value).resolve().is_relative_to(here):
            raise PlanError(
                f"pytest took {value}, the value of {option}, for a test's path and looked for the ini file there, not in {here}; "
                f"write {option}={value}"
            )


def _apart(arguments: tuple[str, ...] | list[str]) -> Iterator[tuple[str, str]]:
    """Options of ours whose value is an argument of its own."""
    for option, value in pairwise(str(each) for each in arguments):
        if option.startswith("--latency-") and "=" not in option and not value.startswith("-"):
            yield option, value

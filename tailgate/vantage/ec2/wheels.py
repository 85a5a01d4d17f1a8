"""Wheels: distributions for another platform than this one, fetched and unpacked by pip as it is configured here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path

from tailgate.errors import TargetError
from tailgate.vantage.ec2.platforms import Platform

_WITHIN_S = 600.0
_LINES = 5


def fetched(distributions: Mapping[str, Distribution], platform: Platform, scratch: Path) -> Path:
    """The folder in which the same versions lie as pip installs them for the platform; builds nothing. Raises TargetError."""
    into = scratch / "wheels"
    pins = [f"{name}=={found.version}" for name, found in distributions.items()]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={platform.python}", f"--target={into}"]
    command += [f"--platform={tag}" for tag in platform.tags]
    for_what = f"hosts with Python {platform.python} on {platform.machine}"
    try:
        ended = subprocess.run([*command, *pins], capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TargetError(f"pip could not fetch wheels for {for_what}: {error}; check the network and pip's index") from error
    if ended.returncode != 0:
        said = " / ".join((ended.stderr or ended.stdout).strip().splitlines()[-_LINES:])
        hint = "check pip's index, or run from a host like those: what is installed here is bundled there"
        raise TargetError(f"pip could not fetch wheels for {for_what}: {said or 'it said nothing'}; {hint}")
    return into

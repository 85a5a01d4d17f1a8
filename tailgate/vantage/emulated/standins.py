"""Stand-ins: what Amazon Linux has and this host may not: `aws s3 cp`, `dnf install`, `shutdown`. In front of an emulated host's PATH.

Each does the part of the real one that bootstraps use, and refuses the rest aloud. Files go through S3 as boto3 is configured.
It is run as a file and imports nothing of ours, so that a `shutdown` is armed at once.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_QUIET = ("--quiet", "--only-show-errors", "--no-progress")


def place(folder: Path, switch: Path) -> None:
    """Write them into a folder, as scripts that call this file. switch: where `shutdown` is told."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _COMMANDS:
        script = folder / name
        told = f"STANDIN_FOLDER={shlex.quote(str(folder))} STANDIN_SWITCH={shlex.quote(str(switch))}"
        script.write_text(f'#!/bin/sh\n{told} exec {shlex.quote(sys.executable)} -P {shlex.quote(__file__)} {name} "$@"\n')
        script.chmod(0o755)


def aws(arguments: Sequence[str], environment: Mapping[str, str]) -> int:  # noqa: ARG001  # boto3 reads the process's own
    """`aws s3 cp FROM TO [--region R]`, one object either way."""
    if list(arguments) == ["--version"]:
        print("aws-cli/2 (stand-in)")
        return 0
    words = [word for word in arguments if word not in _QUIET]
    region = None
    if "--region" in words[:-1]:
        at = words.index("--region")
        region = words[at + 1]
        del words[at : at + 2]
    if words[:2] != ["s3", "cp"] or len(words) != 4 or sum(word.startswith("s3://") for word in words[2:]) != 1:
        return _refuse(f"aws: the stand-in knows `aws s3 cp FROM TO [--region REGION]` for one object, not: {shlex.join(arguments)}", 252)
    return _copy(words[2], words[3], region)


def _copy(source: str, to: str, region: str | None) -> int:
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        s3: Any = boto3.session.Session(region_name=region).client("s3")
        if source.startswith("s3://"):
            target = Path(to) / Path(source).name if Path(to).is_dir() else Path(to)
            s3.download_file(*_object(source), str(target))
        else:
            bucket, key = _object(to)
            s3.upload_file(source, bucket, key + Path(source).name if key.endswith("/") or not key else key)
    except (BotoCoreError, ClientError, Boto3Error, OSError) as error:
        return _refuse(f"fatal error: {error}", 1)
    return 0


def _object(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.lstrip("/")


def dnf(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """`dnf install -y PACKAGE…`: there are packages of the Python that runs the emulation, under the names of Amazon Linux."""
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] != ["install"] or len(words) == 1:
        return _refuse(f"dnf: the stand-in knows `dnf install -y PACKAGE…`, not: {shlex.join(arguments)}", 1)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    absent = [word for word in words[1:] if not re.fullmatch(rf"{re.escape(python)}(-pip|-devel|-libs)?|shadow-utils|tar|gzip", word)]
    if absent:
        lines = [f"No match for argument: {word}" for word in absent]
        return _refuse("\n".join([*lines, f"Error: Unable to find a match: {' '.join(absent)}"]), 1)
    link = Path(environment["STANDIN_FOLDER"]) / python
    if python in words and not link.exists():
        link.symlink_to(os.path.realpath(sys.executable))
    print("Complete!")
    return 0


def shutdown(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """`shutdown [-h|-P] now|+MINUTES` and `shutdown -c`; what is said to users after it is ignored."""
    words = [word for word in arguments if word not in ("-h", "-P", "--poweroff")]
    when = words[0] if words else "+1"
    if when != "-c" and when != "now" and not re.fullmatch(r"\+?\d{1,6}", when):
        return _refuse(f"shutdown: the stand-in knows `shutdown -h now|+MINUTES` and `shutdown -c`, not: {shlex.join(arguments)}", 1)
    minutes = None if when == "-c" else 0.0 if when == "now" else float(when)
    try:
        press(Path(environment["STANDIN_SWITCH"]), minutes)
    except OSError as error:
        return _refuse(f"shutdown: this host has no power switch ({error})", 1)
    return 0


def press(switch: Path, minutes: float | None) -> None:
    """Ask the host's `Power` to go off in so many minutes; None takes back what was asked. Raises OSError where no host listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(json.dumps({"minutes": minutes}).encode(), str(switch))


def _refuse(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


def _poweroff(_: Sequence[str], environment: Mapping[str, str]) -> int:
    return shutdown(["now"], environment)


_COMMANDS: Mapping[str, Callable[[Sequence[str], Mapping[str, str]], int]] = {
    "aws": aws,
    "dnf": dnf,
    "shutdown": shutdown,
    "poweroff": _poweroff,
}


if __name__ == "__main__":
    sys.exit(_COMMANDS[sys.argv[1]](sys.argv[2:], os.environ))

"""Bootstrap: the script that makes a fresh host work for a session: the bundle from S3, checked, unpacked, tried, and its agent started.

Each step says its name before it begins; where one fails, its code and the end of the host's log follow. It needs S3 alone: Amazon
Linux has its packages there too.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tailgate.vantage.starting import started

_STEP, _FAILED = "tailgate step: ", "tailgate failed: "
_LINES = 15
_FILES = 65536
"""Open files that the generator may have, for as many connections."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a host is to get ready for. bundle: `s3://…`. mailbox: its agent's. region: the bucket's. python: such as `3.11`."""

    bundle: str
    sha256: str
    python: str
    mailbox: str
    region: str


def script_of(errand: Errand) -> list[str]:
    """Lines for /bin/sh, whichever that is. Pure."""
    python, q = f"python{errand.python}", shlex.quote
    copy = f'aws s3 cp {q(errand.bundle)} "$base/bundle.tar.gz" --region {q(errand.region)} --only-show-errors'
    check = f'echo {q(errand.sha256)}"  $base/bundle.tar.gz" | sha256sum -c -'
    install = f"command -v {python} || dnf install -y {python}"
    agent = f"{python} -P -m tailgate.vantage.agent"
    options = f"--mailbox {q(errand.mailbox)} --region {q(errand.region)} --shut-down"
    return [
        "set -u",
        'base="${TMPDIR:-/opt}/tailgate"; log="$base/bootstrap.log"; mkdir -p "$base/code" || exit 1',
        f'ulimit -n {_FILES} 2>/dev/null || ulimit -n "$(ulimit -Hn)"',
        "step() {",
        f'  echo "{_STEP}$1"; echo "== $1" >>"$log"',
        '  if eval "$2" >>"$log" 2>&1; then return; else code=$?; fi',
        f'  echo "{_FAILED}$code"; tail -n {_LINES} "$log"; exit "$code"',
        "}",
        f"step 'fetch the bundle' {q(copy)}",
        f"step 'check the bundle' {q(check)}",
        f"step {q(f'install {python}')} {q(install)}",
        """step 'unpack the bundle' 'tar -xzf "$base/bundle.tar.gz" -C "$base/code" && rm "$base/bundle.tar.gz"'""",
        'export PYTHONPATH="$base/code"',
        f"step 'try the code' {q(f'{agent} --help')}",
        f"echo '{_STEP}start the agent'",
        *started(f'{agent} {options} --scratch "$base"', '"$base/agent.log"', f'echo "{_FAILED}1"'),
    ]


def failure_in(output: str, errors: str = "") -> str:
    """What went wrong, of what a script that failed wrote: its step, the code, and the last lines of its log."""
    steps = re.findall(rf"^{_STEP}(.*)$", output, re.MULTILINE)
    _, found, after = output.rpartition(_FAILED)
    code, _, log = after.partition("\n") if found else ("", "", errors or output)
    lines = " / ".join(line.strip() for line in log.strip().splitlines()[-_LINES:] if line.strip())
    step = f"step '{steps[-1]}'" if steps else "before its first step"
    return f"{step} failed{f' with code {code}' if code else ''}: {lines or 'it said nothing'}"

"""Join: work for a master on another host, `python -m tailgate.generator.workers.join HOST:PORT`.

The token that was printed where the measurement was started comes from the environment variable TAILGATE_TOKEN, or
from standard input; never from the command line, which everybody on a host can read. Signed requests are signed with
the credentials that botocore's chain finds on this host: no credential crosses.

Only the master listens, at the address given with --latency-master-bind. The two prove to each other that they know
the token without sending it, but what follows is neither encrypted nor sealed: across a network that others share, let
the master listen on its loopback (--latency-master-bind 127.0.0.1:5557), and reach it through a tunnel from here:

    ssh -N -L 5557:127.0.0.1:5557 the-master's-host &
    TAILGATE_TOKEN=… python -m tailgate.generator.workers.join 127.0.0.1:5557

Exit codes: 0 the share was carried out; 1 it was not; 4 usage, or this worker was refused; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import tailgate
from tailgate.errors import GeneratorError
from tailgate.generator.workers.admission import LEAST_TOKEN, TOKEN, Entrance, listening_at

_USAGE, _REFUSED, _INTERRUPTED = 4, 4, 130
_PAUSE_S = 2.0  # after a run that failed, or a master that needed nobody: it may not have ended yet


def main(arguments: Sequence[str] | None = None) -> int:
    """Work for one run, or with --again for one after another until interrupted."""
    options = _parser().parse_args(arguments)
    try:
        entrance = Entrance(*listening_at(options.master), token=_token())
        while (code := _work(entrance)) != _REFUSED and options.again:
            time.sleep(_PAUSE_S if code else 0.0)
    except GeneratorError as error:
        print(f"tailgate: {error}", file=sys.stderr)
        return _USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


class _Parser(argparse.ArgumentParser):
    """Wrong usage is exit code 4, as everywhere here; argparse's own 2 would mean inconclusive."""

    def error(self, message: str) -> NoReturn:
        """Complain in one line."""
        self.exit(_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m tailgate.generator.workers.join", description="Drive a share of a load for a master elsewhere.")
    parser.add_argument("master", metavar="HOST:PORT", help="where the master listens, or the near end of a tunnel to it")
    parser.add_argument("--again", action="store_true", help="work for one run after another, until Ctrl-C or a refusal")
    return parser


def _token() -> str:
    """From the environment, else from standard input; unseen, where that is a terminal."""
    token = os.environ.get(TOKEN) or (getpass.getpass("token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if len(token) < LEAST_TOKEN:
        raise GeneratorError(f"no token: put the one that was printed where the measurement was started into {TOKEN}")
    return token


def _work(entrance: Entrance) -> int:
    """One run in a process of its own, which ends with this one."""
    print(f"tailgate: waiting for the master at {entrance.host}:{entrance.port}", file=sys.stderr)
    command = [sys.executable, "-P", "-m", "tailgate.generator.workers.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=_surroundings(os.environ)) as worker:
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended at once; its exit code says the rest
                os.write(worker.stdin.fileno(), json.dumps(asdict(entrance)).encode() + b"\n")  # type: ignore[union-attr]  # a pipe
            return worker.wait()
        finally:
            worker.kill()


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without the token; the worker finds this very package."""
    package = str(Path(tailgate.__file__).resolve().parents[1])
    paths = os.pathsep.join(filter(None, (package, environment.get("PYTHONPATH"))))
    return {name: value for name, value in environment.items() if name != TOKEN} | {"PYTHONPATH": paths}


if __name__ == "__main__":
    sys.exit(main())

"""Warden: starts somebody's server and sees to it that nothing of it is left. `python -m tailgate.targets.warden`

It reads one line of JSON from stdin, `{"command": […], "environment": {…}, "grace_s": 10}`, starts the command as a
session and process group of its own, and answers `{"ready": true, "pid": …}` on stdout, where the server's output goes
too. When stdin ends (so also when whoever started it is killed) or SIGTERM comes, the group gets SIGTERM, and after the
grace SIGKILL. When the server ends by itself, so does the warden, in the same way. Linux: children that left the group
are ended as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LOOK_S = 0.02
_DYING_S = 2.0  # for the kernel to end what was killed


def main() -> int:
    """Start the command, wait for its end or ours, and end what is left of it."""
    line = sys.stdin.readline()
    if not line:
        return 1  # whoever started it is gone already
    orders = json.loads(line)
    woken = _wake_on(signal.SIGCHLD, signal.SIGTERM)
    prctl = _prctl()
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        server = subprocess.Popen(
            orders["command"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env=orders["environment"],
            start_new_session=True,
            preexec_fn=lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # this process has one thread
        )
    except OSError as error:
        print(f"{orders['command'][0]}: {error.strerror}", flush=True)
        return 127
    print(json.dumps({"ready": True, "pid": server.pid}), flush=True)
    _wait(server, woken)
    ended_by_itself = server.poll() is not None
    _end(server, orders["grace_s"])
    return _pass_on(server.returncode) if ended_by_itself else 0


def _wake_on(*numbers: signal.Signals) -> int:
    """A file descriptor that becomes readable when one of these signals comes."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return readable


def _wait(server: subprocess.Popen[bytes], woken: int) -> None:
    """Until the server has ended, or stdin has, or SIGTERM came."""
    while server.poll() is None:
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready and not os.read(0, 4096):
            return
        if woken in ready and signal.SIGTERM in os.read(woken, 4096):
            return


def _end(server: subprocess.Popen[bytes], grace_s: float) -> None:
    """SIGTERM to the group, SIGKILL after the grace, and the same end for what had left it."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _DYING_S)):
        until_s = time.monotonic() + patience_s
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, number)
        while _group_lives(server) and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
    until_s = time.monotonic() + _DYING_S
    while (left := _children()) and time.monotonic() < until_s:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(_LOOK_S)


def _group_lives(server: subprocess.Popen[bytes]) -> bool:
    server.poll()
    _reap()
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return server.returncode is None  # macOS says so of a group of which only the dead are left
    return True


def _reap() -> None:
    """Take note of the end of adopted children."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]
    except OSError:
        return []


def _pass_on(code: int) -> int:
    """End as the server did: by the same signal, or with the same exit code."""
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return abs(code)


def _prctl() -> Callable[[int, int], object]:
    """Linux's prctl, looked up ahead; nothing elsewhere."""
    if sys.platform != "linux":
        return lambda _option, _value: None
    function = ctypes.CDLL(None).prctl
    return lambda option, value: function(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())

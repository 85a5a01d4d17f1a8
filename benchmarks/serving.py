"""The server in a process of its own, on its own core: built when first needed, commanded through its standard input."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import trustme
from numpy.typing import NDArray

from benchmarks.machine import cores, pinned

HERE = Path(__file__).parent / "server"
TRUTH = np.dtype([("arrived_s", "<f8"), ("read_s", "<f8"), ("written_s", "<f8")])
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Truth:
    """What the server wrote down. rows: shape (n,), dtype TRUTH, host's monotonic clock. stalls: (begin, end), seconds."""

    rows: NDArray[np.void]
    stalls: list[tuple[float, float]]

    @property
    def service_s(self) -> NDArray[np.float64]:
        """From having read a request to having written its answer: what an error is measured against."""
        return np.asarray(self.rows["written_s"] - self.rows["read_s"])

    @property
    def rate_per_s(self) -> float:
        """The rate at which requests arrived, by the kernel's stamps, from the first to the last."""
        arrived = np.sort(self.rows["arrived_s"])
        return float((len(arrived) - 1) / (arrived[-1] - arrived[0])) if len(arrived) > 1 else 0.0

    def after(self, warmup_s: float) -> Truth:
        """Without the requests of the beginning."""
        read_s = self.rows["read_s"]
        return Truth(self.rows[read_s >= read_s.min() + warmup_s], self.stalls) if len(read_s) else self

    def open_loop(self, rate_per_s: float, for_s: float, base_s: float) -> NDArray[np.float64]:
        """Response times of callers who come at a constant rate whatever happens: those who come in a stall wait for its end.

        base_s: the server's time for one request. The schedule starts with the first request that the server saw.
        """
        due = self.rows["arrived_s"].min() + np.arange(round(rate_per_s * for_s)) / rate_per_s
        done = due + base_s
        for begin, end in self.stalls:
            begun, here = due < begin, (done > begin) & (due < end)
            done = np.where(here, np.where(begun, np.maximum(done, end), end + base_s), done)
        return np.asarray(done - due)


class Server:
    """A server that runs, over HTTP or TLS, as a context manager. `kind` says whether it is the C one."""

    def __init__(self, *, tls: bool = False) -> None:
        self.tls = tls
        self._folder = tempfile.TemporaryDirectory(prefix="tailgate-bench-")
        self.folder = Path(self._folder.name)
        self.ca = self.folder / "ca.pem"
        self._turn = threading.Lock()  # a command and its answer belong together
        command, self.kind = _command(tls)
        arguments = ["0", *(_certificate(self.folder, self.ca) if tls else [])]
        self._process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=pinned(cores()[0]),
        )
        self.port: int = self._heard()["port"]
        self.service(0.005)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Where it is asked, in the shape of a SageMaker endpoint, so that boto3 finds it as well."""
        return f"{self.origin}/endpoints/known-times/invocations"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    def service(self, *times_s: float) -> None:
        """How long each request takes, seconds; cycled."""
        self._ask("service " + " ".join(map(repr, times_s)))

    def reset(self) -> None:
        """Forget what was, disarm and thaw."""
        self._ask("reset")

    def stall(self, at_s: float, for_s: float) -> None:
        """Do nothing at all for a while, so long after the next request."""
        self._ask(f"stall {at_s!r} {for_s!r}")

    def freeze(self, at_s: float) -> None:
        """Answer nothing any more, so long after the next request."""
        self._ask(f"freeze {at_s!r}")

    def count(self) -> dict[str, float]:
        """answered, unanswered, cpu_s, now_s and first_s as they stand."""
        return self._ask("count")

    def truth(self) -> Truth:
        """All rows since the last reset."""
        path = self.folder / "truth"
        told = self._ask(f"truth {path}")
        return Truth(np.fromfile(path, dtype=TRUTH), [(begin, end) for begin, end in told["stalls"]])

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        with self._turn:
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()
            return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with exit code {self._process.wait()}; what it wrote above says why")
        told: dict[str, Any] = json.loads(line)
        return told


def _command(tls: bool) -> tuple[list[str], str]:
    compiled = _compiled(tls)
    if compiled is not None:
        return [str(compiled)], "C, epoll" + (", OpenSSL" if tls else "")
    return [sys.executable, str(HERE / "stand_in.py")], "Python, asyncio: no C compiler" + (" or no OpenSSL headers" if tls else "")


def _compiled(tls: bool) -> Path | None:
    """The compiled server, None where it cannot be had; compiled once for each version of its source."""
    compiler, source = shutil.which(os.environ.get("CC", "cc")), HERE / "known_times.c"
    if compiler is None:
        return None
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    binary = HERE / "build" / f"known_times-{version}{'-tls' if tls else ''}"
    if not binary.exists():
        binary.parent.mkdir(exist_ok=True)
        (binary.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        scratch = binary.with_suffix(f".{os.getpid()}")
        extra = ["-DWITH_TLS", "-lssl", "-lcrypto"] if tls else []
        built = subprocess.run([compiler, "-O2", "-o", str(scratch), str(source), *extra], capture_output=True, check=False)
        if built.returncode:
            return None
        scratch.replace(binary)
    return binary


def _certificate(folder: Path, ca: Path) -> list[str]:
    """Make a throw-away authority and a certificate for this host; the server's arguments for it."""
    authority = trustme.CA()
    issued = authority.issue_cert(HOST)
    authority.cert_pem.write_to_path(str(ca))
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return [str(chain), str(key)]

"""Real servers for the generator's tests: started as processes on loopback, with throw-away certificates."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import trustme

from tailgate.exceedances import RESPONSE, Counted
from tailgate.generator.order import Order
from tailgate.plan.load import ConstantRate, Load
from tailgate.samples import Samples
from tailgate.targets import Address

HOST = "runtime.tailgate.test"
ACCESS_KEY, SECRET_KEY, TOKEN = "AKIDFORTESTS", "secret/of+the/tests", "token==of//the+tests"
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": TOKEN}
NO_KEYS = {
    **dict.fromkeys((*KEYS, "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"), ""),
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
}

_AUTHORITY = trustme.CA()
CA_PEM = _AUTHORITY.cert_pem.bytes().decode()


@dataclass
class Served:
    """A scripted server that runs: see scripted_server.py for what the query may ask of it."""

    process: subprocess.Popen[bytes]
    port: int
    tls: bool
    folder: Path

    def address(self, *, sign: str | None = None, timeout_s: float = 10.0, **query: object) -> Address:
        """An address of this server, by a name that only the certificate knows; dialled on loopback."""
        return Address(
            url=f"{'https' if self.tls else 'http'}://{HOST}:{self.port}/endpoints/tests/invocations?{urlencode(query)}",
            region="ap-northeast-1",
            network_path="public",
            sign=sign,
            dial=f"127.0.0.1:{self.port}",
            ca_pem=CA_PEM if self.tls else None,
            timeout_s=timeout_s,
        )

    def order(
        self, load: Load | None = None, *, payload: bytes = b"[1]", connections: int = 4, address: Address | None = None, **query: Any
    ) -> Order:
        """An order for this server: half a second at 100/s unless said otherwise."""
        expect, counted = query.pop("expect", None), query.pop("counted", (Counted(RESPONSE, 0.05),))
        return Order(
            address=address or self.address(**query),
            load=load or ConstantRate(per_s=100, for_s=0.5, warmup_s=0),
            payloads=(payload,),
            samples=self.folder / "run.samples",
            expect=expect,
            connections=connections,
            counted=counted,
        )

    def truth(self) -> dict[str, Any]:
        """What the server itself saw so far."""
        context = ssl.create_default_context(cadata=CA_PEM)
        context.check_hostname = False
        url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/truth"
        with urllib.request.urlopen(url, context=context if self.tls else None, timeout=10) as response:  # noqa: S310 - our own
            truth: dict[str, Any] = json.load(response)
        return truth


@contextlib.contextmanager
def serving(folder: Path, *, tls: bool = True, host: str = HOST, at: str = "127.0.0.1") -> Iterator[Served]:
    """A scripted server for as long as the block lasts. host: of its certificate; at: the addresses it listens at."""
    command = [sys.executable, str(Path(__file__).with_name("scripted_server.py")), at]
    if tls:
        pem = folder / "server.pem"
        _AUTHORITY.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(str(pem))
        command.append(str(pem))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Served(process, int(process.stdout.readline()), tls, folder)
        finally:
            process.kill()


def generators() -> list[psutil.Process]:
    """The generator processes that this process has started and that live."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if _alive(child) and "tailgate.generator" in child.cmdline()]


def gone(pid: int) -> bool:
    """Whether a process is dead, though perhaps nobody has reaped it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def rows_once_each(samples: Samples, order: Order) -> bool:
    """Whether each scheduled request of the elapsed time has exactly one row."""
    due_s = order.load.due_times()
    elapsed = due_s if samples.stopped_s is None else due_s[due_s <= samples.stopped_s]
    return bool(abs(len(elapsed) - len(samples)) == 0 and (abs(samples.due_s - elapsed) < 1e-6).all())


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

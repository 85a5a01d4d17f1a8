"""No secret of a session that deploys is in what it writes, says, or shows of itself; what names its account is its owner's alone."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from tests.faults.aws_proxy import before, denied
from tests.faults.cells import MEASURING, Stage
from tests.faults.conftest import Stages
from tests.faults.sessions import SECRET_KEY, TOKEN

MODEL_SECRET = "a-password-of-the-model"  # made up, to be looked for
SECRETS = (SECRET_KEY, TOKEN, MODEL_SECRET)


def files(stage: Stage) -> Iterator[tuple[Path, bytes]]:
    """Everything that lies in the session's folder, and what it said."""
    for path in stage.folder.rglob("*"):
        with suppress(FileNotFoundError):  # a ledger that has just been settled
            if path.is_file():
                yield path, path.read_bytes()


def command_lines() -> list[str]:
    """Of every process on this host."""
    lines = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            lines.append("\0".join(process.cmdline()))
    return lines


def test_no_secret_is_in_any_file_or_list_of_processes(stages: Stages) -> None:
    """While the endpoint comes up, with its reaper standing by, and afterwards: not the keys, the token, or the container's variables."""
    stage = stages()
    stage.suite = MEASURING
    told: list[str] = []
    seen: dict[Path, bytes] = {}
    modes: dict[Path, int] = {}

    def look() -> None:
        told.extend(line for line in command_lines() if any(secret in line for secret in SECRETS))
        seen.update(files(stage))
        modes.update({path: stat.S_IMODE(path.stat().st_mode) for path in stage.ledgers()})

    fault = stage.proxy.harm("sagemaker.DescribeEndpoint", before(look), nth=(2,))
    ended = stage.play("--latency-model-env", "PASSWORD", "-v", variables={"PASSWORD": MODEL_SECRET})
    seen.update(files(stage))
    assert ended.code == 0, ended.said
    assert fault.fired == 1
    assert told == []
    assert set(modes.values()) == {0o600}
    assert {"ledger", "runs"} <= {part for path in seen for part in path.parts}
    assert [path for path, content in seen.items() if any(secret.encode() in content for secret in SECRETS)] == []
    assert [path for path, content in seen.items() if stage.books.account.encode() in content and _others_may_read(path)] == []


def test_an_error_tells_none_either(stages: Stages) -> None:
    """Of a call that was denied, with all that pytest shows of a failure."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.CreateModel", denied)
    ended = stage.play("--latency-model-env", "PASSWORD", "-vv", "--showlocals", "--tb=long", variables={"PASSWORD": MODEL_SECRET})
    assert fault.fired == 1
    assert ended.code == 1
    assert "CreateModel" in ended.said or "create the model" in ended.said
    assert [secret for secret in SECRETS if secret in ended.said] == []


def _others_may_read(path: Path) -> bool:
    return path.exists() and path.suffix != ".out" and bool(path.stat().st_mode & 0o077)

"""An agent in a process of its own, and the post that speaks with it through moto's S3: for tests of either."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tailgate.vantage.mailbox import TO_HOST, Mailbox
from tailgate.vantage.remote_post import RemotePost
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY, Moto, _client
from tests.unit.generator.serving import NO_KEYS

BUCKET = "letters"


@dataclass
class Agent:
    """An agent process, and the post that speaks with it."""

    process: subprocess.Popen[str]
    post: RemotePost
    s3: Any
    prefix: str


@contextmanager
def agent_at(moto: Moto, prefix: str, folder: Path, *options: str, seen_through: Callable[[Any], Any] = lambda s3: s3) -> Iterator[Agent]:
    """An agent that serves below a prefix; both are gone afterwards. seen_through: what the post's client of S3 is made of."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **{name: value for name, value in NO_KEYS.items() if value},
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "NO_PROXY": "*",
    }
    command = [sys.executable, "-m", "tailgate.vantage.agent", "--mailbox", f"s3://{BUCKET}/{prefix}", "--region", REGION, *options]
    s3 = _client("s3", endpoint_url=moto.url)
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    with (folder / "agent.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True)
    post = RemotePost(Mailbox(seen_through(s3), BUCKET, prefix, writes=TO_HOST), "emulated ec2", "host i-1", on_this_host=True)
    try:
        assert eventually(lambda: post.ready, 60)
        yield Agent(process, post, s3, prefix)
    finally:
        post.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        s3.close()


class Slow:
    """S3 on a bad day: each answer takes so long, and every third is none."""

    def __init__(self, s3: Any, answers_s: float) -> None:
        self._s3, self._answers_s, self._calls = s3, answers_s, count(1)

    def get_object(self, **asked: Any) -> Any:
        """As S3's."""
        return self._answered(self._s3.get_object, asked)

    def put_object(self, **asked: Any) -> Any:
        """As S3's."""
        return self._answered(self._s3.put_object, asked)

    def _answered(self, call: Callable[..., Any], asked: dict[str, Any]) -> Any:
        time.sleep(self._answers_s)
        if next(self._calls) % 3 == 0:
            raise ReadTimeoutError(endpoint_url="https://s3")
        return call(**asked)


def eventually(holds: Callable[[], object], within_s: float) -> bool:
    """Whether something comes true."""
    until_s = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < until_s:
        time.sleep(0.1)
    return bool(held)

"""Hosts that are agents on this very host, for sessions whose hosts do not matter: a stand-in for whatever launches them.

It is copied beside a suite under test, whose conftest registers it; S3 is where boto3's settings lead.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.clients import open_client
from tailgate.plan.case import Case
from tailgate.plan.vantage import VantageSpec
from tailgate.targets import Target
from tailgate.targets.registry import Settings
from tailgate.vantage.hosts import Host, Meeting
from tailgate.vantage.launched import LaunchedVantage

BUCKET = "letters"


class AgentsHere:
    """One agent for each host that is asked for. Their process ids stand in the file `agents` of the current folder."""

    emulated = True
    status = "starting agents"

    def __init__(self, spec: VantageSpec, settings: Settings) -> None:
        self._spec, self._region, self._run_id = spec, settings.region, settings.run_id

    def examine(self, cases: Sequence[Case]) -> None:
        """All can be had."""

    def interrupt(self) -> None:
        """It takes a moment only."""

    def open_s3(self) -> Any:
        """For letters."""
        return open_client("s3", self._region, attempts=1, timeout_s=3.0)

    @contextmanager
    def launched(self) -> Iterator[tuple[Meeting, Sequence[Host]]]:
        """Agents, and their end."""
        meeting = Meeting(BUCKET, self._region, self._run_id)
        with contextlib.suppress(ClientError), contextlib.closing(self.open_s3()) as s3:  # another test's session may have made it
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self._region})
        ids = [f"i-{number:017x}" for number in range(1, self._spec.count + 1)]
        agents = [
            subprocess.Popen([*_AGENT, "--region", self._region, "--mailbox", meeting.url_of(one)], start_new_session=True) for one in ids
        ]
        Path("agents").write_text(" ".join(str(agent.pid) for agent in agents))
        try:
            yield meeting, [Host(one, "127.0.0.1", "apne1-az1", self._spec.instance_type, "ami-0123456789abcdef0") for one in ids]
        finally:
            for agent in agents:
                agent.terminate()
                agent.wait()


def launch(spec: VantageSpec, settings: Settings, _target: Callable[[], Target]) -> LaunchedVantage:
    """For the registry of vantages."""
    return LaunchedVantage(spec, AgentsHere(spec, settings))


_AGENT = (sys.executable, "-m", "tailgate.vantage.agent")
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

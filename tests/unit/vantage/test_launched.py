"""Hosts as a vantage: their agents are awaited, and named where they do not come; what makes runs from them comparable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tailgate.errors import TargetError
from tailgate.plan.case import Case
from tailgate.plan.vantage import VantageSpec
from tailgate.vantage import launched, remote_post
from tailgate.vantage.hosts import Host, Meeting
from tailgate.vantage.launched import LaunchedVantage, vantage_name
from tailgate.vantage.letters import Letter, sealed
from tailgate.vantage.mailbox import FROM_HOST, Mailbox, Sign
from tests.unit.vantage.bucket import Bucket

HOST = Host("i-0123456789abcdef0", "10.0.0.5", "apne1-az1", "m5.2xlarge", "ami-0123456789abcdef0")
MEETING = Meeting("letters", "ap-northeast-1", "s1")
OUT = f"{MEETING.prefix_of(HOST.instance_id)}out/000001"


@dataclass
class Shelf(Bucket):
    """A bucket that is closed at the end."""

    closed: bool = False

    def close(self) -> None:
        """As a client's."""
        self.closed = True


@dataclass
class InMemory:
    """Hosts that are nothing but a bucket. says: the host's first letter."""

    says: Letter | None
    emulated: bool = False
    status: str = "launching"
    s3: Shelf = field(default_factory=Shelf)
    gone: bool = False

    def examine(self, cases: Sequence[Case]) -> None:
        """All can be had."""

    def interrupt(self) -> None:
        """Nothing is under way."""

    def open_s3(self) -> Any:
        """The bucket."""
        return self.s3

    @contextmanager
    def launched(self) -> Iterator[tuple[Meeting, Sequence[Host]]]:
        """One host."""
        if self.says is not None:
            self.s3.objects[OUT] = sealed(self.says)
        try:
            yield MEETING, [HOST]
        finally:
            self.gone = True


def test_a_host_is_a_post_once_its_agent_is_there() -> None:
    """It has the vantage's name, and what is known of it is on record; on leaving, it is dismissed and gone."""
    hosts = InMemory(Letter(1, "ready", {"host": {"cpus": 8}, "versions": {"python": "3.11"}, "instance": None}))
    with LaunchedVantage(VantageSpec("ec2"), hosts).open() as post:
        assert post.name == "ec2 m5.2xlarge apne1-az1"
        assert post.facts["host"] == {"cpus": 8}
        assert post.facts["zone_id"] == "apne1-az1"
        assert not post.on_this_host
        assert post.instance() is None
    assert hosts.gone
    assert hosts.s3.closed
    assert any(b'"leave"' in raw for raw in hosts.s3.objects.values())


def test_an_agent_that_says_nothing_is_named_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its log, and its permission to write."""
    monkeypatch.setattr(launched, "READY_WITHIN_S", 0.3)
    hosts = InMemory(None)
    unheard = r"agent on host i-0123456789abcdef0 .* said nothing .* may write to letters"
    with pytest.raises(TargetError, match=unheard), LaunchedVantage(VantageSpec("ec2"), hosts).open():
        pass
    assert hosts.gone


def test_an_agent_that_breaks_tells_why() -> None:
    """And is not awaited any longer."""
    hosts = InMemory(Letter(1, "broke", {"why": "the agent broke (OSError: no space left)"}))
    broke = "host i-0123456789abcdef0: the agent broke"
    with pytest.raises(TargetError, match=broke), LaunchedVantage(VantageSpec("ec2"), hosts).open():
        pass
    assert hosts.gone


def test_an_agent_that_dies_before_it_has_said_what_it_is_is_missed_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gave a sign of life; whoever has given one is not awaited for as long as one that may yet come."""
    monkeypatch.setattr(remote_post, "SILENT_S", 1.0)
    hosts = InMemory(None)
    Mailbox(hosts.s3, MEETING.bucket, MEETING.prefix_of(HOST.instance_id), writes=FROM_HOST).beat(Sign(1, 0))
    silent = "host i-0123456789abcdef0 has given no sign of life"
    with pytest.raises(TargetError, match=silent), LaunchedVantage(VantageSpec("ec2"), hosts).open():
        pass
    assert hosts.gone


@pytest.mark.parametrize(
    ("types", "emulated", "name"),
    [
        (["m5.large"], False, "ec2 m5.large use1-az6"),
        (["m5.large", "m5.large"], False, "2 × ec2 m5.large use1-az6"),
        (["m5.large"], True, "emulated ec2 m5.large use1-az6"),
        (["m5.large", "c7i.large"], False, "1 × ec2 c7i.large use1-az6 + 1 × ec2 m5.large use1-az6"),
    ],
)
def test_runs_are_comparable_by_kind_number_type_and_zone(types: list[str], emulated: bool, name: str) -> None:
    """Not by the instances' own ids, which are others in each session."""
    hosts = [Host(f"i-{number}", "10.0.0.5", "use1-az6", one, "ami-1") for number, one in enumerate(types)]
    assert vantage_name(hosts, emulated=emulated) == name


def test_letters_lie_below_session_and_host() -> None:
    """So that all of a session's go by one prefix."""
    assert MEETING.url_of("i-1") == "s3://letters/tailgate/hosts/s1/i-1/"
    assert MEETING.prefix_of("i-1").startswith(MEETING.prefix)

"""A fleet as one post: who is told what, and how a host that is lost, or a worker that died, ends the load. By a scripted clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.followed import Patience
from tailgate.generator.order import Order
from tailgate.generator.workers.admission import LEAST_TOKEN, TOKEN
from tailgate.plan.load import ConstantRate
from tailgate.targets import Address
from tailgate.vantage.fleet import MASTER_PORT, FleetPost
from tailgate.vantage.fleet_generator import JOIN_WITHIN_S, FleetGenerator
from tailgate.vantage.letters import Letter, opened
from tailgate.vantage.mailbox import TO_HOST, Mailbox
from tailgate.vantage.remote_post import RemotePost
from tailgate.vantage.remote_workers import RemoteWorkers
from tests.unit.vantage.bucket import Bucket

ORDER = Order(Address("https://e.example/", "us-east-1", "public"), ConstantRate(10, 30, 0), (b"{}",), Path("run.samples"), workers=2)
PATIENCE = Patience(1, 1, 1)
WAITING = {"event": "waiting", "joined": 1, "expected": 2}


@dataclass
class Master:
    """A generator whose events are scripted."""

    says: list[Mapping[str, Any]] = field(default_factory=list)
    patience: Patience = PATIENCE
    name: str = "generator (host i-1)"
    obituary: str = "host i-1: generator (pid 7) was killed by SIGKILL"
    running: bool = True

    def __enter__(self) -> Master:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Nothing is held."""

    def events(self, timeout_s: float) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002  # the protocol's
        """All that it has to say."""
        said, self.says = self.says, []
        return said

    def rest(self) -> Sequence[Mapping[str, Any]]:
        """Nothing."""
        return ()

    def terminate(self) -> None:
        """It does not heed."""

    def kill(self) -> None:
        """It is gone."""
        self.running = False


@dataclass
class Story:
    """A fleet of two hosts, the second of which has workers."""

    now_s: float = 0.0
    trouble: str | None = None
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.master = Master()
        self.workers = RemoteWorkers("host i-2", 4, lambda about, **fields: self.sent.append((about, fields)), lambda: self.trouble)
        self.fleet = FleetGenerator(self.master, [self.workers], "10.0.0.5:5557", now=lambda: self.now_s)

    def at(self, now_s: float, *says: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """What is told then."""
        self.now_s = now_s
        self.master.says = list(says)
        return self.fleet.events(0.0)

    def worker_dies(self) -> None:
        """As its agent tells it."""
        self.workers.receive(Letter(1, "course", {"order": 4, "events": [], "failed": "generator (pid 9) died", "ended": "died"}))


def test_a_worker_that_died_is_left_to_the_master_to_name_and_its_last_words_are_added() -> None:
    """The master has the samples until then; what its worker died of it cannot know."""
    story = Story()
    story.worker_dies()
    story.at(1.0)
    assert story.fleet.running
    (done,) = story.at(4.0, {"event": "done", "faults": ["worker 3 (pid 9 on host i-2) died or hung"]})
    assert done["faults"] == ["worker 3 (pid 9 on host i-2) died or hung", "host i-2: generator (pid 9) died"]


def test_a_worker_that_died_ends_the_load_where_the_master_says_nothing_of_it() -> None:
    """It awaits workers still, or its own word does not come."""
    story = Story()
    story.worker_dies()
    story.at(1.0)
    story.at(9.0)
    assert not story.fleet.running
    assert story.fleet.obituary == "host i-2: generator (pid 9) died"


def test_a_host_that_is_lost_ends_the_load_at_once() -> None:
    """By its name; the others are ended."""
    story = Story()
    story.at(1.0)
    story.trouble = "host i-2 has given no sign of life for 11 s"
    story.at(2.0)
    assert not story.fleet.running
    assert story.fleet.obituary == story.trouble
    story.fleet.kill()
    assert story.sent == [("end", {"order": 4})]


def test_workers_that_never_reach_the_master_are_not_awaited_for_ever() -> None:
    """What would let them is said; a worker that came late does no harm."""
    late, never = Story(), Story()
    for story in (late, never):
        story.at(10.0, WAITING)
        story.at(10.0 + JOIN_WITHIN_S, WAITING)
        assert story.fleet.running
    late.at(11.0 + JOIN_WITHIN_S, {**WAITING, "joined": 2})
    never.at(11.0 + JOIN_WITHIN_S, WAITING)
    assert late.fleet.running
    assert not never.fleet.running
    assert "host i-2 reached the master on generator (host i-1) at 10.0.0.5:5557" in never.fleet.obituary
    assert "security group" in never.fleet.obituary


def test_a_master_that_died_is_named_by_its_host() -> None:
    """As of one host alone."""
    story = Story()
    story.master.running = False
    assert not story.fleet.running
    assert story.fleet.obituary == story.master.obituary


def test_workers_that_did_their_share_are_not_ended_again() -> None:
    """Their host may have begun another load."""
    story = Story()
    story.workers.receive(Letter(1, "course", {"order": 4, "events": [], "failed": None, "ended": "its workers did their share"}))
    with story.fleet:
        story.at(1.0)
    assert story.fleet.running
    assert story.sent == []


@dataclass
class Hosts:
    """Posts whose letters stay in a bucket."""

    bucket: Bucket = field(default_factory=Bucket)

    def __post_init__(self) -> None:
        self.posts = [RemotePost(self.mailbox(name), "2 × ec2", f"host {name}", on_this_host=False) for name in ("i-1", "i-2")]

    def mailbox(self, name: str) -> Mailbox:
        """Of one host."""
        return Mailbox(self.bucket, "letters", f"{name}/", writes=TO_HOST)

    def letter(self, name: str) -> Letter:
        """The latest to a host, once it is written."""
        for post in self.posts:
            post._mail.close(linger_s=5.0)
        key = max(key for key in self.bucket.objects if key.startswith(f"{name}/in/0"))
        return opened(self.bucket.objects[key], int(key[-6:]), key)


def test_the_first_host_leads_and_the_others_join_it_with_a_token_of_this_loads() -> None:
    """As many workers on each as the order has; the token is the same on both, and no other load's."""
    tokens = []
    for _ in range(2):
        hosts = Hosts()
        FleetPost(hosts.posts, "10.0.0.5").start(ORDER, {"NAME": "value"})
        drive, join = hosts.letter("i-1"), hosts.letter("i-2")
        led = Order.from_json(drive.fields["told"])
        assert (led.workers, led.joining, led.master_bind) == (2, 2, f"10.0.0.5:{MASTER_PORT}")
        assert join.about == "join"
        assert (join.fields["workers"], join.fields["environment"]) == (2, {"NAME": "value"})
        entrance = join.fields["entrance"]
        assert (entrance["host"], entrance["port"], entrance["called"]) == ("10.0.0.5", MASTER_PORT, "host i-2")
        assert drive.fields["environment"] == {"NAME": "value", TOKEN: entrance["token"]}
        assert len(entrance["token"]) >= LEAST_TOKEN
        tokens.append(entrance["token"])
    assert tokens[0] != tokens[1]


def test_no_load_begins_without_a_host() -> None:
    """Its name is told before anything is sent to the others."""
    hosts = Hosts()
    hosts.posts[1]._broke = "the agent broke"
    with pytest.raises(GeneratorError, match="host i-2: the agent broke"):
        FleetPost(hosts.posts, "10.0.0.5").start(ORDER, {})
    for post in hosts.posts:
        post.close()

"""Launched: hosts as a vantage. They are launched by whoever knows how, and spoken to by letters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from tailgate.aws.waiting import StoppedError
from tailgate.errors import TargetError
from tailgate.plan.case import Case
from tailgate.plan.fleet_size import check_fleet
from tailgate.plan.vantage import EC2, VantageSpec
from tailgate.vantage import Post
from tailgate.vantage.fleet import FleetPost
from tailgate.vantage.hosts import Host, Launching, Meeting
from tailgate.vantage.mailbox import TO_HOST, Mailbox
from tailgate.vantage.remote_post import RemotePost

READY_WITHIN_S = 90.0
"""From when an agent was started until it has said that it is there."""

_LOOK_EVERY_S = 0.1


class LaunchedVantage:
    """Hosts for a session. launching: what launches them, and takes them away."""

    kind = EC2

    def __init__(self, spec: VantageSpec, launching: Launching) -> None:
        self._spec, self._launching = spec, launching
        self._stopped = False

    @property
    def status(self) -> str:
        """What is going on, for whoever waits."""
        return self._launching.status

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about before anything is launched. Raises PlanError, TargetError."""
        check_fleet(self._spec, cases)
        self._launching.examine(cases)

    def interrupt(self) -> None:
        """Give up what is being launched."""
        self._stopped = True
        self._launching.interrupt()

    @contextmanager
    def open(self) -> Iterator[Post]:
        """The hosts' post, once all their agents are there; on leaving they are gone. Raises TargetError naming the host."""
        with self._launching.launched() as (meeting, hosts), closing(self._launching.open_s3()) as s3, ExitStack() as held:
            name = vantage_name(hosts, emulated=self._launching.emulated)
            posts = [self._post(s3, meeting, host, name) for host in hosts]
            for post in posts:
                held.callback(post.close)
            self._await(posts, meeting)
            yield posts[0] if len(posts) == 1 else FleetPost(posts, hosts[0].private_ip)

    def _post(self, s3: Any, meeting: Meeting, host: Host, name: str) -> RemotePost:
        mailbox = Mailbox(s3, meeting.bucket, meeting.prefix_of(host.instance_id), writes=TO_HOST)
        facts = {"instance_type": host.instance_type, "image": host.image_id, "zone_id": host.zone_id, "count": self._spec.count}
        return RemotePost(mailbox, name, host.name, on_this_host=self._launching.emulated, known=facts)

    def _await(self, posts: Sequence[RemotePost], meeting: Meeting) -> None:
        until_s = time.monotonic() + READY_WITHIN_S
        while absent := [post for post in posts if not post.ready]:
            broken = [post.trouble for post in posts if post.trouble is not None]
            if broken:
                raise TargetError("; ".join(broken))
            if self._stopped:
                raise StoppedError("the hosts' agents are not awaited any more, as asked")
            if time.monotonic() > until_s:
                raise TargetError(_unheard(absent, meeting))
            time.sleep(_LOOK_EVERY_S)


def _unheard(absent: Sequence[RemotePost], meeting: Meeting) -> str:
    names, complaint = ", ".join(post.host for post in absent), absent[0].complaint
    why = f"S3 said here: {complaint}" if complaint is not None else f"see its log, and whether it may write to {meeting.bucket}"
    return f"the agent on {names} was started and said nothing within {READY_WITHIN_S:.0f} s; {why}"


def vantage_name(hosts: Sequence[Host], *, emulated: bool) -> str:
    """What makes runs from hosts comparable: `2 × ec2 m5.2xlarge apne1-az1`."""
    kinds = Counter(f"ec2 {host.instance_type} {host.zone_id}" for host in hosts)
    told = " + ".join(f"{count} × {kind}" if len(hosts) > 1 else kind for kind, count in sorted(kinds.items()))
    return f"emulated {told}" if emulated else told

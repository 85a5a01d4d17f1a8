"""Keeper: makes a host of each EC2 instance that moto has, and removes it. `python -m tailgate.vantage.emulated.keeper`

It reads two lines of JSON from stdin. The first has the network, which it makes and tells: {"paths": {"public": 0.0,
"privatelink": 0.002}, "minute_s": 60.0, "namespaces": true}; paths are those of the data plane, with the round-trip time in seconds
that is added for hosts; the others may be left out. It answers {"ready": true, "kind": "namespaces", "why": "", "gateway": IP,
"ips": {path: IP}, "namespace": PATH or null}: the namespace is where these addresses are. The second says where moto is, once it
listens: {"control_plane": URL for the keeper, "for_hosts": URL for hosts, "credentials": {…} or null, "names": {HOST: IP}}. From then
on it keeps hosts, until its stdin ends. Hosts end with it, however it ends: their processes hold a pipe from it, and the kernel takes
back namespaces that nobody is in.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from queue import Empty, Queue
from threading import Thread
from typing import Any

from tailgate.child import Child
from tailgate.errors import TargetError
from tailgate.vantage.emulated.backstage_client import GoneError, UnheardError, ask
from tailgate.vantage.emulated.kept_host import KeptHost, clear_folders
from tailgate.vantage.emulated.network import DELAYED_DEVICE, HostNetwork, NamespaceNetwork, open_network
from tailgate.vantage.emulated.processes import adopt, children, descendants, kill

_GONE_AFTER_S, _LOST_AFTER_S = 2.0, 60.0  # of refusals alone, and of whatever else
_AGAIN_S = 0.2
_LOOK_S = 0.5
_READY_WITHIN_S = 30.0
_GOING = ("shutting-down", "terminated", "stopping", "stopped")
_GONE = {"stopping": "stopped"}
SHUT_DOWN = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
DIED = "Server.InternalError: the host of this instance died"


class Keeper:
    """Keeps hosts on a network. News comes from threads; all else is done in one."""

    def __init__(self, network: HostNetwork, delay_line: Child | None, told: Mapping[str, Any]) -> None:
        self._network, self._delay_line, self._told = network, delay_line, told
        self._control_plane: str = told["control_plane"]
        self._hosts: dict[str, KeptHost] = {}
        self._news: Queue[tuple[str, Any]] = Queue()

    def keep(self) -> None:
        """Until stdin ends. Raises TargetError when moto or the delay line is gone."""
        for watch in (self._watch_stdin, self._watch_instances):
            Thread(target=watch, name=watch.__name__, daemon=True).start()
        while True:
            obituary = self._delay_line.obituary() if self._delay_line is not None else None
            if obituary is not None:
                raise TargetError(obituary)
            try:
                kind, what = self._news.get(timeout=_LOOK_S)
            except Empty:
                continue
            if kind == "over":
                return
            if kind == "lost":
                raise what
            if kind == "instances":
                self._compare(what)
            else:
                self._hear(kind, what)

    def close(self) -> None:
        """End all hosts, then what they were on."""
        for instance_id in list(self._hosts):
            self._remove(instance_id)
        if self._delay_line is not None:
            self._delay_line.end(2.0)
            print("delay line:", *self._delay_line.last_words, file=sys.stderr)
        self._network.close()

    def _compare(self, instances: list[dict[str, Any]]) -> None:
        """Make hosts for instances that want one, and remove those of instances that go."""
        for instance in instances:
            instance_id, state = instance["instance_id"], instance["state"]
            if state == "pending" and instance_id not in self._hosts:
                self._launch(instance)
            elif state in _GOING and (instance_id in self._hosts or state in ("shutting-down", "stopping")):
                self._remove(instance_id)
                self._report(instance, {"state": _GONE.get(state, "terminated" if state == "shutting-down" else state), "reason": ""})

    def _launch(self, instance: dict[str, Any]) -> None:
        try:
            berth = self._network.berth(instance["mac"])
            told = {key: self._told.get(key) for key in ("credentials", "names", "minute_s")} | {"control_plane": self._told["for_hosts"]}
            self._hosts[instance["instance_id"]] = KeptHost(instance, berth, told, self._news)
        except (TargetError, OSError) as error:
            self._report(instance, {"state": "terminated", "reason": f"Server.InternalError: {error}"})

    def _hear(self, kind: str, host: KeptHost) -> None:
        """A host is up, or gone by itself."""
        instance = host.instance
        if kind == "up":
            self._report(instance, {"state": "running", "private_ip": host.berth.ip, "pid": host.first_pid})
        elif self._hosts.get(instance["instance_id"]) is host:
            self._remove(instance["instance_id"])
            stops = host.why == "shutdown" and instance["on_shutdown"] == "stop"
            reason = SHUT_DOWN if host.why == "shutdown" else f"{DIED}{f': {host.why}' if host.why else ''}"
            self._report(instance, {"state": "stopped" if stops else "terminated", "reason": reason})

    def _remove(self, instance_id: str) -> None:
        host = self._hosts.pop(instance_id, None)
        if host is not None:
            host.end()
            self._network.free(host.berth)
            if not host.berth.isolated:
                self._end_orphans()

    def _end_orphans(self) -> None:
        """End what hosts without processes of their own left behind that were killed: it is our child by now."""
        ours = {host.pid for host in self._hosts.values()} | ({self._delay_line.pid} if self._delay_line is not None else set())
        kill(each for orphan in set(children(os.getpid())) - ours for each in (*descendants(orphan), orphan))

    def _report(self, instance: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        who = {"account": instance["account"], "region": instance["region"]}
        try:
            self._asked(f"instances/{instance['instance_id']}", {**who, **said})
        except UnheardError:
            raise
        except TargetError as error:  # somebody has reset moto meanwhile
            print(error, file=sys.stderr)

    def _watch_stdin(self) -> None:
        sys.stdin.read()
        self._news.put(("over", None))

    def _watch_instances(self) -> None:
        digest = ""
        try:
            while True:
                answer = self._asked(f"instances?known={digest}")
                digest = answer["digest"]
                self._news.put(("instances", answer["instances"]))
        except TargetError as error:
            self._news.put(("lost", error))

    def _asked(self, path: str, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What moto answers, for however long a busy host takes. Raises TargetError once it is gone or lost."""
        began_s = time.monotonic()
        while True:
            try:
                return ask(self._control_plane, path, said)
            except UnheardError as error:
                if time.monotonic() - began_s > (_GONE_AFTER_S if isinstance(error, GoneError) else _LOST_AFTER_S):
                    raise
                time.sleep(_AGAIN_S)


def open_delay_line(network: NamespaceNetwork, round_trips_s: Mapping[str, float]) -> Child:
    """A delay line for the paths that have a round-trip time. Raises TargetError."""
    line = Child("delay line", "tailgate.vantage.emulated.delay_line")
    try:
        line.tell(
            {
                "near": [network.namespace, DELAYED_DEVICE],
                "far": [network.switch.path, DELAYED_DEVICE],
                "one_way_s": {network.ips[path]: seconds / 2 for path, seconds in round_trips_s.items()},
            }
        )
        line.ready(_READY_WITHIN_S)
        network.join_delay_line()
    except BaseException:
        line.end(1.0)
        raise
    return line


def main() -> None:
    """Make the network, tell it, keep hosts, take all away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = json.loads(sys.stdin.readline())
    delayed = {path: seconds for path, seconds in asked["paths"].items() if seconds > 0}
    code = 0
    try:
        clear_folders()
        adopt()
        network, why = open_network(list(asked["paths"]), list(delayed), wanted=asked.get("namespaces", True))
        line = open_delay_line(network, delayed) if delayed and isinstance(network, NamespaceNetwork) else None
        where = {"gateway": network.gateway, "ips": network.ips, "namespace": network.namespace}
        print(json.dumps({"ready": True, "kind": network.kind, "why": why, **where}), flush=True)
        told = sys.stdin.readline()
        keeper = Keeper(network, line, (json.loads(told) if told else {"control_plane": ""}) | {"minute_s": asked.get("minute_s", 60.0)})
        try:
            if told:
                keeper.keep()
        finally:
            keeper.close()
    except TargetError as error:
        print(f"hosts cannot be kept: {error}", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

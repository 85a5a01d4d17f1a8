"""Launching: hosts of the emulation, by the calls that EC2 and Systems Manager would get. They run the code that runs here."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import tailgate
from tailgate.aws.names import as_tag_list
from tailgate.aws.refusals import explained
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.plan.case import Case
from tailgate.plan.vantage import VantageSpec
from tailgate.targets import Target
from tailgate.vantage.hosts import Host, Meeting
from tailgate.vantage.launched import LaunchedVantage
from tailgate.vantage.starting import started

if TYPE_CHECKING:
    from tailgate.targets.emulated.emulation import EmulatedTarget
    from tailgate.targets.emulated.planes import Planes
    from tailgate.targets.registry import Settings

_IMAGE_NAMED_BY = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
_STARTED = "Success"
_UNDER_WAY = ("Pending", "InProgress", "Delayed")
_PATIENCE = Patience(interval_s=0.2, timeout_s=120.0)


def emulated_vantage(spec: VantageSpec, settings: Settings, target: Callable[[], Target]) -> LaunchedVantage:
    """For the registry. target: gives the session's, an EmulatedTarget with hosts."""
    launching = EmulatedLaunching(spec, settings.region, settings.run_id, target)  # type: ignore[arg-type]  # it is an EmulatedTarget
    return LaunchedVantage(spec, launching)


class EmulatedLaunching:
    """Hosts in the emulation of a session. target: gives it."""

    emulated = True

    def __init__(self, spec: VantageSpec, region: str, run_id: str, target: Callable[[], EmulatedTarget]) -> None:
        self._spec, self._region, self._run_id, self._target = spec, region, run_id, target
        self._stop = Event()
        self.status = "starting the emulation"

    def examine(self, cases: Sequence[Case]) -> None:
        """The emulation has room for all."""

    def interrupt(self) -> None:
        """Give up waiting."""
        self._stop.set()

    def open_s3(self) -> Any:
        """A client of the emulated account's."""
        return self._target().start().client("s3", 1)

    @contextmanager
    def launched(self) -> Iterator[tuple[Meeting, Sequence[Host]]]:
        """Hosts with their agents; on leaving they are terminated. Raises TargetError, StoppedError."""
        planes, furnished = self._target().start(), self._target().furnished()
        meeting = Meeting(furnished.bucket, self._region, self._run_id)
        with planes.blaming_the_dead():
            ids = self._launch(planes, furnished.instance_profile)
            try:
                hosts = self._described(planes, ids)
                self.status = f"waiting for {len(ids)} × {self._spec.instance_type}"
                for host in hosts:
                    self._start_agent(planes.client("ssm"), host, meeting)
                yield meeting, self._described(planes, ids)  # a host has its address from when it is up
            finally:
                with explained("terminate the emulated hosts"):
                    planes.clients.ec2.terminate_instances(InstanceIds=ids)

    def _launch(self, planes: Planes, profile: str) -> list[str]:
        spec, count = self._spec, self._spec.count
        with explained("find the current Amazon Linux image"):
            image = spec.image or planes.client("ssm").get_parameter(Name=_IMAGE_NAMED_BY)["Parameter"]["Value"]
        where: dict[str, Any] = {"SubnetId": spec.subnet} if spec.subnet is not None else {}
        where |= {"Placement": {"AvailabilityZone": self._zone(planes, spec.zone)}} if spec.zone is not None else {}
        named = [{"ResourceType": "instance", "Tags": as_tag_list({"Name": f"tailgate-{self._run_id}"})}]
        asked: dict[str, Any] = {"ImageId": image, "InstanceType": spec.instance_type, "IamInstanceProfile": {"Name": profile}, **where}
        with explained(f"launch {count} × {spec.instance_type}"):
            told = planes.clients.ec2.run_instances(**asked, MinCount=count, MaxCount=count, TagSpecifications=named)
        return [str(one["InstanceId"]) for one in told["Instances"]]

    def _zone(self, planes: Planes, named: str) -> str:
        zones = _zones(planes)
        name = next((zone for zone, zone_id in zones.items() if named in (zone, zone_id)), None)
        if name is None:
            raise TargetError(f"{self._region} of the emulation has no zone {named}, only {', '.join(zones.values())}")
        return name

    def _described(self, planes: Planes, ids: Sequence[str]) -> list[Host]:
        zones, ec2 = _zones(planes), planes.clients.ec2
        with explained("describe the emulated hosts"):
            told = [one for each in ec2.describe_instances(InstanceIds=list(ids))["Reservations"] for one in each["Instances"]]
        return [_host(one, zones) for one in sorted(told, key=lambda one: ids.index(one["InstanceId"]))]

    def _start_agent(self, ssm: Any, host: Host, meeting: Meeting) -> None:
        """Once Systems Manager knows the host, have it start the agent, detached from the command."""
        found = [{"Key": "InstanceIds", "Values": [host.instance_id]}]

        def known() -> bool:
            return bool(ssm.describe_instance_information(Filters=found)["InstanceInformationList"])

        self._await(known, ssm, host, "Systems Manager does not know it")
        home = Path(tailgate.__file__).resolve().parents[1]
        agent = [sys.executable, "-m", "tailgate.vantage.agent", "--region", meeting.region, "--mailbox", meeting.url_of(host.instance_id)]
        lines = [f"export PYTHONPATH={shlex.quote(str(home))}", *started(f"{shlex.join(agent)} --shut-down", "agent.log", ":")]
        with explained(f"start the agent on {host.name}"):
            sent = ssm.send_command(InstanceIds=[host.instance_id], DocumentName="AWS-RunShellScript", Parameters={"commands": lines})
        which = {"CommandId": sent["Command"]["CommandId"], "InstanceId": host.instance_id}

        def over() -> bool:
            try:
                return ssm.get_command_invocation(**which)["Status"] not in _UNDER_WAY
            except ssm.exceptions.InvocationDoesNotExist:  # not yet, as on AWS
                return False

        self._await(over, ssm, host, "the command that starts its agent does not end")
        told = ssm.get_command_invocation(**which)
        if told["Status"] != _STARTED:
            words = " / ".join(f"{told['StandardOutputContent']}\n{told['StandardErrorContent']}".split("\n")).strip(" /")
            raise TargetError(f"{host.name}: its agent could not be started ({told['Status']}): {words or 'it died without a word'}")

    def _await(self, holds: Callable[[], bool], ssm: Any, host: Host, otherwise: str) -> None:
        for _ in _PATIENCE.rounds(self._stop):
            with explained(f"ask about {host.name}"):
                if holds():
                    return
                self._check_up(ssm, host)
        raise TargetError(f"{host.name}: {otherwise}, after {_PATIENCE.timeout_s:.0f} s; likely this host is overloaded")

    def _check_up(self, ssm: Any, host: Host) -> None:
        """Refuse one that is gone, or out of reach. Raises TargetError."""
        (told,) = self._target().start().clients.ec2.describe_instances(InstanceIds=[host.instance_id])["Reservations"][0]["Instances"]
        if told["State"]["Name"] not in ("pending", "running"):
            why = told.get("StateReason", {}).get("Message") or "nobody says why"
            raise TargetError(f"{host.name} is {told['State']['Name']} before its agent was at work: {why}")
        found = [{"Key": "InstanceIds", "Values": [host.instance_id]}]
        for node in ssm.describe_instance_information(Filters=found)["InstanceInformationList"]:
            if node["PingStatus"] == "ConnectionLost":
                raise TargetError(f"{host.name} is out of Systems Manager's reach before its agent was at work: its network died, or hangs")


def _zones(planes: Planes) -> dict[str, str]:
    """Zones' ids by their names."""
    with explained("describe the emulated zones"):
        return {one["ZoneName"]: one["ZoneId"] for one in planes.clients.ec2.describe_availability_zones()["AvailabilityZones"]}


def _host(told: Mapping[str, Any], zones: Mapping[str, str]) -> Host:
    zone = told["Placement"]["AvailabilityZone"]
    return Host(told["InstanceId"], told.get("PrivateIpAddress", ""), zones.get(zone, zone), told["InstanceType"], told["ImageId"])

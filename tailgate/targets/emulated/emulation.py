"""EmulatedTarget: endpoints that are really deployed, to books and instances that exist on this host only."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Self

import numpy as np

from tailgate.aws.names import ownership_tags, resource_name
from tailgate.aws.waiting import Patience, Progress, StoppedError
from tailgate.errors import TargetError
from tailgate.plan.case import NETWORK_PATHS, EndpointSpec
from tailgate.targets import Address, Endpoint
from tailgate.targets.emulated.control_plane import ControlPlaneSettings
from tailgate.targets.emulated.furnishing import Furnishing, furnish
from tailgate.targets.emulated.keeping import HostSettings
from tailgate.targets.emulated.network import client_zone
from tailgate.targets.emulated.planes import Planes
from tailgate.targets.emulated.profiles import load_profiles
from tailgate.targets.emulated.simulation import Simulation
from tailgate.targets.emulated.truth import Rows
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.deployment import Conduct, deployed

NOTE = "emulated: no statement about AWS"
SHIPPED_MODEL = "constant"
_NO_TIMES = "the profiles say nothing of that path's times"

# moto's account. Image and role exist nowhere; the API wants them to be well-formed.
_ACCOUNT = "123456789012"
_ROLE_ARN = f"arn:aws:iam::{_ACCOUNT}:role/tailgate-emulated"
_LASTS = timedelta(hours=24)


class EmulatedTarget:
    """A target whose platform runs in processes of this host, started on the first `open`. Thread-safe.

    deploy_s: how long an endpoint is Creating. seed: of the service times. faults: by a spec's name, tags that steer
    the simulation of its endpoint (`Simulation(…).tags()`). profiles: another file of service times. patience_s: how
    long to wait for an endpoint, or for its deletion. hosts: makes hosts of EC2 instances, which reach all that this host
    reaches of it. To be closed at the end; if it is not, its processes end with ours.
    """

    kind = "emulated"
    deploys_on_this_host = True

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        run_id: str = "emulated",
        deploy_s: float = 1.0,
        seed: int = 1,
        faults: Mapping[str, Mapping[str, str]] | None = None,
        profiles: Path | None = None,
        patience_s: float = 120.0,
        hosts: HostSettings | None = None,
    ) -> None:
        self.region, self.run_id, self.seed = region, run_id, seed
        self._faults = dict(faults or {})
        self._control = ControlPlaneSettings(Simulation(deploy_s=deploy_s))
        self._profiles, self._hosts = profiles, hosts
        self._patience_s = patience_s
        self._on_progress: Callable[[EndpointSpec, str, float], None] | None = None
        self._stop = Event()
        self._starting = Lock()
        self._planes: Planes | None = None
        self._furnishing: Furnishing | None = None
        self._closed = False

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Deploy the spec's endpoint by the calls that AWS would get; on leaving it is deleted and seen to be gone.

        Raises TargetError, CapacityError; when a process of the emulation has died, the error names it.
        """
        planes = self.start()
        deployment = self._deployment(spec)
        conduct = Conduct(
            deploying=Patience(interval_s=0.2, timeout_s=self._patience_s),
            deleting=Patience(interval_s=0.1, timeout_s=self._patience_s),
            on_progress=self._progress_of(spec),
            stop=self._stop,
        )
        began_s = time.monotonic()
        with planes.blaming_the_dead(), deployed(planes.clients, deployment, conduct):
            yield self._endpoint(planes, spec, deployment.name, time.monotonic() - began_s)

    def watch(self, on_progress: Callable[[EndpointSpec, str, float], None]) -> None:
        """From now on tell this, from whatever thread deploys: spec, status, seconds since waiting began."""
        self._on_progress = on_progress

    def interrupt(self) -> None:
        """Give up what is being deployed, for good: waiting `open`s delete what they began and raise StoppedError."""
        self._stop.set()

    def truth(self, endpoint_name: str, network_path: str, since_s: float = 0.0) -> Rows:
        """What the data plane knows of its answers to requests over that path, whole since `since_s` or later, oldest first.

        Columns as in `truth.ROW`, times in seconds on CLOCK_MONOTONIC. Raises TargetError.
        """
        _, body = self.start().ask_data_plane("/truth", endpoint=endpoint_name, since=since_s)
        rows = np.load(io.BytesIO(body), allow_pickle=False)
        over_path: Rows = rows[rows["network_path"] == network_path.encode()]
        return over_path

    def close(self) -> None:
        """End both processes; what was deployed in them is gone with them. May be called twice."""
        self.interrupt()
        with self._starting:
            self._closed = True
            planes, self._planes = self._planes, None
        if planes is not None:
            planes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def start(self) -> Planes:
        """The running emulation, started if it is not: `open` does so itself. Raises TargetError, also when a process has died."""
        with self._starting:
            if self._closed:
                raise TargetError("the emulated target is closed; make a new one")
            if self._planes is None:
                self._planes = Planes.start(self.region, self.seed, self._control, self._profiles, self._keep_on, self._hosts)
            planes = self._planes
        obituary = planes.obituary()
        if obituary is not None:
            raise TargetError(f"{obituary} — start the run again")
        return planes

    def furnished(self) -> Furnishing:
        """What hosts of its account are launched with, made at the first call. Raises TargetError."""
        planes = self.start()
        with self._starting:
            if self._furnishing is None:
                with planes.blaming_the_dead():
                    self._furnishing = furnish(planes.client, self.region, _ACCOUNT)
            return self._furnishing

    def _keep_on(self) -> None:
        """Raises StoppedError once somebody asked for it."""
        if self._stop.is_set():
            raise StoppedError("the emulation's start was given up, as asked")

    def _progress_of(self, spec: EndpointSpec) -> Progress:
        def tell(status: str, elapsed_s: float) -> None:
            if self._on_progress is not None:
                self._on_progress(spec, status, elapsed_s)

        return tell

    def _deployment(self, spec: EndpointSpec) -> Deployment:
        image = f"{_ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/tailgate-{SHIPPED_MODEL}:latest"
        tags = ownership_tags(self.run_id, "emulated", datetime.now(UTC) + _LASTS)
        return Deployment(
            name=resource_name(spec, self.run_id),
            spec=spec,
            container={"Image": image},
            role_arn=_ROLE_ARN,
            tags=tags | dict(self._faults.get(spec.name, {})),
        )

    def _endpoint(self, planes: Planes, spec: EndpointSpec, name: str, deploy_s: float) -> Endpoint:
        return Endpoint(
            name=name,
            addresses={path: self._address(planes, spec, name, path) for path in planes.hosts},
            deployed_by_us=True,
            provenance=self._facts(spec, deploy_s) | {"client_zone": f"{client_zone(planes.private_link)}, said to be"},
            processes={child.title: child.pid for child in planes.children},
            environment=planes.credentials.environment(self.region),
            elsewhere={path: _NO_TIMES for path in NETWORK_PATHS if path not in planes.hosts},
        )

    def _address(self, planes: Planes, spec: EndpointSpec, name: str, network_path: str) -> Address:
        dial = planes.dial[network_path]
        return Address(
            url=f"https://{planes.hosts[network_path]}:{dial.rpartition(':')[2]}/endpoints/{name}/invocations",
            region=self.region,
            network_path=network_path,
            variant=spec.variant,
            dial=dial,
            ca_pem=planes.ca_pem,
        )

    def _facts(self, spec: EndpointSpec, deploy_s: float) -> dict[str, str]:
        generic = load_profiles(self._profiles).of(spec.instance_type).generic
        facts = {
            "note": NOTE,
            "region": self.region,
            "routing": spec.routing,
            "instance_profile": f"generic: none for {spec.instance_type}" if generic else spec.instance_type,
            "seed": str(self.seed),
            "deploy_s": f"{deploy_s:.2f}",
            "moto": version("moto"),
        }
        if spec.model != SHIPPED_MODEL:
            facts["model"] = f"{spec.model} was not run: an answer of the shipped model '{SHIPPED_MODEL}' stood in for it"
        return facts

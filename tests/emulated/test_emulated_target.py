"""The emulated target from outside: real processes, real boto3 calls, real requests over TLS, real kills."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tailgate.aws.refusals import NameTakenError
from tailgate.aws.waiting import StoppedError
from tailgate.child import Child
from tailgate.errors import CapacityError, TargetError
from tailgate.plan.case import NETWORK_PATHS, EndpointSpec
from tailgate.targets import Address, Endpoint, Target
from tailgate.targets.emulated import emulated_target, planes
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.simulation import NO_CAPACITY, Simulation
from tailgate.targets.prefetch import Attended, Prefetched
from tailgate.targets.registry import Settings

ROOT = str(Path(__file__).resolve().parents[2])
SPEC = EndpointSpec("ranker", instance_type="ml.t2.xlarge", instance_count=2)
FAULTS = {
    "no-capacity": Simulation.failing(NO_CAPACITY, deploy_s=0.1).tags(),
    "over-quota": Simulation(over_quota=True).tags(),
    "broken": Simulation.failing("The container did not pass the ping health check.", deploy_s=0.1).tags(),
    "slow": Simulation(deploy_s=2.0).tags(),
}


@pytest.fixture(scope="module")
def target() -> Iterator[EmulatedTarget]:
    with EmulatedTarget(region="ap-northeast-1", run_id="r1", deploy_s=0.3, seed=7, faults=FAULTS) as started:
        yield started


def invoke(address: Address, environment: dict[str, str], body: bytes = b"{}", *, inference_id: str = "") -> tuple[int, bytes]:
    """One signed request over TLS, as the address says: dialled by number, named by its url's host."""
    url, (ip, port) = urlsplit(address.url), (address.dial or "").split(":")
    headers = {"Content-Type": address.content_type, "X-Amzn-SageMaker-Inference-Id": inference_id}
    request = AWSRequest("POST", address.url, headers, body)
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, address.sign, address.region).add_auth(request)
    trusting = ssl.create_default_context(cadata=address.ca_pem)
    with (
        socket.create_connection((ip, int(port)), timeout=20) as plain,
        trusting.wrap_socket(plain, server_hostname=url.hostname) as secure,
    ):
        connection = http.client.HTTPConnection(url.netloc)
        connection.sock = secure
        with closing(connection):
            connection.request("POST", url.path, body, dict(request.headers.items()) | {"Host": url.netloc})
            response = connection.getresponse()
            return response.status, response.read()


def as_the_generator_gets_it(environment: dict[str, str]) -> dict[str, str]:
    """To the generator's child an empty value removes the variable."""
    return {name: value for name, value in environment.items() if value}


def left_over(target: EmulatedTarget) -> list[str]:
    """Everything that the control plane still knows by name."""
    client = target.start().clients.sagemaker
    endpoints = [each["EndpointName"] for each in client.list_endpoints(MaxResults=100)["Endpoints"]]
    configs = [each["EndpointConfigName"] for each in client.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]]
    return endpoints + configs + [each["ModelName"] for each in client.list_models(MaxResults=100)["Models"]]


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_an_endpoint_is_deployed_answers_over_all_paths_and_is_gone_afterwards(target: EmulatedTarget) -> None:
    """From boto3 calls to signed answers on each address; on leaving, endpoint, configuration and model are gone."""
    with target.open(SPEC) as endpoint:
        assert left_over(target) == [endpoint.name] * 3
        client = target.start().clients.sagemaker
        variant = client.describe_endpoint_config(EndpointConfigName=endpoint.name)["ProductionVariants"][0]
        assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.t2.xlarge", 2)
        assert variant["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}
        assert set(endpoint.addresses) == set(NETWORK_PATHS)
        for path, address in endpoint.addresses.items():
            assert address.network_path == path
            assert invoke(address, dict(endpoint.environment))[0] == 200
    assert left_over(target) == []


def test_addresses_are_those_that_aws_would_have(target: EmulatedTarget) -> None:
    """The public host is the runtime's, the others an interface endpoint's; each path has an address of its own.

    The client is said to be in its first zone.
    """
    with target.open(SPEC) as endpoint:
        public, private, *zonal = (endpoint.addresses[path] for path in NETWORK_PATHS)
        assert urlsplit(public.url).hostname == "runtime.sagemaker.ap-northeast-1.amazonaws.com"
        assert urlsplit(private.url).hostname == target.start().private_link.regional
        assert str(urlsplit(private.url).hostname).endswith(".runtime.sagemaker.ap-northeast-1.vpce.amazonaws.com")
        assert sorted(target.start().private_link.zonal) == ["ap-northeast-1a", "ap-northeast-1c"]
        assert [urlsplit(each.url).hostname for each in zonal] == list(target.start().private_link.zonal.values())
        assert endpoint.provenance["client_zone"] == "ap-northeast-1a, said to be"
        for address in endpoint.addresses.values():
            assert urlsplit(address.url).path == f"/endpoints/{endpoint.name}/invocations"
            assert address.dial is not None
            assert address.dial.startswith("127.")
            assert urlsplit(address.url).port == int(address.dial.split(":")[1])
        if sys.platform == "linux":
            assert len({str(address.dial).partition(":")[0] for address in endpoint.addresses.values()}) == len(NETWORK_PATHS)


def test_the_record_says_that_it_is_no_statement_about_aws(target: EmulatedTarget) -> None:
    """Facts for the record: the note, the seed, the profile, and that a model of the user's was not run."""
    with (
        target.open(replace(SPEC, model="models/ranker-7")) as own,
        target.open(EndpointSpec("other", instance_type="ml.c7i.large")) as other,
    ):
        assert own.provenance["note"] == "emulated: no statement about AWS"
        assert (own.provenance["seed"], own.provenance["instance_profile"]) == ("7", "ml.t2.xlarge")
        assert own.provenance["model"].startswith("models/ranker-7 was not run")
        assert float(own.provenance["deploy_s"]) >= 0.3
        assert "model" not in other.provenance
        assert other.provenance["instance_profile"] == "generic: none for ml.c7i.large"


def test_the_truth_tells_what_was_asked_over_which_path(target: EmulatedTarget) -> None:
    """One row per answer of that endpoint over that path since that time."""
    with target.open(replace(SPEC, name="truth")) as endpoint:  # a name that no other test asks
        environment = dict(endpoint.environment)
        invoke(endpoint.addresses["public"], environment, inference_id="before")
        since_s = time.monotonic()
        for path, identity in (("public", "a"), ("privatelink", "b"), ("public", "c")):
            invoke(endpoint.addresses[path], environment, inference_id=identity)
        rows = target.truth(endpoint.name, "public", since_s)
        assert list(rows["inference_id"]) == [b"a", b"c"]
        assert (rows["status"] == 200).all()
        assert (rows["written_s"] > rows["complete_s"]).all()
        assert list(target.truth(endpoint.name, "privatelink")["inference_id"]) == [b"b"]
        assert len(target.truth("unknown", "public")) == 0


def test_ten_endpoints_deploy_side_by_side_on_one_pair_of_processes() -> None:
    """Ten threads race for the start: two processes come of it, and all ten endpoints are Creating before one is in service."""
    names = [f"e{number}" for number in range(10)]
    creating, early = set(), []
    with EmulatedTarget(deploy_s=5.0) as target, ThreadPoolExecutor(10) as threads, ExitStack() as opened:

        def hear(spec: EndpointSpec, status: str, _elapsed_s: float) -> None:
            if status == "Creating":
                creating.add(spec.name)
            elif len(creating) < len(names):
                early.append(spec.name)

        target.watch(hear)
        endpoints = list(threads.map(lambda name: opened.enter_context(target.open(EndpointSpec(name))), names))
        assert len({endpoint.name for endpoint in endpoints}) == 10
        assert (creating, early) == (set(names), [])
        pids = {pid for endpoint in endpoints for pid in endpoint.processes.values()}
        assert pids == {child.pid for child in psutil.Process().children() if child.pid in pids}
        assert len(pids) == 2


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("no-capacity", CapacityError, "InsufficientInstanceCapacity"),
        ("over-quota", CapacityError, "account-level service limit 'ml.t2.xlarge for endpoint usage'"),
        ("broken", TargetError, "did not pass the ping health check"),
    ],
)
def test_a_deployment_that_fails_says_why_and_leaves_nothing(
    target: EmulatedTarget, name: str, kind: type[TargetError], sentence: str
) -> None:
    """Want of capacity and of quota are reasons to skip, a broken container is not; all are cleaned up."""
    with pytest.raises(TargetError, match=sentence) as raised, target.open(replace(SPEC, name=name)):
        pytest.fail("there is no endpoint")
    assert type(raised.value) is kind
    assert left_over(target) == []


def test_a_spec_that_is_open_already_is_refused_and_stays_open(target: EmulatedTarget) -> None:
    """The second finds the name taken, and does not delete what is the first's."""
    with target.open(SPEC) as endpoint:
        with pytest.raises(NameTakenError), target.open(SPEC):
            pytest.fail("it is open already")
        assert invoke(endpoint.addresses["public"], dict(endpoint.environment))[0] == 200


def test_it_can_be_opened_again_after_it_was_closed(target: EmulatedTarget) -> None:
    """The name is free again, and the new endpoint answers: nothing remembers the old one."""
    for _ in range(2):
        with target.open(SPEC) as endpoint:
            assert invoke(endpoint.addresses["public"], dict(endpoint.environment))[0] == 200


def test_an_interrupted_deployment_is_deleted() -> None:
    """As on AWS deletion is refused while the endpoint is being created: it is waited for, and then nothing is left."""
    with EmulatedTarget(faults=FAULTS) as target:
        target.watch(lambda *_: target.interrupt())
        with pytest.raises(StoppedError), target.open(replace(SPEC, name="slow")):
            pytest.fail("it was interrupted")
        assert left_over(target) == []


def test_an_error_inside_is_not_hidden_and_the_endpoint_goes(target: EmulatedTarget) -> None:
    """Whatever a measurement raises arrives as it was raised."""
    with pytest.raises(ZeroDivisionError), target.open(SPEC):
        _ = 1 / 0
    assert left_over(target) == []


def test_prefetching_it_shares_and_closes_it() -> None:
    """Through the registry, as the plugin makes it: watched, interrupted and closed by the prefetching that wraps it."""
    target = emulated_target(Settings("emulated", "us-east-1", "r2"))
    as_target: Target = target
    assert isinstance(as_target, Attended)
    statuses: list[str] = []
    with Prefetched(target, on_progress=lambda _spec, status, _elapsed_s: statuses.append(status)) as prefetched:
        prefetched.prefetch([SPEC, SPEC])
        with prefetched.open(SPEC) as first, prefetched.open(SPEC) as second:
            assert first is second
            pids = list(first.processes.values())
    assert "Creating" in statuses
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_while_the_processes_start_waits_for_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the first seconds of a session: nobody waits for moto to have loaded, and nothing of it is left."""
    monkeypatch.setattr(planes, "Child", lambda title, _module: Child(title, "tests.emulated.takes_two_minutes_to_load"))
    before = {process.pid for process in psutil.Process().children()}
    prefetched = Prefetched(EmulatedTarget())
    prefetched.prefetch([SPEC])
    until_s = time.monotonic() + 30
    while len(started := {process.pid for process in psutil.Process().children()} - before) < 2 and time.monotonic() < until_s:
        time.sleep(0.01)
    began_s = time.monotonic()
    prefetched.close()
    assert time.monotonic() - began_s < 60
    assert len(started) == 2
    assert not any(psutil.pid_exists(pid) for pid in started)


def test_a_process_that_still_loads_is_ended_without_a_grace() -> None:
    """It does not listen to its stdin yet, and has nothing to put in order."""
    child = Child("slow one", "tests.emulated.takes_two_minutes_to_load")
    began_s = time.monotonic()
    child.end(grace_s=100)
    assert time.monotonic() - began_s < 50
    assert child.how_it_ended() == "was killed by SIGTERM"


def test_closing_in_the_middle_of_a_deployment_ends_soon() -> None:
    """The prefetched deployment is interrupted, deleted when SageMaker lets it, and both processes are gone."""
    target = EmulatedTarget(faults=FAULTS)
    slow = replace(SPEC, name="slow")
    creating = threading.Event()
    prefetched = Prefetched(target)
    target.watch(lambda *_: creating.set())
    prefetched.prefetch([slow])
    assert creating.wait(60)
    pids = [child.pid for child in target.start().children]
    prefetched.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_nothing_listens_beyond_loopback(target: EmulatedTarget) -> None:
    """Every listening socket of both processes is in 127.0.0.0/8."""
    with target.open(SPEC) as endpoint:
        for title, pid in endpoint.processes.items():
            listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
            assert listening, title
            assert all(ip.startswith("127.") for ip in listening), title


def test_the_credentials_are_fresh_and_in_memory_only(target: EmulatedTarget) -> None:
    """AWS's form; another session has others; no process shows them in its arguments or environment, no repr does."""
    planes = target.start()
    access_key, secret_key = planes.credentials.access_key, planes.credentials.secret_key
    assert (len(access_key), access_key[:4], len(secret_key)) == (20, "AKIA", 40)
    for child in planes.children:
        process = psutil.Process(child.pid)
        shown = " ".join([*process.cmdline(), *process.environ().values()])
        assert access_key not in shown
        assert secret_key not in shown
    with target.open(SPEC) as endpoint:
        assert endpoint.environment["AWS_SECRET_ACCESS_KEY"] == secret_key
        assert secret_key not in repr((endpoint, planes))
        assert not any(key in str((endpoint.addresses, endpoint.provenance)) for key in (access_key, secret_key))
    with EmulatedTarget() as other:
        assert other.start().credentials.access_key != access_key


@pytest.mark.parametrize("profile", ["nobodys-profile", ""])
def test_a_generators_process_finds_these_credentials_whatever_the_users_environment_says(target: EmulatedTarget, profile: str) -> None:
    """Laid over an environment full of somebody's AWS settings, botocore's chain gives the throw-away pair, without a token."""
    with target.open(SPEC) as endpoint:
        environment = dict(endpoint.environment)
    users = {
        "AWS_PROFILE": profile,
        "AWS_SESSION_TOKEN": "theirs",
        "AWS_SECURITY_TOKEN": "theirs",
        "AWS_ACCESS_KEY_ID": "THEIRS",
        "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z",
        "AWS_CONFIG_FILE": "/nonexistent",
    }
    script = (
        "import botocore.session; s = botocore.session.get_session(); c = s.get_credentials().get_frozen_credentials()\n"
        "s.create_client('sagemaker-runtime'); print(c.access_key, c.secret_key, c.token or None, s.get_config_variable('region'))"
    )
    laid_over = as_the_generator_gets_it({**os.environ, **users, **environment})
    found = subprocess.run([sys.executable, "-c", script], env=laid_over, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == [environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], "None", "ap-northeast-1"]


def test_a_wrong_key_is_refused(target: EmulatedTarget) -> None:
    """The data plane verifies signatures against this session's pair."""
    with target.open(SPEC) as endpoint:
        wrong = dict(endpoint.environment) | {"AWS_SECRET_ACCESS_KEY": "x" * 40}
        assert invoke(endpoint.addresses["public"], wrong)[0] == 403


def test_the_users_proxies_and_profiles_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy that leads nowhere and a profile that does not exist, deployment goes on: nothing leaves the host."""
    for key in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(key, "http://127.0.0.1:9")
    for key in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "nobodys-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with EmulatedTarget(deploy_s=0.1) as target, target.open(SPEC) as endpoint:
        assert invoke(endpoint.addresses["privatelink"], dict(endpoint.environment))[0] == 200


BOGUS = {
    "AWS_DEFAULTS_MODE": "bogus",
    "AWS_RETRY_MODE": "bogus",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_METADATA_SERVICE_TIMEOUT": "soon",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "bogus",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "bogus",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_CSM_ENABLED": "true",
    "AWS_CSM_PORT": "none",
}
"""What botocore refuses to make a client, or to find credentials, for the sake of, and what would lead it elsewhere."""


def test_variables_that_botocore_refuses_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to the clients nor to the generator's process: the emulation has nothing to do with the user's account."""
    for name, value in BOGUS.items():
        monkeypatch.setenv(name, value)
    with EmulatedTarget(run_id="bogus", deploy_s=0.1) as target, target.open(SPEC) as endpoint:
        code = "import botocore.session as b; f = b.Session().get_credentials(); print(f.access_key)"
        kept = as_the_generator_gets_it({**os.environ, **endpoint.environment})
        found = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True, timeout=60)
        assert found.stdout.strip() == endpoint.environment["AWS_ACCESS_KEY_ID"]
        assert not set(BOGUS) & set(kept)


@pytest.mark.parametrize("title", ["control plane (moto)", "data plane"])
def test_a_killed_process_is_named_with_its_pid_and_its_end(title: str) -> None:
    """After kill -9 every later opening says which process it was and how it died, at once; nothing is left running."""
    with EmulatedTarget(deploy_s=0.1) as target:
        with target.open(SPEC) as endpoint:
            processes = dict(endpoint.processes)
        os.kill(processes[title], signal.SIGKILL)
        os.waitid(os.P_PID, processes[title], os.WEXITED | os.WNOWAIT)  # all its threads are gone; reaping is the target's
        began_s = time.monotonic()
        with pytest.raises(TargetError) as raised, target.open(SPEC):
            pytest.fail("a process is dead")
        assert time.monotonic() - began_s < 10
        assert f"the {title} (pid {processes[title]}) of the emulation was killed by SIGKILL" in str(raised.value)
    assert not any(psutil.pid_exists(pid) for pid in processes.values())


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_moto_killed_in_the_middle_of_a_deployment_is_named() -> None:
    """The error is not that a connection was refused, but whose death refused it."""
    with EmulatedTarget(faults=FAULTS) as target:
        pid = target.start().control.pid
        target.watch(lambda *_: os.kill(pid, signal.SIGKILL) if running(pid) else None)
        began_s = time.monotonic()
        with pytest.raises(TargetError, match=rf"control plane \(moto\) \(pid {pid}\) of the emulation was killed by SIGKILL"):
            target.open(replace(SPEC, name="slow")).__enter__()
        assert time.monotonic() - began_s < 10


def test_moto_killed_while_an_endpoint_is_open_is_named_on_leaving() -> None:
    """Its deletion cannot be verified, and the error says why; the processes are gone all the same."""
    killed = pytest.raises(TargetError, match=r"control plane \(moto\).*was killed by SIGKILL")
    with EmulatedTarget(deploy_s=0.1) as target, killed, target.open(SPEC) as endpoint:
        os.kill(endpoint.processes["control plane (moto)"], signal.SIGKILL)
    assert not any(psutil.pid_exists(pid) for pid in endpoint.processes.values())


def test_a_data_plane_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    """A wrong profiles file ends the data plane: its sentence arrives, and no process is left."""
    wrong = tmp_path / "profiles.toml"
    wrong.write_text("[outlire]\n")
    with EmulatedTarget(profiles=wrong) as target, pytest.raises(TargetError) as raised, target.open(SPEC):
        pytest.fail("it cannot start")
    assert "the data plane (pid " in str(raised.value)
    assert "exited with code 1" in str(raised.value)
    assert "[outlire] is not known; did you mean 'outlier'?" in str(raised.value)
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children() if running(child.pid)]
    assert not any(str(wrong) in command for command in commands)


def test_closing_ends_both_processes_and_nothing_opens_any_more() -> None:
    """They are reaped, a second close is nothing, and an opening says that the target is closed."""
    target = EmulatedTarget(deploy_s=0.1)
    target.close()
    target = EmulatedTarget(deploy_s=0.1)
    pids = [child.pid for child in target.start().children]
    target.close()
    target.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(TargetError, match="is closed"), target.open(SPEC):
        pytest.fail("it is closed")


def test_both_processes_die_with_their_parent() -> None:
    """A parent that gets SIGKILL leaves nothing running."""
    script = (
        "import time; from tailgate.targets.emulated.emulation import EmulatedTarget\n"
        "target = EmulatedTarget(); print(*(child.pid for child in target.start().children), flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        lines: Any = parent.stdout
        pids = [int(pid) for pid in lines.readline().split()]
        assert len(pids) == 2
        parent.kill()
        parent.wait(20)
        wait_until(lambda: not any(running(pid) for pid in pids))


def test_a_region_that_does_not_exist_is_told_and_nothing_is_left_running() -> None:
    """The sentence names the region and the nearest that exists."""
    before = {child.pid for child in psutil.Process().children()}
    wrong = pytest.raises(TargetError, match=r"region 'us-east-11' is not one of AWS's; did you mean 'us-east-1'\?")
    with EmulatedTarget(region="us-east-11") as target, wrong, target.open(SPEC):
        pytest.fail("there is no such region")
    assert {child.pid for child in psutil.Process().children()} == before


def test_an_endpoint_is_plain_to_hand_on(target: EmulatedTarget) -> None:
    """What is yielded is data: it says which processes must live, and that it is ours."""
    with target.open(SPEC) as endpoint:
        assert isinstance(endpoint, Endpoint)
        assert endpoint.deployed_by_us
        assert {title: psutil.pid_exists(pid) for title, pid in endpoint.processes.items()} == {
            "control plane (moto)": True,
            "data plane": True,
        }

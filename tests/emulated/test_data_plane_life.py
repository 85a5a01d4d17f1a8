"""The life of the data plane's process, and of the endpoints that it knows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane, Moto

Start = Callable[..., "DataPlane"]
Eventually = Callable[[Callable[[], bool]], bool]


def last_words(plane: DataPlane) -> tuple[int, str]:
    """Wait for its end; returns exit code and what it said on stderr."""
    _, errors = plane.process.communicate(timeout=10)
    return plane.process.returncode, errors


def test_it_ends_with_its_stdin(start_data_plane: Start, moto: Moto) -> None:
    """Which is what happens to it when its parent is gone; in peace and within a second or so."""
    plane = start_data_plane(moto.url)
    began_s = time.monotonic()
    assert last_words(plane) == (0, "")
    assert time.monotonic() - began_s < 5


def test_it_ends_on_sigterm_and_not_on_ctrl_c(start_data_plane: Start, moto: Moto) -> None:
    """Ctrl-C goes to all of a terminal's processes; what it means is the parent's to say."""
    plane = start_data_plane(moto.url)
    plane.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert plane.process.poll() is None
    plane.process.send_signal(signal.SIGTERM)
    assert plane.process.wait(10) == 0


def test_it_does_not_outlive_a_parent_that_is_killed(moto: Moto, eventually: Eventually) -> None:
    """The parent gets SIGKILL, so that it can do nothing more about it."""
    listen = {"public": {"ip": "127.0.0.4", "names": ["here"]}}
    orders = {
        "control_plane": moto.url,
        "region": "us-east-1",
        "credentials": {"access_key": "a", "secret_key": "b"},
        "seed": 1,
        "listen": listen,
    }
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(orders)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate(timeout=10)
    assert eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


PARENT = textwrap.dedent("""
    import subprocess, sys, time
    command = [sys.executable, "-m", "tailgate.targets.emulated.data_plane"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdin.write(sys.argv[1] + "\\n")
    child.stdin.flush()
    child.stdout.readline()
    print(child.pid, flush=True)
    time.sleep(60)
""")


def test_it_listens_on_loopback_only(data_plane: DataPlane) -> None:
    """Three sockets: one for each network path, and the admin's."""
    listening = [each.laddr for each in psutil.Process(data_plane.process.pid).net_connections("inet") if each.status == psutil.CONN_LISTEN]
    assert sorted(address.ip for address in listening) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert {address.port for address in listening} == {*data_plane.ready["ports"].values(), data_plane.ready["admin_port"]}


def test_no_key_is_written_to_a_disk(start_data_plane: Start, moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder for temporary files stays empty, even were it killed now, and it has no file open."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    plane = start_data_plane(moto.url)
    assert list(folder.iterdir()) == []
    assert psutil.Process(plane.process.pid).open_files() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"listen": {"public": {"ip": "192.168.0.1", "names": []}}}, "loopback addresses only"),
        ({"listen": {"publik": {"ip": "127.0.0.5", "names": []}}}, "network path 'publik' has no profile; did you mean 'public'?"),
        ({"profiles": "/nowhere/profiles.toml"}, "/nowhere/profiles.toml: the profiles cannot be read"),
        ({"credentials": {"access_key": "only"}}, "orders are not the line of JSON"),
        ({"profile": "x"}, "unknown keys: profile"),
    ],
)
def test_orders_that_cannot_be_carried_out_are_explained_in_a_sentence(start_data_plane: Start, changes: dict[str, Any], told: str) -> None:
    """One line on stderr, no traceback, exit code 1, and nothing that looks like being ready."""
    plane = start_data_plane("http://127.0.0.1:1", **changes)
    code, errors = last_words(plane)
    assert (code, plane.ready) == (1, {})
    assert errors.startswith("the data plane cannot serve: ")
    assert told in errors
    assert errors.count("\n") == 1


def test_nothing_of_the_users_aws_configuration_matters(
    start_data_plane: Start, moto: Moto, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Profiles that do not exist, endpoints elsewhere, proxies: all of that is the user's, none of it the emulation's."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "no-such-profile")
    for name in ("AWS_ENDPOINT_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    plane = start_data_plane(moto.url)
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    assert plane.client().invoke_endpoint(EndpointName=endpoint, Body=b"{}")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_deleted_endpoint_is_unknown_a_second_later(runtime: Any, moto: Moto, eventually: Eventually) -> None:
    """Although nobody looks it up on a request's way."""
    name = moto.deploy("short-lived")
    runtime.invoke_endpoint(EndpointName=name, Body=b"{}")
    moto.sagemaker.delete_endpoint(EndpointName=name)

    def unknown() -> bool:
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b"{}")
        except runtime.exceptions.ValidationError as error:
            return f"Endpoint {name} of account" in str(error)
        return False

    assert eventually(unknown)


def test_an_endpoint_answers_as_soon_as_it_is_in_service_although_it_was_asked_for_before(runtime: Any, moto: Moto) -> None:
    """That it was unknown a moment ago is not remembered."""
    with pytest.raises(runtime.exceptions.ValidationError):
        runtime.invoke_endpoint(EndpointName="late", Body=b"{}")
    moto.deploy("late")
    assert runtime.invoke_endpoint(EndpointName="late", Body=b"{}")["InvokedProductionVariant"] == "AllTraffic"


def test_a_control_plane_that_died_is_named(start_data_plane: Start, mortal_moto: Moto, eventually: Eventually) -> None:
    """To requests for endpoints that were known as to those for others: a 500 that says what cannot be reached."""
    plane = start_data_plane(mortal_moto.url)
    client = plane.client()
    name = mortal_moto.deploy("orphan")
    client.invoke_endpoint(EndpointName=name, Body=b"{}")
    mortal_moto.process.kill()

    def named() -> bool:
        try:
            client.invoke_endpoint(EndpointName=name, Body=b"{}")
        except client.exceptions.InternalFailure as error:
            return f"control plane cannot be asked for the endpoint: {mortal_moto.url} cannot be reached" in str(error)
        return False

    assert eventually(named)
    with pytest.raises(client.exceptions.InternalFailure, match="cannot be reached; likely its process has died"):
        client.invoke_endpoint(EndpointName="another", Body=b"{}")

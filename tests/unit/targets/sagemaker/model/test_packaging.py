"""The shipped model's archive: the same bytes each time, and what a framework container serves from it."""

from __future__ import annotations

import ast
import http.client
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailgate.targets.sagemaker.model.packaging import CODE_FOLDER, PROGRAM, constant_archive, constant_environment

CONTAINER = Path(__file__).with_name("framework_container.py")
PRINT_ARCHIVE = (
    "import sys; from tailgate.targets.sagemaker.model.packaging import constant_archive; sys.stdout.buffer.write(constant_archive())"
)


def members() -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(constant_archive()), mode="r:gz") as archive:
        return archive.getmembers()


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[http.client.HTTPConnection, http.client.HTTPConnection]]:
    """Connections to the unpacked archive in a framework container, and to the constant model's own server: real processes."""
    folder = tmp_path_factory.mktemp("model")
    with tarfile.open(fileobj=io.BytesIO(constant_archive()), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")
    command = [sys.executable, "-I", "-S", str(CONTAINER), str(folder)]
    environment = {"PATH": os.environ.get("PATH", ""), **constant_environment("eu-west-1")}
    own = [sys.executable, "-m", "tailgate.models.constant", "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as packaged,
        subprocess.Popen(own, stdout=subprocess.PIPE, text=True) as plain,
    ):
        assert packaged.stdout is not None
        assert plain.stdout is not None
        ports = int(packaged.stdout.readline()), int(plain.stdout.readline().strip().rpartition(":")[2])
        connections = tuple(http.client.HTTPConnection("127.0.0.1", port, timeout=10) for port in ports)
        yield connections[0], connections[1]
        for connection in connections:
            connection.close()
        packaged.terminate()
        plain.terminate()


@pytest.mark.parametrize(
    ("body", "content_type", "accept"),
    [
        (b'{"instances": [[1, 2, 3, 4]]}', "application/json", "*/*"),
        (b"", "application/json", "application/json"),
        (b"1,2,3\n", "text/csv", None),
        (b"\xff\xfe\x00 not UTF-8", "application/json", "*/*"),
        (bytes(range(256)) * 400, "application/octet-stream", "*/*"),
        ("“текст”".encode(), "application/json; charset=utf-8", "text/csv"),
    ],
)
def test_a_framework_container_answers_from_the_archive_what_the_models_own_server_answers(
    containers: tuple[http.client.HTTPConnection, http.client.HTTPConnection], body: bytes, content_type: str, accept: str | None
) -> None:
    """Whatever it is asked, in whichever form the container hands it over: status, type and bytes are the same."""
    answers = []
    for connection in containers:
        headers = {"Content-Type": content_type} | ({"Accept": accept} if accept else {})
        connection.request("POST", "/invocations", body, headers)
        response = connection.getresponse()
        answers.append((response.status, response.headers["Content-Type"], response.read()))
    assert answers[0] == answers[1]
    assert answers[0] == (200, "application/json", b'{"prediction": 1}')


def test_the_archive_is_the_same_wherever_and_whenever_it_is_made(tmp_path: Path) -> None:
    """Two processes with another hour, umask, hash seed and folder write the same bytes: so one upload serves a session's endpoints."""
    made = [
        subprocess.run(
            [sys.executable, "-c", f"import os; os.umask({umask}); {PRINT_ARCHIVE}"],
            capture_output=True,
            check=True,
            cwd=folder,
            env=os.environ | {"TZ": zone, "PYTHONHASHSEED": seed},
        ).stdout
        for zone, seed, umask, folder in (("UTC", "1", 0o077, tmp_path), ("Asia/Tokyo", "2", 0o022, Path.cwd()))
    ]
    assert made[0] == made[1] == constant_archive()
    assert len(made[0]) < 10_000


def test_the_archive_says_nothing_of_this_host_and_can_be_made_a_wheel_of() -> None:
    """Plain files of nobody below `code/`, none older than 1980, which no zip file could hold; gzip's own header names no hour."""
    assert [member.name for member in members()] == [f"{CODE_FOLDER}/{PROGRAM}"]
    for member in members():
        assert member.isreg()
        assert (member.uid, member.gid, member.uname, member.gname, member.mode) == (0, 0, "", "", 0o644)
        assert member.mtime > 315_532_800
    assert constant_archive()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # no name, no time


def test_the_packed_code_runs_on_the_python_of_a_framework_container() -> None:
    """Python 3.8 can read it, and nothing is imported but what any Python has."""
    with tarfile.open(fileobj=io.BytesIO(constant_archive()), mode="r:gz") as archive:
        packed = archive.extractfile(f"{CODE_FOLDER}/{PROGRAM}")
        assert packed is not None
        tree = ast.parse(packed.read(), feature_version=(3, 8))
    outside = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {node.module for node in outside if isinstance(node, ast.ImportFrom)} == {"__future__", "typing"}
    assert not [node for node in outside if isinstance(node, ast.Import)]


@pytest.mark.thorough
def test_the_packed_code_can_be_installed_as_a_framework_container_does(tmp_path: Path) -> None:
    """The toolkit writes a setup.py beside the program, as here, and has pip make a wheel of the folder, without a network."""
    with tarfile.open(fileobj=io.BytesIO(constant_archive()), mode="r:gz") as archive:
        archive.extractall(tmp_path, filter="data")
    code, site = tmp_path / CODE_FOLDER, tmp_path / "site"
    name = PROGRAM.removesuffix(".py")
    setup = f"from setuptools import setup; setup(packages=[''], name='{name}', version='1.0.0', include_package_data=True)"
    (code / "setup.py").write_text(setup)
    (code / "MANIFEST.in").write_text("recursive-include . *\nrecursive-exclude . __pycache__*\n")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(site), "."], check=True, cwd=code)
    ask = f"import sys; sys.path.insert(0, {str(site)!r}); import {name} as m; x = m.input_fn('x', '')"
    ask += "; print(m.output_fn(m.predict_fn(x, m.model_fn('')), ''))"
    asked = subprocess.run([sys.executable, "-I", "-S", "-c", ask], capture_output=True, text=True, check=True)
    assert asked.stdout == "(b'{\"prediction\": 1}', 'application/json')\n"

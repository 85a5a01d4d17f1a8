"""Bundles of what hosts run: the same content has the same bytes, and nothing of where it was made."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tailgate
from tailgate.errors import TargetError
from tailgate.vantage.ec2.bundle import Bundle, bundle_for, write_archive
from tailgate.vantage.ec2.closure import closure, normal, requirements
from tailgate.vantage.ec2.platforms import Platform, platform_of, runs_there

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(/[a-z0-9._-]{1,6}){0,3}", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=8), st.randoms())
def test_the_same_content_has_the_same_bytes(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], random: object) -> None:
    """Whatever the order and the files' times; and it is unpacked as it was packed."""
    folder = tmp_path_factory.mktemp("archives")
    shuffled = list(files.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    on_disk = {}
    for number, (name, content) in enumerate(shuffled):
        on_disk[name] = folder / str(number)
        on_disk[name].write_bytes(content)
        os.utime(on_disk[name], (number, number))
    write_archive(folder / "a.tar.gz", files)
    write_archive(folder / "b.tar.gz", on_disk)
    packed = (folder / "a.tar.gz").read_bytes()
    assert packed == (folder / "b.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        read = {member.name: archive.extractfile(member) for member in archive}
        assert {name: file.read() for name, file in read.items() if file is not None} == files


IMPORTED = """
import tailgate.generator.__main__, tailgate.vantage.agent.__main__, tailgate.generator.workers.join
import tailgate.targets.null_server, trustme, botocore.session
botocore.session.Session().create_client("s3", "eu-west-1")
"""
GUARD = """
import sys
sys.path[:0] = json.loads(sys.argv[1])
class Guard:
    def find_spec(self, name, path=None, target=None):
        if path is None and name not in allowed:
            raise ModuleNotFoundError(f"{name} is not in the bundle", name=name)
allowed = {*sys.stdlib_module_names, *json.loads(sys.argv[2])}
sys.meta_path.insert(0, Guard())
"""


def test_agent_and_generator_import_nothing_that_is_not_bundled() -> None:
    """The short form of what follows: this environment, with all else out of sight."""
    tops = {file.parts[0].partition(".")[0] for found in closure().values() for file in found.files or ()}
    places = [str(distribution("numpy").locate_file("")), str(Path(tailgate.__file__).parents[1])]
    code = f"import json\n{GUARD}{IMPORTED}"
    command = [sys.executable, "-I", "-S", "-c", code, json.dumps(places), json.dumps([*tops, "tailgate"])]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """For hosts like this one."""
    here = Platform(os.uname().machine, f"{sys.version_info[0]}.{sys.version_info[1]}")
    folder = tmp_path_factory.mktemp("bundles")
    made = bundle_for(here, folder)
    assert bundle_for(here, folder) == made
    return made


@pytest.mark.thorough
def test_agent_and_generator_run_from_the_bundle_alone(bundle: Bundle, tmp_path: Path) -> None:
    """In a Python that has no package at all: all that they import, also later, is in it."""
    with tarfile.open(bundle.path) as archive:
        archive.extractall(tmp_path / "code", filter="data")
    venv.create(tmp_path / "bare", symlinks=True)
    environment = {"PYTHONPATH": str(tmp_path / "code"), "PATH": os.defpath}
    command = [tmp_path / "bare" / "bin" / "python", "-P", "-c", f"{IMPORTED}print(tailgate.__file__)"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == str(tmp_path / "code" / "tailgate" / "__init__.py")


@pytest.mark.thorough
def test_nothing_in_a_bundle_tells_where_it_was_made(bundle: Bundle) -> None:
    """No records of installing, no bytecode, no file from elsewhere; this package with what it reads, and few of botocore's services."""
    with tarfile.open(bundle.path) as archive:
        names = set(archive.getnames())
    assert not [name for name in names if name.endswith((".pyc", "/RECORD", "/direct_url.json", ".pth")) or name.startswith("..")]
    assert {"tailgate/plan/prices.toml", "tailgate/plan/instances.toml", "locust/__init__.py"} <= names
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}
    assert services == {"s3", "sts", "sso", "sso-oidc"}


def test_what_is_required_with_an_extra_is_taken_where_the_extra_is_asked() -> None:
    """Markers do not count: what does not apply here is not installed here."""
    texts = ['A_b.c[x, Y-z]>=1; python_version < "4"', 'd; extra == "y.z"', "e (>=2); extra=='other'", "!"]
    assert list(requirements(texts, frozenset({"y-z"}))) == [("a-b-c", frozenset({"x", "y-z"})), ("d", frozenset())]


def test_the_closure_is_closed_and_has_what_locust_asks_of_socketio() -> None:
    """`python-socketio[client]` needs websocket-client; the tests' own tools are of no use to a host."""
    found = closure()
    assert {"locust", "gevent", "boto3", "numpy", "websocket-client", "cffi"} <= found.keys()
    assert not {"moto", "scipy", "hypothesis", "mypy"} & found.keys()
    assert [name for name, each in found.items() if normal(each.name) != name] == []


def test_wheels_of_another_platform_do_not_pass_for_the_hosts() -> None:
    """Pure ones do; compiled ones do for this machine and this Python alone."""
    here = Platform(os.uname().machine, f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert runs_there(distribution("boto3"), Platform("riscv", "9.9"))
    assert runs_there(distribution("numpy"), here)
    assert not runs_there(distribution("numpy"), Platform("riscv", here.python))
    assert not runs_there(distribution("numpy"), Platform(here.machine, "3.99"))


def test_wheels_that_pip_cannot_have_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its last words, and what else would do; nothing stays in the cache."""
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    other = "arm64" if os.uname().machine == "x86_64" else "x86_64"
    with pytest.raises(TargetError, match=r"pip could not fetch wheels for hosts with Python .*No matching distribution.*run from a host"):
        bundle_for(platform_of(other), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []

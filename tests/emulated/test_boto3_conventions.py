"""Target sagemaker is led by whatever leads boto3: a plain moto server, which knows nothing of us, stands for all of AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY
from tests.emulated.test_sagemaker_target import OPTIONS, SUITE, TRUST, ours

GENTLE = SUITE.replace("per_s=60, for_s=2", "per_s=12, for_s=5").replace("p90 <= 500ms", "p50 <= 5s")


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable of AWS's, no file: a folder for those that a test writes."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS"):
            monkeypatch.delenv(name)
    for name in ("config", "credentials"):
        monkeypatch.setenv("AWS_CONFIG_FILE" if name == "config" else "AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


@pytest.fixture
def role(moto: Any) -> Iterator[None]:
    """The role that models run as."""
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    iam = boto3.Session(**keys).client("iam", region_name=REGION, endpoint_url=moto.url)
    iam.create_role(RoleName="sagemaker-execution", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))
    yield
    iam.delete_role(RoleName="sagemaker-execution")
    iam.close()


def by_variables(url: str, _folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As CI does."""
    said = {"AWS_ENDPOINT_URL": url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    for name, value in said.items():
        monkeypatch.setenv(name, value)


def by_profile(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As people do: region and endpoint in one file, keys in another, and the profile's name alone in a variable."""
    (folder / "config").write_text(f"[profile gate]\nregion = {REGION}\nendpoint_url = {url}\n")
    (folder / "credentials").write_text(f"[gate]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    monkeypatch.setenv("AWS_PROFILE", "gate")


def run(pytester: pytest.Pytester, *more: str) -> pytest.RunResult:
    """The suite, gently: moto answers a hundred invocations a second, in its own words."""
    pytester.makepyfile(test_ranker=GENTLE)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", *OPTIONS, *more, timeout=300)


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize("lead", [by_variables, by_profile])
def test_one_plain_moto_server_stands_for_all_of_aws(
    moto: Any, nothing_said: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, lead: Any
) -> None:
    """Model, endpoint configuration, endpoint, role, account, and the invocations; nothing of ours is there afterwards."""
    lead(moto.url, nothing_said, monkeypatch)
    outcome = run(pytester)
    outcome.assert_outcomes(passed=1)
    recorded = json.loads(next(pytester.path.glob("reports/runs/*/ranker-*.json")).read_text())["provenance"]
    assert (recorded["target"], recorded["region"]) == ("sagemaker", REGION)
    assert recorded["url"].startswith(f"{moto.url}/endpoints/tailgate-ranker-")
    assert ours(moto.sagemaker) == []


@pytest.mark.usefixtures("nothing_said")
def test_without_a_region_the_session_ends_with_exit_code_4(pytester: pytest.Pytester) -> None:
    """Endpoints are somewhere: no default is right."""
    outcome = run(pytester)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*no region says where endpoints are; name it: --latency-region*"])


class Passing(BaseHTTPRequestHandler):
    """Hands on what names its host, as a forward proxy does; notes the paths."""

    protocol_version = "HTTP/1.1"
    paths: list[str]

    def _pass(self) -> None:
        there = urlsplit(self.path)
        type(self).paths.append(there.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        onward = HTTPConnection(there.netloc, timeout=300)
        onward.request(self.command, f"{there.path}?{there.query}" if there.query else there.path, body, dict(self.headers))
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        self.send_response(answer.status)
        for name in ("Content-Type", "Date", "x-amzn-RequestId"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = _pass  # noqa: N815  # the names that http.server asks for

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def forward_proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy's url, and the paths that were asked through it."""
    handler = type("Noting", (Passing,), {"paths": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.paths
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("role")
def test_the_control_plane_goes_through_a_proxy_and_the_load_does_not(
    moto: Any, nothing_said: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would be a part of what is measured; the verdict says that it was left out."""
    by_variables(moto.url, nothing_said, monkeypatch)
    with forward_proxy() as (url, paths):
        monkeypatch.setenv("HTTP_PROXY", url)
        outcome = run(pytester)
    outcome.assert_outcomes(passed=1)
    assert len(paths) > 10
    assert not [path for path in paths if path.startswith("/endpoints/")]
    recorded = json.loads(next(pytester.path.glob("reports/runs/*/ranker-*.json")).read_text())
    assert "load goes straight to the endpoint, not through the proxy" in recorded["verdict"]["explanation"]
    assert url not in json.dumps(recorded)
    assert ours(moto.sagemaker) == []

"""`tailgate drive` against the emulated runtime API: signatures are verified there, and the endpoint is what boto3 deployed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY, SECRET_KEY = "AKIAEMULATEDEMULATED", "an/emulated+secret"
REGION = "ap-northeast-1"
ROOT = Path(__file__).parents[2]


def _drive(data_plane: Any, endpoint: str, *arguments: str, secret_key: str = SECRET_KEY) -> tuple[int, dict[str, Any]]:
    """Exit code and what was told: two seconds at 50/s."""
    host, port = data_plane.address()
    command = [sys.executable, "-m", "tailgate", "drive", f"https://{host}:{port}/endpoints/{endpoint}/invocations"]
    options = ["--rate", "50", "--duration", "2s", "--warmup", "500ms", "--payload", "-", "--json", "-"]
    signed = ["--sigv4", f"sagemaker:{REGION}", "--ca", data_plane.ca_file]
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": secret_key}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | keys
    run = subprocess.run(
        [*command, *options, *signed, *arguments], input=b"[1]", capture_output=True, timeout=120, cwd=ROOT, env=environment, check=False
    )
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


def test_what_drive_signs_is_what_the_runtime_accepts(data_plane: Any, endpoint: str) -> None:
    """And the answer is the dummy model's."""
    code, told = _drive(data_plane, endpoint)
    assert code == (0 if told["valid"] else 2)
    assert told["errors_by_kind"] == {}


def test_a_wrong_key_is_an_error_on_every_request(data_plane: Any, endpoint: str) -> None:
    """The server refuses, which is its right: the measurement stands, and says so."""
    _, told = _drive(data_plane, endpoint, secret_key="another")
    assert told["errors_by_kind"] == {"client error": told["requests"]}


@pytest.mark.parametrize("peer", ["locust-boto3", "locust"])
def test_peers_invoke_the_same_endpoint(data_plane: Any, endpoint: str, peer: str) -> None:
    """Signed, over TLS, without an error on either side."""
    _, told = _drive(data_plane, endpoint, "--beside", peer)
    assert told["beside"]["errors_by_kind"] == told["errors_by_kind"] == {}
    assert told["beside"]["requests"] == pytest.approx(100, rel=0.4)

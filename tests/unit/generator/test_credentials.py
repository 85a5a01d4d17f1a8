"""Credentials come from botocore's chain, and are renewed by it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.credentials import Credentials
from tailgate.generator.signing import Keys
from tests.unit.generator.serving import NO_KEYS


@pytest.fixture
def bare(monkeypatch):
    """An environment in which botocore's chain finds nothing, without asking any network."""
    for name, value in NO_KEYS.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_keys_of_the_environment_are_found(bare):
    """With the session's token, where there is one."""
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}.items():
        bare.setenv(name, value)
    credentials = Credentials()
    assert credentials.keys == Keys("a", "b", "c")
    assert not credentials.expire


@pytest.mark.usefixtures("bare")
def test_without_credentials_the_sentence_says_what_to_set():
    """Nobody should have to learn that from a 403."""
    with pytest.raises(GeneratorError, match=r"no AWS credentials were found.*AWS_PROFILE"):
        Credentials()


def test_a_profile_that_does_not_exist_is_named_as_the_cause(bare):
    """botocore raises here instead of finding nothing."""
    bare.setenv("AWS_PROFILE", "absent")
    with pytest.raises(GeneratorError, match="AWS_PROFILE"):
        Credentials()


def test_expiring_credentials_are_renewed(bare, tmp_path):
    """A credential process gives keys for five minutes, and other ones when asked again."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys))")
    credentials = Credentials()
    assert credentials.expire
    first = credentials.keys
    credentials.renew()
    assert credentials.keys != first
    assert credentials.keys.access_key.startswith("AK")
    assert credentials.faults == []


def test_credentials_that_cannot_be_renewed_are_a_fault_without_secrets(bare, tmp_path):
    """The old ones go on being used; what the provider printed is not quoted."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys)) if calls <= 2 else sys.exit('SECRETKEY is wrong')")
    credentials = Credentials()
    first = credentials.keys
    credentials.renew()
    credentials.renew()
    assert credentials.keys == first
    assert len(credentials.faults) == 1
    assert "could not be renewed" in credentials.faults[0]
    assert "SECRETKEY" not in credentials.faults[0]


def _profile_with_process(environment, folder, act: str) -> None:
    """A profile whose keys expire within botocore's mandatory refresh, from a script that counts its calls."""
    expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    script = folder / "keys.py"
    script.write_text(
        f"""
import json, pathlib, sys
counter = pathlib.Path({str(folder / "calls")!r})
calls = int(counter.read_text()) + 1 if counter.exists() else 1
counter.write_text(str(calls))
keys = dict(Version=1, AccessKeyId=f"AK{{calls}}", SecretAccessKey="SECRETKEY", SessionToken="t", Expiration={expires!r})
{act}
"""
    )
    config = folder / "config"
    config.write_text(f"[profile temporary]\ncredential_process = {json.dumps(sys.executable)} {script}\n")
    environment.setenv("AWS_CONFIG_FILE", str(config))
    environment.setenv("AWS_PROFILE", "temporary")

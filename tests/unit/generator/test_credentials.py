"""Credentials come from botocore's chain, and are renewed by it."""

from __future__ import annotations

import itertools
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


def every_ten_seconds():
    """A clock that goes on by that much whenever it is read."""
    clock = itertools.count(0, 10)
    return lambda: float(next(clock))


def test_expiring_credentials_are_renewed(bare, tmp_path):
    """A credential process gives keys for five minutes, and other ones when asked again."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys))")
    credentials = Credentials(every_ten_seconds())
    assert credentials.expire
    first = credentials.keys
    credentials.renew()
    assert credentials.keys != first
    assert credentials.keys.access_key.startswith("AK")
    assert credentials.faults == []


def test_credentials_that_cannot_be_renewed_are_a_fault_without_secrets(bare, tmp_path):
    """The old ones go on being used; what the provider printed is not quoted."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys)) if calls <= 2 else sys.exit('SECRETKEY is wrong')")
    credentials = Credentials(every_ten_seconds())
    first = credentials.keys
    credentials.renew()
    credentials.renew()
    assert credentials.keys == first
    assert len(credentials.faults) == 1
    assert "could not be renewed" in credentials.faults[0]
    assert "SECRETKEY" not in credentials.faults[0]


def test_a_provider_that_answers_again_has_done_no_harm(bare, tmp_path):
    """It failed once, ahead of time: the credentials never ended, so the run is as good as any."""
    _profile_with_process(bare, tmp_path, "sys.exit('not now') if calls == 3 else print(json.dumps(keys))")
    credentials = Credentials(every_ten_seconds())
    first = credentials.keys
    credentials.renew()
    assert len(credentials.faults) == 1
    credentials.renew()
    assert credentials.faults == []
    assert credentials.keys != first


def test_a_provider_is_not_asked_at_each_look(bare, tmp_path):
    """Minutes ahead of the end each ten seconds will do: a process a second would be felt by the load."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys))")
    clock = itertools.count()
    credentials = Credentials(lambda: float(next(clock)))
    begun = int((tmp_path / "calls").read_text())
    for _ in range(30):
        credentials.renew()
    assert int((tmp_path / "calls").read_text()) - begun == 3


def test_static_keys_and_renewed_ones_outlast_any_load(bare, tmp_path):
    """Of a static token nobody says when it ends; a process gives others in time."""
    _profile_with_process(bare, tmp_path, "print(json.dumps(keys))")
    Credentials().check_outlast(7200)
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}.items():
        bare.setenv(name, value)
    bare.delenv("AWS_PROFILE")
    Credentials().check_outlast(7200)


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

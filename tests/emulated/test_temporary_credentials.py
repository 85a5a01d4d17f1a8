"""Credentials that end, as sessions meet them: told ahead, and renewed amid a load at a data plane that holds them to their end."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.aws.credentials_end import told_of_credentials
from tailgate.measure import measure
from tailgate.reporting.record import Record
from tailgate.targets.attaching import Attaching
from tailgate.targets.existing import ExistingTarget
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY, lead_boto3

CASE = Case(
    EndpointSpec("rotating", instance_type="ml.m5.large"),
    payload=b"[1]",
    load=Poisson(per_s=20, for_s=9, warmup_s=1, seed=7),
    budget=Budget.of("p90 <= 2s", "error_rate <= 30%"),
)

PROCESS = """
import json, time
from datetime import UTC, datetime
from tailgate.targets.emulated.sigv4 import Credentials
ends = int(time.time()) + {lasts_s}
with open({asked!r}, "a") as file:
    file.write(f"{{ends}}\\n")
token = Credentials({access_key!r}, {secret_key!r}, temporary=True).token_until(ends)
keys = {{"AccessKeyId": {access_key!r}, "SecretAccessKey": {secret_key!r}, "SessionToken": token}}
print(json.dumps(keys | {{"Version": 1, "Expiration": datetime.fromtimestamp(ends, UTC).isoformat()}}))
"""

SUITE = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("absent", instance_type="ml.m5.large"),
    payload=b"[1]",
    load=Poisson(per_s=20, for_s=180, seed=7),
    budget=Budget.of("p90 <= 500ms"),
)

@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_absent(measure, case):
    measure(case)
"""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without credentials, nor instance metadata."""
    for name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", REGION)
    return monkeypatch


@pytest.fixture
def strict(moto: Any, start_data_plane: Any, bare: pytest.MonkeyPatch) -> Iterator[Any]:
    """A data plane that takes session tokens until they end, and an endpoint there; boto3's own settings lead to it."""
    plane = start_data_plane(moto.url, credentials={"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "temporary": True})
    lead_boto3(moto.url, plane, bare)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        bare.delenv(name)
    moto.deploy("rotating")
    yield plane
    with contextlib.suppress(ClientError):
        moto.sagemaker.delete_endpoint(EndpointName="rotating")
    moto.sagemaker.delete_endpoint_config(EndpointConfigName="rotating-config")


@pytest.mark.thorough
def test_a_load_outlives_the_credentials_of_a_process(strict: Any, bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each token is good for six seconds, the load lasts ten: every request is answered, and the run is judged."""
    asked, script, config = tmp_path / "asked", tmp_path / "keys.py", tmp_path / "config"
    script.write_text(PROCESS.format(lasts_s=6, asked=str(asked), access_key=ACCESS_KEY, secret_key=SECRET_KEY))
    config.write_text(f"[profile short]\nregion = {REGION}\ncredential_process = {json.dumps(sys.executable)} {script}\n")
    bare.setenv("AWS_CONFIG_FILE", str(config))
    bare.setenv("AWS_PROFILE", "short")
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    run = measure(CASE, ExistingTarget(Attaching(most_per_s=50), region=REGION), Record(folder), turn=nullcontext())
    assert run.verdict.reasons == ()
    assert run.verdict.outcome is not Outcome.INCONCLUSIVE
    assert set(strict.truth("rotating")["status"]) == {200}
    assert len(set(asked.read_text().split())) >= 3


def in_environment(bare: pytest.MonkeyPatch, ends_in_s: float | None) -> None:
    """Keys in the environment, with a session token; and when they end, where that is said."""
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIDTEMPORARY", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "hush/hush"}.items():
        bare.setenv(name, value)
    if ends_in_s is not None:
        bare.setenv("AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + timedelta(seconds=ends_in_s)).isoformat())


def test_credentials_that_end_before_the_loads_are_told_of(bare: pytest.MonkeyPatch) -> None:
    """With their end and how long the loads take; those that last are not mentioned, nor are keys that never end."""
    assert told_of_credentials(600) is None
    in_environment(bare, 300)
    told = told_of_credentials(600)
    assert told is not None
    assert told.startswith(f"the credentials in the environment end at {datetime.now(UTC):%Y-%m-%d}")
    assert "the loads alone take 10 min: take new ones first" in told
    assert "hush" not in told
    assert told_of_credentials(200) is None
    in_environment(bare, None)
    bare.delenv("AWS_CREDENTIAL_EXPIRATION")
    assert "does not say when it ends" in (told_of_credentials(200) or "")
    bare.delenv("AWS_SESSION_TOKEN")
    assert told_of_credentials(10**6) is None


def test_those_of_a_process_are_renewed_and_not_mentioned(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However soon they end."""
    script, config = tmp_path / "keys.py", tmp_path / "config"
    script.write_text(PROCESS.format(lasts_s=60, asked=str(tmp_path / "asked"), access_key=ACCESS_KEY, secret_key=SECRET_KEY))
    config.write_text(f"[profile short]\ncredential_process = {json.dumps(sys.executable)} {script}\n")
    bare.setenv("AWS_CONFIG_FILE", str(config))
    bare.setenv("AWS_PROFILE", "short")
    assert told_of_credentials(3600) is None


def test_a_session_tells_it_before_it_asks_anybody(moto: Any, bare: pytest.MonkeyPatch, pytester: pytest.Pytester) -> None:
    """In one line, also with -q; no secret in it."""
    in_environment(bare, 100)
    bare.setenv("AWS_ENDPOINT_URL", moto.url)
    pytester.makepyfile(test_absent=SUITE)
    outcome = pytester.runpytest_subprocess(
        *("-q", "-p", "no:cacheprovider", "-m", "latency", "--latency-target", "existing", "--latency-max-rate", "100"), timeout=300
    )
    outcome.stdout.fnmatch_lines(["*credentials: the credentials in the environment end at * the loads alone take 3 min*"])
    assert "hush" not in outcome.stdout.str() + outcome.stderr.str()

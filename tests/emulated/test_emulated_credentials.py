"""The emulation's throw-away credentials, and a user's own settings of AWS, which have nothing to do with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tailgate.targets import Endpoint
from tailgate.targets.emulated.emulation import EmulatedTarget
from tests.emulated.emulations import SPEC, as_the_generator_gets_it, invoke

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


Misled = tuple[EmulatedTarget, Endpoint]


@pytest.fixture(scope="module")
def misled() -> Iterator[Misled]:
    """An emulation and an endpoint of it, deployed among proxies that lead nowhere, a profile that does not exist, and all of these."""
    nowhere = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL"), "http://127.0.0.1:9"
    )
    with EmulatedTarget(run_id="misled", deploy_s=0.1) as target, ExitStack() as opened:
        with pytest.MonkeyPatch.context() as patched:
            for key in ("NO_PROXY", "no_proxy"):
                patched.delenv(key, raising=False)
            for name, value in (nowhere | {"AWS_PROFILE": "nobodys-profile"} | BOGUS).items():
                patched.setenv(name, value)
            endpoint = opened.enter_context(target.open(SPEC))
        yield target, endpoint


def test_the_credentials_are_fresh_and_in_memory_only(emulated: EmulatedTarget, misled: Misled) -> None:
    """AWS's form; another session has others; no process shows them in its arguments or environment, no repr does."""
    planes = emulated.start()
    access_key, secret_key = planes.credentials.access_key, planes.credentials.secret_key
    assert (len(access_key), access_key[:4], len(secret_key)) == (20, "AKIA", 40)
    for child in planes.children:
        process = psutil.Process(child.pid)
        shown = " ".join([*process.cmdline(), *process.environ().values()])
        assert access_key not in shown
        assert secret_key not in shown
    with emulated.open(SPEC) as endpoint:
        assert endpoint.environment["AWS_SECRET_ACCESS_KEY"] == secret_key
        assert secret_key not in repr((endpoint, planes))
        assert not any(key in str((endpoint.addresses, endpoint.provenance)) for key in (access_key, secret_key))
    other, _ = misled
    assert other.start().credentials.access_key != access_key


@pytest.mark.parametrize("profile", ["nobodys-profile", ""])
def test_a_generators_process_finds_these_credentials_whatever_the_users_environment_says(emulated: EmulatedTarget, profile: str) -> None:
    """Laid over an environment full of somebody's AWS settings, botocore's chain gives the throw-away pair, without a token."""
    with emulated.open(SPEC) as endpoint:
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


def test_a_wrong_key_is_refused(emulated: EmulatedTarget) -> None:
    """The data plane verifies signatures against this session's pair."""
    with emulated.open(SPEC) as endpoint:
        wrong = dict(endpoint.environment) | {"AWS_SECRET_ACCESS_KEY": "x" * 40}
        assert invoke(endpoint.addresses["public"], wrong)[0] == 403


def test_the_users_proxies_and_profiles_do_not_matter(misled: Misled) -> None:
    """With a proxy that leads nowhere and a profile that does not exist, deployment goes on: nothing leaves the host."""
    _, endpoint = misled
    assert invoke(endpoint.addresses["privatelink"], dict(endpoint.environment))[0] == 200


def test_variables_that_botocore_refuses_do_not_matter(misled: Misled) -> None:
    """Neither to the clients nor to the generator's process: the emulation has nothing to do with the user's account."""
    _, endpoint = misled
    code = "import botocore.session as b; f = b.Session().get_credentials(); print(f.access_key)"
    kept = as_the_generator_gets_it({**os.environ, **BOGUS, **endpoint.environment})
    found = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == endpoint.environment["AWS_ACCESS_KEY_ID"]
    assert not set(BOGUS) & set(kept)

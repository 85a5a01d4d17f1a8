"""Signing is botocore's, byte for byte."""

from __future__ import annotations

import datetime
import hashlib
import string
import time
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from tailgate.generator.signing import Keys, Signer

_TOKENS = st.text(string.ascii_letters + string.digits + "+/=", min_size=1, max_size=60)
_NAMES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=20).map(lambda name: f"x-{name}")
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=30)
_PATHS = st.text(string.ascii_letters + string.digits + "-._~/%:@", max_size=30).map(lambda path: f"/{path}")
_QUERIES = st.lists(st.from_regex(r"[a-z0-9%._-]{1,5}(=[A-Za-z0-9%._=-]{0,5})?", fullmatch=True), max_size=4).map("&".join)
_TIMES = st.floats(min_value=1_000_000_000, max_value=4_000_000_000)


def _by_botocore(
    keys: Keys, url: str, headers: dict[str, str], body: bytes, region: str, service: str, now_s: float, method: str = "POST"
) -> dict[str, str]:
    request = AWSRequest(method, url, headers=headers, data=body)
    now = datetime.datetime.fromtimestamp(int(now_s), datetime.UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        botocore.auth.SigV4Auth(Credentials(keys.access_key, keys.secret_key, keys.token), service, region).add_auth(request)
    return {name: request.headers[name] for name in ("X-Amz-Date", "X-Amz-Security-Token", "Authorization") if name in request.headers}


@given(
    access_key=_TOKENS,
    secret_key=_TOKENS,
    token=st.none() | _TOKENS,
    region=st.sampled_from(["us-east-1", "ap-northeast-1", "eu-central-2"]),
    service=st.sampled_from(["sagemaker", "execute-api"]),
    path=_PATHS,
    query=_QUERIES,
    extra=st.dictionaries(_NAMES, _VALUES, max_size=4),
    unsigned=st.dictionaries(st.sampled_from(["User-Agent", "Expect", "TE", "X-Amzn-Trace-Id"]), _VALUES, max_size=2),
    body=st.binary(max_size=200),
    times=st.lists(_TIMES, min_size=1, max_size=3),
    method=st.sampled_from(["POST", "GET"]),
)
def test_signatures_are_equal_to_botocores(
    access_key, secret_key, token, region, service, path, query, extra, unsigned, body, times, method
):
    """Whatever the credentials, region, method, path, query, headers and body, and also once the caches are warm."""
    keys = Keys(access_key, secret_key, token)
    extra = {
        name: value for index, (name, value) in enumerate(extra.items()) if name.lower() not in [n.lower() for n in list(extra)[:index]]
    }
    headers = {"Host": "runtime.sagemaker.test:8443", "Content-Type": "application/json", **extra, **unsigned}
    signer = Signer(keys, region=region, service=service, path=path, query=query, headers=headers, method=method)
    url = f"https://runtime.sagemaker.test:8443{path}" + (f"?{query}" if query else "")
    for now_s in [*times, times[0], times[0]]:
        signed = signer.headers(hashlib.sha256(body).hexdigest(), now_s)
        assert signed == _by_botocore(keys, url, headers, body, region, service, now_s, method)


def test_a_new_day_derives_a_new_key():
    """Midnight in UTC falls into a run now and then; the signature after it is of the new day."""
    keys, headers = Keys("AKID", "secret"), {"Host": "a.test", "Content-Type": "application/json"}
    signer = Signer(keys, region="us-east-1", service="sagemaker", path="/", query="", headers=headers)
    midnight = 1_800_000_000 - 1_800_000_000 % 86_400
    for now_s in (midnight - 1, midnight, midnight + 0.5):
        signed = signer.headers(hashlib.sha256(b"x").hexdigest(), now_s)
        assert signed == _by_botocore(keys, "https://a.test/", headers, b"x", "us-east-1", "sagemaker", now_s)
        assert time.strftime("/%Y%m%d/", time.gmtime(now_s)) in signed["Authorization"]


def test_keys_do_not_print_their_secrets():
    """A traceback or a log that shows the keys shows the access key's id and nothing that signs."""
    assert repr(Keys("AKID", "secret", "token")) == "Keys(access_key='AKID')"

"""The verifying side of SigV4 against botocore's signing side."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from unittest.mock import patch

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.messages import Request
from tailgate.targets.emulated.sigv4 import Credentials, Verifier

REGION = "ap-northeast-1"
NOW = datetime.datetime(2026, 2, 28, 23, 59, 58, tzinfo=datetime.UTC)
STAMP = "20260228T235958Z"
PATH = "/endpoints/ranker/invocations"
TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126) | st.just(" "), max_size=40).map(str.strip)


def signed(
    *,
    body: bytes = b"{}",
    path: str = PATH,
    headers: dict[str, str] | None = None,
    keys: tuple[str, str, str | None] = ("AKIDEXAMPLE", "secret", None),
    region: str = REGION,
    service: str = "sagemaker",
) -> Request:
    """A request as botocore signs it, read as the server reads it."""
    raw = botocore.awsrequest.AWSRequest(
        "POST", f"https://127.0.0.2:4430{path}", headers={"Host": "127.0.0.2:4430"} | (headers or {}), data=body
    )
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(*keys), service, region).add_auth(raw)
    return Request(0.0, "POST", path, {name.lower(): value for name, value in raw.headers.items()}, body)


def verifier(*, token: str | None = None, at: Callable[[], float] = NOW.timestamp) -> Verifier:
    return Verifier(Credentials("AKIDEXAMPLE", "secret", token), REGION, wall_clock=at)


def refusal(request: Request, judge: Verifier | None = None) -> tuple[str, str]:
    """Code and text of the refusal, which has to be a 403."""
    error = (judge or verifier()).refusal(request)
    assert error is not None
    assert error.status == 403
    return str(error.code), str(error.message)


@given(body=st.binary(max_size=300), attribute=TEXTS, query=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "x.y"])))
def test_whatever_botocore_signs_is_accepted(body: bytes, attribute: str, query: dict[str, str]) -> None:
    """Any body, header value or query."""
    path = PATH + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")
    request = signed(body=body, path=path, headers={"X-Amzn-SageMaker-Custom-Attributes": attribute})
    assert verifier().refusal(request) is None


def test_one_verifier_serves_many_bodies_and_days() -> None:
    """What it remembers of the last request does not stick to the next."""
    judge = verifier()
    for body in (b"a", b"b", b"a", b""):
        assert judge.refusal(signed(body=body)) is None
    judge._day_key = ("19700101", b"of another day")
    assert judge.refusal(signed()) is None


TAMPERINGS: dict[str, Callable[[Request], None]] = {
    "the body": lambda request: setattr(request, "body", request.body + b" "),
    "the path": lambda request: setattr(request, "target", "/endpoints/other/invocations"),
    "the query": lambda request: setattr(request, "target", PATH + "?a=b"),
    "the method": lambda request: setattr(request, "method", "PUT"),
    "a signed header": lambda request: request.headers.update({"content-type": "text/csv"}),
    "a signed header's absence": lambda request: request.headers.__delitem__("content-type"),
    "the host": lambda request: request.headers.update(host="elsewhere"),
    "the signature": lambda request: request.headers.update(authorization=request.headers["authorization"][:-1] + "g"),
    "a longer signature": lambda request: request.headers.update(authorization=request.headers["authorization"] + "00"),
    "the time": lambda request: request.headers.update({"x-amz-date": "20260228T235957Z"}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_whatever_is_changed_after_signing_is_noticed(what: str) -> None:
    """One change to anything that the signature covers, and it does not match."""
    request = signed(headers={"Content-Type": "application/json"})
    TAMPERINGS[what](request)
    code, text = refusal(request)
    assert code == "InvalidSignatureException"
    assert text.startswith("The request signature we calculated does not match the signature you provided.")


def test_a_wrong_secret_is_refused_as_sagemaker_does() -> None:
    """The right access key with another secret: the signature does not match."""
    assert refusal(signed(keys=("AKIDEXAMPLE", "Secret", None)))[0] == "InvalidSignatureException"


def test_an_unknown_access_key_is_an_unrecognized_client() -> None:
    """Before any signature is looked at."""
    expected = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refusal(signed(keys=("AKIDOTHER", "secret", None))) == expected


@pytest.mark.parametrize(("expected", "given_token"), [("token", None), ("token", "Token"), (None, "token")])
def test_a_session_token_is_part_of_the_identity(expected: str | None, given_token: str | None) -> None:
    """Missing, wrong or uncalled for, it makes the client unrecognized; the right one is accepted."""
    request = signed(keys=("AKIDEXAMPLE", "secret", given_token))
    assert refusal(request, verifier(token=expected))[0] == "UnrecognizedClientException"
    assert verifier(token=given_token).refusal(request) is None


@pytest.mark.parametrize("seconds", [-301, -3600, 301, 86_400])
def test_a_signature_is_good_for_five_minutes_either_way(seconds: int) -> None:
    """AWS's sentence names the stamp, the bound, the server's time and the five minutes."""
    request = signed()
    signed_at = NOW.timestamp()
    assert verifier(at=lambda: signed_at - seconds * 300 / abs(seconds)).refusal(request) is None
    code, text = refusal(request, verifier(at=lambda: signed_at - seconds))
    assert code == "InvalidSignatureException"
    if seconds < 0:
        assert text.startswith(f"Signature expired: {STAMP} is now earlier than ")
        assert text.endswith(" - 5 min.)")
    else:
        assert text.startswith(f"Signature not yet current: {STAMP} is still later than ")
        assert text.endswith(" + 5 min.)")


SCOPES = {
    "region": (lambda: signed(region="us-east-1"), "Credential should be scoped to a valid region, not 'us-east-1'. "),
    "service": (lambda: signed(service="s3"), "Credential should be scoped to correct service: 'sagemaker'. "),
}


@pytest.mark.parametrize("what", SCOPES)
def test_a_wrong_scope_is_named(what: str) -> None:
    """A signature for another region or service is refused in AWS's words."""
    make, told = SCOPES[what]
    assert refusal(make()) == ("InvalidSignatureException", told)


def rewritten(old: str, new: str) -> Request:
    """A signed request whose Authorization header was edited."""
    request = signed()
    assert old in request.headers["authorization"]
    request.headers["authorization"] = request.headers["authorization"].replace(old, new, 1)
    return request


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("/aws4_request", "/aws5_request", "InvalidSignatureException", "valid terminator: 'aws4_request', not 'aws5_request'"),
        ("20260228/", "20010101/", "InvalidSignatureException", "Date in Credential scope does not match"),
        ("SignedHeaders=host;", "SignedHeaders=", "InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader'"),
        (";x-amz-date", "", "InvalidSignatureException", "'x-amz-date' must be a 'SignedHeader'"),
        ("Signature=", "Sig=", "IncompleteSignatureException", "requires 'Signature' parameter"),
        ("Credential=", "Cred=", "IncompleteSignatureException", "requires 'Credential' parameter"),
        ("SignedHeaders=", "Headers=", "IncompleteSignatureException", "requires 'SignedHeaders' parameter"),
        ("/sagemaker/", "/", "IncompleteSignatureException", "exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256", "Bearer", "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Bearer'"),
    ],
)
def test_a_bent_authorization_header_is_refused_for_what_is_wrong_with_it(old: str, new: str, code: str, told: str) -> None:
    """Each part in turn; and no refusal repeats the signature."""
    request = rewritten(old, new)
    refused = refusal(request)
    assert refused[0] == code
    assert told in refused[1]
    assert request.headers["authorization"][-64:] not in refused[1]


def test_a_request_without_a_signature_has_no_token() -> None:
    """No Authorization header at all."""
    assert refusal(Request(0.0, "POST", PATH)) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.mark.parametrize(
    ("stamp", "told"), [(None, "requires existence of either a 'X-Amz-Date'"), ("yesterday", "does not match YYYYMMDD")]
)
def test_a_missing_or_foreign_time_stamp_is_named(stamp: str | None, told: str) -> None:
    """Without a time there is nothing that could have been signed."""
    request = signed()
    request.headers.pop("x-amz-date")
    if stamp:
        request.headers["x-amz-date"] = stamp
    assert told in refusal(request)[1]


def test_a_time_stamp_of_the_right_day_but_no_time_is_named() -> None:
    """It is checked before the signature, and does not raise."""
    request = signed()
    request.headers["x-amz-date"] = request.headers["x-amz-date"][:8] + "T99"
    assert refusal(request) == (
        "IncompleteSignatureException",
        f"Date must be in ISO-8601 'basic format'. Got '{request.headers['x-amz-date']}'.",
    )


@given(st.text(max_size=200))
def test_no_authorization_header_breaks_the_verifier(header: str) -> None:
    """Whatever a client writes there, the answer is a refusal."""
    request = Request(0.0, "POST", PATH, {"authorization": header, "x-amz-date": "20260101T000000Z", "host": "h"})
    refusal(request)


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.text(st.characters(max_codepoint=255), max_size=20))
def test_no_credential_or_signature_breaks_the_verifier(credential: str, signature: str) -> None:
    """The same for well-formed headers with strange values."""
    header = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={signature}"
    refusal(Request(0.0, "POST", PATH, {"authorization": header, "x-amz-date": "20260101T000000Z", "host": "h"}))


def test_secrets_do_not_show() -> None:
    """Neither secret nor token is in what is printed of credentials."""
    assert "hidden" not in repr(Credentials("AKID", "hidden-secret", "hidden-token"))


def test_what_is_lent_is_had_with_a_token_that_ends_or_for_good() -> None:
    """Emulated hosts ask by their role's token, this host without one; a token that somebody made up is nobody's."""
    identity = Credentials("AKIDEXAMPLE", "secret", lent=True)
    judge = Verifier(identity, REGION, wall_clock=NOW.timestamp)
    until = int(NOW.timestamp()) + 60
    assert judge.refusal(signed()) is None
    assert judge.refusal(signed(keys=("AKIDEXAMPLE", "secret", identity.token_until(until)))) is None
    ended = ("AKIDEXAMPLE", "secret", identity.token_until(until - 61))
    assert refusal(signed(keys=ended), judge)[0] == "ExpiredTokenException"
    assert refusal(signed(keys=("AKIDEXAMPLE", "secret", f"{until}.made-up")), judge)[0] == "UnrecognizedClientException"

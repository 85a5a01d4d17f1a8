"""A caller that AWS does not let through: its clock, its credentials, its rights. The endpoint is not to blame, and is not asked on."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.samples import Error, Samples
from tailgate.targets import Address
from tailgate.targets.emulated.messages import Request
from tailgate.targets.emulated.sigv4 import Credentials, Verifier
from tests.unit.generator.serving import ACCESS_KEY, NO_KEYS, SECRET_KEY

REGION = "ap-northeast-1"
KEYS = NO_KEYS | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
IDENTITY = Credentials(ACCESS_KEY, SECRET_KEY, temporary=True)

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that check signatures as the emulation does, by a clock that may be off, or jump after so many requests."""
    servers: list[ThreadingHTTPServer] = []

    def start(credentials: Credentials, *, ahead_s: float = 0.0, after: int = 0) -> str:
        requests = count()
        asked = [next(requests)]

        def now_s() -> float:
            return time.time() + (ahead_s if asked[0] >= after else 0.0)

        verifier = Verifier(credentials, REGION, wall_clock=now_s)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked[0] = next(requests)
                body = self.rfile.read(int(headers["content-length"]))
                error = verifier.refusal(Request(0.0, "POST", self.path, headers, body))
                answer = b"{}" if error is None else json.dumps({"message": error.message}).encode()
                self.send_response(200 if error is None else error.status)
                if error is not None:
                    self.send_header("x-amzn-ErrorType", str(error.code))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def date_time_string(self, timestamp: float | None = None) -> str:
                del timestamp
                return formatdate(now_s(), usegmt=True)

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/endpoints/ranker/invocations"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def case_of(for_s: float) -> Case:
    """Twenty requests a second."""
    return Case(EndpointSpec("ranker"), b"{}", ConstantRate(per_s=20, for_s=for_s, warmup_s=0), Budget.of("p90 <= 2s", "error_rate <= 10%"))


def driven(url: str, case: Case, folder: Path, **environment: str) -> Samples:
    """The case at this url, by credentials that only this environment names."""
    order = Order(Address(url, REGION, "public"), case.load, (b"{}",), folder / "run.samples", connections=2)
    return drive(order, environment=KEYS | environment)


@pytest.mark.parametrize(("ahead_s", "said"), [(-700, "s ahead of AWS's"), pytest.param(700, "s behind AWS's", marks=pytest.mark.thorough)])
def test_a_clock_that_is_off_ends_the_load_and_is_told_by_how_much(serve: Serve, tmp_path: Path, ahead_s: float, said: str) -> None:
    """By the Date of the refusals. A minute's load ends after seconds, and no endpoint FAILs for it."""
    case = case_of(60)
    samples = driven(serve(Credentials(ACCESS_KEY, SECRET_KEY), ahead_s=ahead_s), case, tmp_path)
    verdict = judge(case, samples.after_warmup(), target_kind="existing")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert set(samples.records["error"]) == {Error.CLOCK_SKEW}
    assert samples.host["clock_ahead_s"] == pytest.approx(-ahead_s, abs=3)
    reason = next(reason for reason in verdict.reasons if "clock" in reason)
    assert said in reason
    assert "by NTP" in reason
    assert samples.stopped_s is not None
    assert samples.stopped_s < 40
    assert "for 5 s nothing came back but refusals of the caller (clock skew, this host's clock being" in verdict.reasons[1]


def test_credentials_that_end_in_the_middle_make_the_run_inconclusive(serve: Serve, tmp_path: Path) -> None:
    """A static token says nothing of its end: what was answered before it decides nothing, and neither does what was not."""
    case = case_of(3)
    token = IDENTITY.token_until(int(time.time()) + 100)
    samples = driven(serve(IDENTITY, ahead_s=120, after=40), case, tmp_path, AWS_SESSION_TOKEN=token)
    verdict = judge(case, samples.after_warmup(), target_kind="existing")
    assert set(samples.records["error"]) == {Error.NONE, Error.EXPIRED_CREDENTIALS}
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the credentials had expired; renew them" in verdict.reasons[0]
    assert token not in verdict.explain()


def test_credentials_that_say_that_they_end_before_the_load_does_are_refused_ahead(serve: Serve, tmp_path: Path) -> None:
    """Before anything is asked, with the time and what to do; where they outlast it, nothing is said."""
    ends = datetime.now(UTC) + timedelta(seconds=40)
    variables = {"AWS_SESSION_TOKEN": IDENTITY.token_until(int(ends.timestamp())), "AWS_CREDENTIAL_EXPIRATION": ends.isoformat()}
    url = serve(IDENTITY)
    with pytest.raises(GeneratorError, match=rf"end at {ends:%Y-%m-%d}.*before this load's 60 s are over.*let a profile or role"):
        driven(url, case_of(60), tmp_path, **variables)
    samples = driven(url, case_of(2), tmp_path, **variables)
    assert set(samples.records["error"]) == {Error.NONE}


def test_credentials_that_may_not_ask_are_a_reason_and_no_fail(serve: Serve, tmp_path: Path) -> None:
    """A wrong key: the sentence names the permission, and that the credentials may be wrong."""
    case = case_of(2)
    samples = driven(serve(Credentials("AKIDOFOTHERS", "another")), case, tmp_path)
    verdict = judge(case, samples.after_warmup(), target_kind="existing")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "40 of 40 requests were refused: the credentials are wrong, or do not permit it: sagemaker:InvokeEndpoint" in verdict.explain()
    assert "40 requests failed: 40 denied (403)" in verdict.explain()


@pytest.mark.thorough
def test_credentials_are_renewed_amid_the_load(serve: Serve, tmp_path: Path) -> None:
    """A credential process gives tokens of six seconds; a load of nine is answered to its last request, by several of them."""
    asked = tmp_path / "asked"
    script = tmp_path / "keys.py"
    script.write_text(
        f"""
import json, time
from datetime import UTC, datetime
from tailgate.targets.emulated.sigv4 import Credentials
ends = int(time.time()) + 6
with open({str(asked)!r}, "a") as file:
    file.write(f"{{ends}}\\n")
token = Credentials({ACCESS_KEY!r}, {SECRET_KEY!r}, temporary=True).token_until(ends)
expiration = datetime.fromtimestamp(ends, UTC).isoformat()
print(json.dumps(dict(Version=1, AccessKeyId={ACCESS_KEY!r}, SecretAccessKey={SECRET_KEY!r}, SessionToken=token, Expiration=expiration)))
"""
    )
    config = tmp_path / "config"
    config.write_text(f"[profile short]\ncredential_process = {json.dumps(sys.executable)} {script}\n")
    case = case_of(9)
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    samples = driven(serve(IDENTITY), case, tmp_path, AWS_CONFIG_FILE=str(config), AWS_PROFILE="short", **none)
    assert samples.faults == ()
    assert set(samples.records["error"]) == {Error.NONE}
    assert len(samples) == 180
    assert len(set(asked.read_text().split())) >= 3

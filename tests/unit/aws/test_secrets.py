"""What AWS quotes of a request whose signature it does not take: the session's token is in it."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tailgate.aws.clients import open_client
from tailgate.aws.refusals import explained
from tailgate.errors import TargetError

TOKEN = "FwoGZXIvYXdzEJr//////////wEaDA+a/session+token"
REFUSAL = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
    "method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\n"
    "host:api.sagemaker.eu-central-1.amazonaws.com\nx-amz-security-token:{token}\n\nhost;x-amz-security-token\ne3b0c442'\n"
)


class _Refusing(BaseHTTPRequestHandler):
    """Takes no signature, and says so as SageMaker does (JSON) or as STS does (XML)."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        said = REFUSAL.format(token=self.headers["X-Amz-Security-Token"])
        if b"Action=" in asked:
            error = f"<Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>{said}</Message></Error>"
            answer = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}</ErrorResponse>'.encode()
        else:
            answer = json.dumps({"__type": "InvalidSignatureException", "message": said}).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is for the test."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """boto3's own settings lead to a server that refuses all, with credentials that have a token."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "NO_PROXY": "*", "AWS_SESSION_TOKEN": TOKEN}
        for name, value in (settings | {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "any"}).items():
            monkeypatch.setenv(name, value)
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [("sagemaker", "describe_endpoint", {"EndpointName": "x"}), ("sts", "get_caller_identity", {})],
)
def test_a_wrong_signature_is_told_without_the_token(service: str, operation: str, arguments: dict[str, str]) -> None:
    """Neither the sentence nor a traceback with its cause has it; what AWS says before is told."""
    client = open_client(service, "eu-central-1")
    with pytest.raises(TargetError, match="The request signature we calculated does not match") as refused, explained("ask"):
        getattr(client, operation)(**arguments)
    client.close()
    assert TOKEN not in "".join(traceback.format_exception(refused.value))
    assert "Canonical" not in str(refused.value)

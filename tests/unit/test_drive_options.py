"""What the options of `tailgate drive` come to, and what is said of those that cannot be meant."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tailgate import ConstantRate, Poisson
from tailgate.cli import main
from tailgate.drive_options import MOST_PER_WORKER_PER_S, budget_of, declare, order_of
from tailgate.errors import TailgateError
from tailgate.generator.order import Order
from tests.unit.generator.serving import CA_PEM

URL = "https://host.test/endpoints/ranker/invocations"


def _parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    declare(parser)
    return parser.parse_args([*arguments] if "://" in arguments[0] else [URL, *arguments])


def _order(*arguments: str) -> Order:
    return order_of(_parsed(*arguments), Path("/nowhere/drive.samples"))


def test_the_options_become_an_order(tmp_path: Path):
    """Each of them, where the generator looks for it."""
    payload, authority = tmp_path / "body.json", tmp_path / "ca.pem"
    payload.write_bytes(b"[1]")
    authority.write_text(CA_PEM)
    words = "--rate 200 --duration 1500ms --warmup 2 --connections 9 --arrival constant --expect fine --sigv4 sagemaker:eu-central-1"
    headers = ["--header", "X-A: one", "--header", "x-b:two:three"]
    order = _order(*words.split(), *headers, "--payload", str(payload), "--ca", str(authority), "--timeout", "2s")
    assert order.load == ConstantRate(200, 1.5, 2)
    assert order.connections == 9
    assert order.expect is not None
    assert order.expect.contains == b"fine"
    address = order.address
    assert (address.url, address.sign, address.region, address.method) == (URL, "sagemaker", "eu-central-1", "POST")
    assert dict(address.headers) == {"X-A": "one", "x-b": "two:three"}
    assert (address.ca_pem, address.timeout_s) == (CA_PEM, 2.0)


def test_without_options_a_calm_load_is_measured_that_can_decide_a_p99():
    """50/s for six seconds: unsigned, Poisson, and connections enough to begin with; of this seed 307 are due, where 299 are needed."""
    order = _order(URL)
    assert order.load == Poisson(50, 6, 1, seed=0)
    assert order.address.sign is None
    assert order.connections == 5
    assert budget_of(_parsed(URL), order.load) is None
    assert budget_of(_parsed("--budget", "p99 <= 60ms"), order.load) is not None


@pytest.mark.parametrize(
    ("url", "body", "method"),
    [
        ("http://h.test/", None, "GET"),
        ("http://h.test/", "[1]", "POST"),
        ("http://h.test/endpoints/x/invocations", None, "POST"),
        ("http://h.test/invocations", None, "POST"),
    ],
)
def test_a_url_without_payload_is_asked_with_get_unless_it_is_an_invocation(tmp_path: Path, url, body, method):
    """As other tools do it; an invocation is POST whatever it carries."""
    payload = tmp_path / "body"
    payload.write_text(body or "")
    assert _order(url, *(["--payload", str(payload)] if body else [])).address.method == method


@pytest.mark.parametrize(("text", "length_s"), [("6s", 6.0), ("500ms", 0.5), ("2min", 120.0), ("3", 3.0), ("1.5", 1.5), (".5", 0.5)])
def test_durations_have_a_unit_or_are_seconds(text, length_s):
    """As other load generators take them."""
    assert _order("--duration", text).load.for_s == length_s


@pytest.mark.parametrize("text", ["200", "200/s", "200.0"])
def test_rates_are_per_second(text):
    """Also written as tailgate writes them."""
    assert _order("--rate", text).load.per_s == 200


WRONG = [
    (["--rate", "fast"], "'fast' is not a rate"),
    (["--rate", "0"], "'0' is not a rate"),
    (["--rate", "-5"], "'-5' is not a rate"),
    (["--rate", "nan"], "'nan' is not a rate"),
    (["--duration", "soon"], "'soon' is not a duration"),
    (["--duration", "6 parsecs"], "'6 parsecs' is not a duration"),
    (["--duration", "0"], "no time at all"),
    (["--warmup", "1 s ago"], "'1 s ago' is not a duration"),
    (["--connections", "0"], "'0' is not a whole number from 1 up"),
    (["--workers", "two"], "'two' is not a whole number"),
    (["--seed", "1.5"], "'1.5' is not a whole number"),
    (["--arrival", "poison"], "did you mean 'poisson'?"),
    (["--arrival", "zipf"], "allowed: "),
    (["--arrival", "replay"], "--arrival replay needs more than a rate; ask for it in a plan, or for one of constant, poisson"),
    (["--arrival", "ramp"], "--arrival ramp needs more than a rate"),
    (["--arrival", "closed-loop"], "--arrival closed-loop needs more than a rate"),
    (["--header", "no colon"], "--header 'no colon' is no header"),
    (["--header", ": value"], "is no header"),
    (["--header", "A: 1", "--header", "a: 2"], "given twice"),
    (["--sigv4", "sagemaker"], "--sigv4 'sagemaker' is not a service and a region"),
    (["--sigv4", ":eu"], "sagemaker:eu-central-1"),
    (["--payload", "/nonexistent/body"], "--payload /nonexistent/body cannot be read: No such file"),
    (["--payload", "/"], "cannot be read: Is a directory"),
    (["--ca", "/nonexistent/ca.pem"], "--ca /nonexistent/ca.pem cannot be read"),
    (["--ca", __file__], "holds no certificate"),
    (["--budget", "p99 < 60ms"], "'<' is not known"),
    (["--budget", "p98 <= 60"], "is not a duration"),
    (["--budget", "p99.9 <= 60ms"], "needs at least 2995 requests"),
    (["--budget", "p99 <= 60ms", "--seed", "1"], "needs at least 299 requests to be decided, the load has 297 due after its warm-up"),
    (["--budget", "achieved_rate >= 60/s"], "'achieved_rate >= 60/s' can never be kept, the load offers 51.17/s"),
    (["--budget", "achieved_rate <= 40/s"], "a limit of achieved_rate is its lower bound"),
    (["--budget", "cost_per_1000 <= 1usd"], "a URL has no instances whose price is known"),
    (["--budget", "colour <= 1s"], "throttle_rate, achieved_rate, cost_per_1000"),
    (["--budget", "p99 <= 1s", "--budget", "p99 <= 2s"], "two limits for p99"),
    (["--beside", "wrk"], "invalid choice: 'wrk'"),
    (["--json", "/nonexistent/out.json"], "there is no folder /nonexistent"),
    (["--json", "/"], "/ is a folder"),
    (["--samples", "/nonexistent/x.samples"], "there is no folder"),
    (["--rate", "1000000"], "ask for --workers 25 at least"),
    (["--rate", "1000000", "--workers", "2"], "more than 2 generating processes can send"),
    (["--beside", "locust-boto3", "--json", "-"], "of the form https://HOST/endpoints/NAME/invocations"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_what_cannot_be_meant_is_one_line_and_exit_code_4(arguments, words, capfd: pytest.CaptureFixture[str]):
    """The line names the option or what was written, and what would do; nothing is driven, and nothing goes to standard output."""
    try:
        code = main(["drive", "http://127.0.0.1:9/", *arguments])
    except SystemExit as left:
        code = left.code
    captured = capfd.readouterr()
    assert code == 4
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host/", "http://", "http://host:port/", "https://user@host/", "http://host/ä"])
def test_what_is_no_url_is_refused(url):
    """With what one looks like."""
    with pytest.raises(TailgateError, match="url '"):
        order_of(argparse.Namespace(**{**vars(_parsed(URL)), "url": url}), Path("x"))


def test_a_worker_more_raises_the_highest_rate():
    """The limit is one of each process."""
    most = str(2 * MOST_PER_WORKER_PER_S)
    assert _order("--rate", most, "--workers", "2").load.per_s == float(most)

"""`tailgate drive` as people and scripts run it: a process of its own, against servers that really answer."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tailgate.samples import read_samples
from tests.unit.drive_program import POINTS, ROOT, SHORT, drive, environment_of, json_of, told_by, trusted, url_of
from tests.unit.generator.serving import CA_PEM, KEYS, Served, serving

PROMISED = (
    *("offered_per_s", "achieved_per_s", "requests", "errors", "censored", "response_time_s", "service_time_s", "send_lag_s"),
    *("valid", "reasons", "verdict"),
)
EVERY_KEY = {
    *PROMISED,
    *("url", "arrival", "duration_s", "warmup_s", "scheduled", "errors_by_kind", "cpu_s_per_request", "connections"),
    *("checks", "saved_s", "wire", "clock", "host"),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """A plain server on loopback."""
    with serving(tmp_path, tls=False) as served:
        yield served


def test_standard_output_is_one_json_object_that_agrees_with_the_samples(server: Served, tmp_path: Path):
    """All promised keys, no others than are documented; each number is the samples' own; progress goes to standard error."""
    kept = tmp_path / "kept.samples"
    run = drive(url_of(server, ms=5, every=20, status=503), *SHORT, "--json", "-", "--samples", str(kept))
    told = told_by(run)
    assert set(told) == EVERY_KEY
    samples = read_samples(kept).after_warmup()
    assert (told["requests"], told["errors"], told["censored"]) == (len(samples), int(samples.failed.sum()), 0)
    assert told["errors_by_kind"] == samples.errors() == {"server error": told["errors"]}
    assert told["scheduled"] == told["requests"]
    assert told["offered_per_s"] == 100
    assert told["achieved_per_s"] == pytest.approx(len(samples) / 1.5)
    for key, times_s in (
        ("response_time_s", samples.response_s),
        ("service_time_s", samples.service_s),
        ("send_lag_s", samples.send_lag_s),
    ):
        assert set(told[key]) == POINTS
        assert told[key]["p50"] == np.sort(times_s)[int(np.ceil(len(times_s) * 0.5)) - 1]
    assert told["response_time_s"]["p50"] >= 0.005
    assert told["response_time_s"]["p99"] is None  # one in twenty failed
    assert (told["verdict"], told["checks"]) == (None, [])
    assert "tailgate: driving" in run.stderr


def test_a_table_is_shown_and_the_json_may_go_to_a_file(server: Served, tmp_path: Path):
    """Percentiles in milliseconds for people, the same in seconds for programs, and a verdict where there is a budget."""
    out = tmp_path / "out.json"
    run = trusted(
        url_of(server, ms=5), *SHORT, "--rate", "300", "--budget", "p99 <= 2s", "--budget", "error_rate <= 5%", "--json", str(out)
    )
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(out.read_text())
    assert told["verdict"] == "PASS"
    assert [(check["limit"], check["outcome"]) for check in told["checks"]] == [("p99 <= 2s", "PASS"), ("error_rate <= 5%", "PASS")]
    for label, key in (("response time", "response_time_s"), ("service time", "service_time_s"), ("send lag", "send_lag_s")):
        row = next(line for line in run.stdout.splitlines() if line.strip().startswith(label)).split()[2:]
        assert [float(cell) for cell in row] == pytest.approx([told[key][point] * 1e3 for point in told[key]], abs=0.051)
    assert f"within budget: {url_of(server, ms=5)} at 300/s" in run.stdout
    assert re.search(r"offered 300/s, achieved \d+(\.\d+)?/s: \d+ requests, 0 errors, 0 censored", run.stdout)


def test_over_budget_is_exit_code_1(server: Served):
    """80 ms where 60 may be."""
    run = trusted(url_of(server, ms=80), *SHORT, "--rate", "250", "--budget", "p99 <= 60ms", "--json", "-")
    assert run.returncode == 1, run.stderr
    assert json_of(run)["verdict"] == "FAIL"


def test_a_load_that_clearly_misses_its_budget_ends_after_the_first_look(server: Served):
    """After one of three minutes; only that one is judged."""
    asked = ("--arrival", "constant", "--rate", "100", "--duration", "180s", "--budget", "p50 <= 60ms", "--json", "-")
    told = json_of(run := trusted(url_of(server, ms=80), *asked))
    assert run.returncode == 1, run.stderr
    assert told["verdict"] == "FAIL"
    assert 100 < told["saved_s"] < 120
    assert told["requests"] == 6000


@pytest.mark.parametrize("budget", [(), ("--budget", "p50 <= 2s")])
def test_a_run_that_cannot_be_trusted_is_exit_code_2(server: Served, budget):
    """A perturbed clock, on purpose: no verdict, with the reason, whether or not there is a budget."""
    run = drive(url_of(server), *SHORT, *budget, "--json", "-", TAILGATE_PERTURB_CLOCK_S="0.001")
    told = json_of(run)
    assert run.returncode == 2
    assert told["valid"] is False
    assert any("perturbed" in reason for reason in told["reasons"])
    assert told["verdict"] == ("INCONCLUSIVE" if budget else None)
    shown = drive(url_of(server), *SHORT, *budget, TAILGATE_PERTURB_CLOCK_S="0.001")
    assert shown.returncode == 2
    assert "perturbed" in shown.stdout


def test_answers_that_never_come_are_counted_and_their_times_are_null(server: Served):
    """A server that never answers: not one time is known, and the run is none the less one to be trusted."""
    told = told_by(drive(url_of(server, act="silent"), *SHORT, "--timeout", "400ms", "--json", "-"))
    assert told["errors"] == told["requests"] > 0
    assert told["censored"] > 0
    assert told["response_time_s"] == dict.fromkeys(sorted(POINTS, key=list(told["response_time_s"]).index))


def test_payload_header_and_signature_arrive(server: Served):
    """From standard input, from options, and from the environment's credentials."""
    command = [sys.executable, "-m", "tailgate", "drive", url_of(server), *SHORT, "--json", "-"]
    more = ["--payload", "-", "--header", "X-Team: search", "--header", "Content-Type: text/csv", "--sigv4", "sagemaker:eu-central-1"]
    run = subprocess.run(
        [*command, *more, "--expect", "fine"],
        input=b"1,2,3",
        capture_output=True,
        timeout=120,
        cwd=ROOT,
        env=environment_of(KEYS),
        check=False,
    )
    assert run.returncode in (0, 2), run.stderr  # 2: this host may be too busy
    assert json.loads(run.stdout)["errors"] == 0
    head, _, body = server.truth()["requests"][-1].partition("\r\n\r\n")
    assert body == "1,2,3"
    assert head.startswith("POST ")
    assert "X-Team: search\r\n" in head
    assert "Content-Type: text/csv\r\n" in head
    assert "/eu-central-1/sagemaker/aws4_request" in head


def test_an_answer_that_is_not_expected_is_an_error(server: Served):
    """A 200 with a wrong body."""
    told = told_by(drive(url_of(server), *SHORT, "--expect", "prediction", "--json", "-"))
    assert told["errors_by_kind"] == {"wrong answer": told["requests"]}


def test_a_page_is_asked_with_get(server: Served):
    """Without a payload, and not at an invocation's path."""
    assert told_by(drive(url_of(server, path="/page"), *SHORT, "--json", "-"))["errors"] == 0
    assert server.truth()["requests"][-1].startswith("GET /page HTTP/1.1")


def test_a_certificate_that_is_not_trusted_names_the_option(tmp_path: Path):
    """And with that option, the same URL is measured."""
    authority = tmp_path / "ca.pem"
    authority.write_text(CA_PEM)
    with serving(tmp_path, host="127.0.0.1") as served:
        refused = drive(url_of(served), *SHORT)
        trusted = drive(url_of(served), *SHORT, "--ca", str(authority), "--json", "-")
    assert refused.returncode == 4
    assert "is not trusted" in refused.stderr
    assert "--ca FILE" in refused.stderr
    assert told_by(trusted)["errors"] == 0


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "arguments", "words"),
    [
        ("http://nowhere.invalid/", (), "host 'nowhere.invalid' cannot be resolved"),
        ("http://127.0.0.1:CLOSED/", (), "refused the connection"),
        ("http://127.0.0.1:CLOSED/", ("--beside", "locust"), "refused the connection"),
        ("http://127.0.0.1:9/", ("--sigv4", "sagemaker:eu-central-1"), "no AWS credentials were found"),
        ("http://127.0.0.1:9/", ("--header", "Host: other"), "header 'Host' is set by tailgate itself"),
        ("http://127.0.0.1:9/", ("--header", "X A: 1"), "header 'X A' cannot be sent"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_exit_code_4(url, arguments, words):
    """What was seen, and no traceback; soon, for the connection is tried before the load."""
    began_s = time.monotonic()
    run = drive(url.replace("CLOSED", str(_closed_port())), *SHORT, *arguments, "--json", "-")
    assert (run.returncode, run.stdout) == (4, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("tailgate: ")
    assert words in run.stderr
    assert time.monotonic() - began_s < 60


def test_the_command_never_imports_locust_or_gevent():
    """They patch the standard library, which is nobody's wish in a process that has its own terminal and pipes."""
    script = "import sys, tailgate.cli, tailgate.drive_command; print({'locust', 'gevent', 'botocore', 'boto3'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert run.stdout.strip() == "set()"


def test_what_other_commands_pay_for_drive_is_little():
    """Declaring its options imports neither numpy nor scipy."""
    script = "import sys, tailgate.cli as cli; cli._parser(); print({'numpy', 'scipy', 'rich'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert run.stdout.strip() == "set()"

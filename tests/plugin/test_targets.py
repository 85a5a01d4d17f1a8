"""Model servers gated from a user's suite, with neither AWS nor emulation: by command, by URL, and by none at all."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SERVE = """
import itertools, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    def do_GET(self):
        self.reply(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        number = next(asked)
        if "--dies" in sys.argv and number == 100:
            os._exit(3)
        if "--slow-at-first" in sys.argv and number <= 200:
            time.sleep(0.3)
        self.reply(b"[1]")
    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

asked = itertools.count(1)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Exchange).serve_forever()
"""


def run_in(folder: Path) -> dict:
    """The only run below a suite's reports."""
    (path,) = folder.glob("reports/runs/*/*.json")
    return json.loads(path.read_text())


def benchmark_in(folder: Path) -> dict:
    """The only benchmark that it saved."""
    (path,) = (folder / "reports" / "benchmarks").rglob("*.json")
    (benchmark,) = json.loads(path.read_text())["benchmarks"]
    return benchmark


@pytest.fixture
def serve(pytester: pytest.Pytester) -> str:
    """The command of a user's own model server."""
    return f"{sys.executable} {pytester.makepyfile(serve=SERVE)}"


@pytest.fixture
def constant() -> Iterator[str]:
    """The URL of a shipped model that runs already."""
    command = [sys.executable, "-m", "tailgate.models.constant", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"{process.stdout.readline().strip()}/invocations"
        process.terminate()


def test_a_command_is_gated_and_ended(suite, pytester: pytest.Pytester, serve: str) -> None:
    """Its outcome is a plain PASS, its kind on record; the harness's floor and the host's counters are too."""
    outcome = suite("--latency-process", serve, floor=True)
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(["*ranker-ml.m5.large-public*requests  PASS"])
    assert "emulated" not in outcome.stdout.str()
    run = run_in(pytester.path)
    provenance = run["provenance"]
    assert provenance["target"] == "process"
    assert "serve.py" in provenance["endpoint"]["command"]
    assert run["verdict"]["explanation"].startswith("within budget: ranker, a process of this host, at 60/s")
    assert 0 < provenance["floor"]["p50_s"] <= provenance["floor"]["p99_s"] < 1
    assert provenance["floor"]["n"] >= 200
    assert (provenance["floor"]["tls"], provenance["floor"]["signed"]) == (False, False)
    assert provenance["host"]["counters"]["cpu_s"] > 0
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(pytester.path) in " ".join(process.info["cmdline"] or ())]


def test_the_shipped_model_is_gated_as_a_process(suite, pytester: pytest.Pytester) -> None:
    """`--latency-target process` alone: a user sees the whole way before writing a server."""
    assert suite("--latency-target=process").ret == 0
    assert "tailgate.models.constant" in run_in(pytester.path)["provenance"]["endpoint"]["command"]


def test_a_url_is_gated_and_left_alone(suite, pytester: pytest.Pytester, constant: str) -> None:
    """Whatever answers there; it still does afterwards."""
    for _ in range(2):
        assert suite("--latency-url", constant).ret == 0
    urls = {json.loads(path.read_text())["provenance"]["url"] for path in pytester.path.glob("reports/runs/*/*.json")}
    assert urls == {constant}


def test_the_null_target_is_the_harness_and_has_no_floor_beside_it(suite, pytester: pytest.Pytester) -> None:
    """Asked as SageMaker would be: over TLS, signed; it is its own floor."""
    assert suite("--latency-target=null", floor=True).ret == 0
    provenance = run_in(pytester.path)["provenance"]
    assert (provenance["target"], provenance["floor"]) == ("null", None)
    assert provenance["url"].startswith("https://null.tailgate.invalid:")


def test_kinds_are_never_compared_with_each_other(suite, pytester: pytest.Pytester, serve: str) -> None:
    """The name by which pytest-benchmark compares carries the kind."""
    assert suite("--latency-process", serve).ret == 0
    benchmark = benchmark_in(pytester.path)
    assert benchmark["fullname"].endswith("@process")
    assert benchmark["group"] == "ranker (process)"


def test_a_server_that_dies_under_load_ends_the_run_at_once_and_is_named(suite, pytester: pytest.Pytester, serve: str) -> None:
    """INCONCLUSIVE within seconds of its death, not after a minute of refused connections."""
    outcome = suite("--latency-process", f"{serve} --dies", change={"for_s=2": "for_s=60"})
    assert outcome.ret == 1
    outcome.stdout.fnmatch_lines(["*not trusted: model server (pid *) died during the run*"])
    run = run_in(pytester.path)
    assert run["verdict"]["outcome"] == "INCONCLUSIVE"
    assert run["requests"]["stopped_s"] < 20


def test_a_fail_that_the_second_run_does_not_confirm_does_not_fail_the_build(suite, pytester: pytest.Pytester, serve: str) -> None:
    """The server is slow for as long as the first run lasts; both are on record, and the text of the second says so."""
    budget = {
        'Budget.of("p90 <= 500ms")': 'Budget((Limit.of("p50 <= 150ms"),), send_lag_share=0.99)',
        "import Budget,": "import Budget, Limit,",
    }
    outcome = suite("--latency-process", f"{serve} --slow-at-first", change=budget)
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(["*requests  FAIL  (measured once more)", "*requests  PASS  (the FAIL before it is not confirmed)"])
    paths = sorted(pytester.path.glob("reports/runs/*/*.json"), key=lambda path: path.stat().st_mtime_ns)
    first, second = (json.loads(path.read_text()) for path in paths)
    assert [run["verdict"]["outcome"] for run in (first, second)] == ["FAIL", "PASS"]
    assert second["provenance"]["confirms"] == paths[0].name
    assert "not confirmed: the run before it failed (p50 over budget)" in second["verdict"]["explanation"]


def test_a_server_that_cannot_start_is_an_error_with_its_last_words(suite) -> None:
    """The user reads the server's own traceback, and none of ours."""
    outcome = suite("--latency-process", f"{sys.executable} -c 'import nonexistent_library'")
    assert outcome.ret == 1
    outcome.stdout.fnmatch_lines(["*test_ranker.py:*the model server*exited with code 1*", "*No module named 'nonexistent_library'*"])
    assert "tailgate/targets" not in outcome.stdout.str()


def test_a_process_has_no_private_link(suite) -> None:
    """A case via privatelink is refused, not measured on loopback under that name."""
    outcome = suite("--latency-target=process", change={"budget=": "network_path='privatelink', budget="})
    assert outcome.ret == 1
    outcome.stdout.fnmatch_lines(["*cannot be reached via privatelink, only via public*"])


PLAN = """{target}
[[experiment]]
name='x'
endpoint='x'
instance_types=['ml.m5.large']
payload='body'
load={{per_s=60,for_s=2}}
budget=['p90 <= 1s']
"""


def test_the_plan_may_name_command_and_url(suite, pytester: pytest.Pytester, serve: str, constant: str) -> None:
    """The target's own key beside `target`; an option outweighs both."""
    (pytester.path / "body").write_text("{}")
    text = "import pytest\n@pytest.mark.latency\n@pytest.mark.planned\ndef test_it(measure, case):\n    assert measure(case).verdict\n"
    for target in (f"target='process'\nprocess={json.dumps(serve)}", f"target='url'\nurl='{constant}'"):
        (pytester.path / "plan.toml").write_text(PLAN.format(target=target))
        assert suite("--latency-plan=plan.toml", text=text).ret == 0
    kinds = [json.loads(path.read_text())["provenance"]["target"] for path in pytester.path.glob("reports/runs/*/*.json")]
    assert sorted(kinds) == ["process", "url"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--latency-target=url",), "the target 'url' needs one: --latency-url http://127.0.0.1:8080/invocations"),
        (("--latency-url=127.0.0.1:8080",), "--latency-url: '127.0.0.1:8080' is not a URL"),
        (("--latency-process=python 'serve",), "--latency-process: the command `python 'serve` cannot be read"),
        (("--latency-process=a", "--latency-url=http://b/"), "a session asks one target; name one of them"),
        (
            ("--latency-process=a", "--latency-target=emulated"),
            "--latency-process is for target 'process', --latency-target says 'emulated'",
        ),
        (("--latency-target=proces",), "did you mean 'process'?"),
    ],
)
def test_options_that_cannot_be_meant_together_are_usage_errors(suite, pytester: pytest.Pytester, arguments, said: str) -> None:
    """Exit code 4 with one sentence, before anything is started."""
    outcome = suite(*arguments)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.stderr.str()
    assert not (pytester.path / "reports").exists()


def test_naming_a_process_names_the_target_under_ci(suite, monkeypatch: pytest.MonkeyPatch, serve: str) -> None:
    """What is asked has been said; nobody can take it for AWS."""
    monkeypatch.setenv("CI", "true")
    assert suite("--latency-process", serve).ret == 0

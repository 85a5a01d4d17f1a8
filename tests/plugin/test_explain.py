"""--latency-explain: what is planned, before anything is deployed."""

import pytest

TWO = {
    "[CASE], ids": "[CASE, CASE.on('ml.m5.xlarge'), CASE], ids",
    'Budget.of("p90 <= 500ms")': 'Budget.of("p90 <= 500ms", "error_rate <= 10%")',
}


def test_it_shows_what_each_limit_takes_and_runs_nothing(suite, pytester: pytest.Pytester) -> None:
    """Exit code 0, each case once, no folder, no endpoint; the selection is pytest's own."""
    outcome = suite("--latency-explain", "-m", "latency", change=TWO)
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(
        [
            "*tail latency: what is planned*",
            "case * load * limit * needs * takes * at half * takes",
            "ranker-ml.m5.large-public * requests in 2 s + 0.5 s warm-up, * p90 <= 500.0 ms * 29 * 107 *",
            "* error_rate <= 10.0 % * 29 * 107 *",
            "ranker-ml.m5.xlarge-public *",
            "2 runs planned, 5 s of load if each is run once to its end",
        ]
    )
    assert sum(line.startswith("ranker-ml.m5.large-public") for line in outcome.outlines) == 1
    assert "passed" not in outcome.stdout.str()
    assert not (pytester.path / "reports").exists()
    chosen = suite("--latency-explain", "-k", "xlarge", change=TWO)
    assert chosen.ret == 0
    assert "ranker-ml.m5.large-public" not in chosen.stdout.str()
    assert "1 run planned, 2.5 s of load" in chosen.stdout.str()


def test_on_a_terminal_of_eighty_columns_it_fits(suite, pytester: pytest.Pytester) -> None:
    """As the table does; what is no terminal gets the wide one."""
    pytester.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_configure(config):\n"
        "    reporter = config.pluginmanager.get_plugin('terminalreporter')\n"
        "    reporter.isatty = type(reporter.isatty)(True)\n"
        "    config.get_terminal_writer().fullwidth = 80\n"
    )
    outcome = suite("--latency-explain", change=TWO)
    assert outcome.ret == 0
    planned = outcome.stdout.str().partition("what is planned")[2].partition("2 runs planned")[0].splitlines()[1:]
    assert any(line.startswith("ranker-ml.m5.large-public: ") for line in planned)
    assert max(map(len, planned)) <= 80


def test_under_ci_no_target_has_to_be_named_to_be_explained(suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of any."""
    monkeypatch.setenv("CI", "true")
    assert suite("--latency-explain").ret == 0


@pytest.mark.thorough
def test_a_session_that_goes_on_says_it_before_it_deploys(suite) -> None:
    """In a line; with -v whole; with -q not at all."""
    idle = {"run = measure(case)": "return"}
    line = "1 run planned, 2.5 s of load; of ranker-ml.m5.large-public 'p90 <= 500.0 ms' takes 29 of * requests to be decided*"
    suite("--latency-target=null", change=idle).stdout.fnmatch_lines([line, "*1 passed*"])
    whole = suite("--latency-target=null", "-v", change=idle).stdout
    whole.fnmatch_lines(["*what is planned*", "ranker-ml.m5.large-public *p90 <= 500.0 ms * 29 *", "*1 passed*"])
    assert "of load" not in suite("--latency-target=null", "-q", change=idle).stdout.str()


@pytest.mark.parametrize(
    ("arguments", "change", "code", "said"),
    [
        (("-n2",), {}, pytest.ExitCode.USAGE_ERROR, "--latency-explain measures nothing, so there is nothing to share out; leave out -n"),
        ((), {"b'{\"instances\": [1]}'": "'absent.json'"}, pytest.ExitCode.USAGE_ERROR, "absent.json cannot be read"),
        ((), {"for_s=2": "for_s=0.2"}, pytest.ExitCode.TESTS_FAILED, "needs at least 29 requests"),
        (("-k", "nothing"), {}, pytest.ExitCode.NO_TESTS_COLLECTED, "no case is selected"),
    ],
)
def test_what_cannot_be_meant_is_said_as_it_is_without(suite, arguments, change: dict[str, str], code: int, said: str) -> None:
    """The same sentences, the same exit codes; and where nothing is selected, how to select."""
    outcome = suite("--latency-explain", *arguments, change=change)
    assert outcome.ret == code
    assert said in outcome.stdout.str() + outcome.stderr.str()


def test_tests_that_are_not_ours_are_not_run_either(pytester: pytest.Pytester) -> None:
    """It explains and stops."""
    pytester.makepyfile("def test_it(): raise SystemError\n")
    outcome = pytester.runpytest_subprocess("--latency-explain", "-p", "no:cacheprovider")
    assert outcome.ret == 0
    assert "no case is selected" in outcome.stdout.str()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--latency-hosts", "auto"), "hosts: 2 × m5.2xlarge; 9000/s takes 2 hosts, one of which is trusted with *"),
        ((), "hosts: 1 × m5.2xlarge; 9000/s takes 2 hosts, * INCONCLUSIVE: say --latency-hosts 2, *"),
        (("--latency-hosts", "auto", "--latency-workers", "2"), "hosts: 1 × m5.2xlarge; 9000/s takes 1 host, *"),
    ],
)
def test_it_says_how_many_hosts_the_loads_take(suite, options: tuple[str, ...], told: str) -> None:
    """Where load is to come from hosts of the session; nothing is launched for that."""
    outcome = suite("--latency-explain", "--latency-vantage", "ec2", *options, change={"per_s=60": "per_s=9000"})
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines([told])

"""A suite that is run again and again: its earlier sessions are the history of its next."""

import pytest


def test_the_sixth_session_of_a_case_is_no_longer_provisional(suite) -> None:
    """Five sessions say so, with a star in the table; the sixth knows them."""
    short = {"p90 <= 500ms": "p50 <= 20s", "for_s=2": "for_s=1"}
    for _ in range(5):
        outcome = suite("--latency-target=null", change=short)
        assert outcome.ret == pytest.ExitCode.OK
        outcome.stdout.fnmatch_lines(["*PASS[*]*", "[*]provisional: not 5 earlier runs*"])
    outcome = suite("--latency-target=null", change=short)
    assert outcome.ret == pytest.ExitCode.OK
    assert "*provisional" not in outcome.stdout.str()

"""A region that AWS has not is refused before anything is started, wherever it was said."""

import pytest


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_misspelt_in_the_environment_ends_the_session_with_exit_code_4(suite, monkeypatch, variable: str) -> None:
    """The sentence names the variable and the nearest region; no run is made."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "us-esat-1")
    outcome = suite()
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"*{variable} is 'us-esat-1', which is not known; did you mean 'us-east-1'?*"])


def test_a_suite_that_measures_nothing_does_not_mind_the_region(pytester: pytest.Pytester, monkeypatch) -> None:
    """Where tailgate is installed and not used, the environment is none of its business."""
    monkeypatch.setenv("AWS_REGION", "nowhere")
    pytester.makepyfile("def test_nothing(): pass")
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=60).ret == pytest.ExitCode.OK

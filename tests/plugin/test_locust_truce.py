"""Installing tailgate brings Locust's pytest plugin along; neither those who use it nor those who do not are disturbed."""

import pytest

THEIRS = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--host", "-H", default="theirs")

@pytest.fixture
def session(request):
    return request.config.getoption("--host")
"""
EARLY = ("-p", "tailgate.pytest_plugin")
"""Loads tailgate's plugin before those that entry points name; without it, the order is the file system's."""


@pytest.mark.parametrize("order", [(), EARLY], ids=["any order", "tailgate first"])
@pytest.mark.parametrize(("given", "seen"), [((), "theirs"), (("--host", "given"), "given"), (("-H", "given"), "given")])
def test_a_conftest_may_own_the_option_host(pytester: pytest.Pytester, order: tuple[str, ...], given: tuple[str, ...], seen: str) -> None:
    """The user's option, its default and its short form work as if Locust were not there, and so does a fixture `session`."""
    pytester.makeconftest(THEIRS)
    pytester.makepyfile(f"def test_it(session): assert session == {seen!r}")
    assert pytester.runpytest_subprocess(*order, *given).ret == 0


@pytest.mark.parametrize("order", [(), EARLY], ids=["any order", "tailgate first"])
def test_who_uses_locusts_plugin_keeps_its_option_and_fixtures(pytester: pytest.Pytester, order: tuple[str, ...]) -> None:
    """Without a claim of their own, `--host` and the fixture `session` are Locust's."""
    pytester.makepyfile("def test_it(session): assert session.base_url == 'http://127.0.0.1:9'")
    assert pytester.runpytest_subprocess(*order, "--host", "http://127.0.0.1:9").ret == 0


def test_who_turned_locusts_plugin_off_has_it_off(pytester: pytest.Pytester) -> None:
    """`-p no:locust` is obeyed: there is neither option nor fixture."""
    pytester.makepyfile("def test_it(request): assert request.config.getoption('--host', 'absent') == 'absent'")
    assert pytester.runpytest_subprocess("-p", "no:locust").ret == 0

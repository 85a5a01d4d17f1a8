"""A truce with Locust's own pytest plugin, which comes along when tailgate is installed.

That plugin claims the option `--host/-H`. A repository whose conftest.py defines its own `--host` would be broken by
installing tailgate. So Locust's claim is taken back while conftest files are read and made again afterwards, where it
is kept only if nobody else made it: users of Locust's fixtures keep them, users of their own `--host` keep that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import pytest

LOCUST = "locust"
CLAIMED = {"--host", "-H"}


class Truce:
    """Holds Locust's claim back until conftest files have been read."""

    def __init__(self, manager: pytest.PytestPluginManager, parser: pytest.Parser) -> None:
        self._manager = manager
        self._parser = parser
        self._loaded: Any = manager.get_plugin(LOCUST)
        self._held_back = self._loaded is None and not manager.is_blocked(LOCUST)  # `-p no:locust` is the user's word
        if self._loaded is not None:
            _take_back(parser)
        elif self._held_back:
            manager.set_blocked(LOCUST)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None, None, None]:
        """Let Locust make its claim once everybody else has claimed what is theirs."""
        if self._loaded is not None:
            early_config.option.__dict__.pop("host", None)  # its default, which would win over theirs
        yield
        with contextlib.suppress(ValueError, pytest.UsageError):  # the option is taken: then theirs counts
            if self._loaded is not None:
                self._loaded.pytest_addoption(self._parser)
            elif self._held_back:
                self._manager.unblock(LOCUST)
                self._manager.load_setuptools_entrypoints("pytest11", name=LOCUST)


def _take_back(parser: Any) -> None:
    """Remove Locust's option from pytest's parser, as argparse's own conflict handler does; there is no public way."""
    for group in parser._groups:
        for option in [option for option in group.options if CLAIMED & set(option.names())]:
            group.options.remove(option)
            action = option._action
            for text in list(action.option_strings):
                group._arggroup._option_string_actions.pop(text, None)
                parser._opt2dest.pop(text, None)
            group._arggroup._remove_action(action)

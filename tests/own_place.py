"""Own place: sessions that a test process starts measure one at a time, and wait for those of no other test process.

What a host has one of is one place to measure (`tailgate.turn`), so tests side by side would stand in line for each other's
loads, and for those of whoever else measures here. A plugin of the sessions under test (`PYTEST_PLUGINS`); the product has no
such option. Without it, as in sessions that are run from elsewhere, the place is everybody's.
"""

import os

import tailgate.turn

NAME = "TAILGATE_TESTS_PLACE"


def take() -> None:
    """A place for this process, and for all sessions that it starts."""
    os.environ[NAME] = f"tailgate-tests-{os.getpid()}"
    os.environ["PYTEST_PLUGINS"] = __name__
    tailgate.turn.NAME = os.environ[NAME]


if NAME in os.environ:
    tailgate.turn.NAME = os.environ[NAME]

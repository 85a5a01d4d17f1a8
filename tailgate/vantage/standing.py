"""Standing: a session's post, opened once, in the background from when it is first wanted, and left at the session's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from tailgate.errors import TargetError
from tailgate.plan.case import Case
from tailgate.plan.vantage import LOCAL
from tailgate.vantage import Post, Vantage

if TYPE_CHECKING:
    from tailgate.aws.network.outlook import Outlook

OnWait = Callable[[str, float], None]
"""Told, while somebody waits, what the vantage is about, and for how many seconds by now."""

_LOOK_EVERY_S = 0.2


class Standing:
    """The post of one session. Thread-safe. Nothing is launched before `begin`, or the first that asks for the post.

    As an outlook it is the network as its host sees it.
    """

    def __init__(self, vantage: Vantage) -> None:
        self.vantage = vantage
        self._lock = Lock()
        self._held = ExitStack()
        self._thread: Thread | None = None
        self._settled, self._leaving = Event(), Event()
        self._began_s = 0.0
        self._post: Post | None = None
        self._error: BaseException | None = None
        self._left_behind: BaseException | None = None

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about before anything is launched. Raises PlanError, TargetError."""
        self.vantage.examine(cases)

    def begin(self) -> None:
        """Begin to open it; returns at once. What goes wrong is raised to whoever asks for the post."""
        with self._lock:
            if self._thread is None and not self._settled.is_set():
                self._began_s = time.monotonic()
                if self.vantage.kind == LOCAL:  # nothing is launched
                    self._post = self._held.enter_context(self.vantage.open())
                    self._settled.set()
                else:
                    self._thread = Thread(target=self._hold, name="tailgate vantage", daemon=True)
                    self._thread.start()

    def post(self, waiting: OnWait | None = None) -> Post:
        """The post, once it is there. Raises what opening it raised, each time; TargetError once the session is ending.

        Waits in short steps, so that Ctrl-C is heard.
        """
        self.begin()
        while not self._settled.wait(_LOOK_EVERY_S):
            if self._leaving.is_set():
                raise TargetError("the hosts that load was to come from are not awaited any more: the session is ending")
            if waiting is not None:
                waiting(self.vantage.status, time.monotonic() - self._began_s)
        if self._error is not None:
            raise self._error
        if self._post is None or self._leaving.is_set():
            raise TargetError("the hosts that load was to come from are gone: the session is ending")
        return self._post

    @property
    def outlook(self) -> Outlook | None:
        """What targets are to look through, None for this host."""
        return None if self.vantage.kind == LOCAL else _From(self)

    @property
    def there(self) -> bool:
        """Whether the post can be asked without waiting."""
        return self._settled.is_set() and self._error is None

    def interrupt(self) -> None:
        """Whoever waits for it does so no more; what is being launched is given up."""
        self._leaving.set()
        self.vantage.interrupt()

    def close(self) -> None:
        """Leave the post: its hosts are gone. May be called again. Raises what that raised, such as LeftBehindError.

        Can be interrupted by Ctrl-C while it waits, and called again to go on waiting.
        """
        self.interrupt()
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(_LOOK_EVERY_S)
        self._held.close()
        error, self._left_behind = self._left_behind, None
        if error is not None:
            raise error

    def _hold(self) -> None:
        """Open it, and leave it in the same thread once that is asked for."""
        try:
            with self.vantage.open() as self._post:
                self._settled.set()
                self._leaving.wait()
        except BaseException as error:
            if self._settled.is_set():
                self._left_behind = error
            self._error = error
        finally:
            self._settled.set()


class _From:
    """The outlook of a post that is to come: each question waits for it."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.addresses_of = lambda host: standing.post().addresses_of(host)
        self.instance = lambda: standing.post().instance()

    @property
    def there(self) -> bool:
        return self._standing.there

"""Chromium of the distribution, without a head, and a page in it with all that it said and asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What distributions call it, Debian's name first."""

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""It asks nobody anything of its own accord; what a page asks for is seen, and finds only this host."""

PROBES = Path(__file__).with_name("probes.js").read_text("utf-8").partition("({\n")[2].rpartition("});")[0]

PATIENCE_MS = 60_000
"""Since a page began to load: a minute, where an idle host takes a second."""


def missing() -> str | None:
    """What these tests need and this host does not have, with what to do; None where all is there."""
    try:
        import axe_playwright_python  # noqa: F401 (whether it can be imported)
        import playwright.sync_api  # noqa: F401 (the same)
    except ImportError as error:
        return f"{error.name} is not installed; `make browser` installs it and runs these tests"
    return (
        None
        if executable()
        else f"none of {', '.join(NAMES)} is on the path; `make browser` installs it (Debian: apt-get install chromium)"
    )


def executable() -> str | None:
    """Where it is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def started() -> Iterator[Any]:
    """A browser with an empty profile of its own, for as long as the context lasts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # Its sandbox refuses to be root's.
        browser = driver.chromium.launch(executable_path=executable(), args=list(FLAGS), chromium_sandbox=os.geteuid() != 0)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page that was opened. file: where it lies. tab: playwright's page. devtools: Chromium's own protocol.

    said: what stood on its console, errors and dialogs. asked: the urls of its requests.
    """

    file: Path
    tab: Any
    devtools: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def load(self, page: Path) -> Opened:
        """Open a page from disk, and wait for the plots that can be seen."""
        self.file = page
        self.tab.goto(page.as_uri())
        return self.drawn()

    def ask(self, probe: str, argument: object = None) -> Any:
        """What a function of probes.js says, in the page's own world."""
        return self.tab.evaluate(f"(argument) => ({{{PROBES}}}).{probe}(argument)", argument)

    def busy_s(self) -> float:
        """Processor time of the page's main thread, which a busy host changes little."""
        return next(float(one["value"]) for one in self.devtools.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration")

    def unfold(self, which: str = "details.case") -> Opened:
        """Open all cases, or whichever, and wait for their plots."""
        self.ask("unfold", which)
        return self.drawn()

    def drawn(self) -> Opened:
        """Wait for the plots that can be seen."""
        waiting = self.ask("undrawn", PATIENCE_MS)
        assert not waiting, f"not drawn: {waiting}; the page said {self.said}"
        return self

    def resized(self, width: int) -> Opened:
        """Change the window's width, and wait until all that is drawn has followed."""
        self.tab.set_viewport_size({"width": width, "height": 900})
        waiting = self.ask("unfitted", PATIENCE_MS)
        assert not waiting, f"not drawn anew: {waiting}; the page said {self.said}"
        return self


@contextmanager
def window(browser: Any, *, width: int = 1440, scheme: str = "light", **options: Any) -> Iterator[Opened]:
    """An empty window of a width, in which a page can be loaded."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    try:
        tab = context.new_page()
        one = Opened(Path(), tab, context.new_cdp_session(tab))
        one.devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        one.tab.on("console", lambda message: one.said.append(f"{message.type}: {message.text}"))
        one.tab.on("pageerror", lambda error: one.said.append(f"error: {error}"))
        one.tab.on("dialog", lambda dialog: (one.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        one.tab.on("request", lambda request: one.asked.append(request.url))
        yield one
    finally:
        context.close()


@contextmanager
def opened(browser: Any, page: Path, **options: Any) -> Iterator[Opened]:
    """A page from disk, in a window of its own, with its plots drawn. options: of `window`."""
    with window(browser, **options) as one:
        yield one.load(page)

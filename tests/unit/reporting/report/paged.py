"""Pages as a browser reads them, and the runs that they are made of."""

import functools
import json
from dataclasses import replace
from html.parser import HTMLParser

from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of


class Document(HTMLParser):
    """What a browser finds: elements with their attributes, visible text, and scripts by their type."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        """Text, or a script."""
        if self._inside == "script":
            kind, told = self.scripts[-1]
            self.scripts[-1] = (kind, told + data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def series(self) -> dict[str, dict[str, object]]:
        """What the plots are drawn of."""
        return dict(json.loads(next(told for kind, told in self.scripts if kind == "application/json")))


@functools.cache
def a_run(name: str = "ranker", median_s: float = 0.02, target: str = "emulated", started_at: str = "2026-11-22T09:36:12.000+00:00") -> Run:
    """A made-up run of a case."""
    case = case_of(name)
    return run_from(case, samples_of(case, median_s=median_s), target=target, started_at=started_at)


def named(name: str) -> Run:
    """A run whose record carries a name wherever it can."""
    run = a_run()
    return replace(
        run,
        case={**run.case, "id": name, "name": name, "key": name, "instance_type": name},
        verdict={**run.verdict, "explanation": name},
        provenance={**run.provenance, "test": name, "commit": name},
        wire={**run.wire, "remotes": [{"address": name, "share": {"requests": 1}, "failed": 0}]},
    )

"""The page: a template filled with what the runs say; scripts, styles and series inside, so that nothing is ever fetched.

The browser is told so too (Content-Security-Policy): no connection, no image, no frame, and of scripts only those whose digests are
listed. Jinja2 escapes what is text; series are JSON in script elements in which no `<` stands, so that no name can end them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate import __version__
from tailgate.analysis.wording import EMULATED
from tailgate.errors import RecordError
from tailgate.reporting.durable import written_durably
from tailgate.reporting.notes import KIND_NOTES, PROVISIONAL_NOTE
from tailgate.reporting.numbers import moment, provisional
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded import began
from tailgate.reporting.report.across import figures_across
from tailgate.reporting.report.cases import ROW_COLUMNS, case_on_page, row
from tailgate.reporting.report.comparison import comparison_on_page
from tailgate.reporting.report.origin import common, in_plain_sight
from tailgate.reporting.report.parts import Figure
from tailgate.reporting.report.past import moved, pasts
from tailgate.reporting.report.verdicts import newest, verdict
from tailgate.reporting.run_file import Run

if TYPE_CHECKING:
    from jinja2 import Template

    from tailgate.reporting.compared.shown import Shown

VENDORED = ("d3-7.9.2.min.js", "plot-0.6.17.umd.min.js")
OWN = ("shared.js", "of_run.js", "across.js", "tables.js", "page.js")
_HERE = "tailgate.reporting.report"
MOST_CASES = 100
"""Of so many cases, the worst first, all is shown; of more, the rest stands in the table only."""


def page(runs: Sequence[Run], complaints: Sequence[str] = (), compared: Shown | None = None) -> str:
    """The whole page. complaints: sentences about files that could not be read. compared: the runs before and after, where there are
    such: their comparison is what the page says first. Raises RecordError without any run.
    """
    if not runs:
        raise RecordError("there is no run to report; name run files, benchmark JSON or folders of them")
    counted = newest(runs)
    worst, sentence = verdict(counted)
    detailed = counted[:MOST_CASES]
    past = pasts(runs)
    cases = [case_on_page(run, number, past.get(id(run)), opened=number == 1) for number, run in enumerate(detailed, 1)]
    anchors = {id(run): case.anchor for run, case in zip(detailed, cases, strict=True)}
    rows = [row(run, anchors.get(id(run)), earlier=not counts) for run, counts in _ordered(runs, counted)]
    across = figures_across(runs)
    return _template().render(
        **_machinery([*across, *(figure for case in cases for figure in case.figures)]),
        **_kinds(runs),
        outcome=worst if compared is None else compared.outcome.name,
        sentence=sentence if compared is None else compared.sentence,
        budgets=None if compared is None else sentence,
        moved=moved(past.values()),
        row_columns=ROW_COLUMNS,
        rows=rows,
        counted=len(counted),
        outcomes=Counter(one.outcome for one in rows),
        not_shown=len(counted) - len(detailed),
        origin=in_plain_sight(counted),
        across=across,
        compared=None if compared is None else comparison_on_page(compared),
        cases=cases,
        complaints=complaints,
        began=moment(min(map(began, runs))),
        ended=moment(max(map(began, runs))),
        common=common([dict(case.provenance) for case in cases]),
        version=__version__,
    )


def _machinery(figures: Sequence[Figure]) -> dict[str, object]:
    """What draws the figures, and what they are drawn of."""
    scripts = [*map(_asset, (f"vendor/{name}" for name in VENDORED)), _own()]
    series: Plain = {figure.name: {"kind": figure.kind, "series": figure.series, "title": figure.title} for figure in figures}
    return {"policy": _policy(scripts), "style": _asset("page.css"), "scripts": scripts, "series": _json(series)}


def _kinds(runs: Sequence[Run]) -> dict[str, object]:
    """What was asked, and what has to be said of that."""
    kinds = sorted({str(run.provenance.get("target")) for run in runs})
    notes = [*(note for kind, note in KIND_NOTES.items() if kind in kinds), *([PROVISIONAL_NOTE] if any(map(provisional, runs)) else [])]
    return {"kinds": kinds, "emulated": EMULATED in kinds, "notes": notes}


def written(runs: Sequence[Run], path: Path, complaints: Sequence[str] = (), compared: Shown | None = None) -> Path:
    """Write the page of the runs, and say where it is. Raises RecordError."""
    return save(page(runs, complaints, compared), path)


def save(text: str, path: Path) -> Path:
    """Write a page whole, or not at all, and say where it is. Raises RecordError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_durably(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))  # a lone surrogate has no other form
    except OSError as error:
        raise RecordError(f"report {path} cannot be written ({error.strerror}); name another file") from None
    return path


def _ordered(runs: Sequence[Run], counted: Sequence[Run]) -> list[tuple[Run, bool]]:
    """Those that count first, and whether each does."""
    return [*((run, True) for run in counted), *((run, False) for run in runs if not any(run is one for one in counted))]


def _json(value: Plain) -> str:
    """JSON that may stand in a script element: nothing in it ends or opens one."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _policy(scripts: Sequence[str]) -> str:
    """What the browser may do: run these scripts, and styles, which Plot writes into what it draws; fetch nothing."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@functools.cache
def _asset(name: str) -> str:
    """A file of ours as text, with the line ends that a browser makes of any: digests are taken after that."""
    return resources.files(_HERE).joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n").strip()


def _own() -> str:
    """Our scripts as one, in a block that keeps their names to themselves."""
    return '"use strict";\n{\n' + "\n".join(_asset(f"scripts/{name}") for name in OWN) + "\n}"


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, cache_size=8
    )
    return environment.get_template("page.html.j2")

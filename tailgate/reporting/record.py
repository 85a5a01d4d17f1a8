"""Record: where this session's runs go. One file of samples and one of JSON per run, named after the case."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.plan.case import Case
from tailgate.reporting.run_file import Run, run_of, write_run
from tailgate.reporting.session_folder import RUN_SUFFIX, SAMPLES_SUFFIX, claim
from tailgate.samples import Samples

if TYPE_CHECKING:
    from tailgate.analysis.quantiles import Estimate
    from tailgate.analysis.verdict import Verdict


class Record:
    """The runs of one process in one session's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def reports(self) -> Path:
        """The reports folder, which holds all sessions' runs and the history."""
        return self.folder.parent.parent

    def samples_path(self, case_id: str) -> Path:
        """A samples file for one more attempt at a case; none that exists is ever written over. Raises RecordError."""
        return self.folder / (claim(self.folder, case_id) + SAMPLES_SUFFIX)

    def write(
        self,
        case: Case,
        verdict: Verdict,
        estimates: Iterable[Estimate],
        samples: Samples,
        provenance: Mapping[str, object],
        samples_path: Path,
        pair: Mapping[str, object] | None = None,
    ) -> Run:
        """Write the run beside its samples, durably. pair: of one of two arms, which share the samples file. Raises RecordError."""
        run = run_of(case, verdict, estimates, samples, provenance, samples_file=samples_path.name, pair=pair)
        arm = f"~arm{pair['arm']}" if pair else ""
        return write_run(run, samples_path.with_name(samples_path.name.removesuffix(SAMPLES_SUFFIX) + arm + RUN_SUFFIX))


def notes_for(samples_path: Path, test: str | None = None) -> tuple[str, ...]:
    """What a failure text ends with: where the samples are, and how to do it again where a test asked (its node id)."""
    samples = f"samples: {_short(samples_path)}"
    return (samples if test is None else f"{samples}   replay: pytest -m latency {shlex.quote(test)}",)


def _short(path: Path) -> Path:
    """The path as somebody in the current folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

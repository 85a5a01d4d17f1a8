"""The main flow: drive one case at its target, judge it, and write it down before anyone asserts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tailgate.analysis.changes.baseline import Times, held, times_of
from tailgate.analysis.estimates import estimates
from tailgate.analysis.looks.early import Early, counted_in
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.validity import disturbed
from tailgate.analysis.verdict import Verdict, judge
from tailgate.driving import driven
from tailgate.errors import TargetError
from tailgate.generator.drive import Tick
from tailgate.generator.order import Order
from tailgate.generator.workers.workforce import ALONE, Workforce
from tailgate.guarding import check_rate
from tailgate.plan.case import Case
from tailgate.plan.load import ClosedLoop, Load
from tailgate.preparing import NONE as UNPREPARED
from tailgate.preparing import Preparations, Prepared
from tailgate.provenance import provenance
from tailgate.reporting.baseline import Baselines
from tailgate.reporting.history import History
from tailgate.reporting.record import Record, notes_for
from tailgate.reporting.run_file import Run
from tailgate.targets import Endpoint, Target
from tailgate.vantage import Post
from tailgate.vantage.local import HERE

OnTick = Callable[[Tick], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run, judged and recorded.

    verdict: true only for PASS; `.explain()` is the text to assert with. record: the run as it is on disk. disturbed:
    its host was too busy for a while, and that is all that speaks against it. before: the run before it, where this one was
    made to confirm that one's FAIL or regression; None otherwise.
    """

    case: Case
    verdict: Verdict
    estimates: tuple[Estimate, ...]
    record: Run
    disturbed: bool = False
    before: Measurement | None = None

    @property
    def failed(self) -> Measurement | None:
        """The run before it, where that said FAIL."""
        return self.before if failure_in(self.before) is not None else None

    @property
    def times(self) -> Times:
        """What it came to, by metric."""
        return times_of(self.verdict, self.estimates)

    def __repr__(self) -> str:
        """Short, because pytest prints it beside a failed assertion."""
        return f"<{self.case.id}: {self.verdict.outcome.name}>"

    @property
    def undecided(self) -> bool:
        """Whether nothing speaks against the case: INCONCLUSIVE, and not where it was made to confirm a FAIL."""
        return self.verdict.outcome is Outcome.INCONCLUSIVE and self.failed is None


def measure(
    case: Case,
    target: Target,
    record: Record,
    *,
    turn: AbstractContextManager[object],
    preparations: Preparations = UNPREPARED,
    workforce: Workforce = ALONE,
    post: Post = HERE,
    history: History | None = None,
    rhythm: Rhythm | None = USUAL,
    baselines: Baselines | None = None,
    before: Measurement | None = None,
    on_tick: OnTick | None = None,
    asked_by: Mapping[str, str] = MappingProxyType({}),
) -> Measurement:
    """Drive one case at its target, judge it, and write it down before anyone asserts.

    turn: entered around the load: one at a time on a host. preparations: what comes before it. workforce: who shares it, post: from
    where. history: earlier runs, which a PASS reckons with. rhythm: when it is looked at to end the load once the verdict is clear, if
    ever. baselines: what it is held against as well. before: a run that said FAIL or was slower than these, for this one to confirm.
    asked_by: for the record. Raises TargetError, GeneratorError, RecordError; PlanError where the baseline lacks the case.
    """
    with target.open(case.spec) as endpoint:
        case = as_found(case, endpoint)
        baseline = baselines.of(case, target.kind, post.name) if baselines is not None else None
        order = workforce.given(order_for(case, endpoint, record.samples_path(case.id)))
        earlier = history.of(case, target.kind, post.name) if history is not None else {}
        early = Early(case.budget, case.load.for_s, rhythm, earlier)
        with turn:
            prepared = preparations.of(order, target, [endpoint], post)
            samples = driven(order, target, [endpoint], workforce, post=post, on_tick=on_tick, stop_early=early.enough)
    judged = samples.after_warmup()
    notes = (*prepared.notes(case.budget), *endpoint.notes, *notes_for(order.samples, asked_by.get("test")))
    verdict = judge(case, judged, target_kind=target.kind, history=earlier, rhythm=rhythm, failed=failure_in(before), notes=notes)
    estimated = estimates(judged)
    verdict = held(verdict, case, estimated, baseline, before.times if before is not None else None)
    facts = provenance(case, target.kind, endpoint, samples, post) | circumstances(prepared, before) | dict(asked_by)
    run = record.write(case, verdict, estimated, samples, facts, order.samples)
    return Measurement(case, verdict, estimated, run, disturbed(case, judged, verdict.reasons), before)


def failure_in(before: Measurement | None) -> Verdict | None:
    """What the run before said, where that was FAIL."""
    return before.verdict if before is not None and before.verdict.outcome is Outcome.FAIL else None


def circumstances(prepared: Prepared, before: Measurement | None) -> dict[str, object]:
    """For the record: what was found before the load, and the run that this one was to confirm."""
    if before is None:
        return prepared.fields()
    return prepared.fields() | {"confirms" if failure_in(before) is not None else "repeat_of": before.record.file}


def as_found(case: Case, endpoint: Endpoint) -> Case:
    """The same question of what is really there, so that runs are only compared with runs of the same."""
    return case if endpoint.found is None else replace(case, spec=endpoint.found)


def order_for(case: Case, endpoint: Endpoint, samples_path: Path) -> Order:
    """What the generator is told of a case. Raises TargetError where the endpoint cannot be reached over its network path.

    PlanError where it may not be asked as fast.
    """
    if case.network_path not in endpoint.addresses:
        only, why = ", ".join(endpoint.addresses), endpoint.elsewhere.get(case.network_path)
        cannot = f"{case.id}: endpoint {endpoint.name} cannot be reached via {case.network_path}, only via {only}"
        raise TargetError(cannot if why is None else f"{cannot}: {why}")
    if endpoint.guard is not None:
        check_rate(case, endpoint.guard.most_per_s)
    return Order(
        address=endpoint.addresses[case.network_path],
        load=case.load,
        payloads=case.bodies(),
        payload_weights=case.payloads.weights,
        payload_seed=case.payloads.seed,
        samples=samples_path,
        expect=case.expect,
        connections=connections_for(case.load),
        counted=counted_in(case.budget),
    )


def connections_for(load: Load) -> int:
    """How many connections to open and warm before the load: the pool grows beyond on demand.

    Little's law for responses of 100 ms at the highest rate, between 4 and 64: enough that an ordinary burst finds a
    warm connection. In a closed loop, one for each caller.
    """
    if isinstance(load, ClosedLoop):
        return load.callers
    return min(64, max(4, math.ceil((load.peak_per_s or 0) * 0.1)))

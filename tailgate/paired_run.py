"""Paired: two cases in one run, arm beside arm, so that whatever drifts or bursts meets both; judged, compared, written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

from tailgate.analysis.arms.contrast import Contrast, NoWorse
from tailgate.analysis.changes.baseline import Baseline, held
from tailgate.analysis.estimates import estimates
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.validity import disturbed
from tailgate.analysis.verdict import Verdict, judge
from tailgate.apart import check_apart
from tailgate.driving import driven
from tailgate.generator.order import Order
from tailgate.generator.workers.workforce import ALONE, Workforce
from tailgate.measure import Measurement, OnTick, as_found, circumstances, failure_in, order_for
from tailgate.plan.case import Case
from tailgate.plan.pair import Pair, arm_cases, labels_of
from tailgate.preparing import NONE as UNPREPARED
from tailgate.preparing import Preparations, Prepared
from tailgate.provenance import provenance
from tailgate.reporting.baseline import Baselines
from tailgate.reporting.history import History
from tailgate.reporting.pairs import answered, pair_fields
from tailgate.reporting.record import Record, notes_for
from tailgate.samples import Samples
from tailgate.targets import Endpoint, Target
from tailgate.vantage import Post
from tailgate.vantage.local import HERE


@dataclass(frozen=True, slots=True)
class PairedRun:
    """Two arms of one run, compared and recorded: `assert run.no_worse_than("2ms", at="p99"), run.explain()`.

    before, after: each arm by itself, with a verdict on its own budget. contrast: what sets them apart. disturbed: the host was
    too busy for a while, and that is all that speaks against the run. on_undecided: told the explanation of an answer that is
    INCONCLUSIVE, before it is given. on_answer: told every answer.
    """

    before: Measurement
    after: Measurement
    contrast: Contrast
    disturbed: bool = False
    on_undecided: Callable[[str], None] | None = None
    on_answer: Callable[[NoWorse], None] | None = None

    def no_worse_than(self, margin: str, *, at: str = "p99") -> NoWorse:
        """Whether the second arm is proved to be slower by less than the margin, such as `2ms`. Raises PlanError.

        The answer is in both arms' records before it is given. Raises RecordError where they cannot be written.
        """
        answer = self.contrast.no_worse_than(margin, at=at)
        for arm in self.arms:
            answered(arm.record, self.contrast)
        if self.on_answer is not None:
            self.on_answer(answer)
        if answer.outcome is Outcome.INCONCLUSIVE and self.on_undecided is not None:
            self.on_undecided(self.explain())
        return answer

    def explain(self) -> str:
        """The text for people."""
        return self.contrast.explain()

    @property
    def arms(self) -> tuple[Measurement, Measurement]:
        """Arm 0 and arm 1."""
        return self.before, self.after

    def __repr__(self) -> str:
        """Short, because pytest prints it beside a failed assertion."""
        return f"<{self.contrast.pair.id}: two arms>"


def paired(
    pair: Pair,
    target: Target,
    record: Record,
    *,
    turn: AbstractContextManager[object],
    seed: int = 1,
    preparations: Preparations = UNPREPARED,
    workforce: Workforce = ALONE,
    post: Post = HERE,
    history: History | None = None,
    baselines: Baselines | None = None,
    previous: PairedRun | None = None,
    on_tick: OnTick | None = None,
    asked_by: Mapping[str, str] = MappingProxyType({}),
) -> PairedRun:
    """Drive two cases in one run, a seeded coin sending each request to one of them; judge, compare, and write it down.

    seed: of the coin. previous: a run of which an arm said FAIL or was slower than its baseline, for this one to confirm. The rest
    as in `measure`, but that a run of two arms goes its full length. Raises PlanError where the two cannot be compared; else as `measure`.
    """
    arm_cases(*pair.cases, seed)  # what cannot be compared is refused before anything is deployed for it
    with _opened(target, pair) as (pair, endpoints):
        cases = arm_cases(*pair.cases, seed)
        held_against = [baselines.of(case, target.kind, post.name) if baselines is not None else None for case in cases]
        order = workforce.given(_order(pair, endpoints, record, seed))
        with turn:
            prepared = preparations.of(order, target, endpoints, post)
            samples = driven(order, target, endpoints, workforce, post=post, on_tick=on_tick)
    notes = (*_notes(endpoints), *notes_for(order.samples, asked_by.get("test")))
    both = _Both(target.kind, post, prepared, notes, asked_by)
    earlier = previous.arms if previous is not None else (None, None)
    arms = [_judged(_Arm(case, _own(samples, arm, case), earlier[arm]), both, history, held_against[arm]) for arm, case in enumerate(cases)]
    contrast = Contrast(pair, samples.after_warmup(), target.kind, _reasons(arms, pair), seed, notes)
    before, after = (
        _recorded(each, both, endpoint, record, order, pair_fields(contrast, arm))
        for arm, (each, endpoint) in enumerate(zip(arms, endpoints, strict=True))
    )
    return PairedRun(before, after, contrast, _disturbed(arms))


@dataclass(frozen=True, slots=True)
class _Both:
    """What the arms share. kind: of their target. post: where the load came from. notes: lines for both verdicts."""

    kind: str
    post: Post
    prepared: Prepared
    notes: tuple[str, ...]
    asked_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm as a run of its own. samples: its own, with the warm-up. before: the same arm of the previous run."""

    case: Case
    samples: Samples
    before: Measurement | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """An arm and what it came to."""

    arm: _Arm
    verdict: Verdict
    estimates: tuple[Estimate, ...]

    @property
    def disturbed(self) -> bool:
        return disturbed(self.arm.case, self.arm.samples.after_warmup(), self.verdict.reasons)


@contextmanager
def _opened(target: Target, pair: Pair) -> Iterator[tuple[Pair, tuple[Endpoint, Endpoint]]]:
    """Both cases' endpoints, one and the same where they ask the same; and the pair of what is really there."""
    first, second = pair.cases
    with ExitStack() as held:
        one = held.enter_context(target.open(first.spec))
        other = one if second.spec == first.spec else held.enter_context(target.open(second.spec))
        check_apart(pair.cases, (one, other))
        yield Pair(as_found(first, one), as_found(second, other), pair.no_worse_than), (one, other)


def _notes(endpoints: tuple[Endpoint, Endpoint]) -> tuple[str, ...]:
    """What is to be said of both, each different line once."""
    return tuple(dict.fromkeys(note for endpoint in endpoints for note in endpoint.notes))


def _order(pair: Pair, endpoints: tuple[Endpoint, Endpoint], record: Record, seed: int) -> Order:
    samples_path = record.samples_path(pair.id)
    first, second = (order_for(case, endpoint, samples_path) for case, endpoint in zip(pair.cases, endpoints, strict=True))
    return replace(first, counted=(), second=second.address, arm_seed=seed)


def _own(samples: Samples, arm: int, case: Case) -> Samples:
    """One arm's samples, with what was scheduled for it."""
    own = samples.of_arm(arm)
    return replace(own, header=replace(own.header, scheduled=len(case.load.due_times())))


def _judged(arm: _Arm, both: _Both, history: History | None, baseline: Baseline | None) -> _Judged:
    """One arm against its own budget, and against its baseline where there is one."""
    case, judged, before = arm.case, arm.samples.after_warmup(), arm.before
    notes = (*both.prepared.notes(case.budget), *both.notes)
    earlier = history.of(case, both.kind, both.post.name) if history is not None else None
    verdict = judge(case, judged, target_kind=both.kind, history=earlier, failed=failure_in(before), notes=notes)
    estimated = estimates(judged)
    return _Judged(arm, held(verdict, case, estimated, baseline, before.times if before is not None else None), estimated)


def _recorded(judged: _Judged, both: _Both, endpoint: Endpoint, record: Record, order: Order, pair: Mapping[str, object]) -> Measurement:
    arm, verdict, estimated = judged.arm, judged.verdict, judged.estimates
    facts = (
        provenance(arm.case, both.kind, endpoint, arm.samples, both.post) | circumstances(both.prepared, arm.before) | dict(both.asked_by)
    )
    run = record.write(arm.case, verdict, estimated, arm.samples, facts, order.samples, pair)
    return Measurement(arm.case, verdict, estimated, run, judged.disturbed, arm.before)


def _reasons(arms: list[_Judged], pair: Pair) -> tuple[str, ...]:
    """Why the run cannot be trusted: what speaks against both arms once, what speaks against one with its name."""
    found = [arm.verdict.reasons for arm in arms]
    of_both = [reason for reason in found[0] if reason in found[1]]
    of_one = [
        f"{label}: {reason}" for label, own in zip(labels_of(*pair.cases), found, strict=True) for reason in own if reason not in of_both
    ]
    return (*of_both, *of_one)


def _disturbed(arms: list[_Judged]) -> bool:
    """Whether all that speaks against the run is that its host was too busy for a while."""
    untrusted = [arm for arm in arms if arm.verdict.reasons]
    return bool(untrusted) and all(arm.disturbed for arm in untrusted)

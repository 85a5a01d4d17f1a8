"""Session: what is held open while a suite measures: the target, the record, the host-wide turn, the board."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from tailgate.afterwards import Wanted, add_afterwards
from tailgate.analysis.changes.baseline import asks_repeat, regressed
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.driving import shown_on
from tailgate.floor import Floors
from tailgate.generator.drive import Tick
from tailgate.generator.workers.workforce import ALONE, Workforce
from tailgate.measure import Measurement, measure
from tailgate.overdue import Overdue
from tailgate.paired_run import PairedRun, paired
from tailgate.places import places_of
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.pair import Pair
from tailgate.preparing import Preparations
from tailgate.reporting.baseline import Baselines
from tailgate.reporting.history import History
from tailgate.reporting.progress import Board
from tailgate.reporting.record import Record
from tailgate.targets import Endpoint, spent_at
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.registry import Settings, make_target
from tailgate.turn import turns
from tailgate.vantage import Post
from tailgate.vantage.registry import make_vantage
from tailgate.vantage.standing import Standing
from tailgate.warming import Warmings


class Session:
    """One suite's measurements: endpoints deployed side by side, measured one at a time, deleted at the end.

    Nothing is started before the first `prefetch`, `open` or `measure`. floors: measures the harness beside, unless the
    target is the null responder itself. workforce: who shares each load. repeats: how often a run that its host
    disturbed is measured again. rhythm: when a run is looked at, to end it as soon as its verdict is clear; None for never.
    retry: whether a FAIL counts only where a second run confirms it. history: where earlier runs lie, in the reports folder
    unless said otherwise. baselines: what runs are held against beside their budget. Load comes from the settings' vantage, whose
    hosts, if any, are launched beside the endpoints.
    """

    def __init__(
        self,
        settings: Settings,
        record: Record,
        board: Board,
        floors: Floors | None = None,
        workforce: Workforce = ALONE,
        repeats: int = 0,
        rhythm: Rhythm | None = USUAL,
        retry: bool = True,
        history: Path | None = None,
        baselines: Baselines | None = None,
    ) -> None:
        self._standing = Standing(make_vantage(settings.vantage, settings, lambda: self._deployed_at))
        self._settings, self._deployed_at = settings, make_target(replace(settings, outlook=self._standing.outlook))
        self.target = Prefetched(self._deployed_at, on_progress=self._deploying)
        self._record = record
        self._history = History(history or record.reports)
        self._baselines = baselines
        self._preparations = Preparations(floors if settings.kind != "null" else None, Warmings(self._warming))
        self._board = board
        self._workforce = workforce
        self._repeats = repeats
        self._rhythm = rhythm
        self._retry = retry
        self._waiting_for: Case | None = None
        self._purse = settings.purse
        self._overdue = Overdue(settings.purse, self._give_back) if settings.purse is not None else None

    def examine(self, cases: Iterable[Case]) -> None:
        """Refuse what cannot come about before anything is created. Raises PlanError, TargetError."""
        asked = list(cases)
        self.target.examine(asked)
        self._standing.examine(asked)

    def prefetch(self, cases: Iterable[Case]) -> None:
        """Begin to deploy what the cases need, in their order, in the background, and to launch the hosts that load is to come from."""
        self._standing.begin()
        self.target.prefetch(case.spec for case in cases)

    def let_go(self, specs: Iterable[EndpointSpec]) -> None:
        """Begin to delete endpoints that are needed no more, where having them costs money."""
        for spec in specs:
            self.target.let_go(spec)

    def measure(self, case: Case, asked_by: Mapping[str, str]) -> Iterator[Measurement]:
        """Measure one case: each run as it is recorded, the last counts.

        Again where its host disturbed it, as often as that may be; and once more to confirm a FAIL or a regression, by a run that
        keeps what it finds: a PASS, or INCONCLUSIVE. Raises PlanError where it was not planned and may cost more than is left.
        """
        self._pay_for(case)
        self.examine([case])
        before: Measurement | None = None
        disturbed = 0
        for number in count():
            measured = self._measure(case, {**asked_by, "repeat": str(number)}, before)
            yield measured
            if measured.disturbed and disturbed < self._repeats:
                disturbed += 1
            elif self.unconfirmed(measured):
                before = measured
            else:
                return

    def unconfirmed(self, measured: Measurement) -> bool:
        """Whether it is a FAIL, or slower than its baseline, and another run has to confirm that."""
        if measured.verdict.outcome is Outcome.FAIL:
            return self._retry and measured.failed is None and not regressed(measured.verdict)
        return measured.before is None and asks_repeat(measured.verdict)

    def paired(self, pair: Pair, seed: int, asked_by: Mapping[str, str]) -> Iterator[PairedRun]:
        """Measure two cases in one run: each run as it is recorded, the last counts. Again as `measure`, and once at most to confirm."""
        self._pay_for(pair)
        self.examine(pair.cases)
        previous: PairedRun | None = None
        disturbed = 0
        for number in count():
            run = self._paired(pair, seed, {**asked_by, "repeat": str(number)}, previous)
            yield run
            if run.disturbed and disturbed < self._repeats:
                disturbed += 1
            elif previous is None and any(map(self.unconfirmed, run.arms)):
                previous = run
            else:
                return

    def _paired(self, pair: Pair, seed: int, asked_by: Mapping[str, str], previous: PairedRun | None) -> PairedRun:
        self._waiting_for = pair.first
        self._check_time(pair)
        try:
            post = self._post(pair)
            return paired(
                pair,
                self.target,
                self._record,
                turn=self._turn(pair, post),
                seed=seed,
                preparations=self._preparations,
                workforce=self._workforce,
                post=post,
                history=self._history,
                baselines=self._baselines,
                previous=previous,
                on_tick=shown_on(self._board, pair.id, pair.first.load),
                asked_by=asked_by,
            )
        finally:
            self._waiting_for = None
            self._board.pause()

    def _measure(self, case: Case, asked_by: Mapping[str, str], before: Measurement | None) -> Measurement:
        """Measure one case when its endpoint is there and nobody else measures on this host; who asked goes on record."""
        self._waiting_for = case
        self._check_time(case)
        on_tick = shown_on(self._board, case.id, case.load)
        try:
            post = self._post(case)
            return measure(
                case,
                self.target,
                self._record,
                turn=self._turn(case, post),
                preparations=self._preparations,
                workforce=self._workforce,
                post=post,
                history=self._history,
                rhythm=self._rhythm,
                baselines=self._baselines,
                before=before,
                on_tick=on_tick,
                asked_by=asked_by,
            )
        finally:
            self._waiting_for = None
            self._board.pause()

    def close(self) -> None:
        """Delete every endpoint and every host, and end every process. Raises TargetError naming what could not be deleted."""
        self._give_back()
        if self._overdue is not None:
            self._overdue.stop()

    def _give_back(self) -> None:
        """Let go all that was deployed and launched, side by side; hosts in an emulation before that ends. Raises TargetError."""
        self._standing.interrupt()  # or endpoints would wait for hosts
        closing = [self._standing.close, self.target.close]
        with ExitStack() as leaving:
            for close in closing if self._settings.kind != "emulated" else closing[::-1]:
                leaving.callback(close)

    def _pay_for(self, asked: Case | Pair) -> None:
        if self._purse is not None:
            self._purse.begin(asked, time.time())

    def _check_time(self, asked: Case | Pair) -> None:
        if self._purse is not None:
            self._purse.check_time(asked, time.time())

    def add_afterwards(self, wait_s: float) -> list[str]:
        """Once all is deleted, add to the recorded runs what is only known then; sentences of what went wrong. Raises nothing of ours.

        wait_s: for CloudWatch at most, 0 not to ask it.
        """
        wanted = Wanted(self._settings.kind, self._settings.region, wait_s, spent_at(self._deployed_at))

        def waiting(waited_s: float) -> None:
            self._board.show("CloudWatch", f"its figures come late, {waited_s:.0f} of {wait_s:.0f} s", waited_s / wait_s)

        try:
            return add_afterwards(self._record.folder, wanted, waiting)
        finally:
            self._board.pause()

    def _deploying(self, spec: EndpointSpec, status: str, elapsed_s: float) -> None:
        case = self._waiting_for
        if case is not None:
            self._board.show(case.id, f"deploying {spec.instance_type}: {status}, {elapsed_s:.0f} s", 0.0)

    def _warming(self, endpoint: Endpoint, tick: Tick) -> None:
        case = self._waiting_for
        if case is not None and endpoint.warms_within_s is not None:
            self._board.show(case.id, f"warming up {endpoint.name}, {tick.t_s:.0f} s", tick.t_s / endpoint.warms_within_s)

    def _post(self, asked: Case | Pair) -> Post:
        """Where load comes from, once that is there. Raises TargetError, CapacityError."""
        return self._standing.post(lambda status, waited_s: self._board.show(asked.id, f"{status}, {waited_s:.0f} s", 0.0))

    @contextmanager
    def _turn(self, asked: Case | Pair, post: Post) -> Iterator[None]:
        """Hold the only measuring place on this host, if load is its own; waits in short steps, so Ctrl-C is heard. Raises TargetError."""

        def waiting(waited_s: float) -> None:
            self._board.show(asked.id, f"waiting for another measurement on this host, {waited_s:.0f} s", 0.0)

        with turns(waiting, places_of(post, self._settings, asked)):
            self._check_time(asked)  # once more: deployment and waiting took some
            yield

"""Contrast: what the second arm of a run did to the response time, beside the first; and whether it is no worse than a margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from tailgate.analysis.arms import contrast_wording
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Comparison, compare
from tailgate.plan.pair import MEAN, SHOWN, Pair, check_metric, labels_of, margin_s
from tailgate.plan.vocabulary import quantile_of
from tailgate.samples import Samples


@dataclass(frozen=True, slots=True)
class NoWorse:
    """Whether the second arm is no worse than a margin at a metric. Its truth value is PASS.

    comparison: None where an arm has no samples. more_requests: about how many more in both arms together would settle
    it; None where none would, or where it is settled.
    """

    metric: str
    margin_s: float
    outcome: Outcome
    comparison: Comparison | None
    more_requests: int | None = None

    def __bool__(self) -> bool:
        return self.outcome is Outcome.PASS

    def __repr__(self) -> str:
        """Short, because pytest prints it beside a failed assertion: `<FAIL: p99 no worse than 2 ms>`."""
        return f"<{self.outcome.name}: {self.metric} no worse than {self.margin_s * 1e3:g} ms>"


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Two arms of one run, compared. `assert contrast.no_worse_than("2ms", at="p99"), contrast.explain()` gates.

    samples: the judged ones of both arms. reasons: why the run cannot be trusted; where there are any, every outcome is
    INCONCLUSIVE. seed: of the coin. asked: what `no_worse_than` answered so far. notes: further lines of the text.
    """

    pair: Pair
    samples: Samples
    target_kind: str
    reasons: tuple[str, ...] = ()
    seed: int = 1
    notes: tuple[str, ...] = ()
    asked: list[NoWorse] = field(default_factory=list)
    _known: dict[str, Comparison] = field(default_factory=dict)

    def at(self, metric: str) -> Comparison | None:
        """The second arm against the first at a percentile, or the mean; None where an arm has no samples. Raises PlanError."""
        check_metric(metric)
        if not all(self.requests):
            return None
        if metric not in self._known:
            compared = partial(compare, self.samples.arm, self.samples.response_s, due_s=self.samples.due_s)
            self._known[metric] = compared(quantile=None if metric == MEAN else quantile_of(metric))
        return self._known[metric]

    def no_worse_than(self, margin: str, *, at: str = "p99") -> NoWorse:
        """Whether the second arm is proved to be slower by less than the margin, such as `2ms`: non-inferiority.

        PASS only if the 95 % interval of the difference lies below the margin, FAIL if it lies above. Not having found a
        difference is INCONCLUSIVE. Raises PlanError for a margin or a metric that cannot be meant.
        """
        bound_s, comparison = margin_s(margin), self.at(at)
        if comparison is None or self.reasons:
            answer = NoWorse(at, bound_s, Outcome.INCONCLUSIVE, comparison)
        else:
            outcome = comparison.no_worse_than(bound_s)
            wanted = comparison.requests_to_settle(bound_s)
            answer = NoWorse(at, bound_s, outcome, comparison, max(0, wanted - sum(self.requests)) or None if wanted else None)
        self.asked.append(answer)
        return answer

    def explain(self) -> str:
        """The text for people: both arms, their differences, and what the margins that were asked say."""
        return contrast_wording.explain(self)

    @property
    def requests(self) -> tuple[int, int]:
        """Judged requests of each arm."""
        second = int(self.samples.arm.sum())
        return len(self.samples) - second, second

    @property
    def failed(self) -> tuple[int, int]:
        """Those of them that failed."""
        failed = self.samples.failed
        return int((failed & (self.samples.arm == 0)).sum()), int((failed & (self.samples.arm == 1)).sum())

    @property
    def labels(self) -> tuple[str, str]:
        """What sets the arms apart, in few words."""
        return labels_of(*self.pair.cases)

    @property
    def differences(self) -> dict[str, Comparison]:
        """The comparisons that are always told, by metric; none where an arm has no samples."""
        found = {metric: self.at(metric) for metric in SHOWN}
        return {metric: comparison for metric, comparison in found.items() if comparison is not None}

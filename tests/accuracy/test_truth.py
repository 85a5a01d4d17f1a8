"""What is reported, held against what the data plane itself recorded of the same requests, and against the profiles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tailgate import Budget, Case, EndpointSpec, Expect, Poisson
from tailgate.analysis.compare import compare
from tailgate.analysis.outcome import Outcome
from tailgate.measure import Measurement, measure
from tailgate.plan.plan_file import read_plan
from tailgate.reporting.record import Record
from tailgate.samples import read_samples
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.profiles import load_profiles
from tailgate.targets.emulated.service_times import foretell
from tailgate.targets.prefetch import Prefetched

pytestmark = pytest.mark.alone

CASE = Case(
    EndpointSpec("truth", instance_type="ml.t2.xlarge", instance_count=2),
    payload=b'{"instances": [[1.0]]}',
    expect=Expect.of(contains="prediction"),
    load=Poisson(per_s=100, for_s=6, warmup_s=0.5, seed=5),
    budget=Budget.of("p50 <= 100ms", "p99 <= 500ms"),
)
QUIET_S = 0.7e-3
"""Where a tenth of the data plane's answers are later than this, somebody else had the processor, and it moves the
percentiles by as much. That is told by the data plane alone, and does not enter into what is compared."""

RUNS, ATTEMPTS = 3, 6
"""How many quiet measurements are compared, by the median of their differences, and how many are made for them: of a
single one the p99 is six requests, and one burst of a neighbour's is enough to move it by half a millisecond."""


@dataclass(frozen=True)
class Judged:
    """A measurement with, per judged request, what the data plane saw of it and when the generator says it was sent."""

    measured: Measurement
    service_s: np.ndarray
    send_lag_s: np.ndarray
    late_s: np.ndarray
    """By how much the data plane answered later than it meant to: it will have read as late, which no row tells."""

    @property
    def disturbance_s(self) -> float:
        """What the host added to a tenth of the requests."""
        return float(np.quantile(self.late_s, 0.9))

    @property
    def response_s(self) -> np.ndarray:
        """From when each request was due until the data plane had answered it."""
        return self.service_s + self.send_lag_s

    def error_s(self, metric: str, quantile: float) -> float:
        """By how much more the run reports than the data plane saw."""
        return estimate(self.measured, metric) - self.true_s(metric, quantile)

    def true_s(self, metric: str, quantile: float) -> float:
        """What the data plane saw."""
        seen_s = self.service_s if metric.startswith("service") else self.response_s
        return float(np.quantile(seen_s, quantile, method="inverted_cdf"))


@pytest.fixture(scope="module")
def emulation() -> Iterator[tuple[EmulatedTarget, Prefetched]]:
    """One emulation for the module; its endpoints outlive the measurements, so that the truth can be asked for."""
    target = EmulatedTarget(region="ap-northeast-1", deploy_s=0.2)
    with Prefetched(target) as shared:
        yield target, shared


def estimate(measured: Measurement, metric: str) -> float:
    """An estimate by name, seconds."""
    return next(one.value for one in measured.estimates if one.metric == metric)


def agree(error_s: float, true_s: float) -> bool:
    """Within half a millisecond or three in a hundred, whichever is more."""
    return abs(error_s) <= max(0.5e-3, 0.03 * true_s)


def quiet(case: Case, target: EmulatedTarget, shared: Prefetched, folder: Path) -> list[Judged]:
    """So many measurements on a quiet host, or fewer where there were no more; chosen before anything is compared."""
    found: list[Judged] = []
    for left in reversed(range(ATTEMPTS)):
        run = once(case, target, shared, folder)
        found += [run] if run.disturbance_s <= QUIET_S else []
        if len(found) == RUNS or len(found) + left < RUNS:
            break
    return found


def once(case: Case, target: EmulatedTarget, shared: Prefetched, folder: Path) -> Judged:
    """One measurement."""
    return judged(measure(case, shared, Record(folder), turn=contextlib.nullcontext()), target)


def judged(measured: Measurement, target: EmulatedTarget) -> Judged:
    """The latest measurement beside the data plane's own rows of it."""
    url = str(measured.record.provenance["url"])
    rows = target.truth(url.split("/")[-2], measured.case.network_path)
    samples = read_samples(measured.record.samples_path)
    of_this_run = np.sort(rows[rows["first_s"] >= samples.header.origin_monotonic_s], order="first_s")
    assert len(of_this_run) == len(samples), "the data plane answered as many requests as the generator sent"
    by_sending = np.argsort(samples.due_s + samples.send_lag_s, kind="stable")
    after_warmup = samples.due_s[by_sending] >= samples.header.warmup_s
    seen, lag_s = of_this_run[after_warmup], samples.send_lag_s[by_sending][after_warmup]
    return Judged(measured, seen["written_s"] - seen["first_s"], lag_s, seen["written_s"] - seen["planned_s"])


@pytest.mark.parametrize("network_path", ["public", "privatelink"])
def test_reported_percentiles_are_those_of_the_data_plane(emulation, tmp_path: Path, network_path: str) -> None:
    """p50 and p99, of response and of service time, are what the server saw for the same requests."""
    target, shared = emulation
    runs = quiet(CASE.via(network_path), target, shared, tmp_path)
    if len(runs) < RUNS:
        pytest.skip(f"{len(runs)} of at most {ATTEMPTS} measurements were on a quiet host, not {RUNS}: the data plane answered late")
    for metric, quantile in (("p50", 0.5), ("p99", 0.99), ("service_p50", 0.5), ("service_p99", 0.99)):
        errors_s = [run.error_s(metric, quantile) for run in runs]
        true_s = float(np.median([run.true_s(metric, quantile) for run in runs]))
        assert agree(float(np.median(errors_s)), true_s), f"{metric}: {errors_s}, in truth {true_s:.5f} s"
    assert all(run.measured.verdict.outcome is Outcome.PASS for run in runs)


def test_a_clock_that_is_two_milliseconds_off_is_noticed(emulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above fails, and the run says of itself that it cannot be trusted."""
    target, shared = emulation
    monkeypatch.setenv("TAILGATE_PERTURB_CLOCK_S", "0.002")
    run = once(CASE, target, shared, tmp_path)
    assert not agree(run.error_s("p50", 0.5), run.true_s("p50", 0.5))
    assert run.measured.verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.thorough
def test_the_network_path_experiment_rediscovers_what_the_profiles_put_in(emulation, tmp_path: Path) -> None:
    """Minimum about 5 ms and a lower mean on PrivateLink; the interval of the p99 difference covers the true one.

    A 95 % interval misses once in twenty; both of two miss once in four hundred.
    """
    target, shared = emulation
    planned = read_plan(Path(__file__).parents[2] / "fixtures" / "plan.toml").experiment("network-path").cases
    cases = [case.under(Poisson(120, 15, 1, seed=7)) for case in planned]
    true = {
        case.network_path: foretell(load_profiles(), case.spec.instance_type, case.network_path, instances=2, per_s=case.load.per_s)
        for case in cases
    }
    true_s = float(np.quantile(true["privatelink"], 0.99) - np.quantile(true["public"], 0.99))
    covered = []
    for _ in range(2):
        public, privatelink = (once(case, target, shared, tmp_path).measured for case in cases)
        assert estimate(privatelink, "min") == pytest.approx(5.25e-3, abs=0.7e-3), "what the profile's least of 2 000 is"
        assert estimate(privatelink, "mean") < estimate(public, "mean")
        runs = [read_samples(run.record.samples_path).after_warmup() for run in (public, privatelink)]
        (found,) = (one for one in compare(*runs) if one.metric == "p99")
        covered.append(found.low_s is not None and found.high_s is not None and found.low_s <= true_s <= found.high_s)
        if covered[-1]:
            break
    assert any(covered), f"in truth {true_s * 1e3:.2f} ms, found {found.format()}"


def test_instance_types_are_not_in_order_of_size() -> None:
    """What the profiles put in, as the starting blog found it: a larger type is not always the faster one."""
    for family in (("ml.t2.medium", "ml.t2.large", "ml.t2.xlarge", "ml.t2.2xlarge"), ("ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge")):
        means = [float(np.mean(foretell(load_profiles(), instance_type, "privatelink"))) for instance_type in family]
        assert means != sorted(means, reverse=True)

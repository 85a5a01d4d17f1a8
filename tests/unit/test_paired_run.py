"""Two arms in one run, for real: scripted servers with known service times, the real generator, the record on disk."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tailgate import Budget, Case, EndpointSpec, Expect, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.errors import PlanError, TargetError
from tailgate.generator.workers.workforce import Workforce
from tailgate.paired_run import PairedRun, paired
from tailgate.plan.pair import Pair
from tailgate.reporting.collection import collect
from tailgate.reporting.pairs import margins_of
from tailgate.reporting.record import Record
from tailgate.reporting.run_file import read_run
from tailgate.targets import Address, Endpoint
from tests.unit.generator.serving import Served, generators, serving

CASE = Case(
    EndpointSpec("ranker"),
    payload=b"[1]",
    load=Poisson(per_s=200, for_s=3, warmup_s=0.3, seed=2),
    budget=Budget.of("p50 <= 1s", "error_rate <= 5%"),
)
PATHS = Pair(CASE, CASE.via("privatelink"))
ENDPOINTS = Pair(CASE, CASE.at("candidate"))


@dataclass
class Known:
    """A target whose endpoints are a scripted server, asked as `queries` say of the endpoint's name or of the network path."""

    served: Served
    queries: dict[str, dict[str, object]]
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    processes: dict[str, int] = field(default_factory=dict)

    kind = "process"

    @contextlib.contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """As a target does."""
        self.opened.append(spec.name)
        addresses = {path: self._address(spec.name, path) for path in ("public", "privatelink")}
        environment = self.environments.get(spec.name, {})
        processes = {"model server": self.processes[spec.name]} if self.processes else {}
        yield Endpoint(spec.name, addresses, deployed_by_us=False, provenance={}, environment=environment, processes=processes)

    def _address(self, name: str, path: str) -> Address:
        query = {**self.queries.get(name, {}), **self.queries.get(path, {})}
        return replace(self.served.address(timeout_s=5.0, **query), network_path=path)  # type: ignore[arg-type]  # a query's values


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """A server over TLS."""
    with serving(tmp_path) as served:
        yield served


def measured(target: Known, pair: Pair, folder: Path, **how: object) -> PairedRun:
    """A paired run, recorded in a folder of its own."""
    (folder / "runs").mkdir()
    return paired(pair, target, Record(folder / "runs"), turn=contextlib.nullcontext(), **how)  # type: ignore[arg-type]


def test_a_known_difference_lies_in_the_intervals_and_decides_the_margin(server: Served, tmp_path: Path) -> None:
    """One path takes 10 ms, the other 40: no worse than 100 ms, worse than 5 ms; and both arms are on disk by then."""
    target = Known(server, {"public": {"ms": 10}, "privatelink": {"ms": 40}})
    run = measured(target, PATHS, tmp_path)
    assert target.opened == ["ranker"], "both paths lead to one deployment"
    assert run.contrast.reasons == run.before.verdict.reasons == ()
    found = run.contrast.differences["p50"]
    assert found.low_s < 0.030 + 0.002
    assert found.high_s > 0.030 - 0.002
    assert found.p_value < 0.001
    assert [read_run(arm.record.path) for arm in run.arms if arm.record.path] == [arm.record for arm in run.arms]
    assert run.no_worse_than("100ms", at="p50").outcome is Outcome.PASS
    assert run.no_worse_than("5ms", at="p50").outcome is Outcome.FAIL
    assert "p50 worse than 5.0 ms: privatelink against public" in run.explain()
    for arm in run.arms:
        assert arm.record.path is not None
        again = read_run(arm.record.path)
        assert [(one.metric, one.margin_s, one.outcome) for one in margins_of(again)] == [("p50", 0.1, "PASS"), ("p50", 0.005, "FAIL")]
        assert again.pair["explanation"] == run.explain()
    assert len(CASE.load.due_times()) == sum(arm.record.requests["scheduled"] for arm in run.arms)  # type: ignore[misc]
    assert len(collect([tmp_path / "runs"], []).benchmarks) == 2


@pytest.mark.thorough
def test_two_endpoints_are_opened_both_and_asked_both(server: Served, tmp_path: Path) -> None:
    """Production and candidate, of which each has its name, its provenance and its own verdict."""
    target = Known(server, {"ranker": {"ms": 2}, "candidate": {"ms": 30, "status": 200}})
    run = measured(target, ENDPOINTS, tmp_path, workforce=Workforce(workers=2))
    assert target.opened == ["ranker", "candidate"]
    assert run.contrast.labels == ("ranker", "candidate")
    assert [arm.case.spec.name for arm in run.arms] == ["ranker", "candidate"]
    assert run.contrast.differences["p50"].low_s > 0.01
    assert run.no_worse_than("1ms", at="p50").outcome is not Outcome.PASS


def test_an_arm_that_fails_never_passes(server: Served, tmp_path: Path) -> None:
    """Each of its requests is an exceedance of every time; the other arm's verdict stands by itself."""
    run = measured(Known(server, {"privatelink": {"status": 503}}), PATHS, tmp_path)
    assert run.before.verdict.outcome is Outcome.PASS
    assert run.after.verdict.outcome is Outcome.FAIL
    assert run.no_worse_than("10s", at="p50").outcome is Outcome.FAIL
    for at in ("p90", "p99", "p99.9", "mean"):
        assert run.no_worse_than("10s", at=at).outcome is not Outcome.PASS
    (tmp_path / "again").mkdir()
    again = measured(Known(server, {"privatelink": {"status": 503}}), PATHS, tmp_path / "again", previous=run)
    assert "confirmed: the run before it failed as well" in again.after.verdict.explain()
    assert again.after.failed is run.after
    assert again.before.failed is None


def test_a_server_of_either_arm_that_dies_makes_both_arms_worthless(server: Served, tmp_path: Path) -> None:
    """The load ends at once, both runs are on record, and the reason says whose server it was."""
    idle = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(idle) as lasting, subprocess.Popen(idle) as dying:
        target = Known(server, {}, processes={"ranker": lasting.pid, "candidate": dying.pid})
        run = measured(target, ENDPOINTS, tmp_path, on_tick=lambda _: dying.kill())
        lasting.kill()
    assert run.no_worse_than("10s", at="p50").outcome is Outcome.INCONCLUSIVE
    assert run.contrast.reasons[0].startswith(f"model server of candidate (pid {dying.pid}) died during the run")
    assert [arm.verdict.outcome for arm in run.arms] == [Outcome.INCONCLUSIVE] * 2
    assert not run.disturbed
    assert generators() == []


def test_an_arm_that_was_throttled_throughout_is_no_comparison(server: Served, tmp_path: Path) -> None:
    """A quota was measured, not the variant: INCONCLUSIVE, and the arm is named."""
    run = measured(Known(server, {"privatelink": {"status": 429}}), PATHS, tmp_path)
    assert run.no_worse_than("10s").outcome is Outcome.INCONCLUSIVE
    assert run.contrast.reasons[0].startswith("privatelink: every request was throttled")
    assert not run.disturbed


def test_a_wrong_answer_is_a_failure_in_either_arm(server: Served, tmp_path: Path) -> None:
    """What is expected is the same in both."""
    case = replace(CASE, expect=Expect.of(contains="fine"))
    run = measured(Known(server, {"privatelink": {"body": "wrong"}}), Pair(case, case.via("privatelink")), tmp_path)
    assert run.contrast.failed == (0, run.contrast.requests[1])


def test_an_undecided_answer_is_told_before_it_is_given(server: Served, tmp_path: Path) -> None:
    """So that a test may be skipped by it; what is decided is not told."""
    told: list[str] = []
    run = replace(measured(Known(server, {"privatelink": {"ms": 30}}), PATHS, tmp_path), on_undecided=told.append)
    run.no_worse_than("1s", at="p50")
    assert told == []
    run.no_worse_than("1s", at="p99.9")
    assert "p99.9 no worse than 1000.0 ms undecided" in told[0]


def test_a_run_that_cannot_be_meant_opens_nothing(server: Served, tmp_path: Path) -> None:
    """Half of the load is too short for a budget; two callers' credentials do not go into one generator."""
    short = replace(CASE, budget=Budget.of("p99.9 <= 1s"), load=Poisson(per_s=1200, for_s=3, seed=1))
    target = Known(server, {}, {"ranker": {"AWS_PROFILE": "one"}, "candidate": {"AWS_PROFILE": "other"}})
    with pytest.raises(PlanError, match="each arm has half of the requests"):
        measured(target, Pair(short, short.via("privatelink")), tmp_path)
    assert target.opened == []
    (tmp_path / "runs").rmdir()
    with pytest.raises(TargetError, match="ranker and candidate want different AWS_PROFILE"):
        measured(target, ENDPOINTS, tmp_path)
    assert generators() == []

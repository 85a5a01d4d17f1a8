"""Two network paths of one emulated deployment in one run: what the profiles put between them is found again."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.paired_run import paired
from tailgate.plan.pair import Pair
from tailgate.reporting.record import Record
from tailgate.targets.emulated import emulation
from tailgate.targets.emulated.emulation import EmulatedTarget

KNOWN_S = 0.006

FLOORS = """
[network_path.public]
minimum_ms = [5.0, "made up"]
typical_extra_ms = [0.1, "made up"]
sigma = [0.1, "made up"]

[network_path.privatelink]
minimum_ms = [11.0, "made up"]
typical_extra_ms = [0.1, "made up"]
sigma = [0.1, "made up"]
"""


def test_the_interval_covers_the_difference_that_the_profiles_put_in(tmp_path: Path) -> None:
    """PrivateLink's floor lies 6 ms higher here: that is in the p50's interval, and so is it in the mean's; 50 ms are not."""
    shipped = (Path(emulation.__file__).parent / "profiles.toml").read_text("utf-8")
    (tmp_path / "known.toml").write_text(re.sub(r"(?ms)^\[network_path\.public\].*?(?=^# The second mode)", FLOORS, shipped), "utf-8")
    load = Poisson(per_s=160, for_s=6, warmup_s=1, seed=4)
    case = Case(EndpointSpec("ranker", instance_type="ml.t2.xlarge"), b"{}", load, Budget.of("p50 <= 1s"))
    (tmp_path / "runs").mkdir()
    with EmulatedTarget(profiles=tmp_path / "known.toml", deploy_s=0.1) as target:
        pair = Pair(case, case.via("privatelink"))
        run = paired(pair, target, Record(tmp_path / "runs"), turn=contextlib.nullcontext())
    assert run.contrast.reasons == ()
    for metric in ("p50", "mean"):
        found = run.contrast.differences[metric]
        assert found.low_s - 0.001 < KNOWN_S < found.high_s + 0.001, "give or take the millisecond that a busy host may add"
    assert run.no_worse_than("50ms", at="p50").outcome is Outcome.PASS
    assert run.no_worse_than("0.1ms", at="p50").outcome is not Outcome.PASS
    assert {arm.record.provenance["network_path"] for arm in run.arms} == {"public", "privatelink"}

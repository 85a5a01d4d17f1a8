"""Apart: two arms by two network paths are two only where they lead to different addresses."""

from __future__ import annotations

from collections.abc import Sequence

from tailgate.errors import TargetError
from tailgate.plan.case import Case
from tailgate.targets import Endpoint


def check_apart(cases: Sequence[Case], endpoints: Sequence[Endpoint]) -> None:
    """Refuse two network paths whose names resolve to the same addresses here. Raises TargetError.

    So a regional name does beside a zonal one, where its interface endpoint is in one zone. Paths of which nobody looked at the
    addresses, since their names are not AWS's, pass.
    """
    first, second = (case.network_path for case in cases)
    ips, others = (set(endpoint.ips.get(case.network_path, ())) for case, endpoint in zip(cases, endpoints, strict=True))
    if first != second and ips and ips == others:
        what = "the same address" if len(ips) == 1 else f"the same {len(ips)} addresses"
        raise TargetError(
            f"{cases[0].id} and {cases[1].id}: {first} and {second} lead to {what} here, so both arms would be one; "
            "an interface endpoint in several zones sets them apart (a subnet of each: --latency-client-subnet)"
        )

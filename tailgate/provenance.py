"""Provenance: where and with what a run was measured. Facts for the record, never part of a judgement."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime

from tailgate.host_facts import host, versions
from tailgate.plan.case import Case
from tailgate.samples import Samples
from tailgate.targets import Endpoint
from tailgate.vantage import Post
from tailgate.vantage.local import HERE

_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "BRANCH_NAME")
"""Where GitHub (a pull request's, then any), GitLab, Buildkite and Jenkins name the branch."""


def provenance(case: Case, target_kind: str, endpoint: Endpoint, samples: Samples, post: Post = HERE) -> dict[str, object]:
    """The facts of one run as plain values: target, vantage, versions, commit, start, clock.

    host: of the generator: what it is, and under `counters` what it went through while it drove (generator/host.py says of each);
    hosts: of hosts that were launched, their type, image and zone, and the versions there.
    """
    address, header, known = endpoint.addresses[case.network_path], samples.header, dict(post.facts)
    drove = known.pop("host", host())
    return {
        "target": target_kind,
        "vantage": post.name,
        "region": address.region,
        "network_path": case.network_path,
        "url": address.url,
        "endpoint": dict(endpoint.provenance),
        "model": case.spec.model,
        "started_at": datetime.fromtimestamp(header.origin_unix_s, UTC).isoformat(timespec="milliseconds"),
        "clock": header.clock,
        "commit": _commit(),
        "branch": _branch(),
        "host": {**(drove if isinstance(drove, Mapping) else {}), "counters": dict(samples.host)},
        "versions": versions(),
        **({"hosts": known} if known else {}),
    }


@functools.cache
def _commit() -> str | None:
    """The commit of the repository that is tested, `-dirty` when the tree differs from it; None outside git."""
    return _git("describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")


@functools.cache
def _branch() -> str | None:
    """The branch that is tested; on a detached head, as CI has it, the one that CI names; None where nobody does."""
    checked_out = _git("symbolic-ref", "--quiet", "--short", "HEAD")
    return checked_out or next((named for name in _BRANCHES if (named := os.environ.get(name))), None)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607  # whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

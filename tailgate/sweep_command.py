"""`tailgate sweep`: what of ours is on AWS, and with `--delete` the end of what is due.

Its JSON is one object: `swept_at` (UTC), `delete` (whether deletion was asked for), `found`, a list of: kind (resources.py), name,
region, run, owner, created_at, expires_at (UTC, null where its tag is no time), due, why, gone, and left, why it could not be
deleted; and `troubles`, what could not be told, in sentences.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError
from tailgate.plan.regions import check_region
from tailgate.units import seconds

if TYPE_CHECKING:
    from tailgate.aws.custody.sweep import Row, Seen

DONE, LEFT = 0, 1

_EPILOG = """\
Ours is what carries the tags tailgate:run, tailgate:owner and tailgate:expires-at; nothing else is touched, whatever its name. Due is
what has expired, what sessions left that died on this host, and what the options add. Without --delete nothing is changed.
Exit codes: 0 nothing is due, or all of it is gone; 1 something is due, or could not be deleted or looked for; 4 wrong options or no
credentials."""

_HEAD = ("what", "name", "region", "since (UTC)", "owner", "session", "due")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("--delete", action="store_true", help="delete what is due; without it, it is only shown")
    add(
        "--region",
        action="append",
        default=[],
        metavar="REGION",
        help="where to look; may be repeated (boto3's, and the ledgers')",
    )
    add("--older-than", metavar="TIME", help="due is also what was created before that, such as 2h, though it has not expired")
    add("--run", dest="session", metavar="ID", help="only what is of this session, and all of it is due")
    add("--owner", metavar="NAME", help="only what is called this owner's")
    add(
        "--bucket",
        action="append",
        default=[],
        metavar="NAME",
        help="where else model data or what hosts left may be (--latency-bucket); may be repeated",
    )
    add("--ledger", type=Path, default=Path("reports", "ledger"), metavar="DIR", help="where sessions of this host noted what they created")
    add("--wait", default="15min", metavar="TIME", help="how long to wait for what cannot be deleted yet: an endpoint in creation (15min)")
    add("--json", metavar="FILE|-", help="write it as one JSON object; '-' is standard output, and nothing else is")


def sweep(options: argparse.Namespace) -> int:
    """Look, delete where asked for, show, and return the exit code. Raises PlanError, TargetError for what ends it before it begins."""
    from tailgate.aws.custody.sweep import Wish, clear, look, read_books
    from tailgate.reporting.output import STANDARD_OUTPUT, check_output, output

    check_output(options.json)
    older_than_s = None if options.older_than is None else _time(options.older_than, "--older-than")
    wish, wait_s = Wish(older_than_s, options.session, options.owner), _time(options.wait, "--wait")
    books, troubles = read_books(options.ledger, options.session)
    now = datetime.now(UTC)
    regions = _regions(options.region, [book.reading.region for book in books if book.reading.left])
    elsewhere = {regions[0]: options.bucket}  # a bucket is in one region, and can be asked from all
    seen = [look(region, books, wish, now, elsewhere.get(region, ())) for region in regions]
    if options.delete:
        _announce(seen)
        seen = [clear(each, books, wait_s) for each in seen]
    rows = [row for each in seen for row in each.rows]
    troubles += dict.fromkeys(trouble for each in seen for trouble in each.troubles)
    if options.json is not None:
        fields = {"swept_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "delete": options.delete, "found": [_fields(row) for row in rows]}
        with output(options.json) as file:
            file.write(json.dumps(fields | {"troubles": troubles}, ensure_ascii=False, indent=1) + "\n")
    if options.json != STANDARD_OUTPUT:
        print("\n".join(_lines(rows, regions)))
    for trouble in troubles:
        print(f"tailgate: {trouble}", file=sys.stderr)
    return LEFT if troubles or any(row.due and not row.gone for row in rows) else DONE


def _time(text: str, option: str) -> float:
    try:
        return 0.0 if text.strip() == "0" else seconds(text)
    except PlanError as error:
        raise PlanError(f"{option}: {error}") from None


def _regions(named: Sequence[str], noted: Sequence[str]) -> list[str]:
    """Where to look: where it was said; else where boto3 is led to, and where this host's dead sessions were. Raises PlanError."""
    from tailgate.aws.clients import region_in_profile
    from tailgate.aws.refusals import explained

    for region in named:
        check_region(region, "--region")
    if named:
        return list(dict.fromkeys(named))
    with explained("read boto3's configuration"):
        usual = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or region_in_profile()
    if usual is not None:
        check_region(usual, "the region of boto3's configuration")
    regions = list(dict.fromkeys(region for region in (usual, *noted) if region))
    if not regions:
        raise PlanError("no region says where to look; name it: --region, AWS_REGION, or the profile's")
    return regions


def _announce(seen: Sequence[Seen]) -> None:
    due = sum(row.due for each in seen for row in each.rows)
    if due and sys.stderr.isatty():
        print(f"deleting {due}; an endpoint in creation can only be deleted when that has ended", file=sys.stderr)


def _lines(rows: Sequence[Row], regions: Sequence[str]) -> list[str]:
    if not rows:
        return [f"nothing of tailgate's in {', '.join(regions)}"]
    table = [_HEAD, *(_cells(row) for row in rows)]
    wide = [max(len(cells[column]) for cells in table) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True)).rstrip() for cells in table]
    due, gone = sum(row.due for row in rows), sum(row.gone for row in rows)
    what = f"{gone} of {due} due deleted" if gone else f"{due} due; delete with --delete" if due else "none is due"
    return [*lines, "", f"{len(rows)} of tailgate's: {what}"]


def _cells(row: Row) -> tuple[str, ...]:
    from tailgate.aws.custody.resources import KINDS
    from tailgate.aws.names import OWNER_TAG, RUN_TAG

    found = row.found
    state = f"deleted: {row.why}" if row.gone else f"{row.why}; left: {row.left}" if row.left else row.why if row.due else f"no: {row.why}"
    since = f"{found.created_at:%Y-%m-%d %H:%M}"
    return (KINDS[found.kind].title, found.name, row.region, since, found.tags[OWNER_TAG], found.tags[RUN_TAG], state)


def _fields(row: Row) -> dict[str, object]:
    from tailgate.aws.names import OWNER_TAG, RUN_TAG

    found = row.found
    fields: dict[str, object] = {"kind": found.kind, "name": found.name, "region": row.region}
    fields |= {"run": found.tags[RUN_TAG], "owner": found.tags[OWNER_TAG]}
    fields |= {"created_at": _utc(found.created_at), "expires_at": _utc(found.expires_at)}
    return fields | {"due": row.due, "why": row.why, "gone": row.gone, "left": row.left}


def _utc(time: datetime | None) -> str | None:
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

"""`python -m tailgate.vantage.agent --mailbox s3://BUCKET/PREFIX/ --region REGION`: serves one session on this host, and ends with it.

It reads letters below the prefix and writes its own there (vantage/mailbox.py); credentials, endpoint urls and proxies are boto3's.
It tells on standard output how it ended. Where nobody has spoken to it for a minute it ends its generator, and with --shut-down
its host.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

from tailgate.aws.clients import open_client
from tailgate.errors import TailgateError
from tailgate.vantage.agent.duty import ALONE, ALONE_AFTER_S, Duty
from tailgate.vantage.mailbox import FROM_HOST, Mailbox, place_of

_TIMEOUT_S = 3.0
_SHUT_DOWN = ("shutdown", "-h", "now")
_USAGE = 4


def main(arguments: list[str] | None = None) -> int:
    """Serve one session; 0 when it dismissed us, 3 when it went silent."""
    asked = _parser().parse_args(arguments)
    logging.getLogger("botocore").setLevel(logging.CRITICAL + 1)  # its warnings quote what credential providers print
    try:
        bucket, prefix = place_of(asked.mailbox)
    except TailgateError as error:
        print(error, file=sys.stderr)
        return _USAGE
    s3 = open_client("s3", asked.region, attempts=1, timeout_s=_TIMEOUT_S)
    with tempfile.TemporaryDirectory(prefix="tailgate-agent-", dir=asked.scratch) as scratch, contextlib.closing(s3):
        ended = Duty(Mailbox(s3, bucket, prefix, writes=FROM_HOST), Path(scratch), alone_after_s=asked.alone_after).serve()
    print(f"the agent ended with exit code {ended}", flush=True)
    if ended == ALONE and asked.shut_down:
        subprocess.run(_SHUT_DOWN, check=False)
    return ended


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tailgate.vantage.agent")
    parser.add_argument("--mailbox", required=True, metavar="URL", help="s3://BUCKET/PREFIX/")
    parser.add_argument("--region", required=True, help="the bucket's")
    parser.add_argument("--shut-down", action="store_true", help="shut this host down where the session went silent")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where samples lie until they are sent (default: TMPDIR)")
    parser.add_argument("--alone-after", type=float, default=ALONE_AFTER_S, metavar="S", help="how long the session may be silent (60)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

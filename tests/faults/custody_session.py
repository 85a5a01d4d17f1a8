"""A session in a process of its own, as small as it can be: `python custody_session.py LEDGERS SESSION [LASTS_S]`

It deploys one endpoint under custody, prints `in service`, waits for a line on stdin, deletes, and lets go. What it makes
expires LASTS_S after the last create, else four hours after. boto3's own environment says where AWS is. Exit code 0, or 1 with the
error's text.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3

from tailgate.aws.clients import open_clients
from tailgate.aws.custody.custodian import Custody
from tailgate.aws.custody.reaper import Reaping
from tailgate.aws.names import ownership_tags, resource_name
from tailgate.aws.waiting import Patience
from tailgate.errors import TailgateError
from tailgate.plan.case import EndpointSpec
from tailgate.targets.sagemaker.create import Deployment
from tailgate.targets.sagemaker.deployment import Conduct, deployed

REGION = "eu-central-1"
ACCOUNT = "123456789012"
SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")


def main(ledgers: str, session: str, lasts_s: str = "14400") -> None:
    """Deploy, wait for a word, delete."""
    reaping = Reaping(interval_s=0.1, patience_s=60.0, settle_s=0.5)
    lasting = timedelta(seconds=float(lasts_s))
    custody = Custody(Path(ledgers), session, REGION, ACCOUNT, reaping, expiry=lambda: datetime.now(UTC) + lasting)
    tags = ownership_tags(session, "a test", datetime.now(UTC) + lasting)
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    deployment = Deployment(resource_name(SPEC, session), SPEC, {"Image": "i"}, role, tags)
    patience = Patience(interval_s=0.05, timeout_s=5.0)
    try:
        with deployed(open_clients(boto3.Session(), REGION), deployment, Conduct(patience, patience, settle_s=1.0), custody):
            print("in service", flush=True)
            sys.stdin.readline()
    finally:
        custody.end()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except TailgateError as error:
        print(error, flush=True)
        sys.exit(1)

"""When the caller's credentials end, as far as anybody knows; asked before a session begins, so that it is not found out amid it."""

from __future__ import annotations

import os

import boto3
from botocore.exceptions import BotoCoreError

_VARIABLE = "AWS_CREDENTIAL_EXPIRATION"


def told_of_credentials(loads_s: float) -> str | None:
    """What has to be said of credentials before loads that take so long; None where they last, are renewed, or are not there.

    Those of the environment that say when they end are not renewed by anybody; a bare session token does not say it.
    """
    try:
        found = boto3.Session().get_credentials()
    except BotoCoreError:
        return None  # whoever uses them says what is wrong with them
    takes = f"the loads alone take {loads_s / 60:.0f} min" if loads_s >= 60 else f"the loads alone take {loads_s:.0f} s"
    if found is None:
        return None
    if hasattr(found, "refresh_needed"):
        if found.method != "env" or not found.refresh_needed(loads_s):
            return None
        return f"the credentials in the environment end at {os.environ.get(_VARIABLE)} and are not renewed; {takes}: take new ones first"
    if found.token is None:
        return None
    return f"the credentials are a session token that does not say when it ends ({_VARIABLE} is not set); {takes}: see that it lasts"

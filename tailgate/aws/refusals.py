"""Refusals: what AWS answers when it does not do what was asked, and the sentence a person gets for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

from tailgate.errors import CapacityError, TargetError

_CAPACITY_CODES = frozenset({"ResourceLimitExceeded", "InsufficientInstanceCapacity", "VpcEndpointLimitExceeded"}) | {
    "VcpuLimitExceeded",
    "InstanceLimitExceeded",
    "InsufficientFreeAddressesInSubnet",
}
_THROTTLE_CODES = frozenset({"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"})
_CREDENTIAL_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"}) | {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "AuthFailure",
}
_CLOCK_CODES = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_CLOCK_SIGNS = ("Signature not yet current", "Signature expired")  # texts of InvalidSignatureException, whose code says no more
_PERMISSION_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

# SageMaker has no code of its own for these: they are ValidationExceptions that differ in their text only.
_ABSENT, _TAKEN, _IN_PROGRESS = "Could not find", "Cannot create already existing", "Cannot update in-progress"

# Texts of FailureReason seen on AWS: "Unable to provision requested ML compute capacity due to
# InsufficientInstanceCapacity error. …" and "CapacityError: Unable to provision requested ML compute capacity. …"
_CAPACITY_REASONS = ("InsufficientInstanceCapacity", "CapacityError", "Unable to provision requested ML compute capacity")


class NameTakenError(TargetError):
    """Something of that name exists already, so it is not ours to delete."""


def code_of(error: ClientError) -> str:
    """AWS's error code, such as `ValidationException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_absent(error: ClientError) -> bool:
    """Whether AWS says that the thing asked about does not exist."""
    return _says(error, _ABSENT)


def is_in_progress(error: ClientError) -> bool:
    """Whether SageMaker refuses because the endpoint is being created or changed; deletion must wait for that to end."""
    return _says(error, _IN_PROGRESS)


def is_denied(error: ClientError) -> bool:
    """Whether the credentials do not permit the call."""
    return code_of(error) in _PERMISSION_CODES


def is_throttled(error: ClientError) -> bool:
    """Whether AWS turned the call away unread because of its rate."""
    return code_of(error) in _THROTTLE_CODES


def is_passing(error: Exception) -> bool:
    """Whether a question may well be answered when it is asked again: throttled, a failure of AWS's own, or of the network between."""
    if isinstance(error, ClientError):
        return is_throttled(error) or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return isinstance(error, HTTPClientError)


def lacks_capacity(reason: str) -> bool:
    """Whether an endpoint's FailureReason speaks of missing capacity, a reason to skip a case and not to fail it."""
    return any(sign in reason for sign in _CAPACITY_REASONS)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn AWS's and botocore's errors into TargetErrors that begin with what was being done, such as `create the model x`."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error, doing) from error
    except NoCredentialsError as error:
        how = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role provides them"
        raise TargetError(f"could not {doing}: no AWS credentials were found; {how}") from error
    except EndpointConnectionError as error:
        where = f"{error}: check this host's network, the region, and AWS_ENDPOINT_URL if it is set"
        raise TargetError(f"could not {doing}: {where}") from error
    except BotoCoreError as error:
        cause = "the service cannot be reached, or boto3's settings are contradictory"
        raise TargetError(f"could not {doing}: {error}; likely {cause}: check region, network and credentials") from error
    except ResponseParserError as error:
        raise TargetError(f"could not {doing}: what came back is no answer of AWS's; likely a proxy is in between ({error})") from error


def _says(error: ClientError, words: str) -> bool:
    return code_of(error) == "ValidationException" and words in error.response["Error"].get("Message", "")


def _skew(error: ClientError) -> str | None:
    """How far this host's clock is off, where that is what AWS complains of; by the Date of its answer."""
    text = error.response.get("Error", {}).get("Message", "")
    if code_of(error) not in _CLOCK_CODES and not any(sign in text for sign in _CLOCK_SIGNS):
        return None
    try:
        date = parsedate_to_datetime(error.response["ResponseMetadata"]["HTTPHeaders"]["date"])
        ahead_s = (datetime.now(UTC) - date).total_seconds()
    except (KeyError, ValueError, TypeError):
        return "this host's clock and AWS's differ"
    return f"this host's clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} AWS's"


def _refusal(error: ClientError, doing: str) -> TargetError:
    code = code_of(error)
    seen = f"could not {doing}: {code}: {error.response.get('Error', {}).get('Message', 'no message')}"
    if code in _CAPACITY_CODES:
        cause = "the account's quota or the region's capacity is used up"
        return CapacityError(f"{seen} — {cause}; ask for more, or choose another instance type")
    if _says(error, _TAKEN):
        return NameTakenError(f"{seen} — another run uses this name, or an earlier one did not clean up; it was left untouched")
    if (skew := _skew(error)) is not None:
        return TargetError(f"{seen} — {skew}; AWS takes no signature that is 5 min off: set the clock, for instance by NTP")
    if code in _CREDENTIAL_CODES:
        return TargetError(f"{seen} — the credentials are wrong or have expired; renew them")
    if code in _PERMISSION_CODES:
        return TargetError(f"{seen} — the credentials do not permit it; add the action to their policy")
    if code in _THROTTLE_CODES:
        return TargetError(f"{seen} — too many calls in this account; deploy fewer endpoints side by side")
    return TargetError(seen)

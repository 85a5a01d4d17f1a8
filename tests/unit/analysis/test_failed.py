"""What failed is told by kind and status, with what may be done; what the endpoint is not to blame for is a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tailgate.analysis.failed import advice_lines, errors_line
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.samples import Error


@pytest.fixture
def failing(new_case, new_samples):
    """3 000 requests, of which the first failed as given: kinds with their statuses."""

    def build(*failed: tuple[Error, int]):
        case = new_case("p99 <= 60ms", "error_rate <= 5%")
        error, status = np.zeros(3000, np.uint8), np.full(3000, 200)
        for number, (kind, answered) in enumerate(failed):
            error[number], status[number] = kind, answered
        samples = new_samples(case, 0.010, error=error)
        samples.records["status"] = status
        return case, samples

    return build


def test_kinds_are_counted_with_their_statuses(failing) -> None:
    """The most frequent first; a status that says no more than the kind is left out."""
    _, samples = failing(
        *[(Error.SERVER_ERROR, 530)] * 3,
        (Error.SERVER_ERROR, 503),
        *[(Error.THROTTLED, 400)] * 2,
        (Error.TIMEOUT, 0),
        (Error.WRONG_ANSWER, 200),
    )
    line = errors_line(samples)
    assert line.startswith("8 requests failed: 4 server error (530 × 3, 503 × 1), 2 throttled (400), 1 ")
    assert {"1 timeout", "1 wrong answer"} <= set(line.split(": ", 1)[1].split(", "))


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (Error.THROTTLED, 429, "throttled: asked faster than a quota"),
        (Error.NOT_READY, 429, "not ready: the model is still being loaded"),
        (Error.MODEL_ERROR, 424, "model error: the container answered with an error, or not within 60 s; its log: CloudWatch Logs"),
        (Error.SERVER_ERROR, 530, "server error: 530 is a failure of what SageMaker itself depends on"),
        (Error.SERVER_ERROR, 503, "server error: 503 says that it is not available"),
        (Error.SERVER_ERROR, 500, "server error: 500 is a failure of SageMaker's own"),
        (Error.CLIENT_ERROR, 400, "client error: the request itself was refused"),
        (Error.TIMEOUT, 0, "timeout: not answered in the time that the address allows"),
        (Error.CONNECTION_LOST, 0, "connection lost: the connection ended amid the request"),
    ],
)
def test_each_kind_says_what_to_do(failing, kind: Error, status: int, said: str) -> None:
    """In the verdict's text, below the counts; and the run is judged all the same."""
    case, samples = failing(*[(kind, status)] * 3)
    verdict = judge(case, samples, target_kind="existing")
    assert verdict.reasons == ()
    assert said in verdict.explain()


def test_what_only_sagemaker_says_is_not_said_of_other_servers(failing) -> None:
    """A 503 of any url is its server's own business."""
    _, samples = failing((Error.SERVER_ERROR, 503), (Error.MODEL_ERROR, 424))
    assert list(advice_lines(samples, "url")) == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Error.EXPIRED_CREDENTIALS, "1 of 3 000 requests were refused: the credentials had expired"),
        (Error.DENIED, "1 of 3 000 requests were refused: the credentials are wrong, or do not permit it: sagemaker:InvokeEndpoint"),
        (Error.CLOCK_SKEW, "1 of 3 000 requests were refused: this host's clock is 341 s ahead of AWS's"),
    ],
)
def test_a_refused_caller_is_a_reason_and_never_a_fail(failing, kind: Error, said: str) -> None:
    """Even a single one: from then on it is not the endpoint that is measured. However slow the others were."""
    case, samples = failing((kind, 403))
    samples.records["done_after_s"] *= 100
    verdict = judge(case, replace(samples, host={"clock_ahead_s": 341.2}), target_kind="existing")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0].startswith(said)


def test_every_kind_of_failure_has_words_or_a_reason(failing) -> None:
    """A kind that is added without them fails here."""
    for kind in set(Error) - {Error.NONE, Error.UNSENT, Error.BAD_RESPONSE}:
        case, samples = failing((kind, 503 if kind is Error.SERVER_ERROR else 403))
        refused = judge(case, samples, target_kind="existing").reasons
        assert refused or list(advice_lines(samples, "existing")), kind

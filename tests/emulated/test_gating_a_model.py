"""The buildspec's own commands run for real: a model is deployed, measured and deleted, against processes that are AWS to boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.emulated.conftest import REGION
from tests.emulated.test_gating import ADDOPTS, SUITE, Runner
from tests.emulated.test_sagemaker_target import ACCOUNT, IMAGE, ROLE, aws, ours  # noqa: F401  # a fixture
from tests.examples.pipelines import buildspec, buildspec_scripts

VARIABLES = {
    "HISTORY": "s3://tailgate-history/history/ranker",
    "ACCOUNT": ACCOUNT,
    "MODEL_ROLE": ROLE,
    "MODEL_IMAGE": IMAGE,
    "MODEL_DATA": "s3://models/ranker-7.tar.gz",
    "DEAD_MAN_ROLE": f"arn:aws:iam::{ACCOUNT}:role/tailgate-dead-man",
    "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main",
    "AWS_DEFAULT_REGION": REGION,
    "PYTEST_ADDOPTS": ADDOPTS,
}


@pytest.fixture(autouse=True)
def _model_data(aws: Any) -> Iterator[None]:  # noqa: F811
    """The model lies where the project's variable says."""
    assert aws
    s3 = boto3.Session().client("s3", region_name=REGION)
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="models", Key="ranker-7.tar.gz", Body=b"model")
    yield
    s3.delete_object(Bucket="models", Key="ranker-7.tar.gz")
    s3.delete_bucket(Bucket="models")
    s3.close()


def build(runner: Runner, variables: Mapping[str, str]) -> tuple[int, str]:
    """All phases but `install`, as a container goes through them: the first exit code that is no success, and what was printed."""
    code, told = 0, ""
    for script in buildspec_scripts():
        if script.name != "install" and (script.always or not code):
            done = runner.run(script.text, VARIABLES | buildspec()["env"]["variables"] | variables)
            code, told = code or done.returncode, told + done.stdout + done.stderr
            assert not (script.always and done.returncode), told
    return code, told


@pytest.mark.thorough
def test_the_buildspec_gates_a_model_and_leaves_nothing(aws: Any, tmp_path: Path) -> None:  # noqa: F811
    """The model is measured within its budget, the history is kept, and nothing is there any more."""
    runner = Runner(tmp_path / "checkout", tmp_path / "buckets", {"test_ranker.py": SUITE})
    code, told = build(runner, {})
    assert code == 0, told
    assert runner.outcomes() == ["PASS"]
    assert len(list((tmp_path / "buckets").rglob("*.json"))) == 1
    assert ours(aws) == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("variables", "files", "code"),
    [
        ({"MOST_USD": "0.01"}, {"test_ranker.py": SUITE}, 4),
        ({"ACCOUNT": "210987654321"}, {"test_ranker.py": SUITE}, 4),
        ({}, {"test_ranker.py": SUITE.replace("measure(case)", 'pytest.skip("no capacity")')}, 1),
        ({}, {"test_other.py": "def test_nothing(): pass"}, 5),
    ],
    ids=["above the ceiling", "another account", "skipped", "nothing selected"],
)
def test_a_build_in_which_nothing_was_gated_fails(
    variables: dict[str, str],
    files: dict[str, str],
    code: int,
    aws: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    """By its exit code, whether that is pytest's or that of the look for skipped tests; what ends it runs all the same."""
    ended, told = build(Runner(tmp_path / "checkout", tmp_path / "buckets", files), variables)
    assert ended == code, told
    assert ours(aws) == []

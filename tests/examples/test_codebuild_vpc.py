"""The CodeBuild project in the VPC: read by CodeBuild's own model, its scripts by bash, its role held against what they ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

from tests.examples.pipelines import EXAMPLES, IN_THE_VPC, Script, buildspec_scripts
from tests.examples.shell import Shell, check_syntax
from tests.examples.vouching import vouch

PROJECT = EXAMPLES / "codebuild-vpc.json"
SCRIPTS = buildspec_scripts(IN_THE_VPC)
MODEL = botocore.session.Session().get_service_model("codebuild").operation_model("CreateProject").input_shape
WRONG: dict[str, dict[str, Any]] = {
    "a key that is not there": {"vpc": {}},
    "a list that is a text": {"vpcConfig": {"vpcId": "vpc-1", "subnets": "subnet-1"}},
    "a size that is not there": {"environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_TINY"}},
    "a kind that is not there": {"source": {"type": "FTP"}},
}


def project() -> dict[str, Any]:
    """The project, as CreateProject takes it."""
    return dict(json.loads(PROJECT.read_text(encoding="utf-8")))


def variables() -> dict[str, str]:
    """What it says to its builds."""
    return {each["name"]: each["value"] for each in project()["environment"]["environmentVariables"]}


def complaints(asked: dict[str, Any]) -> list[str]:
    """What CodeBuild's model has against a project: keys, types, what is missing, words that it does not know."""
    report = ParamValidator().validate(asked, MODEL)
    unknown = [f"unknown key {key}" for key in asked if key not in MODEL.members]
    return [*([report.generate_report()] if report.has_errors() else []), *unknown, *_words(MODEL, asked)]


def _words(shape: Shape, value: Any) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, each in value.items():
            if name in shape.members:
                yield from _words(shape.members[name], each)
            else:
                yield f"{shape.name} has no {name}"
    elif shape.type_name == "list" and isinstance(value, list):
        for each in value:
            yield from _words(shape.member, each)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{value} is no {shape.name}"


def test_the_project_is_one_that_codebuild_takes() -> None:
    """As `aws codebuild create-project --cli-input-json` reads it."""
    assert complaints(project()) == []


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_project_that_it_would_not_take_is_found(wrong: dict[str, Any]) -> None:
    """The model reads what it is given."""
    assert complaints(project() | wrong) != []


def test_one_build_at_a_time_in_one_subnet_with_cores_enough() -> None:
    """Two would measure each other; of two subnets nobody knows which a build is in; two idle cores generate the load."""
    asked = project()
    assert asked["concurrentBuildLimit"] == 1
    assert asked["vpcConfig"]["subnets"] == [variables()["SUBNET"]]
    assert asked["environment"]["computeType"] not in ("BUILD_GENERAL1_SMALL", "BUILD_LAMBDA_1GB")
    assert EXAMPLES.parent / asked["source"]["buildspec"] == IN_THE_VPC


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_each_script_is_one_that_runs(script: Script, tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """bash reads it, every program in it is known, and takes its words; no variable but the project's and CodeBuild's own."""
    for name in ("TAILGATE_TARGET", "PYTEST_ADDOPTS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    check_syntax(script.text)
    for call in Shell(tmp_path).calls(script.text, variables()):
        vouch(call, pytester)


def copied(folder: Path) -> Iterator[tuple[str, str]]:
    """What its scripts read from S3 and write there: the action, and the object's ARN."""
    for number, script in enumerate(SCRIPTS):
        (folder / str(number)).mkdir()
        for call in Shell(folder / str(number)).calls(script.text, variables()):
            if call[:2] == ["aws", "s3"]:
                source, to = [word for word in call[3:] if not word.startswith("--")]
                action, url = ("s3:GetObject", source) if source.startswith("s3://") else ("s3:PutObject", to)
                yield action, f"arn:aws:s3:::{urlsplit(url).netloc}{urlsplit(url).path}/x"


def test_its_role_may_copy_what_its_scripts_copy_and_nothing_else_of_the_bucket(tmp_path: Path) -> None:
    """And what CodeBuild itself fetches, and uploads."""
    location, artifacts = project()["source"]["location"], project()["artifacts"]
    wanted = {*copied(tmp_path), ("s3:GetObject", f"arn:aws:s3:::{location}")}
    wanted.add(("s3:PutObject", f"arn:aws:s3:::{artifacts['location']}/{artifacts['path']}/x"))
    statements = json.loads((EXAMPLES / "iam" / "codebuild-role.json").read_text())["Statement"]
    allowed = {
        (action, resource)
        for each in statements
        if each["Sid"] in ("FetchTheSuiteAndItsPackages", "KeepHistoryAndReports")
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        for resource in each["Resource"]
    }
    assert [one for one in wanted if not any(one[0] == action and fnmatchcase(one[1], pattern) for action, pattern in allowed)] == []
    used = {pattern for action, resource in wanted for _, pattern in allowed if fnmatchcase(resource, pattern)}
    assert {pattern for _, pattern in allowed} == used


def test_its_role_stands_in_the_projects_subnet_and_writes_its_log_alone() -> None:
    """What the project names, the role names."""
    text = (EXAMPLES / "iam" / "codebuild-role.json").read_text()
    assert f"subnet/{variables()['SUBNET']}" in text
    assert f"log-group:{project()['logsConfig']['cloudWatchLogs']['groupName']}:*" in text
    assert project()["serviceRole"].startswith("arn:aws:iam::123456789012:role/tailgate-")

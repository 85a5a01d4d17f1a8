"""Whether a command is one that exists: its words are read by the parser of the program itself, or by what describes it."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel, Shape, StructureShape

from tailgate.cli import _parser
from tailgate.pytest_attaching import KIND as EXISTING
from tailgate.pytest_deploying import KIND as DEPLOYED
from tailgate.pytest_deploying import check_deploying
from tailgate.pytest_options import read_options, settings_of

PROJECT = Path(__file__).parents[2]

_AWS_OPTIONS = {"region", "query", "output", "profile", "only-show-errors", "no-cli-pager"}
_EVERYWHERE = {"grep", "mkdir", "ssh"}
_S3 = {"sync", "cp", "ls", "mb"}


def vouch(call: Sequence[str], pytester: pytest.Pytester) -> None:
    """Fails unless the program takes these words. Raises what its parser raises."""
    program, *words = call
    if program == "pytest":
        _pytest(words, pytester)
    elif program not in _EVERYWHERE:
        _VOUCHING[program](words)


def _pytest(words: list[str], pytester: pytest.Pytester) -> None:
    """pytest's own parser, with our plugin's options, and then what our options make of them together.

    But for what stands in files: baselines, models and most plans that a page names do not lie here.
    """
    config = pytester.parseconfig("-p", "no:cacheprovider", *words)
    plan = PROJECT / (config.option.latency_plan or "none")
    config.option.latency_plan, config.option.latency_baseline = str(plan) if plan.is_file() else None, None
    read_options(config)
    settings = settings_of(config)
    assert settings.kind != EXISTING or settings.attaching.most_per_s is not None, "--latency-max-rate must be said"
    if settings.kind == DEPLOYED:
        check_deploying(settings.deploying)


def _tailgate(words: list[str]) -> None:
    _parser().parse_args(words)


def _pytest_benchmark(words: list[str]) -> None:
    from pytest_benchmark.cli import make_parser

    make_parser().parse_args(words)


def _make(words: list[str]) -> None:
    targets = re.findall(r"^(\w+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= set(targets), words


def _pip(words: list[str]) -> None:
    """All pins of this repository, or a checkout of it, or what lies in a folder."""
    assert words[0] == "install"
    from_folder = words[-4:] == ["--no-index", "--find-links", "wheels", "tailgate"]
    assert from_folder or words[1:] == ["./tailgate"] or (words[-2] in ("-r", "--requirement") and words[-1] == "requirements.txt")


def _python(words: list[str]) -> None:
    assert words[0] == "-m"
    assert importlib.util.find_spec(words[1]) is not None, words


def _aws(words: list[str]) -> None:
    """By botocore's service models, which AWS's command line is made of: service, operation, each option, none missing."""
    service, name, *rest = words
    if service == "s3":  # made by hand there, so no model tells of it
        assert name in _S3, words
        assert {word[2:] for word in rest if word.startswith("--")} <= _AWS_OPTIONS, words
        return
    model = botocore.session.Session().get_service_model(service)
    if name == "wait":
        waiters = botocore.session.Session().get_waiter_model(service)
        waiter, *rest = rest
        by_name = {xform_name(one, "-"): one for one in waiters.waiter_names}
        assert waiter in by_name, words
        operation = model.operation_model(waiters.get_waiter(by_name[waiter]).operation)
    else:
        by_name = {xform_name(one, "-"): one for one in model.operation_names}
        assert name in by_name, words
        operation = model.operation_model(by_name[name])
    _check_options(operation, rest)


def _check_options(operation: OperationModel, words: list[str]) -> None:
    """Options by the operation's model; files that are named are there, and `--cli-input-json` says what options would."""
    members = {xform_name(name, "-"): shape for name, shape in operation.input_shape.members.items()}
    given: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            given[word[2:]] = values = []
        else:
            values.append(word)
    for text in (text for texts in given.values() for text in texts if text.startswith("file://")):
        assert isinstance(json.loads((PROJECT / text.removeprefix("file://")).read_text(encoding="utf-8")), dict), text
    for text in given.pop("cli-input-json", []):
        whole = json.loads((PROJECT / text.removeprefix("file://")).read_text(encoding="utf-8"))
        assert set(whole) <= set(operation.input_shape.members), (operation.name, text)
        given |= {xform_name(name, "-"): [] for name in whole}
    assert set(given) <= set(members) | _AWS_OPTIONS, (operation.name, given)
    assert {xform_name(name, "-") for name in operation.input_shape.required_members} <= set(given), (operation.name, given)
    for name, texts in given.items():
        if name in members:
            _check_shorthand(members[name], texts)


def _check_shorthand(shape: Shape, texts: list[str]) -> None:
    """`Key=Value,Key=Value` of a structure, or of a list of them: the keys that it has."""
    member = shape.member if shape.type_name == "list" else shape
    if isinstance(member, StructureShape):
        for text in texts:
            keys = {part.split("=", 1)[0] for part in re.split(r",(?=\w+=)", text)}
            assert keys <= set(member.members), (shape.name, text)
            assert set(member.required_members) <= keys, (shape.name, text)


_VOUCHING: dict[str, Callable[[list[str]], None]] = {
    "aws": _aws,
    "make": _make,
    "pip": _pip,
    "pytest-benchmark": _pytest_benchmark,
    "python": _python,
    "python3": _python,
    "tailgate": _tailgate,
}

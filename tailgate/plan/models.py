"""Models: what the name of a case's model stands for where it is deployed: image, model data, environment.

`constant` ships with tailgate and is never described. In a plan file:

```toml
[models.ranker-7]
image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranker:7"
model_data = "s3://models/ranker-7/model.tar.gz"   # or s3://models/ranker-7/ for files as they are, or a model.tar.gz beside the plan
environment = { WORKERS = "4" }
environment_from = ["TOKEN"]                       # passed on from pytest's own environment: no secret stands in a plan
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import check_word, shown

SHIPPED = "constant"
"""The name of the model that ships with tailgate."""

ARCHIVES = (".tar.gz", ".tgz")

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(\S+)", re.ASCII)
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}", re.ASCII)
_LONGEST_IMAGE, _LONGEST_URI, _LONGEST_VALUE, _MOST_VARIABLES = 255, 1024, 1024, 100
_KEYS = ("image", "model_data", "environment", "environment_from")


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the user's own. Raises PlanError when SageMaker would not take it.

    image: the container's URI. model_data: `s3://bucket/key` of an object, `s3://bucket/prefix/` of files as they are, the path of
    an archive on this host, None for an image that needs none. environment: of the container, never recorded and never shown.
    environment_from: the names of variables whose values are pytest's own.
    """

    image: str
    model_data: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    environment_from: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_image(self.image)
        if self.model_data is not None:
            _check_data(self.model_data)
        _check_environment(self.environment, self.environment_from)

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The container's environment, once pytest's own is known. Raises PlanError naming what is not set there."""
        missing = [name for name in self.environment_from if name not in environ]
        if missing:
            raise PlanError(f"environment_from names {', '.join(missing)}, which pytest's own environment has not; set it there")
        passed = {name: environ[name] for name in self.environment_from}
        for name, value in passed.items():
            _check_value(name, value)
        return {**self.environment, **passed}


def split_s3(uri: str) -> tuple[str, str]:
    """Bucket and key, or prefix, of an `s3://…` that was checked."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def read_models(table: Mapping[str, Any], folder: Path) -> dict[str, Model]:
    """The models that a plan's `[models.NAME]` tables describe; paths are relative to the folder. Raises PlanError naming the key."""
    models = {}
    for name, fields in table.items():
        where = f"models.{name}"
        check_word(where, name)
        if name == SHIPPED:
            raise PlanError(f"{where}: that model ships with tailgate; call yours otherwise")
        try:
            models[name] = _model(fields, folder)
        except PlanError as error:
            raise PlanError(f"{where}: {error}") from None
    return models


def located(data: str, folder: Path) -> str:
    """Model data as it is meant: a URI as it stands, a path from the folder that names it."""
    return data if data.startswith("s3:") or "://" in data else str(folder / Path(data).expanduser())


def _model(fields: Any, folder: Path) -> Model:
    if not isinstance(fields, dict):
        raise PlanError(f'it is {shown(fields)}; it is a table, such as {{ image = "…", model_data = "s3://…" }}')
    for key in fields:
        if key not in _KEYS:
            raise PlanError(f"unknown key '{key}'{nearest(key, _KEYS)}")
    if "image" not in fields:
        raise PlanError("key 'image' is missing: it is the URI of the container that serves the model")
    data, environment, passed = fields.get("model_data"), fields.get("environment", {}), fields.get("environment_from", [])
    if not isinstance(environment, dict):
        raise PlanError('environment is no table; it is one of texts, such as { WORKERS = "4" }')
    if not isinstance(passed, list):
        raise PlanError(f"environment_from is {shown(passed)}; it is a list of variables' names")
    if isinstance(data, str) and data:
        data = located(data, folder)
    return Model(fields["image"], data, environment, tuple(passed))


def _check_image(image: object) -> None:
    if not isinstance(image, str) or not image.isascii() or not re.fullmatch(r"[^\s:/][^\s]*", image) or "://" in image:
        raise PlanError(f"image is {shown(image)}; it is an image's URI, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranker:7")
    if len(image) > _LONGEST_IMAGE:
        raise PlanError(f"image has {len(image)} characters; SageMaker takes {_LONGEST_IMAGE}")


def _check_data(data: object) -> None:
    allowed = "it is s3://BUCKET/KEY.tar.gz, s3://BUCKET/PREFIX/ for files as they are, or the path of a model.tar.gz"
    if not isinstance(data, str) or not data or not data.isprintable():
        raise PlanError(f"model_data is {shown(data)}; {allowed}")
    if data.startswith("s3:"):
        if not _S3.fullmatch(data):
            raise PlanError(f"model_data is '{data}', which is no object and no prefix in S3; {allowed}")
        if len(data) > _LONGEST_URI:
            raise PlanError(f"model_data has {len(data)} characters; SageMaker takes {_LONGEST_URI}")
    elif "://" in data or not data.endswith(ARCHIVES):
        raise PlanError(f"model_data is '{data}'; {allowed}")


def _check_environment(environment: Mapping[str, object], passed: tuple[object, ...]) -> None:
    for name in (*environment, *passed):
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise PlanError(f"environment names {shown(name)}; a variable's name is letters, digits and _, and begins with no digit")
    for name, value in environment.items():
        _check_value(name, value)
    if len(set(passed)) < len(passed) or set(passed) & set(environment):
        raise PlanError("environment and environment_from name a variable twice; keep one")
    if len(environment) + len(passed) > _MOST_VARIABLES:
        raise PlanError(f"environment holds {len(environment) + len(passed)} variables; SageMaker takes {_MOST_VARIABLES}")


def _check_value(name: str, value: object) -> None:
    """Refuse what SageMaker would; no text shows a value, which may be a secret."""
    if not isinstance(value, str):
        raise PlanError(f'environment: the value of {name} is no text; write it in quotation marks, such as {name} = "4"')
    if len(value) > _LONGEST_VALUE:
        raise PlanError(f"environment: the value of {name} has {len(value)} characters; SageMaker takes {_LONGEST_VALUE}")

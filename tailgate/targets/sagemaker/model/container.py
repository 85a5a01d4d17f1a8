"""Container: what is deployed for a case's model, as SageMaker's API takes it. Pure, but for the uploads that it asks for.

`constant` is the shipped model, unless `--latency-image` names a container instead; other models are what `[models.NAME]` in the
plan says, else that image.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tailgate.errors import PlanError
from tailgate.plan.case import EndpointSpec
from tailgate.plan.models import ARCHIVES, SHIPPED, Model
from tailgate.targets.deploying import Deploying
from tailgate.targets.sagemaker.model.images import constant_image
from tailgate.targets.sagemaker.model.packaging import constant_archive, constant_environment

_ACCOUNT_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
_SHORTEST_SECRET = 4  # what is shorter hides nothing, and stands in many a word


class Uploads(Protocol):
    """Where model data goes that is not in S3 yet."""

    def put(self, archive: bytes | Path) -> str:
        """Upload an archive, once however often it is asked for; its S3 URI. Raises TargetError."""
        ...

    def check(self, uri: str) -> None:
        """Refuse an object, or a prefix, that is not there, as far as anybody may look. Raises TargetError."""
        ...

    def check_bucket(self) -> None:
        """Refuse a bucket that could not take archives, as far as anybody may look. Raises TargetError."""
        ...

    def close(self) -> None:
        """Delete what was put. May be called again. Raises TargetError naming what is left."""
        ...


class Containers:
    """What a session deploys for the models of its cases. Thread-safe. uploads: opens, when it is first needed, where model data goes."""

    def __init__(self, deploying: Deploying, region: str, uploads: Callable[[], Uploads]) -> None:
        self._deploying, self._region = deploying, region
        self._opening = uploads
        self._uploads: Uploads | None = None
        self._lock = Lock()
        self._names: set[str] = set()

    def admit(self, specs: Iterable[EndpointSpec]) -> None:
        """Refuse models that nobody described, also beside those that were asked for before; asks nobody. Raises PlanError."""
        names = {spec.model for spec in specs}
        with self._lock:
            check_models(self._names | names, self._deploying)
            self._names |= names

    def examine(self, specs: Iterable[EndpointSpec]) -> None:
        """Refuse, before anything is created, what no container can be made of. Raises PlanError, TargetError."""
        examine_models(specs, self._deploying, self._region, self._opened())

    def of(self, spec: EndpointSpec) -> dict[str, Any]:
        """The spec's ContainerDefinition, what it loads being in S3. Raises PlanError, TargetError."""
        return model_of(spec, self._deploying, self._region, self._opened())

    def close(self) -> None:
        """Delete what was put into S3 for them, once no endpoint needs it. May be called again. Raises TargetError naming what is left."""
        if self._uploads is not None:
            self._uploads.close()

    def _opened(self) -> Uploads:
        with self._lock:
            if self._uploads is None:
                self._uploads = self._opening()
            return self._uploads


def check_models(names: Iterable[str], deploying: Deploying) -> None:
    """Refuse cases whose models nobody described, asking nobody. Raises PlanError.

    names: the models that cases name. Files that are to be uploaded, and variables that are to be passed on, have to be there.
    """
    asked = sorted(set(names))
    undescribed = [name for name in asked if name not in deploying.models]
    if deploying.image is None:
        _check_shipped(undescribed, deploying)
    elif len(undescribed) > 1:
        raise PlanError(
            f"--latency-image is one container, and the cases name {len(undescribed)} models that the plan does not describe: "
            f"{', '.join(undescribed)}; describe each in the plan: [models.NAME] with image and model_data"
        )
    for name in asked:
        if (model := _described(name, deploying)) is not None:
            _check_at_hand(name, model)


def examine_models(specs: Iterable[EndpointSpec], deploying: Deploying, region: str, uploads: Uploads) -> None:
    """Refuse, before anything is created, what no container can be made of. Raises PlanError, TargetError."""
    specs = tuple(specs)
    check_models([spec.model for spec in specs], deploying)
    for spec in specs:
        model = _described(spec.model, deploying)
        if model is None:
            constant_image(region, spec.instance_type)
        if model is None or _is_file(model):
            uploads.check_bucket()
        elif model.model_data is not None:
            uploads.check(model.model_data)


def model_of(spec: EndpointSpec, deploying: Deploying, region: str, uploads: Uploads) -> dict[str, Any]:
    """A ContainerDefinition for the spec's model; what has to be in S3 is there. Raises PlanError, TargetError."""
    check_models([spec.model], deploying)
    model = _described(spec.model, deploying)
    if model is None:
        image = constant_image(region, spec.instance_type)  # which may be refused, so before anything is uploaded
        own = constant_environment(region)
        return {"Image": image, "ModelDataUrl": uploads.put(constant_archive()), "Environment": {**deploying.environment, **own}}
    container: dict[str, Any] = {"Image": model.image}
    if model.model_data is not None:
        container |= _source(model.model_data, uploads)
    environment = model.variables(os.environ)
    return container | ({"Environment": environment} if environment else {})


def facts_of(container: Mapping[str, Any]) -> dict[str, str]:
    """What a record says of a container: no registry and no account's number, and of its environment the names alone."""
    registry, slash, name = str(container["Image"]).partition("/")
    facts = {"image": name if slash and ("." in registry or ":" in registry) else container["Image"]}
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    if (data := container.get("ModelDataUrl", source)) is not None:
        facts["model_data"] = _ACCOUNT_NUMBER.sub("ACCOUNT", data)
    if names := sorted(container.get("Environment", {})):
        facts["model_environment"] = ", ".join(names)
    return facts


def without_values(error: ClientError, container: Mapping[str, Any]) -> ClientError:
    """The error with no value of the container's environment in its text: AWS quotes what it does not take."""
    message = text = str(error.response.get("Error", {}).get("Message", ""))
    for value in sorted(container.get("Environment", {}).values(), key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "…")
    if text == message:
        return error
    return ClientError({**error.response, "Error": {**error.response["Error"], "Message": text}}, error.operation_name)


def _described(name: str, deploying: Deploying) -> Model | None:
    """What the plan says, else the options; None for the model that ships with tailgate. Raises PlanError."""
    if name in deploying.models:
        return deploying.models[name]
    if deploying.image is None:
        return None
    try:
        return Model(deploying.image, deploying.model_data, deploying.environment)
    except PlanError as error:
        raise PlanError(f"--latency-image, --latency-model-data, --latency-model-env: {error}") from None


def _check_shipped(names: list[str], deploying: Deploying) -> None:
    """Refuse what, without an image, is either another model's or in the shipped one's way."""
    for name in names:
        if name != SHIPPED:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            raise PlanError(
                f"nobody says what model '{name}' is; name its container: --latency-image URI (and what it loads: --latency-model-data), "
                f'or describe it in the plan: [models."{quoted}"] with image and model_data'
            )
    if deploying.model_data is not None:
        raise PlanError("--latency-model-data is what an image loads; name that image: --latency-image URI")
    taken = sorted(set(deploying.environment) & set(constant_environment("")))
    if taken:
        raise PlanError(f"--latency-model-env {taken[0]}: the shipped model's container needs its own value there; leave it out")


def _check_at_hand(name: str, model: Model) -> None:
    if _is_file(model) and not Path(str(model.model_data)).is_file():
        raise PlanError(f"model '{name}': there is no file {model.model_data}; model_data is s3://…, or a model.tar.gz on this host")
    try:
        model.variables(os.environ)
    except PlanError as error:
        raise PlanError(f"model '{name}': {error}") from None


def _is_file(model: Model) -> bool:
    return model.model_data is not None and not model.model_data.startswith("s3://")


def _source(data: str, uploads: Uploads) -> dict[str, Any]:
    """Where SageMaker finds the model data: an archive, an object as it is, or all that lies below a prefix."""
    if not data.startswith("s3://"):
        return {"ModelDataUrl": uploads.put(Path(data))}
    uploads.check(data)
    if data.endswith(".tar.gz"):
        return {"ModelDataUrl": data}
    kind = "S3Prefix" if data.endswith("/") else "S3Object"
    packed = "Gzip" if data.endswith(ARCHIVES) else "None"
    return {"ModelDataSource": {"S3DataSource": {"S3Uri": data, "S3DataType": kind, "CompressionType": packed}}}

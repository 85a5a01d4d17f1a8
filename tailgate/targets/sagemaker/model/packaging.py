"""Packaging: the shipped model as the model.tar.gz that a framework container unpacks below /opt/ml/model."""

from __future__ import annotations

import gzip
import io
import tarfile
from importlib import resources

PROGRAM = "inference.py"
CODE_FOLDER = "code"

# The container packs the code into a wheel, a zip file, which knows no time before 1980: so not 0.
_MODIFIED_S = 1_577_836_800  # 2020-01-01


def constant_archive() -> bytes:
    """The model `constant` as a gzip-compressed tar archive, the same bytes each time: nothing in it is of this host or hour."""
    code = resources.files("tailgate.models.constant").joinpath(PROGRAM).read_bytes()
    return _archive({f"{CODE_FOLDER}/{PROGRAM}": code})


def constant_environment(region: str) -> dict[str, str]:
    """What the container has to be told to serve that archive. Source: the SDK's FrameworkModel, of a repacked model."""
    return {
        "SAGEMAKER_PROGRAM": PROGRAM,
        "SAGEMAKER_SUBMIT_DIRECTORY": f"/opt/ml/model/{CODE_FOLDER}",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": region,
    }


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)  # of nobody, by default, and readable for all
            member.size, member.mtime = len(content), _MODIFIED_S
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()

"""Bundle: the code that a host runs, as one tar.gz: this package and the exact versions of what it needs, importable where it is unpacked.

It is made of what is installed here where the host's platform is the same, else of wheels that pip fetches for it. The same
content has the same bytes, and so the same sha256, wherever it is made by the same zlib. It is kept in the user's cache folder.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from io import BytesIO
from pathlib import Path

import tailgate
from tailgate.errors import TargetError
from tailgate.vantage.ec2.closure import closure, normal
from tailgate.vantage.ec2.platforms import Platform, runs_there
from tailgate.vantage.ec2.wheels import fetched

_FORMAT = 1
_KEPT = 4  # bundles; each has some 35 MB
_SERVICES = ("s3", "sts", "sso", "sso-oidc")
"""Of botocore's, which has hundreds: letters go through s3, and credentials may come by the others."""

_NOT_TAKEN = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")  # they say how it was installed here, with paths
_EPOCH_S = 315532800


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file, and what is in it. sha256: of the file. python: such as `3.11`."""

    path: Path
    sha256: str
    python: str

    @property
    def name(self) -> str:
        """Under which it travels: by its content."""
        return f"{self.sha256}.tar.gz"


def bundle_for(platform: Platform, cache: Path | None = None) -> Bundle:
    """The bundle for a platform, made if it is not in the cache. Raises TargetError."""
    folder = cache or cache_folder()
    own, needed = _own_files(), closure()
    path = folder / f"{_fingerprint(platform, own, needed)}.tar.gz"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make(path, platform, own, needed)
            _forget_old(folder)
        os.utime(path)
        with path.open("rb") as file:
            return Bundle(path, hashlib.file_digest(file, "sha256").hexdigest(), platform.python)
    except OSError as error:
        raise TargetError(
            f"the hosts' bundle cannot be made in {folder} ({error.strerror}); check the folder, and its disk's space"
        ) from error


def cache_folder() -> Path:
    """The user's, by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tailgate" / "bundles"


def _fingerprint(platform: Platform, own: Mapping[str, bytes], needed: Mapping[str, Distribution]) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, platform.machine, platform.python]).encode())
    digest.update(json.dumps({name: found.version for name, found in needed.items()}).encode())
    for name, content in sorted(own.items()):
        digest.update(json.dumps([name, hashlib.sha256(content).hexdigest()]).encode())
    return digest.hexdigest()[:32]


def _own_files() -> dict[str, bytes]:
    """This package's, by their names in the bundle; installed or in a checkout."""
    home = Path(tailgate.__file__).parent
    found = {f"tailgate/{path.relative_to(home).as_posix()}": path for path in home.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in found.items() if _is_taken(name)}
    about = distribution("tailgate")
    files[f"tailgate-{about.version}.dist-info/METADATA"] = (about.read_text("METADATA") or "").encode()
    return files


def _make(path: Path, platform: Platform, own: Mapping[str, bytes], needed: Mapping[str, Distribution]) -> None:
    others = {name: found for name, found in needed.items() if name != normal("tailgate")}
    with tempfile.TemporaryDirectory(prefix="tailgate-bundle-") as scratch:
        if all(runs_there(found, platform) for found in others.values()):
            files = dict(_installed(others.values()))
        else:
            files = dict(_below(fetched(others, platform, Path(scratch))))
        writing = path.with_suffix(f".{os.getpid()}")
        try:
            write_archive(writing, {**files, **own})
            writing.replace(path)
        finally:
            writing.unlink(missing_ok=True)


def _installed(distributions: Iterable[Distribution]) -> Iterator[tuple[str, Path]]:
    for found in distributions:
        for file in found.files or ():
            path = Path(str(found.locate_file(file)))
            if _is_taken(file.as_posix()) and path.is_file():
                yield file.as_posix(), path


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and _is_taken(name):
            yield name, path


def _is_taken(name: str) -> bool:
    """Whether a file, by its name in site-packages, belongs in the bundle: no scripts, no bytecode, and of botocore few services."""
    parts = name.split("/")
    if parts[0] in ("..", "bin") or "__pycache__" in parts or parts[-1].endswith(".pyc"):
        return False
    if parts[0].endswith(".dist-info") and parts[-1] in _NOT_TAKEN:
        return False
    return parts[:2] != ["botocore", "data"] or len(parts) == 3 or parts[2] in _SERVICES


def write_archive(path: Path, files: Mapping[str, Path | bytes]) -> None:
    """A tar.gz of files by name, of which time, owner and order say nothing. Raises OSError."""
    with ExitStack() as held:
        raw = held.enter_context(path.open("wb"))
        packed = held.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        archive = held.enter_context(tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT))
        for name, source in sorted(files.items()):
            content = source if isinstance(source, bytes) else source.read_bytes()
            told = tarfile.TarInfo(name)
            told.size, told.mtime, told.mode = len(content), _EPOCH_S, 0o644
            archive.addfile(told, BytesIO(content))


def _forget_old(folder: Path) -> None:
    """Keep those that were used last."""
    found = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[_KEPT:]:
        with suppress(OSError):
            path.unlink()

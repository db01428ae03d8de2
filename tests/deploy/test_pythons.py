"""The supported versions of Python make the same bytes from the same crawl."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SECONDS = 1200


def _own() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Results:
    """The files of runs of the mini recipe, {path: bytes}.

    Attributes:
        reference: the run of this interpreter, with the code of the checkout.
        others: {version: the run of an installed wheel}, for each other version that this machine has.
    """

    reference: dict[str, bytes]
    others: dict[str, dict[str, bytes]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    folder = tmp_path_factory.mktemp("pythons")
    others = {version: python for version in VERSIONS if version != _own() and (python := _interpreter(version))}
    _call(sys.executable, "-m", "tokenmill", "mini", "demo/crawl", "--pages", "100", folder=folder)
    with ThreadPoolExecutor() as threads:
        reference = threads.submit(_run, _own(), sys.executable, folder, dict(os.environ))
        runs = threads.map(lambda each: _run_of_wheel(*each, folder), others.items())
        yield Results(reference.result(), dict(zip(others, runs, strict=True)))
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("version", [version for version in VERSIONS if version != _own()])
def test_each_version_makes_the_same_bytes(version: str, results: Results) -> None:
    if version not in results.others:
        pytest.skip(f"this machine has no Python {version}")
    found = results.others[version]
    assert len(found) > 20 and "tokens/corpus/manifest.json" in {name.partition("/")[2] for name in found}
    assert found.keys() == results.reference.keys()
    assert [name for name in found if found[name] != results.reference[name]] == []


def _run_of_wheel(version: str, python: str, folder: Path) -> dict[str, bytes]:
    """Installs tokenmill for this version, without extras, and runs the mini recipe with the installed package."""
    environment = folder / f"venv-{version}"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    _call(python, "-m", "venv", str(environment), folder=folder, environment=environ)
    python = str(environment / "bin" / "python")
    _call(
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "-c",
        f"{ROOT}/constraints.txt",
        str(ROOT),
        folder=folder,
        environment=environ,
    )
    place = _call(python, "-c", "import tokenmill; print(tokenmill.__file__)", folder=folder, environment=environ)
    assert Path(place.strip()).is_relative_to(environment), place
    return _run(version, python, folder, environ)


def _run(version: str, python: str, folder: Path, environment: dict[str, str]) -> dict[str, bytes]:
    """Runs the mini recipe. Returns {path: bytes} of the data of all stages and of all files of the corpus."""
    out = folder / f"runs-{version}"
    run = ("run", f"{ROOT}/configs/mini.yaml", "--out", str(out), "--workers", "1")
    _call(python, "-m", "tokenmill", *run, folder=folder, environment=environment)
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ("corpus" in path.parts or (path.suffix == ".parquet" and "manifest" not in path.parts))
    }


def _interpreter(version: str) -> str | None:
    """An interpreter of this version that starts. The programs of pyenv start only for the versions that it chose."""
    installed = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for python in filter(None, (shutil.which(f"python{version}"), *installed)):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


def _call(*command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    """Runs a command and returns its standard output. Default environment: that of this process."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout

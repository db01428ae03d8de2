"""The supported versions of Python make the same bytes from the same crawl."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SECONDS = 1200


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, bytes]]]:
    """{version: files of a run of the mini recipe}, of each version that this machine has."""
    folder = tmp_path_factory.mktemp("pythons")
    found = {version: python for version in VERSIONS if (python := _interpreter(version))}
    _call(sys.executable, "-m", "tokenmill", "mini", "demo/crawl", "--pages", "100", folder=folder)
    with ThreadPoolExecutor() as threads:
        yield dict(zip(found, threads.map(lambda each: _run(*each, folder), found.items()), strict=True))
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_makes_the_same_bytes(version: str, results: dict[str, dict[str, bytes]]) -> None:
    if version not in results:
        pytest.skip(f"this machine has no Python {version}")
    assert len(results[version]) > 20
    assert results[version] == results[_own()]


def _run(version: str, python: str, folder: Path) -> dict[str, bytes]:
    """Installs tokenmill for this version, without extras, and runs the mini recipe."""
    if version != _own():
        environment = folder / f"venv-{version}"
        _call(python, "-m", "venv", str(environment), folder=folder)
        python = str(environment / "bin" / "python")
        _call(python, "-m", "pip", "install", "-q", "-c", f"{ROOT}/constraints.txt", str(ROOT), folder=folder)
    out = folder / f"runs-{version}"
    run = ("run", f"{ROOT}/configs/mini.yaml", "--out", str(out), "--workers", "1")
    _call(python, "-m", "tokenmill", *run, folder=folder)
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in (".parquet", ".bin", ".idx", ".docs") and "manifest" not in path.parts
    }


def _own() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _interpreter(version: str) -> str | None:
    """An interpreter of this version that starts. The programs of pyenv start only for the versions that it chose."""
    if version == _own():
        return sys.executable
    installed = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for python in filter(None, (shutil.which(f"python{version}"), *installed)):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


def _call(*command: str, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"

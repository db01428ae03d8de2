"""The place of the cache; code is loaded only from folders that no other user can write to."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tokenmill.core.corpus.local_copy import copies_of
from tokenmill.core.io.cache_dirs import cache_dir, private_dir
from tokenmill.core.io.models import place_of


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def test_the_cache_is_in_the_home_folder_or_where_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home/.cache/tokenmill"
    assert cache_dir("models") == home / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_dir("models") == home / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_dir("models") == tmp_path / "x/tokenmill/models"
    assert place_of("lid176").parent == cache_dir("models")
    assert copies_of("a" * 64) == cache_dir("corpora") / ("a" * 32)


def test_a_private_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = private_dir("kernels", "abc")
    finally:
        os.umask(before)
    assert folder == cache_dir("kernels") / "abc" == private_dir("kernels", "abc")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("shared", ["kernels", "kernels/abc"])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path, shared: str) -> None:
    private_dir("kernels", "abc")
    (cache_dir(shared)).chmod(0o777)
    folder = private_dir("kernels", "abc")
    assert folder == tmp_path / f"tmp/tokenmill-kernels-{os.getuid()}/abc" == private_dir("kernels", "abc")
    folder.parent.chmod(0o777)
    last = private_dir("kernels", "abc")
    assert last.is_dir() and last != private_dir("kernels", "abc") and last.parent == tmp_path / "tmp"


def test_a_home_that_is_no_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    assert private_dir("kernels", "abc").is_relative_to(tmp_path / "tmp")


def test_the_folder_of_kernels_is_known_without_numba() -> None:
    code = "import sys, tokenmill.text.kernel.cache_folder as c; print(c.cache_folder(), 'numba' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert Path(found[0]).parent == cache_dir("kernels") and found[1] == "False"

"""A user's own lists are decompressed only up to a limit."""

import gzip
from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.filters._url_lists import list_file


def test_a_list_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "domains.gz"
    path.write_bytes(gzip.compress(bytes(80 << 20), 9))
    with pytest.raises(RecipeError, match="it has more than 67,108,864 bytes"):
        list_file("domains", "adult", "categories", str(path))


def test_members_follow_one_another_and_damage_is_refused(tmp_path: Path) -> None:
    plain, packed = tmp_path / "domains", tmp_path / "domains.gz"
    plain.write_bytes(b"a.example\nb.example\n")
    packed.write_bytes(gzip.compress(b"a.example\n") + gzip.compress(b"b.example\n"))
    files = [list_file("domains", "adult", "categories", str(path)) for path in (plain, packed)]
    assert files[0].sha256 == files[1].sha256
    packed.write_bytes(packed.read_bytes()[:-3])
    with pytest.raises(RecipeError, match="cannot be read"):
        list_file("domains", "adult", "categories", str(packed))

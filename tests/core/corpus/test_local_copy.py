"""core/corpus/local_copy.py: a remote token shard appears in a local folder as a whole or not at all."""

from pathlib import Path

import pytest

from tokenmill.core.corpus import local_copy
from tokenmill.core.corpus.local_copy import copies_of, copy_shard
from tokenmill.core.errors import DataError

URL = "s3://bucket/corpus/shard-00000"
FILES = {f"{URL}.bin": b"tokens", f"{URL}.idx": b"", f"{URL}.docs": b"documents"}


class Store:
    """A store that serves FILES, and breaks off at the file named by `broken` after half of its bytes."""

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.broken = ""
        self.asked: list[str] = []

    def download(self, url: str, path: str) -> None:
        self.asked.append(url.rpartition(".")[2])
        content = self.files[url]
        Path(path).write_bytes(content[: len(content) // 2] if url == self.broken else content)
        if url == self.broken:
            raise ConnectionError("reset")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(local_copy.remote, "download", store.download)
    return store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_shard_is_copied_once_and_its_tokens_last(store: Store, tmp_path: Path) -> None:
    stem = tmp_path / "new" / "folder" / "shard-00000"
    assert copy_shard(URL, stem, size=6) == str(stem)
    assert copy_shard(URL, stem, size=6) == str(stem)
    assert store.asked == ["docs", "idx", "bin"]
    assert {f"{URL}{path.suffix}": path.read_bytes() for path in stem.parent.iterdir()} == FILES


def test_a_copy_of_another_size_is_made_again(store: Store, tmp_path: Path) -> None:
    copy_shard(URL, tmp_path / "s", size=6)
    (tmp_path / "s.bin").write_bytes(b"tok")
    copy_shard(URL, tmp_path / "s", size=6)
    assert (tmp_path / "s.bin").read_bytes() == b"tokens"
    assert store.asked == ["docs", "idx", "bin", "bin"]


@pytest.mark.parametrize("broken", FILES)
def test_nothing_half_stays_behind_a_broken_download_and_the_next_try_ends_it(
    store: Store, tmp_path: Path, broken: str
) -> None:
    store.broken = broken
    with pytest.raises(ConnectionError):
        copy_shard(URL, tmp_path / "s", size=6)
    whole = {".docs": 0, ".idx": 1, ".bin": 2}[broken[len(URL) :]]
    assert names(tmp_path) == sorted(["s.docs", "s.idx", "s.bin"][:whole])
    store.broken = ""
    copy_shard(URL, tmp_path / "s", size=6)
    assert names(tmp_path) == ["s.bin", "s.docs", "s.idx"]


@pytest.mark.parametrize("content", [b"", b"token", b"tokens and more"])
def test_tokens_of_another_size_are_refused_and_the_old_copy_stays(
    store: Store, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "s.bin").write_bytes(b"old")
    store.files[f"{URL}.bin"] = content
    with pytest.raises(DataError, match=f"^{URL}.bin: {len(content)} bytes, expected 6"):
        copy_shard(URL, tmp_path / "s", size=6)
    assert (tmp_path / "s.bin").read_bytes() == b"old"
    assert names(tmp_path) == ["s.bin", "s.docs", "s.idx"]


def test_copies_have_a_folder_for_each_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one, other = copies_of("ab" * 32), copies_of("cd" * 32)
    assert one != other
    assert one.is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert copies_of("ab" * 32).is_relative_to(tmp_path / "home" / ".cache")

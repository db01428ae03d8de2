"""The cache gives for a source file the same result as parsing it, in whatever state the cache is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tokenmill.pipeline.planning import source_code
from tokenmill.pipeline.planning.known_code import UNUSED_SECONDS, Code, KnownCode

SOURCES = {b"import a\n": "x", b"from . import b\n": "x", b"from . import b\n ": "y", b"": ""}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/tokenmill/sources/parsed"


def code_of(content: bytes, package: str) -> Code:
    return Code(content + package.encode(), frozenset({package}))


def parser(folder: Path, content: str = "a") -> Path:
    path = folder / "parser.py"
    path.write_text(content)
    return path


def parsed_by(known: KnownCode) -> list[bytes]:
    """Returns the contents that it had to parse. Checks each entry against the result of parsing."""
    parsed: list[bytes] = []

    def parse(content: bytes, package: str) -> Callable[[], Code]:
        def result() -> Code:
            parsed.append(content)
            return code_of(content, package)

        return result

    for content, package in SOURCES.items():
        for _ in range(2):
            assert known.of(content, package, parse(content, package)) == code_of(content, package)
    known.save()
    return parsed


def test_each_content_is_parsed_once_by_all_processes(tmp_path: Path) -> None:
    assert parsed_by(KnownCode(parser(tmp_path))) == list(SOURCES)
    assert parsed_by(KnownCode(parser(tmp_path))) == []


def test_the_package_counts(tmp_path: Path) -> None:
    """In another package, a relative import means another module."""
    known = KnownCode(parser(tmp_path))
    first = known.of(b"from . import b", "x", lambda: code_of(b"", "x"))
    assert known.of(b"from . import b", "y", lambda: code_of(b"", "y")) != first


def test_another_parser_has_other_entries(tmp_path: Path) -> None:
    parsed_by(KnownCode(parser(tmp_path)))
    assert parsed_by(KnownCode(parser(tmp_path, "b"))) == list(SOURCES)


@pytest.mark.parametrize("way", ["empty", "cut", "flipped", "gone"])
def test_a_damaged_cache_is_written_again(tmp_path: Path, cache: Path, way: str) -> None:
    parsed_by(KnownCode(parser(tmp_path)))
    [file] = cache.iterdir()
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.unlink() if way == "gone" else file.write_bytes(
        {"empty": b"", "cut": bytes(whole[:50])}.get(way, bytes(whole))
    )
    assert parsed_by(KnownCode(parser(tmp_path))) == list(SOURCES)
    assert parsed_by(KnownCode(parser(tmp_path))) == []


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, cache: Path) -> None:
    known = KnownCode(parser(tmp_path))
    known.of(b"", "", lambda: code_of(b"", ""))
    cache.rmdir()
    cache.touch()
    assert parsed_by(known) == [content for content in SOURCES if content]


def test_files_of_other_versions_are_removed_when_unused(tmp_path: Path, cache: Path) -> None:
    parsed_by(KnownCode(parser(tmp_path)))
    [old] = cache.iterdir()
    os.utime(old, (1.0, old.stat().st_mtime - 2 * UNUSED_SECONDS))
    parsed_by(KnownCode(parser(tmp_path, "b")))
    [left] = cache.iterdir()
    assert left != old


def test_hashes_of_code_are_the_same_with_and_without_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for _ in range(2):
        monkeypatch.setattr(source_code, "_known", KnownCode(Path(source_code.__file__)))
        for function in (source_code.code_hash, source_code.reach, source_code._followed, source_code._code):
            function.cache_clear()
        found.append(source_code.code_hash("tokenmill.filters.fineweb"))
        source_code.remember_code()
        assert len(list(cache.iterdir())) == 1
    assert found[0] == found[1]

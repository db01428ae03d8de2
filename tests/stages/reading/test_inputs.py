"""Globs become shards. A glob without a file is refused, with a description of the files that exist."""

from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.stages.reading.inputs import file_shards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "crawl").mkdir()
    for name in ("b.warc", "a.warc", "c.txt"):
        (tmp_path / "crawl" / name).write_text(name)
    return tmp_path


def test_files_come_by_pattern_then_name_and_once(folder: Path) -> None:
    shards = file_shards((f"{folder}/crawl/c*", f"{folder}/**/*.warc", f"{folder}/crawl/*"), "web")
    assert [(shard.number, shard.source, shard.file, shard.start, shard.end, shard.size) for shard in shards] == [
        (0, "web", f"{folder}/crawl/c.txt", 0, 5, 5),
        (1, "web", f"{folder}/crawl/a.warc", 0, 6, 6),
        (2, "web", f"{folder}/crawl/b.warc", 0, 6, 6),
    ]
    assert len({shard.etag for shard in shards}) == 3


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{}/crwal/*.warc", "the folder '{}' has no 'crwal'; did you mean 'crawl'?"),
        ("{}/crawl/a.wrac", "the folder '{}/crawl' has no 'a.wrac'; did you mean 'a.warc'?"),
        ("{}/crawl/*.arc", "'{}/crawl' holds: a.warc, b.warc, c.txt"),
        ("{}/crawl", "it is a folder, name its files: {}/crawl/*"),
    ],
)
def test_a_pattern_without_a_file_is_refused_with_the_nearest(folder: Path, pattern: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        file_shards(pattern.format(folder), "web")
    assert message.format(*[folder] * 2) in str(caught.value)

"""If a batch is cut into pieces, nothing is lost, less text is worked on at once, and no file changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.filters.c4 import C4
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.pipeline.record.task import shard_name
from tokenmill.pipeline.tasks import shard as shard_module
from tokenmill.pipeline.tasks.drop_records import NO_EXCERPTS
from tokenmill.pipeline.tasks.pieces import pieces
from tokenmill.pipeline.tasks.shard import ShardTask

texts = st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=12)


@given(texts, st.integers(1, 40))
def test_pieces_are_all_rows_in_order_and_small(several: list[str | None], most: int) -> None:
    batch = documents({"id": [str(row) for row in range(len(several))], "text": several})
    parts = list(pieces(batch, most))
    assert pa.Table.from_batches(parts).combine_chunks().equals(pa.Table.from_batches([batch]))
    sizes = [[len((text or "").encode()) for text in part.column("text").to_pylist()] for part in parts]
    assert all(sum(size) <= most or len(size) == 1 for size in sizes)
    assert all(sum(size) + following[0] > most for size, following in pairwise(sizes))
    assert parts[0].num_rows or len(parts) == 1


@dataclass(frozen=True)
class Batches:
    """A source of three batches; each of two filters drops some documents of each batch."""

    adds: ClassVar[tuple[str, ...]] = ("id", "text")
    traits: ClassVar[SourceTraits] = SourceTraits()

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        kinds = ("The cat sat with that dog. " * 9, "too short", "The cat sat with one { dog. " * 9, None)
        for batch in range(3):
            rows = range(batch * 10, batch * 10 + 10)
            yield documents({"id": [str(row) for row in rows], "text": [kinds[row % 4] for row in rows]})


def test_files_are_the_same_whatever_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for most in (1, 300, 1 << 20):
        monkeypatch.setattr(shard_module, "PIECE_BYTES", most)
        task = ShardTask(
            shard_name(str(tmp_path / str(most)), 0, "print"), (GopherQuality(), C4()), NO_EXCERPTS,
            source=Batches(), shard=Shard(0, "toy", "nowhere", 0, 1, 2, ""),
        )  # fmt: skip
        manifest = task(lambda _: None)
        assert sum(manifest.drops.values()) == 22 and manifest.rows_out == 8
        files.append([output.xxh3 for output in manifest.outputs])
    assert files[0] == files[1] == files[2]

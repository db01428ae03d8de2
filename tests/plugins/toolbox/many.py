"""A source of very many shards with almost no content, for tests of a run's overhead."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.columns import documents
from tokenmill.core.kinds import Shard, SourceTraits


@dataclass(frozen=True)
class Many:
    count: int = 1000

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "text")
    traits: ClassVar[SourceTraits] = SourceTraits()

    def shards(self) -> list[Shard]:
        return [Shard(n, "many", f"crawl/{n:06d}.warc.gz", 0, 1, 1000, f"etag-{n}") for n in range(self.count)]

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        yield documents({"id": [shard.file], "source": [shard.source], "text": ["nothing"]})

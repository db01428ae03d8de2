"""A source of generated documents: cheap, deterministic, without files."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.columns import documents, drop
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Shard, SourceTraits

WORDS = ("a", "mill", "grinds", "grain", "into", "flour", "while", "the", "river", "turns", "its", "wheel", "by", "day")


@dataclass(frozen=True)
class Numbered:
    """Generates documents with ids such as f0-1-13 (file, batch, row). Marks row 13 of each batch as damaged.

    Attributes:
        files: names of the files. Each is a shard of two batches.
        rows: documents per batch. Default 20.
        unreadable: names of the files that cannot be read. Default none.
        same_ids: whether all files have the same ids. Default false.
    """

    files: tuple[str, ...] = ("f0", "f1", "f2", "f3")
    rows: int = 20
    unreadable: tuple[str, ...] = ()
    same_ids: bool = False

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "url", "text", "locator")
    traits: ClassVar[SourceTraits] = SourceTraits(damage=("numbered.damaged",))

    def shards(self) -> list[Shard]:
        return [Shard(n, "toy", file, 0, 1000, 1000, file) for n, file in enumerate(self.files)]

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        if shard.file in self.unreadable:
            raise DataError(f"{shard.file}: not a numbered file at all")
        for number in range(2):
            ids = [f"{'x' if self.same_ids else shard.file}-{number}-{row}" for row in range(self.rows)]
            texts = [self._text(id) for id in ids]
            places = [{"file": shard.file, "offset": row, "length": 1} for row in range(self.rows)]
            source, url = ["toy"] * self.rows, [f"http://toy/{id}" for id in ids]
            batch = documents({"id": ids, "source": source, "url": url, "text": texts, "locator": places})
            yield drop(batch, [id.endswith("-13") for id in ids], "numbered.damaged", 1, 0)

    def _text(self, id: str) -> str:
        random = Random(id)
        return " ".join(random.choice(WORDS) for _ in range(random.randint(1, 60)))

"""Numbers of rows of all shards of a Global's stage, in one file that a task reads only if it needs them.

A task contains the name of the file. If it contained the numbers, 90,000 shards would make each of thousands of tasks
0.7 MB larger.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord

SHARDS = "work/shards.parquet"
"""Path of the file below the stage's folder."""

SCHEMA = pa.schema([("shard", pa.int64()), ("rows", pa.int64()), ("first", pa.bool_())])
"""Columns of the file. first: True if the shard is the first of a group of shards that one task covers."""


@dataclass(frozen=True, eq=False)
class ShardRows(Mapping[int, int]):
    """{shard number: number of rows}, read at the first use. Reading raises DamagedFile if the file is damaged.

    Attributes:
        written: the file, in the schema SCHEMA, with its whole path. None means no shards. Default None.
    """

    written: FileRecord | None = None

    def __getitem__(self, shard: int) -> int:
        return _read(self.written)[0][shard]

    def __iter__(self) -> Iterator[int]:
        return iter(_read(self.written)[0])

    def __len__(self) -> int:
        return len(_read(self.written)[0])

    def groups_of(self, shards: pa.Array) -> npt.NDArray[np.int64]:
        """Returns the number of the group that each shard is in, int64 (rows,). shards: shard numbers (rows,)."""
        firsts = _read(self.written)[1]
        places: npt.NDArray[np.int64] = np.searchsorted(firsts, shards.to_numpy(), side="right") - 1
        return places


@lru_cache(maxsize=1)  # a worker reads the file of its stage once; the key has the checksum of the content
def _read(written: FileRecord | None) -> tuple[dict[int, int], npt.NDArray[np.int64]]:
    """Returns ({shard: rows}, first shard of each group as int64 (groups,))."""
    table = pa.Table.from_batches(parquet.read_checked(written) if written is not None else (), SCHEMA)
    shards, rows = table.column("shard"), table.column("rows")
    firsts: npt.NDArray[np.int64] = shards.filter(table.column("first")).to_numpy()
    return dict(zip(shards.to_pylist(), rows.to_pylist(), strict=True)), firsts

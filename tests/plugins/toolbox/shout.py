"""Converts texts to upper case."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import set_column


@dataclass(frozen=True)
class Shout:
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return set_column(batch, "text", pc.utf8_upper(batch.column("text")))

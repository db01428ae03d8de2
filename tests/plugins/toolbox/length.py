"""Drops short documents."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.rules import Rule, judge


@dataclass(frozen=True)
class Length:
    min_characters: int = 20

    RULES: ClassVar[dict[str, Rule]] = {"short": Rule("characters", low="min_characters")}
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("length.characters",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return judge(batch, self, {"characters": pc.utf8_length(batch.column("text"))})

"""Appends the version of the code to texts, like a step whose code gives other results after an upgrade."""

import os
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import set_column


@dataclass(frozen=True)
class Versioned:
    """A test sets the version in TOOLBOX_VERSION, so that workers know it too."""

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        end = pa.scalar(os.environ.get("TOOLBOX_VERSION", "none"), pa.large_string())
        space = pa.scalar(" ", pa.large_string())
        return set_column(batch, "text", pc.binary_join_element_wise(batch.column("text"), end, space))

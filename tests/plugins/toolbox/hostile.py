"""A step that kills the process, uses all memory, hangs or raises, each on one document."""

import ctypes
import time
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa


@dataclass(frozen=True)
class Hostile:
    segfault: str = ""
    memory: str = ""
    hang: str = ""
    error: str = ""

    reads: ClassVar[tuple[str, ...]] = ("id",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ids = set(batch.column("id").to_pylist())
        if self.segfault in ids:
            ctypes.string_at(0)
        if self.memory in ids:
            held = []
            while True:
                held.append(bytearray(20_000_000))
        if self.hang in ids:
            time.sleep(3600)
        if self.error in ids:
            raise ValueError("this document is not to my taste")
        return batch

"""Writes documents as compressed JSON Lines that datatrove and Dolma read.

Documents are ordered by a keyed hash of their ids. So files have about the same size, and they depend neither on the
number of shards nor on the workers. Each document becomes a Python object, so this is for export and not fast.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import DOCUMENT
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.kinds import Cut, Finished, JsonObject, Room, Round
from tokenmill.core.rules import check_numbers
from tokenmill.stages.tables.jsonl_formats import FORMATS, packed

COMPRESSIONS = ("gz", "zst")


@dataclass(frozen=True)
class Lines:
    """The only round: it turns each document into a line of JSON, ordered by a keyed hash of the id."""

    format: str

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns one row per document with `id` and `line`. Its weight is the size of the line in bytes."""
        rows = batch.select([name for name in DOCUMENT.names if name in batch.schema.names]).to_pylist()
        lines = pa.array([_line(packed(row, self.format)) for row in rows], type=pa.large_binary())
        ids = batch.column("id")
        return pa.RecordBatch.from_pydict(
            {
                "_partition_key": pa.array(keyed_hash(0, "write_jsonl", ids.to_pylist())),
                "_split": pa.array(["all"] * batch.num_rows, type=pa.string()),
                "_weight": pc.binary_length(lines).cast(pa.int64()),
                "id": ids,
                "line": lines,
            }
        )

    def reduce(self, rows: Iterator[pa.RecordBatch], room: Room) -> Iterator[pa.RecordBatch]:
        """Returns the rows unchanged, because the exchange has sorted them."""
        return rows


@dataclass(frozen=True)
class WriteJsonl:
    """A Writer of `<number>.jsonl.gz` or `.zst` files in the stage's folder `corpus/`.

    Attributes:
        format: layout of the JSON objects, datatrove or dolma. Default datatrove.
        compression: gz or zst. Default gz.
        file_bytes: size of a file in bytes before compression, at least 1. A file ends with the document in which it
            reaches this size. A document larger than this takes the numbers of the files that it would fill, so these
            numbers are missing. Default 256 MiB.
    """

    format: str = "datatrove"
    compression: str = "gz"
    file_bytes: int = 256 << 20

    reads: ClassVar[tuple[str, ...]] = ("id", "text")
    adds: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for setting, known in (("format", FORMATS), ("compression", COMPRESSIONS)):
            found = getattr(self, setting)
            if found not in known:
                raise RecipeError(f"{setting}: found {found!r}{did_you_mean(found, known)}")
        check_numbers(self, "file_bytes", low=1)

    def rounds(self) -> list[Round]:
        return [Lines(self.format)]

    def cuts(self, weights: dict[str, int]) -> list[Cut]:
        """Returns the files to write. File k has the documents that begin in bytes [k, k + 1) * file_bytes of all."""
        size = self.file_bytes
        return [
            Cut(number, split, number * size, (number + 1) * size)
            for split in sorted(weights)
            for number in range(-(-weights[split] // size))
        ]

    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], dict[str, Any]]:
        """Writes the rows of one cut to a file. Returns ([its path], facts), or ([], facts) if there are no rows."""
        filled = (batch for batch in rows if batch.num_rows)
        first = next(filled, None)
        facts = {"split": cut.split, "number": cut.number, "documents": 0}
        if first is None:
            return [], facts
        path = storage.join(folder, f"{cut.number:06d}.jsonl.{self.compression}")
        with storage.open_output(path) as file, _compressed(file, self.compression) as out:
            for batch in (first, *filled):
                out.write(b"".join(batch.column("line").to_pylist()))
                facts["documents"] += batch.num_rows
        return [path], facts

    def finish(self, facts: list[JsonObject], folder: str, *, recipe_sha256: str, missing: Sequence[str]) -> Finished:
        """Writes nothing more, because each file is complete by itself."""
        return Finished([])


@contextmanager
def _compressed(file: IO[bytes], compression: str) -> Iterator[Any]:
    """Yields a compressing stream. Its output has no time and no file name, so it depends only on its input."""
    if compression == "gz":
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as out:
            yield out
    else:
        with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as out:
            yield out


def _line(value: dict[str, Any]) -> bytes:
    """Returns a line of JSON as UTF-8, with a line feed.

    Half a surrogate pair, which JSON can express in `meta` and readers reject, becomes U+FFFD.
    """
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    try:
        return line.encode()
    except UnicodeEncodeError:
        return line.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()

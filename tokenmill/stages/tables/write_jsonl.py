"""Documents to compressed JSON Lines as datatrove and Dolma read them.

The order is that of a keyed hash of the document's id, so files are alike in size and depend neither on how many
shards there were nor on who wrote them. One Python object a document: this is a way out, not a fast one.
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
from tokenmill.stages.tables.jsonl_formats import FORMATS, packed

COMPRESSIONS = ("gz", "zst")


@dataclass(frozen=True)
class Lines:
    """The one exchange: each document as its line of JSON, ordered by a keyed hash of the id."""

    format: str

    sort_by: ClassVar[tuple[str, ...]] = ("_partition_key", "id")
    single: ClassVar[bool] = False
    of_documents: ClassVar[bool] = False

    def route(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of `id` and `line`, one a document, weighed in bytes."""
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
        """The rows as they are: the exchange has sorted them."""
        return rows


@dataclass(frozen=True)
class WriteJsonl:
    """A Writer of `<number>.jsonl.gz` or `.zst` in the stage's `corpus/`.

    format: "datatrove" or "dolma". compression: "gz" or "zst". file_bytes: a file closes with the document in which it
    reaches so many bytes, before compression; a document that is longer swallows the numbers of files that it fills.
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
        if self.file_bytes < 1:
            raise RecipeError(f"file_bytes: found {self.file_bytes}, expected 1 or more")

    def rounds(self) -> list[Round]:
        return [Lines(self.format)]

    def cuts(self, weights: dict[str, int]) -> list[Cut]:
        """File k holds the documents that begin in bytes [k, k + 1) * file_bytes of the whole."""
        size = self.file_bytes
        return [
            Cut(number, split, number * size, (number + 1) * size)
            for split in sorted(weights)
            for number in range(-(-weights[split] // size))
        ]

    def write(self, cut: Cut, rows: Iterator[pa.RecordBatch], folder: str) -> tuple[list[str], dict[str, Any]]:
        """(the file's path, facts: documents) for the rows of one cut; no rows, no file."""
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
        """Nothing more: each file is whole by itself."""
        return Finished([])


@contextmanager
def _compressed(file: IO[bytes], compression: str) -> Iterator[Any]:
    """A stream whose bytes depend on what is written to it alone: without the time and the name of the file."""
    if compression == "gz":
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as out:
            yield out
    else:
        with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as out:
            yield out


def _line(value: dict[str, Any]) -> bytes:
    """Half a surrogate pair, which JSON can spell in `meta` and readers refuse, becomes U+FFFD."""
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    try:
        return line.encode()
    except UnicodeEncodeError:
        return line.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()

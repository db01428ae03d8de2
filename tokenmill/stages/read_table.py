"""Documents out of tables: Parquet files, and JSON Lines as they are or compressed with gzip or zstd.

A column becomes one of ours if it has its name (id, url, date, text) or `columns` says so; all others go into `meta`. A
line that is no JSON object is a row too, marked with the rule that refused it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokenmill.core import storage
from tokenmill.core.columns import DOCUMENT, LOCATOR, documents, drop
from tokenmill.core.dates import TIMESTAMP, timestamps
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.inputs import file_shards
from tokenmill.core.kinds import Shard
from tokenmill.stages.json_lines import Line, read_lines
from tokenmill.stages.jsonl_formats import FORMATS, unpacked
from tokenmill.stages.parquet_batches import RowLoss, row_batches
from tokenmill.text.segment import text_buffer
from tokenmill.text.utf8 import soundness

_ALWAYS = ("id", "source", "url", "date", "text", "locator", "meta")
_OURS = tuple(name for name in DOCUMENT.names if name not in ("source", "locator", "meta"))
_ROWS_A_BATCH = 65_536


@dataclass(frozen=True)
class ReadTable:
    """A Source of documents from tables.

    paths: globs of .parquet, .jsonl, .jsonl.gz, .jsonl.zst files (told apart by their first bytes). columns: from a
    column's name in the files to ours, for example {content: text}. unknown: "meta" keeps all other columns as JSON in
    `meta`, "drop" leaves them out. max_line_bytes: a longer line is refused. batch_bytes: of text, about, in a batch. A
    missing id becomes `<file>#<row>`, in JSON Lines `<file>#<offset>`; the locator's offset is the row in Parquet too.
    format: "datatrove" or "dolma", for JSON Lines whose objects are laid out so (stages/jsonl_formats.py); `columns`
    then names keys of their metadata too.
    """

    paths: str | tuple[str, ...]
    source: str = "table"
    columns: dict[str, str] = field(default_factory=dict)
    unknown: str = "meta"
    max_line_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20
    format: str | None = None

    DAMAGE: ClassVar[tuple[str, ...]] = ("read_table.bad_json", "read_table.bad_utf8", "read_table.corrupt")

    def __post_init__(self) -> None:
        if self.unknown not in ("meta", "drop"):
            raise RecipeError(f"unknown: found {self.unknown!r}, expected 'meta' or 'drop'")
        if self.format is not None and self.format not in FORMATS:
            raise RecipeError(f"format: found {self.format!r}{did_you_mean(self.format, FORMATS)}")
        for ours in self.columns.values():
            if ours not in _OURS:
                raise RecipeError(f"columns: {ours!r} is no column of ours{did_you_mean(ours, _OURS)}")
        if len(set(self.columns.values())) < len(self.columns):
            raise RecipeError(f"columns: two columns become the same one: {dict(sorted(self.columns.items()))}")

    @property
    def adds(self) -> tuple[str, ...]:
        """Some columns always, others if `columns` maps to them."""
        return (*_ALWAYS, *(ours for ours in self.columns.values() if ours not in _ALWAYS))

    def shards(self) -> list[Shard]:
        """One a file."""
        return file_shards(self.paths, self.source)

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """The file's rows in order. Raises DataError if it cannot be read, or has no column for the text."""
        with storage.open_input(shard.address) as file:
            magic = file.read(4)
            file.seek(0)
            yield from self._parquet(shard, file) if magic == b"PAR1" else self._json(shard, file)

    def _parquet(self, shard: Shard, file: IO[bytes]) -> Iterator[pa.RecordBatch]:
        if self.format is not None:
            raise DataError(f"{shard.file}: Parquet, but format: {self.format} is for JSON Lines; leave it out")
        try:
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{shard.file}: cannot be read as Parquet: {error}") from error
        names = self._names(parquet.schema_arrow.names, shard.file)
        offset = 0
        for batch in row_batches(parquet, self.batch_bytes):
            if isinstance(batch, RowLoss):
                rows = _Rows([offset], [None], {"text": [None]}, [{}], [None])
                yield self._documents(shard, rows, lost=batch.problem)
                offset += batch.rows
                continue
            places = list(range(offset, offset + batch.num_rows))
            unknown = [name for name in batch.schema.names if name not in names] if self.unknown == "meta" else []
            found = {ours: batch.column(theirs) for theirs, ours in names.items()}
            nothing = [None] * len(places)
            yield self._documents(shard, _Rows(places, nothing, found, batch.select(unknown).to_pylist(), nothing))
            offset += batch.num_rows

    def _json(self, shard: Shard, file: IO[bytes]) -> Iterator[pa.RecordBatch]:
        names: dict[str, str] = {}
        for lines in _batched(read_lines(file, shard.file, self.max_line_bytes), self.batch_bytes):
            values = [line.value for line in lines]
            if self.format is not None:
                found, unknown = unpacked(values, self.format, shard.source, self.columns)
            else:
                if not names and (keys := dict.fromkeys(key for value in values for key in value)):
                    names = self._names(list(keys), shard.file)
                found = {ours: [value.get(theirs) for value in values] for theirs, ours in names.items()}
                unknown = [{key: value[key] for key in value if key not in names} for value in values]
            if self.unknown == "drop":
                unknown = [{} for _ in lines]
            problems = [line.problem or None for line in lines]
            rows = _Rows([line.offset for line in lines], [line.length for line in lines], found, unknown, problems)
            yield self._documents(shard, rows)

    def _names(self, theirs: list[str], file: str) -> dict[str, str]:
        """Which columns of a file become which of ours; DataError for a mapped one that is missing, or no text."""
        for name in self.columns:
            if name not in theirs:
                raise DataError(f"{file}: no column {name!r}{did_you_mean(name, theirs)}; the setting columns names it")
        taken = set(self.columns.values())
        names = dict(self.columns)
        names |= {name: name for name in _ALWAYS if name in theirs and name in _OURS and name not in taken | set(names)}
        if "text" not in names.values():
            raise DataError(
                f"{file}: no column 'text' among {', '.join(sorted(theirs))}; say which it is: columns: {{NAME: text}}"
            )
        return names

    def _documents(self, shard: Shard, rows: "_Rows", *, lost: str = "") -> pa.RecordBatch:
        """A batch from our columns and the rest; rows with a problem, or without a text, are marked."""
        count, name = len(rows.offsets), os.path.basename(shard.file)
        columns = {ours: _cast(ours, values, shard.file) for ours, values in rows.found.items()}
        places = pa.array([f"{name}#{offset}" for offset in rows.offsets])
        columns["id"] = pc.coalesce(columns["id"], places) if "id" in columns else places
        columns["source"] = pa.array([shard.source] * count)
        parts = [pa.array(part, type=kind.type) for part, kind in zip(rows.places(shard.file), LOCATOR, strict=True)]
        columns["locator"] = pa.StructArray.from_arrays(parts, fields=list(LOCATOR))
        columns["meta"] = pa.array([_json_text(values) for values in rows.unknown], type=pa.string())
        columns |= {ours: pa.nulls(count, DOCUMENT.field(ours).type) for ours in self.adds if ours not in columns}
        batch = documents({ours: columns[ours] for ours in self.adds})
        if lost:
            batch = drop(batch, [True], "read_table.corrupt", lost, "a row group")
        bad = pa.array([problem is not None for problem in rows.problems])
        batch = drop(batch, bad, "read_table.bad_json", rows.problems, "a JSON object")
        broken = _broken_sequences(rows.found.get("text"))
        batch = drop(batch, broken > 0, "read_table.bad_utf8", broken, 0)
        return drop(batch, batch.column("text").is_null(), "read_table.no_text", "null", "a text")


class _Rows(NamedTuple):
    """Rows of a file: places, values of our columns, the other values, and what is wrong with each."""

    offsets: list[int]
    lengths: Sequence[int | None]
    found: dict[str, Any]
    unknown: list[dict[str, Any]]
    problems: Sequence[str | None]

    def places(self, file: str) -> tuple[Sequence[Any], ...]:
        """The columns of the locator."""
        return [file] * len(self.offsets), self.offsets, self.lengths


def _batched(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    held: list[Line] = []
    total = 0
    for line in lines:
        held.append(line)
        total += line.length
        if total >= size or len(held) == _ROWS_A_BATCH:
            yield held
            held, total = [], 0
    if held:
        yield held


def _cast(ours: str, values: Any, file: str) -> pa.Array:
    """Values of a file as one of our columns. JSON values that cannot be one become null."""
    wanted = DOCUMENT.field(ours).type
    if isinstance(values, pa.Array):
        try:
            if wanted == TIMESTAMP and not pa.types.is_temporal(values.type):
                return timestamps(_strings(values.to_pylist()))
            return _sound(values).cast(wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{file}: the column for {ours!r} is of type {values.type}: {error}") from error
    if wanted == TIMESTAMP:
        return timestamps(_strings(values))
    if pa.types.is_floating(wanted):
        return pa.array([value if isinstance(value, int | float) else None for value in values], type=wanted)
    return pa.array(_strings(values, only_strings=ours == "text"), type=wanted)


def _sound(values: pa.Array) -> pa.Array:
    """The values, or if they are strings that are not UTF-8, which Parquet files can hold, with U+FFFD in them."""
    if not _is_broken(values):
        return values
    content = values.cast(pa.large_binary()).to_pylist()
    return pa.array([text if text is None else text.decode("utf-8", "replace") for text in content])


def _is_broken(values: Any) -> bool:
    if not isinstance(values, pa.Array) or not (
        pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    ):
        return False
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return True
    return False


def _broken_sequences(values: Any) -> npt.NDArray[np.int64]:
    """How many ill-formed sequences each text of a column has, int64 (rows,); none for texts that came from JSON."""
    if not _is_broken(values):
        return np.zeros(len(values or ()), dtype=np.int64)
    content = values.cast(pa.large_binary()).fill_null(b"")
    return soundness(*text_buffer(pa.record_batch({"text": content})))[0]


def _strings(values: Iterable[Any], *, only_strings: bool = False) -> list[str | None]:
    """Texts stay, numbers are written out, all else is null. Half a surrogate pair, which JSON can spell, is U+FFFD."""
    kinds = (str,) if only_strings else (str, int, float)
    texts = [str(value) if isinstance(value, kinds) and not isinstance(value, bool) else None for value in values]
    try:
        "".join(text for text in texts if text).encode()
    except UnicodeEncodeError:
        return [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    return texts


def _json_text(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)

"""Reads documents from tables: Parquet, Arrow IPC, JSON and CSV, and folders in Hugging Face's layouts.

A column of a table becomes a column of documents if it has the same name (id, url, date, text), or if `columns` maps
it. All others go into `meta`. A line or value that is not a JSON object becomes a row too, marked with the rule that
refused it.

Folders directly above a file that are called `column=value`, as Hive and Spark write them, give its rows columns of
text: lang=de/year=2024/part-0.parquet has `lang` and `year`. Percent codes are decoded, and
`__HIVE_DEFAULT_PARTITION__` is null. A column of the file takes precedence; `id` and `text` come only from files.

A date is a calendar date of ISO 8601, from a year to parts of a second (2024, 2024-05, 2024-12-25T10:11:12.5+01:00; the
day also as 2024/12/25), digits of a date (20240131), or a number since 1970 whose size gives the unit: seconds (from
100,000,000 to 4,102,444,799), milliseconds (from 10^11), microseconds (from 10^14) or nanoseconds (from 10^17), each
for times from 1973-03-03 09:46:40 to the end of 2099. Ten or twelve digits that are a date of the years 1900 to 2099
(2024010112) are that date. A time without a zone is UTC. Any other value becomes null, and `meta` keeps it as text
under `date`, unless it has that key already or `unknown` is drop. Text and ids may be columns of bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import IO, Any, ClassVar, Literal, TypeVar

import pyarrow as pa

from tokenmill.core.columns import DOCUMENT
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.core.rules import check_numbers
from tokenmill.stages.reading.inputs import file_shards, short_names
from tokenmill.stages.reading.json_lines import (
    Line,
    chunks,
    content_head,
    is_packed,
    parsed,
    read_lines,
    read_lines_between,
    refuse_others,
)
from tokenmill.stages.reading.parquet_batches import RowLoss, groups_between, open_parquet, row_batches
from tokenmill.stages.reading.plain_columns import plain_column, text_column
from tokenmill.stages.reading.row_cuts import cut_batches
from tokenmill.stages.tables.csv_records import CsvRecord, csv_delimiter, header_of, of_width, read_csv_records
from tokenmill.stages.tables.dataset_folder import dataset_files, is_folder
from tokenmill.stages.tables.file_kinds import HEAD_BYTES, refuse_no_table
from tokenmill.stages.tables.ipc_batches import FILE_MAGIC, STREAM_MAGIC, ipc_schema_and_batches
from tokenmill.stages.tables.json_arrays import array_values, is_json_array
from tokenmill.stages.tables.jsonl_formats import FORMATS, unpacked
from tokenmill.stages.tables.line_batches import line_batches
from tokenmill.stages.tables.partitions import partition_of, schema_with, with_columns, with_values
from tokenmill.stages.tables.table_documents import Rows, python_rows, refuse_types, table_documents
from tokenmill.stages.tables.unreadable import (
    Judged,
    refuse_without_a_good_line,
    with_a_good_row,
    with_a_good_text,
)

_ALWAYS = ("id", "source", "url", "date", "text", "locator", "meta")
_OURS = tuple(name for name in DOCUMENT.names if name not in ("source", "locator", "meta"))
_NAMED_ALIKE = tuple(name for name in _ALWAYS if name in _OURS)
_SPLIT = (".parquet", ".jsonl", ".ndjson")  # uncompressed files with these names can be read from any place
_EXPECTED = "Parquet, Arrow IPC, JSON Lines or CSV in UTF-8, the last two also .gz or .zst"
_EXPECTED_ARRAY = "objects in the JSON array"
_EXPECTED_LINES = (
    "JSON Lines, an object per line, or a JSON array; jq -c . IN.json writes objects on several lines as lines"
)
AnyJudged = TypeVar("AnyJudged", bound=Judged)
ReadAll = Callable[[IO[bytes], str], Iterator[AnyJudged]]
"""Reads all lines of a file: (the file, its name) to lines."""


@dataclass(frozen=True)
class ReadTable:
    """A Source of documents from tables.

    A document without an id gets `<file>#<row>` in Parquet and Arrow, and `<file>#<offset>` in JSON and CSV. If
    several files have the same name, it includes the folders that distinguish them. The locator's offset is the row in
    Parquet and Arrow, and otherwise the byte offset in the decompressed file.

    Attributes:
        paths: globs, or one glob, of .parquet, .arrow, .feather, .jsonl, .json, .csv and .tsv files, or folders in
            Hugging Face's layouts. The last four kinds may also end in .gz or .zst. A file of JSON has an object per
            line, or an array of objects. Files are recognised by their first bytes, CSV and TSV by their names.
            Required.
        source: name of the source, for the column `source`. Default "table".
        columns: {name in the files: column of documents}, for example {content: text}. A file that lacks one of these
            names cannot be read. With `format`, they are keys of an object or its metadata, and may be absent. Default
            none.
        unknown: meta keeps all other columns as JSON in the column `meta`; drop leaves them out, also
            dates that cannot be read. Default meta.
        max_line_bytes: largest size of a line of JSON Lines, a value of a JSON array or a record of CSV, in bytes after
            decompression. A larger one is refused. Default 64 MiB.
        shard_bytes: input of one task, in bytes. Smaller files are packed together. Larger files are split if they are
            called .parquet, .jsonl or .ndjson and are not compressed or a JSON array. Default 64 MiB.
        batch_bytes: approximate size of all values in a batch, in bytes. Except for Arrow IPC, a batch has at most
            65,536 rows. Default 16 MiB.
        format: datatrove or dolma, for JSON Lines in one of these layouts (stages/tables/jsonl_formats.py). Default
            none.
        splits: the splits to read, if all `paths` are folders in Hugging Face's layouts. Empty reads all splits.
            Default empty.
        id: keep takes ids from the column `id`; make gives each document an id from its file and place, as if it had
            none, and treats `id` as any other column. Default keep.
    """

    paths: str | tuple[str, ...]
    source: str = "table"
    columns: dict[str, str] = field(default_factory=dict)
    unknown: str = "meta"
    max_line_bytes: int = 64 << 20
    shard_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20
    format: str | None = None
    splits: tuple[str, ...] = ()
    id: Literal["keep", "make"] = "keep"

    traits: ClassVar[SourceTraits] = SourceTraits(
        damage=(
            "read_table.bad_compression",
            "read_table.bad_json",
            "read_table.bad_csv",
            "read_table.bad_utf8",
            "read_table.corrupt",
        ),
        same_ids="with `id: make` each row gets an id from its file and place instead",
    )

    def __post_init__(self) -> None:
        check_numbers(self, "max_line_bytes", "shard_bytes", "batch_bytes", low=1)
        if self.unknown not in ("meta", "drop"):
            raise RecipeError(f"unknown: found {self.unknown!r}, expected 'meta' or 'drop'")
        if self.id not in ("keep", "make"):
            raise RecipeError(f"id: found {self.id!r}, expected 'keep' or 'make'")
        if self.id == "make" and "id" in self.columns.values():
            raise RecipeError("id: make gives ids to all documents, but columns names a column for `id`; leave one out")
        if self.format is not None and self.format not in FORMATS:
            raise RecipeError(f"format: found {self.format!r}{did_you_mean(self.format, FORMATS)}")
        for ours in self.columns.values():
            if ours not in _OURS:
                raise RecipeError(f"columns: {ours!r} is not a column of documents{did_you_mean(ours, _OURS)}")
        if len(set(self.columns.values())) < len(self.columns):
            raise RecipeError(f"columns: two columns become the same one: {dict(sorted(self.columns.items()))}")

    @property
    def adds(self) -> tuple[str, ...]:
        """The columns of _ALWAYS, and those to which `columns` maps."""
        return (*_ALWAYS, *(ours for ours in self.columns.values() if ours not in _ALWAYS))

    def shards(self) -> list[Shard]:
        """Returns one shard per file, or pieces of shard_bytes if the file can be read from any place."""
        found: list[Shard] = []
        files = self._files()
        names = short_names(whole.file for whole in files)  # of all files: ids do not depend on which shards are read
        for whole in files:
            whole = replace(whole, name=names.get(whole.file, ""))
            step = max(1, self.shard_bytes) if whole.file.endswith(_SPLIT) else max(whole.size, 1)
            for start in range(0, max(whole.size, 1), step):
                found.append(replace(whole, number=len(found), start=start, end=min(start + step, whole.size)))
        return found

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """Yields the rows that begin in the shard, in order.

        Raises DataError if the file cannot be read, or has no column for the text.
        """
        with storage.open_input(shard.address) as file:
            head = file.read(HEAD_BYTES)
            magic = head[:10]
            file.seek(0)
            if shard.start and is_packed(magic):
                return  # its first piece reads it all
            delimiter = csv_delimiter(shard.file)
            content = content_head(file, head, HEAD_BYTES)
            for start in (magic, content[:10]):
                refuse_others(start, shard.file, _EXPECTED)
            is_array = not delimiter and is_json_array(content)
            refuse_no_table(head, content, shard.file, is_csv=bool(delimiter))
            if magic.startswith(b"PAR1"):
                yield from with_a_good_text(self._parquet(shard, file), shard.file, whole=_is_whole(shard))
            elif magic.startswith((FILE_MAGIC, STREAM_MAGIC)):
                yield from with_a_good_text(self._arrow(shard, file), shard.file, whole=True)
            elif delimiter:
                yield from self._csv(shard, file, delimiter)
            elif not is_array:
                yield from self._json(shard, file, whole=is_packed(magic) or _is_whole(shard))
            elif not shard.start:  # the first piece of an array reads it all too
                yield from self._json(shard, file, whole=True, is_array=True)

    def _files(self) -> list[Shard]:
        """Returns one shard per file. A dataset folder gives its data files."""
        paths = (self.paths,) if isinstance(self.paths, str) else self.paths
        folders = {path: dataset_files(path, self.splits) for path in paths if is_folder(path)}
        if self.splits and len(folders) < len(paths):
            raise RecipeError(f"splits: {next(p for p in paths if p not in folders)!r} is not a dataset folder")
        if not folders:
            return file_shards(paths, self.source)
        files = [[_literal(file) for file in folders[path]] if path in folders else [path] for path in paths]
        return file_shards([file for some in files for file in some], self.source)

    def _parquet(self, shard: Shard, file: IO[bytes]) -> Iterator[pa.RecordBatch]:
        self._refuse_format(shard.file, "Parquet")
        try:
            parquet = open_parquet(file)
            schema = parquet.plain.schema_arrow
            schema.names  # noqa: B018  # raises for a name that is not UTF-8
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last one for the name of a column
            raise DataError(f"{shard.file}: cannot be read as Parquet: {error}") from error
        groups, first = groups_between(parquet.plain, shard.start, max(shard.end, 1))
        batches = row_batches(parquet, self.batch_bytes, groups=groups)
        if _is_whole(shard):
            batches = with_a_good_row(batches, shard.file)
        yield from self._columnar(shard, schema, batches, first)

    def _arrow(self, shard: Shard, file: IO[bytes]) -> Iterator[pa.RecordBatch]:
        self._refuse_format(shard.file, "Arrow IPC")
        if not shard.start:
            schema, batches = ipc_schema_and_batches(file, shard.file)
            batches = with_a_good_row(batches, shard.file)
            yield from self._columnar(shard, schema, batches, 0)

    def _columnar(
        self, shard: Shard, schema: pa.Schema, batches: Iterator[pa.RecordBatch | RowLoss], offset: int
    ) -> Iterator[pa.RecordBatch]:
        if len(set(schema.names)) < len(schema.names):
            raise DataError(f"{shard.file}: two columns have the same name, among {sorted(schema.names)}"[:500])
        partition = partition_of(shard.file)
        schema = schema_with(schema, partition)
        batches = (batch if isinstance(batch, RowLoss) else with_columns(batch, partition) for batch in batches)
        theirs = schema.names
        names = self._names(theirs, shard.file)
        unknown = [name for name in theirs if name not in names] if self.unknown == "meta" else []
        refuse_types([schema.field(name) for name in [*names, *unknown]], shard.file)
        for batch in cut_batches(batches, self.batch_bytes, [*names, *unknown]):
            if isinstance(batch, RowLoss):
                lost = Rows([offset], [None], {"text": [None]}, [{}], [batch.problem])
                yield table_documents(shard, lost, self.adds, rule="corrupt", expected="rows that can be read")
                offset += batch.rows
                continue
            places = list(range(offset, offset + batch.num_rows))
            found = {ours: text_column(plain_column(batch.column(theirs))) for theirs, ours in names.items()}
            rest, problems = python_rows(batch.select(unknown))
            rows = Rows(places, [None] * len(places), found, rest if self.unknown == "meta" else None, problems)
            yield table_documents(shard, rows, self.adds, rule="bad_utf8", expected="values that are UTF-8")
            offset += batch.num_rows

    def _json(self, shard: Shard, file: IO[bytes], *, whole: bool, is_array: bool = False) -> Iterator[pa.RecordBatch]:
        read_all = self._array if is_array else self._json_lines
        is_first = not shard.start
        lines = (
            read_all(file, shard.file)
            if whole
            else read_lines_between(file, shard.file, self.max_line_bytes, shard.start, shard.end)
        )
        partition = partition_of(shard.file)
        names = self._names([*self.columns, *_NAMED_ALIKE], shard.file)
        batches: Iterator[list[Line]] = line_batches(lines, self.batch_bytes)
        if is_first:
            batches = self._begun(batches, shard, read_all, _EXPECTED_ARRAY if is_array else _EXPECTED_LINES)
        for batch in batches:
            values = [line.value for line in batch]
            if self.format is not None:
                found, unknown = unpacked(values, self.format, shard.source, self.columns, partition)
                if self.id == "make":
                    unknown = [{"id": id, **rest} for id, rest in zip(found.pop("id"), unknown, strict=True)]
            else:
                keys = dict.fromkeys(key for value in values for key in value)
                if is_first and keys:
                    self._check_keys([*keys, *partition], shard, read_all)  # otherwise no row might have a text
                    is_first = False
                values = with_values(values, partition)
                found = {ours: [value.get(theirs) for value in values] for theirs, ours in names.items()}
                unknown = [{key: value[key] for key in value if key not in names} for value in values]
            yield self._lines(shard, batch, found, unknown, "bad_json", "a JSON object")

    def _json_lines(self, file: IO[bytes], name: str) -> Iterator[Line]:
        return read_lines(file, name, self.max_line_bytes)

    def _array(self, file: IO[bytes], name: str) -> Iterator[Line]:
        return parsed(array_values(chunks(file), name, self.max_line_bytes))

    def _begun(
        self, batches: Iterator[list[AnyJudged]], shard: Shard, read_all: ReadAll[AnyJudged], expected: str
    ) -> Iterator[list[AnyJudged]]:
        """Yields the same batches. Raises DataError if no line of the file can be read.

        The check is about the whole file, so that it does not depend on the size of its pieces.
        """
        first = next(batches, [])
        if all(line.problem for line in first):
            with storage.open_input(shard.address) as file:
                refuse_without_a_good_line(read_all(file, shard.file), shard.file, expected)
        return chain([first] if first else [], batches)

    def _check_keys(self, keys: list[str], shard: Shard, read_all: ReadAll[Line]) -> None:
        """Raises DataError if the first lines of a file lack a wanted column.

        For a piece, the first batch of the whole file counts, so that the result does not depend on the size of pieces.
        """
        try:
            self._names(keys, shard.file)
        except DataError:
            if _is_whole(shard):
                raise
            with storage.open_input(shard.address) as file:
                batches = line_batches(read_all(file, shard.file), self.batch_bytes)
                found = (dict.fromkeys(key for line in batch for key in line.value) for batch in batches)
                self._names([*next(filter(None, found), keys), *partition_of(shard.file)], shard.file)

    def _csv(self, shard: Shard, file: IO[bytes], delimiter: str) -> Iterator[pa.RecordBatch]:
        self._refuse_format(shard.file, "CSV")
        records = read_csv_records(file, shard.file, self.max_line_bytes, delimiter)
        first = next(records, None)
        if first is None:
            return
        header, partition = header_of(first, shard.file, delimiter), partition_of(shard.file)
        names = self._names(list(dict.fromkeys([*header, *partition])), shard.file)

        def of_header(records: Iterator[CsvRecord]) -> Iterator[CsvRecord]:
            return (of_width(record, len(header)) for record in records)

        def read_all(file: IO[bytes], name: str) -> Iterator[CsvRecord]:
            return of_header(islice(read_csv_records(file, name, self.max_line_bytes, delimiter), 1, None))

        batches = line_batches(of_header(records), self.batch_bytes, first.length)
        for batch in self._begun(batches, shard, read_all, "CSV, each record with the fields of its header"):
            values = with_values([dict(zip(header, record.fields, strict=False)) for record in batch], partition)
            found = {ours: [value.get(name) for value in values] for name, ours in names.items()}
            found |= {ours: [one or None for one in found[ours]] for ours in found if ours != "text"}
            unknown = [{key: value[key] for key in value if key not in names} for value in values]
            yield self._lines(shard, batch, found, unknown, "bad_csv", "a record of the header's columns")

    def _lines(
        self, shard: Shard, lines: list[Any], found: dict[str, Any], unknown: list[Any], rule: str, expected: str
    ) -> pa.RecordBatch:
        problems = [line.problem or None for line in lines]
        places, lengths = [line.offset for line in lines], [line.length for line in lines]
        rows = Rows(places, lengths, found, unknown if self.unknown == "meta" else None, problems)
        return table_documents(shard, rows, self.adds, rule=rule, expected=expected)

    def _names(self, theirs: list[str], file: str) -> dict[str, str]:
        """Returns {column of the file: column of documents}.

        Raises DataError if a column in `columns` is missing, or if no column becomes `text`.
        """
        for name in self.columns:
            if name not in theirs:
                raise DataError(f"{file}: no column {name!r}{did_you_mean(name, theirs)}; the setting columns names it")
        taken = {*self.columns, *self.columns.values(), *(("id",) if self.id == "make" else ())}
        names = dict(self.columns)
        names |= {name: name for name in _NAMED_ALIKE if name in theirs and name not in taken}
        if "text" not in names.values():
            raise DataError(
                f"{file}: no column 'text' among {', '.join(sorted(theirs))}; name it: columns: {{NAME: text}}"
            )
        return names

    def _refuse_format(self, file: str, kind: str) -> None:
        if self.format is not None:
            raise DataError(f"{file}: {kind}, but format: {self.format} is for JSON Lines; leave it out")


def _is_whole(shard: Shard) -> bool:
    return shard.length == shard.size


def _literal(file: str) -> str:
    """Returns a glob that matches only this file."""
    return file.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")

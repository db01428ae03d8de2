"""Parquet files: write_table, the only writer of documents, and readers of tables and schemas.

Files that a task has committed are read by read_checked, which compares the checksum.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from tokenmill.core.errors import DamagedFile, DataError, short
from tokenmill.core.io.storage import FileRecord, Hashing, file_record, is_url, open_input, open_output, size_of

_FOOTER_BYTES = 1 << 16  # read first, as pyarrow does
GROUP_ROWS = 65_536
GROUP_BYTES = 16 << 20
"""Bytes of text per row group. A reader holds one row group; a writer holds three: batches, table, encoded pages."""


def write_table(batches: Iterable[pa.RecordBatch], path: str, *, schema: pa.Schema, sync: bool = True) -> FileRecord:
    """Writes batches to one Parquet file, whose bytes depend on the rows alone, not on how they were batched.

    A row group ends at GROUP_ROWS rows or GROUP_BYTES of text; chunks are combined first; compression and metadata are
    fixed. The file has the schema's columns in its order; a column that a batch lacks is null. sync: as of open_output.
    """
    plain = pa.schema([pa.field(field.name, field.type) for field in schema])
    rows = 0
    with open_output(path, sync=sync) as file, Hashing(file) as hashing:
        with pq.ParquetWriter(
            pa.PythonFile(hashing, mode="w"), plain, compression="zstd", compression_level=3, store_schema=True
        ) as writer:
            for table in _groups(_conform(batch, plain) for batch in batches):
                writer.write_table(table, row_group_size=max(1, table.num_rows))
                rows += table.num_rows
                del table  # otherwise it is held while the next one is combined
        return FileRecord(path, hashing.size, hashing.digest.hexdigest(), rows)


def read_table(path: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a Parquet file in order, one batch per row group; each column is one contiguous array."""
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns).combine_chunks()
            yield from table.to_batches()


def read_checked(written: FileRecord) -> Iterator[pa.RecordBatch]:
    """Reads a Parquet file that a task has committed, like read_table.

    Raises DamagedFile if it is not as it was written. The checksum of a local file is compared before any of it is
    decoded; that of a remote file while it is read, so that no byte is requested twice.
    """
    if not is_url(written.path):
        refuse_damage(written)
        yield from read_table(written.path)
        return
    try:
        with open_input(written.path) as source:
            hashed = _HashedParquet(source, written)
            with pq.ParquetFile(hashed) as file:
                for group in range(file.num_row_groups):
                    hashed.advance(_end_of(file.metadata.row_group(group)))
                    yield from file.read_row_group(group).combine_chunks().to_batches()
            hashed.advance(written.bytes)
            hashed.refuse_damage()
    except DamagedFile:
        raise
    except (DataError, OSError, ValueError, pa.ArrowException):
        refuse_damage(written, whole=True)
        raise


def checked_schema(written: FileRecord) -> pa.Schema:
    """Returns the schema of a Parquet file that a task has committed.

    Raises DamagedFile if damage makes it unreadable.
    """
    try:
        return table_schema(written.path)
    except DamagedFile:
        raise
    except (DataError, OSError, ValueError, pa.ArrowException):
        refuse_damage(written, whole=True)
        raise


def refuse_damage(written: FileRecord, *, whole: bool = False) -> None:
    """Raises DamagedFile if a file that a task has committed is missing or not as it was written.

    whole: also compare the checksum of a remote file, which requests all of it. By default only the size of a remote
    file is compared, because stores check their objects themselves.
    """
    size = size_of(written.path)
    if size < 0:
        raise DamagedFile(written.path, "is gone though its task had ended")
    checked = whole or not is_url(written.path)
    if size != written.bytes or (checked and file_record(written.path).xxh3 != written.xxh3):
        raise DamagedFile(written.path, f"{size} bytes are not those that were written")


class _HashedParquet(io.RawIOBase):
    """A file object for ParquetFile that reads a file once, from start to end, and hashes it.

    Only the footer and the bytes of the last advance() can be read.
    """

    def __init__(self, source: IO[bytes], written: FileRecord) -> None:
        self.size = source.seek(0, io.SEEK_END)
        if self.size != written.bytes:
            raise DamagedFile(written.path, f"it has {self.size} bytes, not the {written.bytes} that were written")
        self._source, self._written = source, written
        self._footer = _footer_of(source, self.size)
        self._footer_at = self.size - len(self._footer)
        self._at = self._start = self._hashed = 0
        self._held, self._digest = b"", xxhash.xxh3_128()

    def advance(self, end: int) -> None:
        """Reads, hashes and holds the bytes from the end of the previous call up to `end`."""
        end = min(max(end, self._hashed), self.size)
        inside = min(end, max(self._hashed, self._footer_at))
        self._source.seek(self._hashed)
        self._held = self._source.read(inside - self._hashed) if inside > self._hashed else b""
        if end > inside:
            self._held += self._footer[inside - self._footer_at : end - self._footer_at]
        self._digest.update(self._held)
        self._start, self._hashed = self._hashed, end

    def refuse_damage(self) -> None:
        """Raises DamagedFile if the checksum differs. Call it after advance() has reached the end of the file."""
        if self._digest.hexdigest() != self._written.xxh3:
            raise DamagedFile(self._written.path, f"{self.size} bytes are not those that were written")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self.size)[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self.size if size < 0 else min(self.size, self._at + size)
        if self._at >= self._footer_at:
            found = self._footer[self._at - self._footer_at : end - self._footer_at]
        elif self._start <= self._at and end <= self._hashed:
            found = self._held[self._at - self._start : end - self._start]
        else:
            raise ValueError(f"{self._written.path}: bytes {self._at} to {end} are not where its footer says")
        self._at = max(self._at, end)
        return found


def _footer_of(source: IO[bytes], size: int) -> bytes:
    """Returns the end of a Parquet file of `size` bytes with all of its metadata, which grow with the row groups."""
    source.seek(max(0, size - _FOOTER_BYTES))
    end = source.read()
    length = int.from_bytes(end[-8:-4], "little") + 8  # after the metadata come their length and b"PAR1"
    if not len(end) < length <= size:
        return end
    source.seek(size - length)
    return source.read(length - len(end)) + end


def _end_of(group: pq.RowGroupMetaData) -> int:
    """Returns the position in the file at which the pages of a row group end."""
    columns = (group.column(number) for number in range(group.num_columns))
    ends = ((one.dictionary_page_offset or one.data_page_offset) + one.total_compressed_size for one in columns)
    return int(max(ends, default=0))


class RowGroups:
    """A Parquet file that is being written; see row_group_file. record: set after the block has ended."""

    def __init__(self, sink: Hashing, empty: pa.Schema) -> None:
        self.record = FileRecord("", 0, "")
        self.count, self.rows = 0, 0
        self._sink, self._empty = sink, empty
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> int:
        """Writes the table as one row group and returns its number."""
        self._opened(table.schema).write_table(table.combine_chunks(), row_group_size=max(1, table.num_rows))
        self.count, self.rows = self.count + 1, self.rows + table.num_rows
        return self.count - 1

    def close(self) -> None:
        self._opened(self._empty).close()

    def _opened(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self._writer is None:
            plain = schema.remove_metadata()
            # the columns are mostly hashes, so a dictionary, statistics or a better compression would only cost time
            self._writer = pq.ParquetWriter(
                pa.PythonFile(self._sink, mode="w"), plain, compression="lz4", use_dictionary=False,
                write_statistics=False,
            )  # fmt: skip
        return self._writer


@contextmanager
def row_group_file(path: str, *, empty: pa.Schema, sync: bool = True) -> Iterator[RowGroups]:
    """Opens a Parquet file that is written row group by row group, of any size; for spills, which are read by group.

    It appears, complete, when the block ends. empty: its schema if no group is written. sync: as of open_output.
    """
    with open_output(path, sync=sync) as file, Hashing(file) as hashing:
        groups = RowGroups(hashing, empty)
        yield groups
        groups.close()
    groups.record = FileRecord(path, hashing.size, hashing.digest.hexdigest(), groups.rows)


def read_row_group(path: str, group: int) -> pa.Table:
    """Returns one row group of a Parquet file."""
    with _opened(path) as file:
        return file.read_row_group(group)


def encoded(table: pa.Table) -> bytes:
    """Returns the content of a Parquet file with the table as its only row group."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(), sink, row_group_size=max(1, table.num_rows), compression="lz4", use_dictionary=False,
        write_statistics=False,
    )  # fmt: skip
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decoded(content: bytes, columns: list[str]) -> Iterator[pa.Table]:
    """Yields the row groups of a Parquet file whose content is given as bytes."""
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def table_schema(path: str) -> pa.Schema:
    """Returns the schema of a Parquet file. Raises DataError if it cannot be read as Parquet."""
    with _opened(path) as file:
        return file.schema_arrow


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    """Opens a Parquet file. Adjacent column chunks of a remote file are fetched by one request."""
    try:
        with open_input(path) as source, pq.ParquetFile(source, pre_buffer=is_url(path)) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last one: name of a column
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
            raise  # the machine or the store failed, not the file
        raise DataError(f"{path}: cannot be read as Parquet: {short(str(error))}; it must be made again") from error


def _conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    names = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type) if field.name in names else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yields the rows as row groups. The end of a group depends only on the rows before it."""
    held: list[pa.RecordBatch] = []
    rows, size = 0, 0
    for batch in batches:
        while batch.num_rows:
            sizes = np.cumsum(_text_sizes(batch))
            fits = min(GROUP_ROWS - rows, int(np.searchsorted(sizes, GROUP_BYTES - size, side="left")) + 1)
            part = batch.slice(0, fits)
            held.append(part)
            rows, size = rows + part.num_rows, size + int(sizes[part.num_rows - 1])
            batch = batch.slice(part.num_rows)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                del part  # otherwise it would keep one of the released batches alive
                yield _combined(held)
                rows, size = 0, 0
    if held:
        yield _combined(held)


def _combined(held: list[pa.RecordBatch]) -> pa.Table:
    """Joins the batches to a table with one chunk per column, and empties the list, so that they can be released.

    The table is not in the default memory pool, because that pool keeps freed memory.
    """
    table = pa.Table.from_batches(held)
    held.clear()
    return table.combine_chunks(memory_pool=pa.system_memory_pool())


def _text_sizes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Returns the size of each row's text in bytes, int64 (rows,); 0 if the text is null or there is no such column."""
    if "text" not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.int64)
    sizes = pc.fill_null(pc.binary_length(batch.column("text")), 0).to_numpy(zero_copy_only=False)
    return np.asarray(sizes, dtype=np.int64)

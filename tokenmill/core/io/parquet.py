"""Parquet files: write_table, the only writer of documents, and the readers of tables and schemas.

What a task has committed is read by read_checked, which compares its checksum.
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

_FOOTER_BYTES = 1 << 16  # read first; pyarrow asks for as many
GROUP_ROWS = 65_536
GROUP_BYTES = 16 << 20
"""Of text. A reader holds one row group; a writer holds three: the batches, a table of them, and its encoded pages."""


def write_table(batches: Iterable[pa.RecordBatch], path: str, *, schema: pa.Schema, sync: bool = True) -> FileRecord:
    """Write batches as one Parquet file whose bytes depend on the rows alone, not on how they were batched.

    Row groups close at GROUP_ROWS rows or GROUP_BYTES of text; chunks are combined first; compression and metadata are
    pinned. The schema's columns are taken in its order; a column that a batch lacks is written as nulls. sync: as of
    open_output.
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
    """The file's rows in order, one batch for each row group; each column is one contiguous array."""
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns).combine_chunks()
            yield from table.to_batches()


def read_checked(written: FileRecord) -> Iterator[pa.RecordBatch]:
    """As read_table, of a whole file that a task has committed. Raises DamagedFile if it is not as it was written.

    A local file is compared before any of it is decoded; a remote one while it is read, so that nothing of it is
    requested twice.
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
    """The columns of a file that a task has committed. Raises DamagedFile if they cannot be read."""
    try:
        return table_schema(written.path)
    except DamagedFile:
        raise
    except (DataError, OSError, ValueError, pa.ArrowException):
        refuse_damage(written, whole=True)
        raise


def refuse_damage(written: FileRecord, *, whole: bool = False) -> None:
    """Raises DamagedFile if a file that a task has committed is gone or not as it was written.

    whole: compare a remote file's checksum too, for which all of it is requested. By default only its size is, because
    stores check what they keep.
    """
    size = size_of(written.path)
    if size < 0:
        raise DamagedFile(written.path, "is gone though its task had ended")
    checked = whole or not is_url(written.path)
    if size != written.bytes or (checked and file_record(written.path).xxh3 != written.xxh3):
        raise DamagedFile(written.path, f"{size} bytes are not those that were written")


class _HashedParquet(io.RawIOBase):
    """A Parquet file for ParquetFile, which is read once from its beginning to its end, and hashed. advance() makes the
    next bytes readable; beside them only the footer is.
    """

    def __init__(self, source: IO[bytes], written: FileRecord) -> None:
        self.size = source.seek(0, io.SEEK_END)
        if self.size != written.bytes:
            raise DamagedFile(written.path, f"{self.size} bytes are not the {written.bytes} that were written")
        self._source, self._written = source, written
        self._footer = _footer_of(source, self.size)
        self._footer_at = self.size - len(self._footer)
        self._at = self._start = self._hashed = 0
        self._held, self._digest = b"", xxhash.xxh3_128()

    def advance(self, end: int) -> None:
        """Hold the bytes from those that were held before up to `end`."""
        end = min(max(end, self._hashed), self.size)
        inside = min(end, max(self._hashed, self._footer_at))
        self._source.seek(self._hashed)
        self._held = self._source.read(inside - self._hashed) if inside > self._hashed else b""
        if end > inside:
            self._held += self._footer[inside - self._footer_at : end - self._footer_at]
        self._digest.update(self._held)
        self._start, self._hashed = self._hashed, end

    def refuse_damage(self) -> None:
        """Raises DamagedFile if the bytes, all of which were held once, are not those that were written."""
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
    """The end of a Parquet file of so many bytes, with all of its metadata, which grow with its row groups."""
    source.seek(max(0, size - _FOOTER_BYTES))
    end = source.read()
    length = int.from_bytes(end[-8:-4], "little") + 8  # behind the metadata are their length and b"PAR1"
    if not len(end) < length <= size:
        return end
    source.seek(size - length)
    return source.read(length - len(end)) + end


def _end_of(group: pq.RowGroupMetaData) -> int:
    """Where the pages of a row group end in its file."""
    columns = (group.column(number) for number in range(group.num_columns))
    ends = ((one.dictionary_page_offset or one.data_page_offset) + one.total_compressed_size for one in columns)
    return int(max(ends, default=0))


class RowGroups:
    """A Parquet file that is being written; see row_group_file. record: describes it after the block has ended."""

    def __init__(self, sink: Hashing, empty: pa.Schema) -> None:
        self.record = FileRecord("", 0, "")
        self.count, self.rows = 0, 0
        self._sink, self._empty = sink, empty
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> int:
        """Write the table as one row group and return its number."""
        self._opened(table.schema).write_table(table.combine_chunks(), row_group_size=max(1, table.num_rows))
        self.count, self.rows = self.count + 1, self.rows + table.num_rows
        return self.count - 1

    def close(self) -> None:
        self._opened(self._empty).close()

    def _opened(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self._writer is None:
            plain = schema.remove_metadata()
            # the columns are mostly hashes: a dictionary, statistics or a better compression would only cost time
            self._writer = pq.ParquetWriter(
                pa.PythonFile(self._sink, mode="w"), plain, compression="lz4", use_dictionary=False,
                write_statistics=False,
            )  # fmt: skip
        return self._writer


@contextmanager
def row_group_file(path: str, *, empty: pa.Schema, sync: bool = True) -> Iterator[RowGroups]:
    """A Parquet file written one row group at a time, of any size; for spills, which are read by group.

    It appears, whole, when the block ends. empty: its columns, if no group is written. sync: as of open_output.
    """
    with open_output(path, sync=sync) as file, Hashing(file) as hashing:
        groups = RowGroups(hashing, empty)
        yield groups
        groups.close()
    groups.record = FileRecord(path, hashing.size, hashing.digest.hexdigest(), groups.rows)


def read_row_group(path: str, group: int) -> pa.Table:
    """One row group of a Parquet file."""
    with _opened(path) as file:
        return file.read_row_group(group)


def encoded(table: pa.Table) -> bytes:
    """A table as the content of a Parquet file of one row group."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(), sink, row_group_size=max(1, table.num_rows), compression="lz4", use_dictionary=False,
        write_statistics=False,
    )  # fmt: skip
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decoded(content: bytes, columns: list[str]) -> Iterator[pa.Table]:
    """The row groups of a Parquet file whose content is given."""
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def table_schema(path: str) -> pa.Schema:
    """The columns of a Parquet file."""
    with _opened(path) as file:
        return file.schema_arrow


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    """The open file. Column chunks of a remote one that are next to each other are fetched by one request."""
    try:
        with open_input(path) as source, pq.ParquetFile(source, pre_buffer=is_url(path)) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last for the name of a column
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
    """Regroup rows; where a group ends depends only on the rows before."""
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
                del part  # otherwise it holds one of the batches that are released
                yield _combined(held)
                rows, size = 0, 0
    if held:
        yield _combined(held)


def _combined(held: list[pa.RecordBatch]) -> pa.Table:
    """The batches as one table with one chunk for each column. The list is emptied, so that they can be released.

    The table is not in the default memory pool, because that keeps freed memory.
    """
    table = pa.Table.from_batches(held)
    held.clear()
    return table.combine_chunks(memory_pool=pa.system_memory_pool())


def _text_sizes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Bytes of each row's text; 0 for all if there is no text."""
    if "text" not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.int64)
    sizes = pc.fill_null(pc.binary_length(batch.column("text")), 0).to_numpy(zero_copy_only=False)
    return np.asarray(sizes, dtype=np.int64)

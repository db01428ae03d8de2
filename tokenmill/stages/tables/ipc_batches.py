"""Reads record batches of Arrow IPC files and streams (Feather, Hugging Face's .arrow), and reports unreadable ones.

Buffers are checked before any use, because a wrong offset would read memory outside of the buffer.
"""

import os
from collections.abc import Iterator
from typing import IO

import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.stages.reading.parquet_batches import RowLoss, is_damage, refuse_lack_of_threads

FILE_MAGIC, STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"
_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
_ERRORS = (pa.ArrowException, OSError, MemoryError, ValueError)  # a length can claim anything


def ipc_schema_and_batches(file: IO[bytes], name: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch | RowLoss]]:
    """Returns (the columns, the batches) of a file in Arrow's IPC format.

    A batch that cannot be read becomes a RowLoss of 1 row, because the number of its rows is unknown. In a stream,
    nothing after such a batch can be read. Raises DataError if the file is neither an Arrow IPC file nor a stream.
    """
    is_file = file.read(6) == FILE_MAGIC
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        stream = _Clamped(file, size)
        reader = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(stream)
        schema = reader.schema
        schema.names  # noqa: B018  # raises for a name that is not UTF-8
    except _ERRORS as error:
        raise DataError(f"{name}: cannot be read as Arrow IPC: {error}") from error
    return schema, _file_batches(reader) if is_file else _stream_batches(reader, stream)


class _Clamped:
    """A file that limits each read to the bytes that are left.

    Python's read() allocates as much memory as is asked for, and a damaged length can claim any size.
    """

    closed = False

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size = file, size

    def read(self, size: int) -> bytes:
        return self.file.read(max(0, min(size, self.size - self.file.tell())))

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        """Does nothing: the caller who opened the file closes it."""


def _file_batches(reader: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch | RowLoss]:
    for number in range(reader.num_record_batches):
        try:
            yield _checked(reader.get_batch(number))
        except _ERRORS as error:
            refuse_lack_of_threads(error)
            if not is_damage(error):
                raise
            yield RowLoss(1, f"record batch {number}: {error}"[:300])


def _stream_batches(reader: pa.ipc.RecordBatchStreamReader, file: _Clamped) -> Iterator[pa.RecordBatch | RowLoss]:
    number = 0
    while True:
        try:
            batch = _checked(reader.read_next_batch())
        except StopIteration:
            if (place := file.tell()) < file.size:
                yield RowLoss(1, f"the stream ends at byte {place} of {file.size}; split the file, one stream is read")
            return
        except _ERRORS as error:
            refuse_lack_of_threads(error)
            if not is_damage(error):
                raise
            yield RowLoss(1, f"record batch {number} and all after it: {error}"[:300])
            return
        yield batch
        number += 1


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the batch if its buffers are valid, even if its strings are not UTF-8. Otherwise raises ArrowInvalid."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        for column in batch.columns:
            _with_bytes(column).validate(full=True)
    return batch


def _with_bytes(column: pa.Array) -> pa.Array:
    """Returns a column with its strings as bytes, at any depth, so that they need not be UTF-8. Copies nothing."""
    if isinstance(column, pa.ExtensionArray):
        return _with_bytes(column.storage)
    if pa.types.is_dictionary(column.type):
        words = _with_bytes(column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices, words, safe=False)  # validate() checks the indices
    type = _type_with_bytes(column.type)
    return column if type == column.type else column.view(type)


def _type_with_bytes(type: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(type):
        return pa.struct([_field_with_bytes(type.field(number)) for number in range(type.num_fields)])
    if pa.types.is_map(type):
        return pa.map_(_field_with_bytes(type.key_field), _field_with_bytes(type.item_field))
    if pa.types.is_list(type):
        return pa.list_(_field_with_bytes(type.value_field))
    if pa.types.is_large_list(type):
        return pa.large_list(_field_with_bytes(type.value_field))
    return _BYTES.get(type, type)


def _field_with_bytes(field: pa.Field) -> pa.Field:
    return field.with_type(_type_with_bytes(field.type))
